"""Feedback at the line of code that it speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader import formatting
from grader.feedback import remarks
from grader.feedback.paragraphs import Paragraph, place_in
from grader.model.report import CheckPart, Report, WherePart

Tone = Literal["wrong", "unwritten", "note", "right"]

Place = tuple[str, int | None, int]
"""A file, the number of a cell or None, and a line."""

_GREATEST = 500
"""Characters of one annotation: the paragraph above has it all."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A piece of feedback. anchor: the paragraph of the page that tells more; empty if this is all."""

    tone: Tone
    title: str
    words: str = ""
    anchor: str = ""


def place_of(where: WherePart) -> Place:
    """The place as a key."""
    return where.file, where.cell, where.line


def annotations_of(
    report: Report, checks: Sequence[CheckPart], told: Iterable[Paragraph]
) -> Mapping[Place, tuple[Annotation, ...]]:
    """All feedback that has a place in the code, the causes of lost points first."""
    found: dict[Place, dict[Annotation, None]] = {}
    for where, annotation in (
        *_of_causes(told),
        *_of_functions(report),
        *_of_remarks(report, checks),
    ):
        found.setdefault(place_of(where), {})[annotation] = None
    return {place: tuple(each) for place, each in found.items()}


def _of_causes(told: Iterable[Paragraph]) -> Iterator[tuple[WherePart, Annotation]]:
    for paragraph in told:
        for cause in paragraph.causes:
            if cause.where is not None:
                words = paragraph.mistakes or cause.words
                tone: Tone = "note" if cause.teller.status == "errored" else "wrong"
                yield (
                    cause.where,
                    Annotation(
                        tone, cause.teller.title, formatting.shortened(words, _GREATEST), paragraph.anchor
                    ),
                )


def _of_functions(report: Report) -> Iterator[tuple[WherePart, Annotation]]:
    for name, part in report.functions.items():
        if part.where is None:
            continue
        match part.status:
            case "missing":
                words = next(iter(part.notes), f"{name} does not parse")
                yield part.where, Annotation("wrong", "Does not parse", words, "absent")
            case "not_written":
                yield part.where, Annotation("unwritten", f"{name} is not written yet", anchor="absent")
            case "correct":
                yield part.where, Annotation("right", f"{name} is correct")
            case "incorrect" | "unjudged":
                pass


def _of_remarks(report: Report, checks: Sequence[CheckPart]) -> Iterator[tuple[WherePart, Annotation]]:
    for note, names in remarks.notes(report, checks).items():
        for name in names:
            where = place_in(note, report) or report.functions[name].where
            if where is not None:
                yield where, Annotation("note", f"Note on {name}", note)
    for flag in remarks.flags(report, checks):
        part = report.functions.get(flag.function or "")
        where = place_in(flag.message, report) or (None if part is None else part.where)
        if where is not None:
            is_violation = flag.kind == "restriction_violated"
            title = "Not allowed" if is_violation else "Note"
            yield where, Annotation("wrong" if is_violation else "note", title, flag.message)
