"""The `result` of a grading step on GitHub Actions, as the autograding reporter reads it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from functools import partial

from grader.exporters.each import export_each
from grader.exporters.export import Export, ExportContext
from grader.exporters.fitting import fitted
from grader.exporters.grades import Grade
from grader.exporters.seen import Seen, cut, whole
from grader.model.student_result import StudentResult

GREATEST_BYTES = 120_000
"""The reporter gets it in an environment variable, which Linux holds to 128 KiB."""


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A line of base64 for each student. Without a score there is none: the reporter then fails, and reports no points."""
    return export_each(
        results,
        "result.txt",
        "text/plain",
        lambda grade, seen: fitted(partial(_content, grade, seen), GREATEST_BYTES) or b"",
        problems=_problems,
    )


def _problems(grade: Grade, seen: Seen) -> Iterator[str]:
    if fitted(partial(_content, grade, seen), GREATEST_BYTES) is None:
        yield f"{len(seen.checks):,} checks do not fit into the 120,000 bytes that a step can pass on"


def _content(grade: Grade, seen: Seen, greatest_message: int) -> bytes:
    tests = [
        *(
            {
                "name": check.title,
                "status": "pass" if check.status == "passed" else "fail",
                "score": whole(check.points or 0.0),
                "message": cut(check.words, greatest_message),
                "filename": "",
                "line_no": 0,
                "duration": check.seconds,
            }
            for check in seen.checks
        ),
        # The reporter adds up the scores of the tests: these make the sum the score.
        *(
            {
                "name": line.name,
                "status": "pass",
                "score": whole(line.points),
                "message": cut(line.words, greatest_message),
                "filename": "",
                "line_no": 0,
                "duration": 0,
            }
            for line in seen.lines
        ),
    ]
    has_passed = all(check.status == "passed" for check in seen.checks)
    data = {
        "version": 3,
        "status": "pass" if has_passed else "fail",
        "max_score": whole(grade.max_score or 0.0),
        "tests": tests,
    }
    return base64.b64encode(json.dumps(data, allow_nan=False).encode()) + b"\n"
