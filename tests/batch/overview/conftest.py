"""A class with something in every part of its page."""

from types import SimpleNamespace

import pytest

from grader.batch.left_out import LeftOut
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of

HALF = {
    "part": "gradient",
    "misconception": "half_regularizer",
    "message": "It equals the correct gradient with half the regularizer's part: what is its derivative?",
}
FAST = {"kind": "impossible_time", "message": "f took no time.", "for": "instructor"}


def result(name, report, **changes):
    return StudentResult(f"{name.lower()}_1", StudentPart(id=name[:1], name=name), report, **changes)


def submission(name, **fields):
    return {"id": f"{name.lower()}_1", "sha256": "a" * 64, "files": [], **fields}


def wrong(name, **fields):
    """A report with a mistake, a hidden check and a timed one."""
    return report_of(
        submission=submission(name),
        score=4.0,
        max_score=20.0,
        checks=[
            check_part(status="failed", points=4.0, message="dW is wrong."),
            check_part(id="secret", title="On other data", visibility="hidden", status="skipped", points=0.0),
            check_part(
                id="speed", title="f is fast", max_points=0.0, measured={"speedup": 30.0, "slowdown": 2.0}
            ),
        ],
        functions={
            "f": {"status": "incorrect", "where": None, "diagnosis": [HALF]},
            "g": {"status": "missing", "where": None},
        },
        flags=[FAST],
        **fields,
    )


@pytest.fixture
def course():
    """Results, what is outside of them, remarks, and the submissions that have a page."""
    before = {
        "score": 9.0,
        "max_score": 10.0,
        "graded_at": "2026-01-01T00:00:00+00:00",
        "reasons": ["spec"],
    }
    pdf = {"kind": "unreadable", "message": "found only a.pdf", "for": "both"}
    results = (
        result("Ann", report_of(submission=submission("Ann"), previous=before)),
        result("Bo", wrong("Bo")),
        result("Cy", wrong("Cy"), changes=(Change("late", -1, "1 day late"),), late_words="1 day late"),
        result("Di", wrong("Di"), changes=(Change("override", 2, "a talk", "f_values"),)),
        result(
            "Ed",
            report_of(submission=submission("Ed"), status="unreadable", score=0.0, checks=[], flags=[pdf]),
        ),
        result("Flo", None),
        result("Gus", None, is_awaited=True),
        result("Hal", None, is_awaited=True),
    )
    outside = LeftOut(not_graded=("gus_1",), unread={"hal_1": "not a report"})
    pages = {each.id for each in results if each.report is not None}
    return SimpleNamespace(results=results, outside=outside, remarks=("no times",), pages=pages)
