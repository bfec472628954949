"""The gradebook: scores and points per check of a class, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from grader import formatting
from grader.model.artifact import Artifact
from grader.model.report import Report

_FORMULA_STARTS = ("=", "+", "-", "@")
_BLANKS = str.maketrans("\t\r\n\v\f", "     ")


def gradebook(reports: Sequence[tuple[str, Report]]) -> Artifact:
    """The table of scores of a class as CSV, a line for each (submission id, report), safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    check_ids = list(dict.fromkeys(check.id for _, report in reports for check in report.checks))
    writer.writerow(["submission", "student", "status", "score", "max_score", *check_ids, "note"])
    for submission_id, report in reports:
        by_id = {check.id: check for check in report.checks if check.status not in {"not_run", "errored"}}
        student = report.submission.student
        cells = [submission_id, "" if student is None else student.name or student.id, report.status]
        score = "" if report.score is None or not report.max_score else formatting.points(report.score)
        points = [
            formatting.points(by_id[check_id].points) if check_id in by_id else "" for check_id in check_ids
        ]
        writer.writerow(
            [*map(_safe_cell, cells), score, formatting.points(report.max_score), *points, _note(report)]
        )
    return Artifact("gradebook.csv", "text/csv", text.getvalue().encode())


def _note(report: Report) -> str:
    """The flags in words, such as a submission that could not be read."""
    return _safe_cell(" ".join(flag.message for flag in report.flags))


def _safe_cell(cell: str) -> str:
    """The cell on one line, with a quote before it if a spreadsheet would take it for a formula."""
    line = formatting.printable(cell.translate(_BLANKS))
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line
