"""Points for speed in real workers: honest functions keep theirs on a busy machine too, cheats gain none."""

import sys

import pytest

from grader.grading.grade import grade
from grader.grading.settings import Settings
from tests.attacks.speed_cheats import HIDE_A_LOOP, HONEST, IN_16_BITS, LOOPS, TWICE
from tests.samples import mini_spec, submission_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only"),
    pytest.mark.slow,
]

SPEC = """
name = "speed"
title = "Speed"

[functions]
svm_loss_naive = { role = "loss", classifier = "svm", style = "naive" }
svm_loss_vectorized = { role = "loss", classifier = "svm", style = "vectorized" }

[[checks]]
id = "speed"
kind = "speedup"
title = "svm: speed"
naive = "svm_loss_naive"
vectorized = "svm_loss_vectorized"
points = 3
# Between a loop over 2400 samples and none there is a factor of a hundred: no machine is busy enough to cross it.
ladder = [{ bound = 6.0, credit = 1.0 }, { bound = 12.0, credit = 0.5 }]
"""


@pytest.fixture
def checked(sandbox, tmp_path):
    """The part of the report on a module, and the flags."""

    def check(text):
        report = grade(submission_of(text), mini_spec(tmp_path, SPEC), sandbox, Settings(seed=11))
        (part,) = report.checks
        return part, report.flags

    return check


def test_an_honest_function_gets_full_points_and_no_flag(checked):
    part, flags = checked(HONEST)

    assert part.points == 3, part.message
    assert not flags
    assert part.measured["speedup"] > 5
    assert "The first call of each, the only one the notebook times, gives" in part.message


def test_a_function_half_as_fast_as_the_references_keeps_full_points(checked):
    part, _ = checked(TWICE)

    assert part.points == 3, part.message


def test_a_loop_over_the_samples_earns_nothing(checked):
    part, _ = checked(LOOPS)

    assert part.points == 0, part.message
    assert part.measured["slowdown_many_samples"] > 15


@pytest.mark.parametrize("name", HIDE_A_LOOP)
def test_nothing_hides_a_loop(checked, name):
    part, _ = checked(HIDE_A_LOOP[name])

    assert part.status == "failed", part.message
    assert part.points == 0, part.message


def test_arithmetic_in_16_bits_earns_nothing(checked):
    part, _ = checked(IN_16_BITS)

    assert part.points == 0
    assert "differs from the reference's" in part.message
