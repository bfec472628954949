"""check50's JSON: checks that passed, failed, or were not graded. It has no total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grader.exporters.each import export_each, json_file
from grader.exporters.export import Export, ExportContext
from grader.exporters.seen import Seen, SeenCheck, whole
from grader.model.student_result import StudentResult


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A file for each student, also for one whose grading failed."""
    return export_each(
        results,
        "check50.json",
        "application/json",
        lambda _, seen: _content(seen),
        withheld_content=lambda _, seen: _content(seen),
        remarks=("check50's format has no total, and no place for a late penalty",),
    )


def _content(seen: Seen) -> bytes:
    ids = {check.id for check in seen.checks}
    data = {
        "slug": seen.report.assignment.name,
        "results": [_result(check, ids) for check in seen.checks],
        "version": seen.report.environment.grader_version,
    }
    return json_file(data, indent=1)


def _result(check: SeenCheck, ids: set[str]) -> dict[str, Any]:
    has_passed = {"passed": True, "failed": False, "fault": None}[check.status]
    points = {} if check.points is None else {"points": whole(check.points)}
    return {
        "name": check.id,
        "description": check.title,
        "passed": has_passed,
        "log": [],
        "cause": None if has_passed else {"rationale": check.words or "It did not pass.", "help": None},
        "data": {**points, "max_points": whole(check.max_points)} if points else {},
        "dependency": check.depends_on if check.depends_on in ids else None,
    }
