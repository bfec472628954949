"""The answer of an external grader of edX's over XQueue. Without a score there is none: the submission stays in the queue."""

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
    """An answer for each student."""
    return export_each(
        results,
        "answer.json",
        "application/json",
        _content,
        problems=lambda grade, _: problems_of_one(grade, "edX"),
    )


def _content(grade: Grade, seen: Seen) -> bytes:
    score = of_one(grade)
    data = {"correct": score >= 1, "score": score, "msg": xhtml(grade, seen)}
    return f"{json.dumps(data, ensure_ascii=False, allow_nan=False)}\n".encode()
