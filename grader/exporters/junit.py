"""JUnit XML: a test case for each check, and points as properties of the suite. A fault of the grader is skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from grader import formatting
from grader.exporters.each import export_each
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade
from grader.exporters.markup import xml_text
from grader.exporters.seen import Seen, in_utc
from grader.model.student_result import StudentResult


def export(results: Sequence[StudentResult], _: ExportContext) -> Export:
    """A file of one test suite for each student, also for one whose grading failed."""
    return export_each(
        results,
        "junit.xml",
        "application/xml",
        lambda grade, seen: _content(grade.result, seen, grade),
        withheld_content=lambda result, seen: _content(result, seen, None),
    )


def _content(result: StudentResult, seen: Seen, grade: Grade | None) -> bytes:
    report = seen.report
    failures = sum(check.status == "failed" for check in seen.checks)
    skipped = sum(check.status == "fault" for check in seen.checks)
    counts = {"tests": str(len(seen.checks)), "failures": str(failures), "errors": "0"}
    seconds = f"{report.seconds:.3f}"
    root = Element("testsuites", {"name": xml_text(report.assignment.name), **counts, "time": seconds})
    name = result.student.id if result.student is not None else result.id
    started = (in_utc(report.started_at) or "").removesuffix("Z")
    suite = SubElement(
        root,
        "testsuite",
        {
            "name": xml_text(name),
            **counts,
            "skipped": str(skipped),
            "time": seconds,
            **({"timestamp": started} if started else {}),
        },
    )
    properties = SubElement(suite, "properties")
    for key, value in _properties(seen, grade):
        SubElement(properties, "property", {"name": xml_text(key), "value": xml_text(value)})
    for check in seen.checks:
        case = SubElement(
            suite,
            "testcase",
            {
                "classname": xml_text(check.functions[0] if check.functions else check.group),
                "name": xml_text(check.id),
                "time": f"{check.seconds:.3f}",
            },
        )
        words = xml_text(check.words or check.title)
        if check.status == "fault":
            SubElement(case, "skipped", {"type": "grader_fault", "message": words})
        elif check.status == "failed":
            first, _, rest = words.partition("\n")
            failure = SubElement(case, "failure", {"type": "failed", "message": first})
            failure.text = rest or None
    indent(root, " ")
    text: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def _properties(seen: Seen, grade: Grade | None) -> Iterator[tuple[str, str]]:
    if grade is not None:
        yield "score", formatting.points(grade.score)
        if grade.max_score is not None:
            yield "max_score", formatting.points(grade.max_score)
    for check in seen.checks:
        if check.points is not None:
            yield f"points.{check.id}", formatting.points(check.points)
        yield f"max_points.{check.id}", formatting.points(check.max_points)
    for line in seen.lines:
        yield line.name.lower().replace(" ", "_"), line.words
