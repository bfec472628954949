"""A spec with hidden checks, graded for real: its report for the instructor, and what is left of it for the student."""

import io
import json

import pytest
from rich.console import Console

from grader.frontends.terminal import show_report
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.model.report import student_view
from grader.sandbox.fake import FakeSandbox
from tests.samples import mini_spec, submission_of

SPEC = """\
name = "mini"
title = "Mini"
backend = "numpy"

[functions]
f = { role = "loss", classifier = "softmax", style = "vectorized", dtypes = ["float64"] }
g = { role = "loss", classifier = "softmax", style = "vectorized", dtypes = ["float64"] }
h = { role = "function" }

[[checks]]
id = "secret_values"
kind = "values"
title = "Secret: every batch"
visibility = "hidden"
function = "f"
points = 10
hint = "Beware of the regularizer."

[[checks]]
id = "f_inputs"
kind = "purity"
title = "f: inputs unchanged"
function = "f"
points = 2

[[checks]]
id = "secret_stability"
kind = "stability"
title = "Secret: large scores"
visibility = "hidden"
function = "f"
points = 3

[[checks]]
id = "g_values"
kind = "values"
title = "g: values"
function = "g"
points = 5
hint = "Compare with the lecture."

[[checks]]
id = "h_answers"
kind = "answers"
title = "h: answers"
function = "h"
question = "lab_forward"
points = 1
"""

SOURCE = """\
import numpy as np


def f(W, X, y, reg):
    scores = X.dot(W)
    probabilities = np.exp(scores)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.log(probabilities[rows, y]).mean() + reg * np.sum(W * W)
    probabilities[rows, y] -= 1
    return loss, X.T.dot(probabilities) / len(y) + reg * W


def g(W, X, y, reg):
    return f(W, X, y, 2 * reg)


def h(W, b, x):
    return x
"""
"""f forgets the 2 in 2*reg*W and overflows, which hidden checks alone find; g is wrong in what a visible one finds."""


@pytest.fixture(scope="module")
def report(sandbox, tmp_path_factory):
    loaded = mini_spec(tmp_path_factory.mktemp("spec"), SPEC)
    return grade(submission_of(SOURCE), loaded, sandbox, Settings(seed=3))


def printed(report):
    stream = io.StringIO()
    show_report(Console(file=stream, width=80, highlight=False, emoji=False), report)
    return stream.getvalue()


def strings_in(value):
    """Every string and number in a JSON value that somebody could recognise, names of fields included."""
    match value:
        case dict():
            for name, each in value.items():
                yield name
                yield from strings_in(each)
        case list():
            for each in value:
                yield from strings_in(each)
        case str() if value:
            yield value
        case float() if value % 1:
            yield json.dumps(value)


def secrets(report):
    """What the hidden checks say, unless visible ones say it too."""
    data = json.loads(report.to_json())
    hidden = [check for check in data["checks"] if check["visibility"] == "hidden"]
    visible = [check for check in data["checks"] if check["visibility"] == "visible"]
    others = json.dumps({**data, "checks": visible, "functions": {}, "seconds": 0})
    return {each for each in strings_in(hidden) if each not in others} - {"hidden"}


def test_the_hidden_checks_of_the_example_have_something_to_tell(report):
    found = secrets(report)

    assert {"secret_values", "Secret: every batch", "Beware of the regularizer.", "stability"} <= found
    assert [each.misconception for each in report.functions["f"].diagnosis] == [
        "half_regularizer",
        "overflow_of_exp",
    ]
    assert {"half_regularizer", "overflow_of_exp"} <= found
    assert any("differs from the reference" in each for each in found)
    assert any(each.startswith("0.") for each in found)
    assert report.checks[3].caused_by == ("f",)


def test_no_word_and_no_number_of_a_hidden_check_reaches_the_student(report):
    view = student_view(report)

    for text in (view.to_json(), printed(view), " ".join(printed(view).split())):
        assert [secret for secret in secrets(report) if secret in text] == []


def test_the_student_is_not_told_what_hidden_checks_found_wrong(report):
    view = student_view(report)

    assert (report.functions["f"].status, view.functions["f"].status) == ("incorrect", "correct")
    assert view.checks[1].id == "g_values"
    assert view.checks[1].caused_by == ()
    assert "calls f" not in view.to_json()
    assert str(report.seconds) not in view.to_json()


def test_the_student_keeps_the_points_and_the_words_of_visible_checks(report):
    view = student_view(report)
    text = " ".join(printed(view).split())

    assert (view.score, view.max_score) == (report.score, report.max_score)
    assert [check.message for check in view.checks[:3]] == [
        check.message for check in report.checks if check.visibility == "visible"
    ]
    assert "g: values" in text
    assert report.checks[3].message in text
    assert "Compare with the lecture." in text
    assert text.count("Hidden check") == 2


def test_the_instructor_sees_everything(report):
    text = " ".join(printed(report).split())

    assert "Secret: every batch" in text
    assert "Beware of the regularizer." in text
    assert report.checks[0].message in text


def test_progress_does_not_name_hidden_checks(tmp_path):
    told = []
    grade(
        submission_of(SOURCE),
        mini_spec(tmp_path, SPEC),
        FakeSandbox(),
        Settings(seed=3, only=frozenset()),
        lambda *words: told.append(words),
    )

    assert told == [
        (0, 5, "f: inputs unchanged"),
        (1, 5, "g: values"),
        (2, 5, "h: answers"),
        (3, 5, "Hidden check"),
        (4, 5, "Hidden check"),
    ]
