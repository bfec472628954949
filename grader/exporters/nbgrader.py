"""nbgrader: the grades as its own export writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.gradebook import csv_line, safe_cell
from grader.exporters.grades import grades, rounded, with_several
from grader.exporters.sheets.persons import ids_of
from grader.intake.persons import plain_name
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

_HEADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip
_LOGINS = ("username", "login", "id", "sid", "sis")


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """A line for each student, as `nbgrader export` has it: score = max(0, raw_score - late_submission_penalty).

    Who handed in nothing has 0 points and no timestamp; whose score is withheld has empty scores.
    """
    found = grades(results)
    scores = {id(each.result): each for each in found.given}
    absent = {id(each) for each in found.not_submitted}
    most = max((each.max_score for each in found.given if each.max_score is not None), default=None)
    lines = [csv_line(*_HEADER)]
    quoted: list[str] = []
    for result in results:
        student = result.student
        first, last = _names(result)
        own = _login(result)
        texts = tuple(map(safe_cell, (own, last, first, "" if student is None else student.email or "")))
        if any(not {",", '"', ";"}.isdisjoint(each) for each in texts):
            quoted.append(result.words)
        grade = scores.get(id(result))
        raw = penalty = score = ""
        if grade is not None:
            raw, penalty, score = _scores(result, grade.score)
        elif id(result) in absent:
            raw, penalty, score = "0.0", "0.0", "0.0"
        greatest = most if grade is None or grade.max_score is None else grade.max_score
        lines.append(
            csv_line(
                safe_cell(context.assignment),
                "",
                _timestamp(result),
                *texts,
                raw,
                penalty,
                score,
                "" if greatest is None else _number(greatest),
            )
        )
    remarks = []
    if found.not_submitted:
        names = formatting.several(found.told["not_submitted"])
        remarks.append(f"did not submit, so 0 points and no timestamp, as in nbgrader: {names}")
    if quoted:
        remarks.append(
            "a cell with a comma, semicolon or quote is quoted here, which nbgrader's own export never does:"
            f" {formatting.several(quoted)}"
        )
    unnamed = [each.words for each in results if each.student is None]
    if unnamed:
        remarks.append(f"without a student, under the submission's name: {formatting.several(unnamed)}")
    return Export(
        (Artifact("grades.csv", "text/csv", "".join(lines).encode()),),
        matched=len(found.given),
        scores=tuple((each.who, each.words) for each in found.given),
        withheld=found.told["withheld"],
        remarks=tuple(remarks),
        problems=tuple(with_several(results)),
    )


def _scores(result: StudentResult, score: float) -> tuple[str, str, str]:
    """raw_score, late_submission_penalty and score. An override is part of the raw score."""
    penalty = rounded(-sum(each.points for each in result.changes if each.kind == "late"))
    raw = rounded(max(0.0, result.base + sum(each.points for each in result.changes if each.kind != "late")))
    if score > 0:  # rounded once: the three agree to the last digit
        penalty = rounded(raw - score)
    return _number(raw), _number(penalty), _number(score)


def _number(value: float) -> str:
    text = formatting.points(value)
    return text if "." in text else f"{text}.0"


def _login(result: StudentResult) -> str:
    """The student's login, as nbgrader names students; else the strongest id."""
    known = dict(ids_of(result))
    own = next((known[kind] for kind in _LOGINS if kind in known), None)
    return own or (result.id if result.student is None else result.student.id)


def _names(result: StudentResult) -> tuple[str, str]:
    """First and last name: as in "One, Student", else the last word is the last name."""
    name = "" if result.student is None else plain_name(result.student.name or "")
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _timestamp(result: StudentResult) -> str:
    """As nbgrader writes it, in UTC. Empty if nothing was submitted, or nobody knows when."""
    written = None if result.report is None else result.report.submission.submitted_at
    try:
        at = datetime.fromisoformat(written or "")
    except ValueError:
        return ""
    plain = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(" ", "microseconds")
