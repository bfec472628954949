"""Coursera's feedback.json. Without a score there is none, and the grader must exit with an error."""

from __future__ import annotations

import json
from collections.abc import Sequence

from grader.exporters.each import export_each
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, of_one, problems_of_one
from grader.exporters.markup import xhtml
from grader.exporters.seen import Seen
from grader.model.student_result import StudentResult


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A feedback.json for each student."""
    return export_each(
        results,
        "feedback.json",
        "application/json",
        _content,
        problems=lambda grade, _: problems_of_one(grade, "Coursera"),
    )


def _content(grade: Grade, seen: Seen) -> bytes:
    data = {"fractionalScore": of_one(grade), "feedback": xhtml(grade, seen), "feedbackType": "HTML"}
    return f"{json.dumps(data, ensure_ascii=False, allow_nan=False)}\n".encode()
