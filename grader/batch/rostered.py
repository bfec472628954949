"""The results of a class with the ids, emails and names of another roster, matched by id as at the start of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader import formatting
from grader.intake.entry import ClassEntry
from grader.intake.identifiers import unique_ids
from grader.intake.matching import Matched, Unmatched, match
from grader.intake.platforms.parsed import Student
from grader.model.report import StudentPart
from grader.model.roster import Roster
from grader.model.student_result import StudentResult


@dataclass(frozen=True, slots=True)
class Rostered:
    """The results by the roster, and sentences on whom it does not know."""

    results: tuple[StudentResult, ...]

    remarks: tuple[str, ...]

    problems: tuple[str, ...] = ()
    """Sentences on who could be two students of it."""


def rostered(results: Sequence[StudentResult], roster: Roster) -> Rostered:
    """Each student as the roster has them; those of the roster without a result come last.

    Whoever is not on it stays as they were.
    """
    by_submission: dict[str, list[StudentResult]] = defaultdict(list)
    for each in results:
        by_submission[each.id].append(each)
    entries = [
        ClassEntry(name, Path(name), students=tuple(_students(own))) for name, own in by_submission.items()
    ]
    matched = match(entries, roster)
    found: list[StudentResult] = []
    for entry, own in zip(matched.entries, by_submission.values(), strict=True):
        parts: list[StudentPart | None] = [each.part for each in entry.students] or [None]
        # A group that the download named as one has as many members now as the roster tells.
        rows = own if len(own) == len(parts) else [own[0]] * len(parts)
        found += (
            replace(row, student=row.student if part is None else _joined(row, part))
            for row, part in zip(rows, parts, strict=True)
        )
    return Rostered((*found, *_missing(matched, found)), tuple(_remarks(matched)), tuple(_problems(matched)))


def _students(results: Sequence[StudentResult]) -> Iterator[Student]:
    for each in results:
        part = each.student
        if part is not None:
            keys = [f"{kind}:{value}" for kind, value in part.platform.items()]
            keys += [f"id:{part.id}", *([f"email:{part.email}"] if part.email else [])]
            yield Student(tuple(dict.fromkeys(keys)), part.name)


def _joined(result: StudentResult, part: StudentPart) -> StudentPart:
    """The student by the roster, with what only the report knew."""
    old = result.student
    if old is None:
        return part
    platform = {**old.platform, **part.platform}
    return part.model_copy(
        update={"platform": platform, "email": part.email or old.email, "name": part.name or old.name}
    )


def _missing(matched: Matched, found: Sequence[StudentResult]) -> Iterator[StudentResult]:
    taken = {each.id for each in found}
    stems = [each.id for each in matched.not_submitted]
    for name, student in zip(unique_ids(stems, stems), matched.not_submitted, strict=True):
        identifier = name
        while identifier in taken:
            identifier += "_"
        taken.add(identifier)
        yield StudentResult(identifier, student.part({}), None)


def _remarks(matched: Matched) -> Iterator[str]:
    for each in matched.unmatched:
        if not each.candidates:
            yield formatting.printable(f"{_who(each)}: {each.reason}, so their ids are those of the download")


def _problems(matched: Matched) -> Iterator[str]:
    for each in matched.unmatched:
        if each.candidates:
            yield formatting.printable(f"{_who(each)}: {each.reason}")


def _who(unmatched: Unmatched) -> str:
    student = unmatched.student
    return unmatched.submission if student is None else student.name or student.id
