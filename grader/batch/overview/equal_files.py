"""Equal files in the submissions of different students."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from grader.batch.student_name import StudentName
from grader.model.report import FunctionPart, Report

_AS_IN_A_TEMPLATE = "all_zero"
"""The mistake of a result that nobody assigned."""


@dataclass(frozen=True, slots=True)
class EqualFiles:
    """Submissions of different students with the same graded files, byte by byte."""

    files: tuple[str, ...]
    """The names that the equal files have."""

    submissions: tuple[str, ...]

    students: tuple[StudentName, ...]


@dataclass(slots=True)
class _Content:
    """One content of a file."""

    names: dict[str, None] = field(default_factory=dict)
    students: dict[StudentName, None] = field(default_factory=dict)


class EqualFilesTally:
    """Takes one student's report after the other, and finds files that are equal byte by byte."""

    def __init__(self) -> None:
        self._contents: defaultdict[str, _Content] = defaultdict(_Content)

    def add(self, student: StudentName, report: Report) -> None:
        """Note a student's graded files: those with a function that the student wrote.

        Empty files and templates as they were handed out have none.
        """
        written = {
            part.where.file
            for part in report.functions.values()
            if part.where is not None and _is_written(part)
        }
        for file in report.submission.files:
            if file.path in written:
                content = self._contents[file.sha256]
                content.names[file.path.rpartition("/")[2]] = None
                content.students[student] = None

    def groups(self) -> tuple[EqualFiles, ...]:
        """Those of different students, the largest group first."""
        names: defaultdict[tuple[StudentName, ...], list[str]] = defaultdict(list)
        for content in self._contents.values():
            if _are_different(content.students):
                names[tuple(content.students)] += content.names
        found = [
            EqualFiles(tuple(dict.fromkeys(files)), tuple(dict.fromkeys(_submissions(students))), students)
            for students, files in names.items()
        ]
        return tuple(sorted(found, key=lambda each: -len(each.students)))


def _is_written(function: FunctionPart) -> bool:
    """Whether a student wrote it, or at least something in it: a template's own classes and first lines do not tell."""
    match function.status:
        case "correct" | "missing":  # missing, and there: it does not parse
            return True
        case "incorrect":
            names = {each.misconception for each in function.diagnosis}
            return names != {_AS_IN_A_TEMPLATE}
        case "not_written" | "unjudged":
            return False
        case _:
            assert_never(function.status)


def _submissions(students: tuple[StudentName, ...]) -> Iterator[str]:
    return (each.submission for each in students)


def _are_different(students: dict[StudentName, None]) -> bool:
    """Whether two of the submissions have no student in common: neither a group nor two attempts."""
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for each in students:
        ids[each.submission].add(each.id)
    first, *others = ids.values()
    return any(first.isdisjoint(other) for other in others)
