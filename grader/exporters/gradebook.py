"""The gradebook: scores and points per check of a class, as CSV."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from grader import formatting
from grader.model.artifact import Artifact
from grader.model.report import Report, StudentPart

_FORMULA_STARTS = frozenset("=+-@|%\u2212")
"""Before a formula, or a command to another program, in some spreadsheet."""
_QUOTED = frozenset('",;')
"""A cell with one of these stands in quotes: some spreadsheets separate cells by semicolons."""
_BLANKS = str.maketrans("\t\r\n\v\f", "     ")


def gradebook(reports: Sequence[tuple[str, Report]]) -> Artifact:
    """The table of scores of a class as CSV, a line for each (submission id, report), safe to open in a spreadsheet.

    A group's submission has a line for each member.
    """
    check_ids = list(dict.fromkeys(check.id for _, report in reports for check in report.checks))
    lines = [_line("submission", "student_id", "student", "status", "score", "max_score", *check_ids, "note")]
    for submission_id, report in reports:
        by_id = {check.id: check for check in report.checks if check.status not in {"not_run", "errored"}}
        score = "" if report.score is None or not report.max_score else formatting.points(report.score)
        points = [
            formatting.points(by_id[check_id].points) if check_id in by_id else "" for check_id in check_ids
        ]
        most = formatting.points(report.max_score) if report.max_score else ""  # not 0 of 0
        for student in _students(report):
            names = ("", "") if student is None else (student.id, student.name or student.id)
            cells = map(_safe_cell, (submission_id, *names, report.status))
            lines.append(_line(*cells, score, most, *points, _note(report)))
    return Artifact("gradebook.csv", "text/csv", "".join(lines).encode())


def _students(report: Report) -> Sequence[StudentPart | None]:
    return report.submission.members or (report.submission.student,)


def _line(*cells: str) -> str:
    quoted = ('"{}"'.format(cell.replace('"', '""')) if _QUOTED & set(cell) else cell for cell in cells)
    return f"{','.join(quoted)}\n"


def _note(report: Report) -> str:
    """The flags in words, such as a submission that could not be read."""
    return _safe_cell(" ".join(flag.message for flag in report.flags))


def _safe_cell(cell: str) -> str:
    """The cell on one line, with a quote before it if a spreadsheet would take it for a formula."""
    line = formatting.printable(cell.translate(_BLANKS))
    start = unicodedata.normalize("NFKC", line.lstrip()[:1])  # a full-width or small sign is one too
    return f"'{line}" if start[:1] in _FORMULA_STARTS else line
