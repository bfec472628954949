"""The answers to edX (XQueue) and Coursera, which take a score of 1. Without a score there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grader.exporters.each import export_each, json_file
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, of_one, problems_of_one
from grader.exporters.markup import xhtml
from grader.exporters.seen import Seen
from grader.model.student_result import StudentResult


def export_edx(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """The answer of an external grader for each student."""
    return _export(results, "answer.json", "edX")


def export_coursera(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A feedback.json for each student."""
    return _export(results, "feedback.json", "Coursera")


def _export(results: Sequence[StudentResult], name: str, platform: str) -> Export:
    fields = {"edX": _edx, "Coursera": _coursera}[platform]

    def content(grade: Grade, seen: Seen) -> bytes:
        return json_file(fields(of_one(grade), xhtml(grade, seen)))

    return export_each(
        results, name, "application/json", content, problems=lambda grade, _: problems_of_one(grade, platform)
    )


def _edx(score: float, feedback: str) -> dict[str, Any]:
    return {"correct": score >= 1, "score": score, "msg": feedback}


def _coursera(score: float, feedback: str) -> dict[str, Any]:
    return {"fractionalScore": score, "feedback": feedback, "feedbackType": "HTML"}
