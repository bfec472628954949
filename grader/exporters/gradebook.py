"""The gradebook: scores and points per check of a class, as CSV."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import get_args

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import grades
from grader.model.artifact import Artifact
from grader.model.report import Report
from grader.model.student_result import ChangeKind, StudentResult

_FIRST = (
    "submission", "student_id", "student", "status", "score", "max_score", "graded_score", "late_points",
    "override_points", "reason",
    "previous_score", "regraded_for", "email",
)  # fmt: skip

_FORMULA_STARTS = frozenset("=+-@|%\u2212")
"""Before a formula, or a command to another program, in some spreadsheet."""
_QUOTED = frozenset('",;')
"""A cell with one of these stands in quotes: some spreadsheets separate cells by semicolons."""
_BLANKS = str.maketrans("\t\r\n\v\f", "     ")


def gradebook(results: Sequence[StudentResult]) -> Artifact:
    """The table of scores of a class as CSV, a line for each student, safe to open in a spreadsheet.

    `score` is the score that counts, `graded_score` the report's own, before the instructor's rules and overrides. The
    points of checks are those that count.
    """
    checks = (check.id for each in results if each.report is not None for check in each.report.checks)
    check_ids = list(dict.fromkeys(checks))
    lines = [csv_line(*_FIRST, *check_ids, "note")]
    for result in results:
        report, student = result.report, result.student
        by_id = {} if report is None else {check.id: result.points(check) for check in report.checks}
        names = ("", "") if student is None else (student.id, student.name or student.id)
        lines.append(
            csv_line(
                *map(safe_cell, (result.id, *names)),
                result.status,
                *map(_points, (result.score, result.max_score, result.graded_score)),
                *(_change(result, kind) for kind in get_args(ChangeKind)),
                safe_cell(_reason(result)),
                *_previous(report),
                "" if student is None or student.email is None else safe_cell(student.email),
                *(_points(by_id.get(check_id)) for check_id in check_ids),
                _note(result),
            )
        )
    return Artifact("gradebook.csv", "text/csv", "".join(lines).encode())


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """The same table as an export. Everybody has a line; one without a score has an empty cell."""
    found = grades(results)
    return Export(
        (gradebook(results),),
        matched=len(found.given),
        scores=tuple((each.who, each.words) for each in found.given),
        withheld=found.told["withheld"],
    )


def _points(value: float | None) -> str:
    return "" if value is None else formatting.points(value)


def _change(result: StudentResult, kind: ChangeKind) -> str:
    """The signed sum of the changes of a kind; empty if there is none."""
    changes = [each.points for each in result.changes if each.kind == kind]
    return formatting.points(sum(changes)) if changes else ""


def csv_line(*cells: str) -> str:
    """A line of CSV; cells are quoted where they must be."""
    quoted = ('"{}"'.format(cell.replace('"', '""')) if _QUOTED & set(cell) else cell for cell in cells)
    return f"{','.join(quoted)}\n"


def _reason(result: StudentResult) -> str:
    """Why the score is not the graded one: how late, and each override with its points."""
    late = [each.reason for each in result.changes if each.kind == "late"] or [result.late_words]
    own = (
        f"{each.check or 'total'} {'+' if each.points >= 0 else ''}{formatting.points(each.points)}: {each.reason}"
        for each in result.changes
        if each.kind == "override"
    )
    return "; ".join(filter(None, (*late, *own)))


def _previous(report: Report | None) -> tuple[str, str]:
    """The score before the latest regrade, and the reasons for it."""
    if report is None or report.previous is None:
        return "", ""
    return formatting.points(report.previous.score), " ".join(report.previous.reasons)


def _note(result: StudentResult) -> str:
    """What the instructor should know, and the flags in words, such as a submission that could not be read."""
    flags = () if result.report is None else result.report.flags
    return safe_cell(" ".join((*map(formatting.sentence, result.remarks), *(flag.message for flag in flags))))


def safe_cell(cell: str) -> str:
    """The cell on one line, with a quote before it if a spreadsheet would take it for a formula."""
    line = formatting.printable(cell.translate(_BLANKS))
    start = unicodedata.normalize("NFKC", line.lstrip()[:1])  # a full-width or small sign is one too
    return f"'{line}" if start[:1] in _FORMULA_STARTS else line
