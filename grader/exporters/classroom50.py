"""Classroom 50's result.json: whole numbers, and the submission's identity as the runner knows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader import formatting
from grader.exporters.each import export_each, json_file
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, problems_of_one
from grader.exporters.seen import Seen, in_utc
from grader.model.student_result import StudentResult

REQUIRED = ("classroom", "assignment", "owner", "submission", "commit", "release")
"""The settings that there is no default for."""

FACTOR = 100
"""Of all points, which have two decimals and must be whole."""


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The result.json of one submission. Without a score there is none: the runner then publishes an error."""
    faults = [*_faults(results, context)]
    if faults:
        return Export(problems=tuple(faults))
    return export_each(
        results,
        "result.json",
        "application/json",
        lambda grade, seen: _content(grade, seen, context),
        problems=lambda grade, seen: _problems(grade, seen, context),
        remarks=(f"points are times {FACTOR}, because Classroom 50 takes only whole numbers",),
    )


def _faults(results: Sequence[StudentResult], context: ExportContext) -> Iterator[str]:
    if len(results) > 1:
        yield (
            "Classroom 50 knows a submission by its tag and commit, so it takes one at a time: give --student ID, or a"
            " report"
        )
    given = context.settings
    missing = [name for name in REQUIRED if not given.get(name)]
    if missing:
        names = formatting.listing(missing)
        yield f"missing {names}, which Classroom 50's runner sets in the environment; give --set {missing[0]}=VALUE"
    kind = given.get("assignment_type") or "individual"
    if kind not in {"individual", "group"}:
        yield f"assignment_type must be individual or group, not {formatting.printable(kind)!r}"
    tag = given.get("submission", "")
    if tag and not tag.startswith("submit/"):
        yield f"submission must be a tag that begins with submit/, not {formatting.printable(tag)!r}"
    time = given.get("datetime")
    if time is not None and in_utc(time) is None:
        yield f"datetime must be a time with its zone, as git log -1 --format=%cI prints it, not {formatting.printable(time)!r}"


def _problems(grade: Grade, seen: Seen, context: ExportContext) -> Iterator[str]:
    yield from problems_of_one(grade, "Classroom 50")
    for check in seen.checks:
        if (check.points or 0.0) > check.max_points or (check.points or 0.0) < 0:
            yield (
                f"{check.title}: {check.points:g} of {check.max_points:g} points: Classroom 50 refuses such a test;"
                " change the override"
            )
    if "datetime" not in context.settings and in_utc(seen.report.submission.submitted_at) is None:
        yield (
            'the time of submission is unknown; give --set datetime="$(git log -1 --format=%cI)", the time of the'
            " commit"
        )


def _content(grade: Grade, seen: Seen, context: ExportContext) -> bytes:
    given, report = context.settings, seen.report
    tests: list[dict[str, object]] = [
        {
            "test-name": check.title,
            "passed": check.status == "passed",
            "score": _whole(check.points or 0.0),
            "max-score": _whole(check.max_points),
            "message": check.words,
        }
        for check in seen.checks
    ]
    tests += (
        {"test-name": line.name, "passed": True, "score": 0, "max-score": 0, "message": line.words}
        for line in seen.lines
    )
    graded = in_utc(report.started_at)
    data = {
        "schema": "classroom50/result/v1",
        "classroom": given["classroom"],
        "assignment": given["assignment"],
        "assignment_type": given.get("assignment_type") or "individual",
        "owner": given["owner"],
        "submission": given["submission"],
        "commit": given["commit"],
        "release": given["release"],
        "review": given.get("review") or given["commit"],
        # The commit's time, not the grading's: it decides who is late.
        "datetime": in_utc(given.get("datetime") or report.submission.submitted_at),
        **({} if graded is None else {"graded_at": graded}),
        "score": _whole(grade.score),
        "max-score": _whole(grade.max_score or 0.0),
        "tests": tests,
    }
    return json_file(data, indent=1)


def _whole(points: float) -> int:
    return round(points * FACTOR)
