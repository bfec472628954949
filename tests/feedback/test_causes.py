"""Which checks share a cause, and what is said of functions that are not there."""

import pytest

from grader.feedback.causes import absent_lines, causes, listed
from tests.samples import check_part, report_of

PLACE = {"file": "hw.ipynb", "cell": 2, "line": 3}


def failed(identifier, kind="ValueError", message="no", where=PLACE, function="f", **changes):
    failure = {"function": function, "kind": kind, "message": message, "where": where, "line": "return x"}
    return check_part(
        id=identifier,
        status="failed",
        points=0.0,
        message=f"{function} raised {kind}: {message}, on {identifier}.",
        failure=failure,
        **changes,
    )


def grouped(*checks, **changes):
    report = report_of(score=0.0, checks=list(checks), **changes)
    return [[check.id for check in group] for group in causes(report, report.checks)]


def missing(**reasons):
    return {
        name: {"status": "missing", "where": None, "diagnosis": [], "notes": [reason]}
        for name, reason in reasons.items()
    }


def lines_of(functions, *checks):
    report = report_of(score=0.0, functions=functions, checks=list(checks))
    return list(absent_lines(report, report.checks))


def test_the_same_exception_at_the_same_line_is_one_cause_whatever_the_inputs():
    one = failed("a", message="shapes (7,5) (7,) differ")
    other = failed("b", message="shapes (13,3) (13,) differ", function="g")

    assert grouped(one, other) == [["a", "b"]]


@pytest.mark.parametrize(
    "changes",
    [{"kind": "TypeError"}, {"message": "yes"}, {"where": {**PLACE, "line": 4}}],
    ids=["kind", "message", "line"],
)
def test_another_exception_is_another_cause(changes):
    assert grouped(failed("a"), failed("b", **changes)) == [["a"], ["b"]]


def test_a_name_that_is_not_defined_is_one_cause_wherever_it_is_used():
    np = {"kind": "NameError", "message": "name 'np' is not defined"}
    elsewhere = failed("b", where={**PLACE, "line": 9}, function="g", **np)

    assert grouped(failed("a", **np), elsewhere) == [["a", "b"]]


def test_a_function_that_is_not_called_again_fails_for_the_reason_of_its_first_failure():
    slow = failed("a", kind="timed out", message="", where=None)
    refused = failed("b", kind="not called", message="", where=None)
    other = failed("c", kind="not called", message="", where=None, function="g")

    assert grouped(slow, refused, other) == [["a", "b"], ["c"]]


def test_a_limit_is_one_cause_for_a_function_at_whatever_line_it_is_reached():
    memory = {"kind": "_ArrayMemoryError", "message": "Unable to allocate 9 GiB"}
    later = failed("b", kind="_ArrayMemoryError", message="Unable to allocate 1 TiB", where=None)

    assert grouped(failed("a", **memory), later) == [["a", "b"]]


def test_titles_in_a_row_name_a_function_once():
    titles = ["f: values", "f: no loops", "g: values", "all", "g: loops"]

    assert listed(titles) == "f: values; no loops; g: values; all; g: loops"


def test_checks_without_a_failed_call_are_grouped_by_their_words():
    words = {"status": "failed", "points": 0.0}
    checks = [check_part(id=each, message=text, **words) for each, text in ("a1", "b1", "c2")]

    assert grouped(*checks) == [["a", "b"], ["c"]]


def test_one_missing_function_is_spoken_of_in_the_singular():
    f = missing(f="f is not defined in the submission")

    assert lines_of(f, check_part()) == [("Missing: f; the checks that need it were skipped.", [])]


def test_a_reason_that_helps_is_told_below_and_shared_by_the_names_that_have_it():
    functions = missing(
        f="f (hw.py, line 1) is imported from losses, which is not part of the submission",
        g="g (hw.py, line 1) is imported from losses, which is not part of the submission",
        h="h is not defined in the submission; did you mean H (hw.py, line 9)?",
    )

    ((line, below),) = lines_of(functions, check_part(functions=["f", "g", "h"]))

    assert line == "Missing: f, g and h; the checks that need them were skipped."
    assert below == [
        "f and g (hw.py, line 1) are imported from losses, which is not part of the submission.",
        "h is not defined in the submission; did you mean H (hw.py, line 9)?",
    ]


def test_a_missing_function_that_is_worth_nothing_is_said_to_cost_nothing():
    free = check_part(functions=["f"], status="skipped", points=0.0, max_points=0.0)

    assert lines_of(missing(f="f is not defined in the submission"), free) == [
        ("Not in the submission, but worth no points: f.", [])
    ]
