"""The student's view of a result as JSON: the score that counts, what changed it, and the report as the student may see it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from grader.exporters.each import export_each, json_file
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, rounded, why_withheld
from grader.exporters.seen import Seen, whole
from grader.model.student_result import StudentResult


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A file for each student, also for one whose grading failed: its score is null."""
    return export_each(
        results,
        "result.json",
        "application/json",
        lambda grade, seen: _content(grade.result, seen, grade),
        withheld_content=lambda result, seen: _content(result, seen, None),
    )


def _content(result: StudentResult, seen: Seen, grade: Grade | None) -> bytes:
    most = result.max_score
    data = {
        "schema_version": "1",
        "student": None if result.student is None else result.student.model_dump(mode="json"),
        "score": None if grade is None else whole(grade.score),
        "max_score": None if most is None else whole(rounded(most)),
        "withheld": why_withheld(seen.report) if grade is None else None,
        "checks": [
            {
                "id": check.id,
                "title": check.title,
                "status": check.status,
                "points": None if check.points is None else whole(check.points),
                "max_points": whole(check.max_points),
                "message": check.words,
            }
            for check in seen.checks
        ],
        "besides": [
            {
                "name": line.name,
                "points": whole(line.points),
                "message": line.words,
            }
            for line in seen.lines
        ],
        "report": json.loads(seen.report.to_json()),
    }
    return json_file(data, indent=1)
