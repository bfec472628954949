"""PrairieLearn's results.json. A fault of the grader is "not gradable": no points, and no attempt used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from grader.exporters.each import export_each, json_file
from grader.exporters.export import Export, ExportContext
from grader.exporters.fitting import fitted
from grader.exporters.grades import Grade, of_one, problems_of_one
from grader.exporters.seen import Seen, cut, whole
from grader.model.student_result import StudentResult

GREATEST_BYTES = 1 << 20
"""PrairieLearn takes a larger file for a failure, and the feedback is lost."""


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A results.json for each student, also for one whose grading failed."""
    return export_each(
        results,
        "results.json",
        "application/json",
        lambda grade, seen: fitted(partial(_content, grade, seen), GREATEST_BYTES) or b"",
        withheld_content=_not_gradable,
        problems=_problems,
    )


def _problems(grade: Grade, seen: Seen) -> Iterator[str]:
    yield from problems_of_one(grade, "PrairieLearn")
    if fitted(partial(_content, grade, seen), GREATEST_BYTES) is None:
        yield f"{len(seen.checks):,} checks do not fit into the 1 MiB that PrairieLearn takes"


def _content(grade: Grade, seen: Seen, greatest_message: int) -> bytes:
    return json_file(
        {
            "gradable": True,
            "score": of_one(grade),
            "output": f"Graded as {seen.report.assignment.title} ({seen.report.assignment.name}).",
            "tests": [
                *(
                    {
                        "name": check.title,
                        "points": whole(check.points or 0.0),
                        "max_points": whole(check.max_points),
                        "message": cut(check.words, greatest_message),
                    }
                    for check in seen.checks
                ),
                # Worth 0, so shown as information; its points make the sum that PrairieLearn shows the score.
                *(
                    {
                        "name": line.name,
                        "points": whole(line.points),
                        "max_points": 0,
                        "message": cut(line.words, greatest_message),
                    }
                    for line in seen.lines
                ),
            ],
        }
    )


def _not_gradable(_: StudentResult, __: Seen) -> bytes:
    return json_file(
        {
            "gradable": False,
            "message": "This submission could not be graded. It costs no attempt and no points.",
            "format_errors": "The grader failed, not your code. Submit again.",
        }
    )
