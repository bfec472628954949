"""The score before a regrade."""

import pytest

from grader.batch.previous import change_in_words, with_previous
from tests.samples import report_of

BEFORE = {"score": 8.0, "max_score": 10.0, "graded_at": "2025-12-31T00:00:00+00:00", "reasons": ["spec"]}


def regraded(report, old, *reasons):
    return with_previous(report, old, reasons)


def test_a_new_report_has_none():
    assert regraded(report_of(), None).previous is None


def test_a_report_on_another_basis_keeps_the_score_before():
    old = report_of(score=9.0)

    previous = regraded(report_of(), old, "asked", "spec").previous

    assert (previous.score, previous.max_score, previous.graded_at) == (9.0, 10.0, old.started_at)
    assert previous.reasons == ("spec", "asked")


def test_so_it_does_if_the_score_is_the_same():
    assert regraded(report_of(), report_of(), "grader").previous.score == 10.0


@pytest.mark.parametrize("reasons", [(), ("asked",)])
def test_on_the_same_basis_the_earlier_one_stays(reasons):
    old = report_of(previous=BEFORE)

    assert regraded(report_of(), old, *reasons).previous == old.previous


def test_on_the_same_basis_another_score_is_kept():
    previous = regraded(report_of(), report_of(score=9.0, previous=BEFORE), "asked").previous

    assert (previous.score, previous.reasons) == (9.0, ("asked",))


def test_a_fault_of_the_grader_in_between_hides_no_score():
    fault = regraded(report_of(score=None, status="incomplete"), report_of(score=9.0), "spec")

    again = regraded(report_of(), fault)
    later = regraded(report_of(), fault, "grader")

    assert (again.previous.score, again.previous.reasons) == (9.0, ("spec",))
    assert (later.previous.score, later.previous.reasons) == (9.0, ("spec", "grader"))


def test_a_fault_alone_is_no_score_before():
    fault = report_of(score=None, status="incomplete")

    assert regraded(report_of(), fault, "spec").previous is None


def test_a_change_in_words():
    old = report_of(score=9.0)
    new = regraded(report_of(), old, "spec", "seed")

    assert change_in_words("ann", old, new) == "ann 9 -> 10 (spec, seed)"
    assert change_in_words("ann", report_of(score=9.0, max_score=12.0), report_of()) == (
        "ann 9 of 12 -> 10 of 10"
    )
    assert change_in_words("ann", report_of(score=None), report_of()) == "ann no score -> 10"
    assert change_in_words("ann", report_of(), new) == ""
