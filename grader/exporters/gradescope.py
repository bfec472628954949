"""Gradescope's results.json. A student without a score has none: Gradescope then says that the autograder failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grader import formatting
from grader.exporters.each import export_each, json_file
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade
from grader.exporters.seen import Line, Seen, SeenCheck, whole
from grader.feedback import remarks
from grader.model.student_result import StudentResult


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A results.json for each student."""
    return export_each(results, "results.json", "application/json", _content)


def _content(grade: Grade, seen: Seen) -> bytes:
    report = seen.report
    tests = [_test(number, check) for number, check in enumerate(seen.checks, 1)]
    tests += [_information(len(seen.checks) + number, line) for number, line in enumerate(seen.lines, 1)]
    data = {
        "score": whole(grade.score),
        "execution_time": round(report.seconds, 3),
        "output": _output(seen),
        # A format that is not given is not always plain text, and a student's words could be HTML.
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "spec": report.assignment.name,
            "spec_sha256": report.assignment.spec_sha256,
            "submission_sha256": report.submission.sha256,
        },
        "tests": tests,
    }
    return json_file(data, indent=1)


def _output(seen: Seen) -> str:
    report = seen.report
    lines = [f"Graded as {report.assignment.title} ({report.assignment.name})."]
    lines += (flag.message for flag in remarks.flags(report, report.checks))
    return "\n".join(map(formatting.printable_lines, lines))


def _test(number: int, check: SeenCheck) -> dict[str, Any]:
    # A hidden check is told without its words, but shown: a test of visibility `hidden` would hide the total.
    given = {
        "name": check.title,
        "name_format": "text",
        "number": str(number),
        "status": "passed" if check.status == "passed" else "failed",
        "output": check.words,
        "output_format": "text",
        "tags": list(check.functions),
        "visibility": "visible",
    }
    if not check.max_points and not check.points:
        return given  # a test without points is information
    return {**given, "score": whole(check.points or 0.0), "max_score": whole(check.max_points)}


def _information(number: int, line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "name_format": "text",
        "number": str(number),
        "status": "failed" if line.points < 0 else "passed",
        "output": line.words,
        "output_format": "text",
        "visibility": "visible",
    }
