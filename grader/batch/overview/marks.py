"""What the students of a class have in common: the groups by which their table can be filtered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader import formatting
from grader.batch.overview.class_words import FLAGS, equal_words
from grader.batch.overview.statistics import ClassStatistics
from grader.batch.student_name import StudentName

_LONGEST = 90
"""Characters of a choice in the list."""

_Found = tuple[str, str, Sequence[StudentName]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A group of students. id: in the page."""

    id: str
    words: str
    students: tuple[StudentName, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """All groups, under their headings."""

    groups: tuple[tuple[str, tuple[Mark, ...]], ...]

    def by_student(self) -> Mapping[StudentName, Sequence[str]]:
        """The ids of the groups that a student is in."""
        found: defaultdict[StudentName, list[str]] = defaultdict(list)
        for _, marks in self.groups:
            for mark in marks:
                for student in dict.fromkeys(mark.students):
                    found[student].append(mark.id)
        return found


def marks_of(statistics: ClassStatistics, not_graded: Sequence[StudentName] = ()) -> Marks:
    """The groups that somebody is in. Checks and mistakes are numbered in the order of the statistics."""
    states: list[_Found] = [
        ("ungradable", "Could not be graded", [name for name, _ in statistics.unreadable]),
        ("nothing", "No submission", statistics.nothing_submitted),
        ("remark", "Remarks", [name for name, _ in statistics.remarks]),
        ("waiting", "Not graded yet", not_graded),
        ("no-score", "Without a score", [each for who in statistics.without_score.values() for each in who]),
        ("late", "Late", [name for name, _, _ in statistics.late]),
        ("override", "Overridden", [name for name, _ in statistics.overrides]),
        ("regraded", "Score changed by a regrade", [each.student for each in statistics.regraded]),
    ]
    flags: list[_Found] = [
        (f"flag-{kind}", label, [name for name, _ in statistics.flags.get(kind, ())])
        for kind, label in FLAGS.items()
    ]
    mistakes: list[_Found] = [
        (f"mistake-{number}", each.words, each.students) for number, each in enumerate(statistics.mistakes)
    ]
    checks: list[_Found] = [
        (
            f"check-{number}",
            each.title if len(statistics.assignments) == 1 else f"{each.assignment}: {each.title}",
            [name for cause in each.causes for name in cause.students],
        )
        for number, each in enumerate(statistics.checks)
    ]
    files: list[_Found] = [
        (f"equal-{number}", equal_words(each, statistics.graded), each.students)
        for number, each in enumerate(statistics.equal_files)
    ]
    named: list[tuple[str, list[_Found]]] = [
        ("State", states),
        ("Flag", flags),
        ("Mistake", mistakes),
        ("Did not pass", checks),
        ("Equal files", files),
    ]
    groups = ((title, tuple(_marks(found))) for title, found in named)
    return Marks(tuple((title, marks) for title, marks in groups if marks))


def _marks(found: Iterable[_Found]) -> Iterator[Mark]:
    for identifier, words, students in found:
        if students:
            count = len(dict.fromkeys(students))
            yield Mark(identifier, f"{formatting.shortened(words, _LONGEST)} ({count:,})", tuple(students))
