"""Verdicts that a report cannot hold, made ones that it can."""

import json
import sys

import numpy as np
import pytest

from grader.checks.losses.purity import PurityCheck
from grader.grading.check_result import CheckResult
from grader.grading.gate import GREATEST_CURVE, reportable
from grader.grading.reporting import check_part
from grader.model.verdict import Failure, Finding, Flag, Picture, Verdict

CHECK = PurityCheck(kind="purity", id="p", title="p", points=4, function="f", hint="Look again.")

UNREPORTABLE = [
    *(float("nan"), float("inf"), -float("inf"), 1.7e308, -1.7e308, 1.1e100, sys.float_info.max),
    *(10**400, -(10**400), 1e60 + 1j, np.complex128(1), np.float64("inf"), np.longdouble("1e4000")),
]
REPORTABLE = [
    0.0,
    -0.0,
    5e-324,
    1e100,
    -1e100,
    10**99,
    True,
    np.float32(0.1),
    np.int64(-(2**63)),
    np.uint8(7),
]


def held(verdict):
    """The part of the report, through JSON."""
    return json.loads(check_part(CheckResult(CHECK, verdict)).model_dump_json())


@pytest.mark.parametrize("number", UNREPORTABLE, ids=repr)
def test_a_passing_check_whose_own_number_cannot_be_reported_fails_in_a_sentence(number):
    passed = Verdict(
        "passed",
        1.0,
        "Fine.",
        measured={"last_losses": number, "accuracy": 0.4},
        allowed={"accuracy": 0.3},
        findings=(Finding("f", True, (), ("a note",)),),
    )

    verdict = reportable(CHECK, passed)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Look again.")
    assert verdict.message == (
        "The values returned by f give numbers that are not finite, or larger than 1e+100: last losses. This"
        " earns no points. Look for an overflow or a division by zero."
    )
    assert verdict.findings == (Finding("f", None, (), ("a note",)),)
    assert held(verdict)["measured"] == {"accuracy": 0.4}


@pytest.mark.parametrize("number", UNREPORTABLE, ids=repr)
def test_a_failed_check_keeps_its_sentence_without_the_number(number):
    failed = Verdict(
        "failed", 0.0, "It is wrong.", measured={"difference": number}, allowed={"difference": number}
    )

    verdict = reportable(CHECK, failed)

    assert (verdict.status, verdict.message, verdict.measured, verdict.allowed) == (
        *("failed", "It is wrong."),
        *({}, {}),
    )


@pytest.mark.parametrize("number", UNREPORTABLE, ids=repr)
def test_a_curve_that_cannot_be_drawn_is_left_out_and_costs_nothing(number):
    passed = Verdict("passed", 1.0, "Fine.", curves={"loss": (1.0, number, 2.0), "other": (3.0,)})

    verdict = reportable(CHECK, passed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == (
        "Fine. Not drawn, because of numbers that are not finite, or larger than 1e+100: loss."
    )
    assert held(verdict)["curves"] == {"other": [3.0]}


@pytest.mark.parametrize("number", REPORTABLE, ids=repr)
def test_numbers_of_any_type_that_are_finite_and_bounded_are_reported(number):
    passed = Verdict("passed", 1.0, "Fine.", measured={"x": number}, curves={"loss": (number, number)})

    verdict = reportable(CHECK, passed)

    assert (verdict.status, verdict.message) == ("passed", "Fine.")
    assert held(verdict)["measured"] == {"x": float(number)}
    assert held(verdict)["curves"] == {"loss": [float(number)] * 2}


@pytest.mark.parametrize(
    "credit,kept", [(float("nan"), 0.0), (float("inf"), 0.0), (1.5, 1.0), (-1, 0.0), (np.float32(0.5), 0.5)]
)
def test_a_credit_is_a_share(credit, kept):
    assert reportable(CHECK, Verdict("failed", credit, "Half.")).credit == kept


def test_endless_curves_and_pictures_of_other_sizes_are_left_out():
    curve = (1.0,) * (GREATEST_CURVE + 1)
    pictures = {"good": Picture(1, 1, 1, b"rgb"), "short": Picture(2, 1, 1, b"rgb")}

    verdict = reportable(CHECK, Verdict("passed", 1.0, "Fine.", curves={"loss": curve}, pictures=pictures))

    assert (dict(verdict.curves), dict(verdict.pictures)) == ({}, {"good": pictures["good"]})


def test_no_text_of_a_students_is_too_strange_or_too_long_for_a_report():
    odd = "half a pair \ud800, an escape \x1b[2J, a mark \u202e" + "x" * 100_000
    verdict = Verdict(
        "failed",
        0.0,
        odd,
        findings=(Finding(odd, False, (), (odd, odd)),),
        alarms=(Flag("note", odd, odd),),
        failure=Failure(odd, odd, odd, None, odd),
    )

    part = held(reportable(CHECK, verdict))

    start = "half a pair <U+D800>, an escape <U+001B>[2J, a mark <U+202E>xxx"
    for text in (part["message"], part["findings"][0]["notes"][0], part["failure"]["line"]):
        assert text.startswith(start)
        assert len(text) == 4000
