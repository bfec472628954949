"""Functions that may be left out: their checks have no points, and say so."""

import pytest

from grader.errors import SpecError
from grader.grading.grade import grade
from grader.grading.settings import Settings
from tests.samples import StubSandbox, mini_spec, submission_of

SPEC = """\
name = "mini"
title = "Mini"

[functions]
f = { role = "function" }
g = { role = "function", optional = true }

[[checks]]
id = "f_answers"
kind = "answers"
title = "f: answers"
function = "f"
question = "lab_forward"
points = 10

[[checks]]
id = "g_answers"
kind = "answers"
title = "g: answers"
function = "g"
question = "lab_criterion"
points = 0
"""


def test_what_is_left_out_costs_nothing_and_is_said(tmp_path):
    sandbox = StubSandbox()

    report = grade(
        submission_of("def f(W, b, x):\n    return x\n"),
        mini_spec(tmp_path, SPEC),
        sandbox.as_sandbox,
        Settings(seed=1),
    )

    left_out = report.checks[1]
    assert (left_out.status, left_out.max_points) == ("skipped", 0)
    assert left_out.message == "g is optional and not in the submission; no points are lost."
    assert report.functions["g"].status == "missing"
    assert report.max_score == 10


def test_what_is_not_optional_is_missing(tmp_path):
    report = grade(
        submission_of("def g(p, label):\n    return 0\n"),
        mini_spec(tmp_path, SPEC),
        StubSandbox().as_sandbox,
        Settings(seed=1),
    )

    assert report.checks[0].message.startswith("f is not defined in the submission")


def test_a_check_of_an_optional_function_has_no_points(tmp_path):
    with pytest.raises(SpecError) as raised:
        mini_spec(tmp_path, SPEC.replace("points = 0", "points = 3"))

    assert str(raised.value) == f"{tmp_path}/mini.toml: checks[1].points must be 0: g is optional (got 3)"
