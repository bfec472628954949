"""Exports with a file for each student: their names, and who has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath

from grader import formatting
from grader.exporters.export import Export
from grader.exporters.grades import Grade, grades
from grader.exporters.seen import Seen, seen
from grader.intake.identifiers import unique_ids
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

Content = Callable[[Grade, Seen], bytes]
"""The file of a student with a score."""

WithheldContent = Callable[[StudentResult, Seen], bytes | None]
"""The file of a student without one, whose report tells why; None if there is nothing to write."""

Problems = Callable[[Grade, Seen], Iterator[str]]
"""Sentences: what the platform would not take in this student's result."""


def _none(_: Grade, __: Seen) -> Iterator[str]:
    yield from ()


def export_each(
    results: Sequence[StudentResult],
    name: str,
    media_type: str,
    content: Content,
    *,
    withheld_content: WithheldContent = lambda _, __: None,
    problems: Problems = _none,
    remarks: tuple[str, ...] = (),
) -> Export:
    """A file for each student with a report. name: the usual one, which a single student's file has."""
    found = grades(results)
    given = {id(each.result): each for each in found.given}
    artifacts: list[Artifact] = []
    faults: list[str] = []
    left_out: list[str] = []
    scores: list[tuple[str, str]] = []
    for result, own_name in zip(results, _file_names(results, name), strict=True):
        grade, made = given.get(id(result)), None
        if result.report is None:
            if grade is not None:
                left_out.append(
                    f"{grade.who}: {formatting.points(grade.score)} points by an override and no report; enter them in"
                    " the platform"
                )
            continue
        view = seen(result, result.report)
        if grade is None:
            made = withheld_content(result, view)
        elif own := list(problems(grade, view)):
            faults += (f"{grade.who}: {each}" for each in own)
        else:
            made = content(grade, view)
            scores.append((grade.who, grade.words))
        if made is not None:
            artifacts.append(Artifact(own_name, media_type, made))
    return Export(
        tuple(artifacts),
        matched=len(scores),
        scores=tuple(scores),
        left_out=tuple(left_out),
        **found.told,
        remarks=remarks,
        problems=tuple(faults),
    )


def json_file(data: Mapping[str, object], *, indent: int | None = None) -> bytes:
    """The data as UTF-8 JSON with a line end. ValueError for a number that JSON does not have."""
    return f"{json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)}\n".encode()


def _file_names(results: Sequence[StudentResult], name: str) -> list[str]:
    if len(results) == 1:
        return [name]
    owners = [f"{each.id} {each.student.id if each.student is not None else ''}" for each in results]
    suffix = PurePath(name).suffix
    return [f"{each}{suffix}" for each in unique_ids(owners, [each.id for each in results])]
