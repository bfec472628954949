"""A short run over the four surfaces; the long run repeats its inputs and notices every failure."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import __main__ as runner
from tests.fuzz import strategies
from tests.fuzz.targets import TARGETS, case_of, extract_and_report, receive

ROOT = Path(__file__).resolve().parents[2]
FEW = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    "name, number", [("loader", 150), ("extractor", 60), ("restrictions", 80), ("decoder", 400)]
)
def test_a_few_hundred_hostile_inputs_bring_no_traceback(name, number):
    for at in range(number):
        TARGETS[name].feed(case_of(name, 0, at))


@FEW
@given(strategies.SUBMISSIONS)
def test_small_submissions_are_extracted_or_refused(submission):
    extract_and_report(submission)


@FEW
@given(strategies.SENT)
def test_small_answers_are_read_or_refused(sent):
    receive(sent)


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_is_the_same_in_every_run(name):
    assert case_of(name, 3, 14) == case_of(name, 3, 14)
    assert case_of(name, 3, 14) != case_of(name, 4, 14)


def test_an_input_that_costs_too_much_time_fails(monkeypatch):
    monkeypatch.setattr(runner, "CPU_SECONDS", -1.0)
    monkeypatch.setattr(runner, "CPU_SECONDS_PER_BYTE", 0.0)

    with pytest.raises(runner.OverBudget, match="s of CPU time, at most -1"):
        runner._feed_one(TARGETS["decoder"], case_of("decoder", 0, 0), 1 << 50)


def test_an_input_that_costs_too_much_memory_fails():
    with pytest.raises(runner.OverBudget, match="more than 1024 MiB of memory"):
        runner._feed_one(TARGETS["decoder"], case_of("decoder", 0, 0), 0)


FAILING = """
import sys
from tests.fuzz import __main__ as runner
from tests.fuzz.targets import TARGETS, Target

def feed(case):
    if case.request_id % 5 == 0:
        raise KeyError("found")

old = TARGETS["decoder"]
TARGETS["decoder"] = Target(old.make, feed, old.size, old.save, 1)
sys.exit(runner.main())
"""


def test_a_failure_is_saved_with_its_traceback_and_the_command_to_repeat_it(tmp_path):
    command = [
        sys.executable,
        "-c",
        FAILING,
        "--inputs",
        "500",
        "--seed",
        "3",
        "--target",
        "decoder",
        "--out",
        str(tmp_path),
    ]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    (folder,) = tmp_path.iterdir()
    number = folder.name.removeprefix("decoder-3-")
    assert ended.returncode == 1
    assert (
        f"again: python -m tests.fuzz --target decoder --seed 3 --first {number} --inputs 1" in ended.stdout
    )
    assert "KeyError: 'found'" in (folder / "traceback.txt").read_text()
    assert (folder / "input" / "sent.pickle").is_file()
    assert case_of("decoder", 3, int(number)).request_id % 5 == 0
