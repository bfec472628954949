"""A class made by hand, with everything that an export must get right: late work, overrides, faults, groups, hostile words."""

from __future__ import annotations

from grader.exporters import ExportContext
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of

HOSTILE = '<script>alert("1")</script> ]]> & \x1b[31m\u202eevil\ufffe\x00 =cmd|x\nf: second line'
"""Words as a student may leave them in an exception's message."""

SECRET = "the hidden question on ridge"
"""Of a hidden check: no student may read it."""

CONTEXT = ExportContext(assignment="mini", title="Mini")


def student(number, name, **fields):
    return StudentPart(id=f"100{number}", name=name, email=f"student{number}@example.edu", **fields)


def owner(result):
    """The student of a result."""
    return result.student


def submitted(identifier, **fields):
    return {
        "id": identifier,
        "sha256": "a" * 64,
        "files": [{"path": "hw.py", "sha256": "f" * 64}],
        "attempt": 2,
        "submitted_at": "2026-04-20T22:58:10+02:00",
        **fields,
    }


HIDDEN = check_part(
    id="ridge_secret",
    title=SECRET,
    status="failed",
    points=0.0,
    max_points=5.0,
    visibility="hidden",
    message=f"It fails {SECRET}.",
    hint=SECRET,
)

PERFECT = report_of(
    submission=submitted("one"),
    score=15.0,
    max_score=15.0,
    checks=[
        check_part(),
        check_part(id="ridge_secret", title=SECRET, points=5.0, max_points=5.0, visibility="hidden"),
    ],
)

PARTIAL = report_of(
    submission=submitted("two"),
    score=6.5,
    max_score=18.0,
    checks=[
        check_part(status="failed", points=6.5, max_points=10.0, message=HOSTILE, hint="2 * reg * W?"),
        check_part(
            id="speed", title="f: speed", status="failed", points=0.0, max_points=3.0, message="Too slow.",
            caused_by=["f_values", "ridge_secret"],
        ),
        HIDDEN,
        check_part(id="told", title="f: told", points=0.0, max_points=0.0, message="It only tells."),
        check_part(id="left_out", title="f: left out", status="not_run", points=0.0, max_points=4.0),
    ],
    previous={
        "score": 4.0, "max_score": 18.0, "graded_at": "2026-04-21T08:00:00+00:00", "reasons": ["spec", "grader"],
    },
)  # fmt: skip

FAULT = report_of(
    submission=submitted("three"),
    status="incomplete",
    score=None,
    max_score=15.0,
    checks=[
        check_part(points=10.0),
        check_part(id="g_values", title="g: values", status="errored", points=0.0, max_points=5.0, message="Fault."),
    ],
)  # fmt: skip

UNREADABLE = report_of(
    submission=submitted("five"),
    status="unreadable",
    score=0.0,
    checks=[check_part(status="skipped", points=0.0, message="The notebook is not valid.")],
    flags=[{"kind": "unreadable", "message": "The notebook is not valid.", "for": "both"}],
)

THIRDS = report_of(
    submission=submitted("ten"),
    score=9.9999,
    checks=[
        check_part(id=f"third_{number}", status="failed", points=3.3333, max_points=3.3334, message="Nearly.")
        for number in (1, 2, 3)
    ],
)

RESULTS = (
    StudentResult("one", student(1, "Student One"), PERFECT),
    StudentResult(
        "two",
        student(2, "Two, =Student\u202e"),
        PARTIAL,
        changes=(
            Change("override", 1.0, "the handout was unclear", "speed"),
            Change("override", 2.0, "regraded by hand", "ridge_secret"),
            Change("late", -1.8, "2 days 3 h late: 10 % of the points"),
        ),
        late_words="2 days 3 h late",
    ),
    StudentResult("three", student(3, "Student Three"), FAULT),
    StudentResult("four", student(4, "Student Four"), None),
    StudentResult("five", student(5, "Student Five"), UNREADABLE),
    StudentResult("six", student(6, "Student Six"), PERFECT.model_copy(), late_words="1 h late"),
    StudentResult("six", student(7, "Student Seven"), PERFECT, changes=(Change("late", -20.0, "a week late"),)),
    StudentResult("eight", student(8, "Student Eight"), None, is_awaited=True),
    StudentResult("nine", student(9, "Student Nine"), None, changes=(Change("override", 7.0, "an oral exam"),)),
    StudentResult("ten", student(0, "Student Ten"), THIRDS),
)  # fmt: skip

SCORES: dict[str | None, float] = {
    "Student One": 15,
    "Two, =Student<U+202E>": 7.7,
    "Student Five": 0,
    "Student Six": 15,
    "Student Seven": 0,
    "Student Nine": 7,
    "Student Ten": 10,
}
"""By name, to two decimals; of the others there is none."""
