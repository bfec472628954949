"""From paths and what they say to hand-ins: one for each student or group, of the newest attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from grader import formatting
from grader.intake.download import Download
from grader.intake.entry import ClassEntry
from grader.intake.identifiers import unique_ids
from grader.intake.platforms.parsed import Parsed, Platform, Student
from grader.intake.submission import Part

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grouped:
    """The hand-ins of a download."""

    entries: tuple[ClassEntry, ...]
    earlier: tuple[str, ...]
    """Paths of attempts that do not count."""


@dataclass(slots=True)
class _Handin:
    """One attempt of a student or group, while it is put together."""

    students: tuple[Student, ...]
    first: Parsed
    assignment: str
    paths: dict[str, Parsed] = field(default_factory=dict)
    counted: list[Student] = field(default_factory=list)

    @property
    def order(self) -> tuple[datetime, int, int, str]:
        """Greater for a newer attempt."""
        attempt = self.first.attempt
        number, text = (attempt, "") if isinstance(attempt, int) else (0, attempt or "")
        at = self.first.submitted_at
        # A time without a zone sorts as the text of its attempt.
        return at if at and at.tzinfo else _LONG_AGO, int(attempt is not None), number, text

    @property
    def words(self) -> str:
        """The attempt and its files, for the list of those that do not count."""
        attempt = self.first.attempt
        named = f"attempt {attempt}" if isinstance(attempt, int) else attempt or "attempt without a number"
        if self.first.submitted_at is not None and isinstance(attempt, int):
            named += f" of {self.first.submitted_at:%Y-%m-%d %H:%M} UTC"
        names = [formatting.printable(each.file) for each in self.paths.values() if each.file]
        return f"{named} ({formatting.several(names)})" if names else named


def grouped(
    folder: Download, platform: Platform, found: Mapping[str, Parsed], expected: Collection[str]
) -> Grouped:
    """The hand-ins. expected: names of files that the assignment asks for, which a platform may have changed."""
    handins = list(_handins(found))
    persons = _Persons(student for handin in handins for student in handin.students)
    counted: dict[tuple[str, str], _Handin] = {}
    for handin in sorted(handins, key=lambda each: each.order, reverse=True):
        for student in handin.students:
            who = (handin.assignment, persons.of(student))
            if who not in counted:
                counted[who] = handin
                handin.counted.append(student)
    earlier: defaultdict[int, list[_Handin]] = defaultdict(list)
    for handin in handins:
        passed_over = [each for each in handin.students if each not in handin.counted]
        newer = (counted[handin.assignment, persons.of(each)] for each in passed_over)
        for other in {id(each): each for each in newer if each is not handin}.values():
            earlier[id(other)].append(handin)
    newest = sorted((each for each in handins if each.counted), key=_label)
    labels = [_label(each) for each in newest]
    several = len({each.assignment for each in newest if each.assignment}) > 1
    if several:
        labels = [f"{label}.{each.assignment}" for label, each in zip(labels, newest, strict=True)]
    keys = [
        f"{label}_{each.counted[0].keys[-1].partition(':')[2]}"
        for label, each in zip(labels, newest, strict=True)
    ]
    entries = (
        _entry(identifier, handin, folder, platform, expected, earlier[id(handin)])
        for identifier, handin in zip(unique_ids(keys, labels), newest, strict=True)
    )
    old = (path for handin in handins if not handin.counted for path in handin.paths)
    return Grouped(tuple(entries), tuple(f"{folder.prefix}{path}" for path in old))


def _label(handin: _Handin) -> str:
    """The readable id."""
    if len(handin.counted) < len(handin.students):
        return "+".join(each.name or each.id for each in handin.counted)
    return handin.first.label or "+".join(each.id for each in handin.counted)


def _handins(found: Mapping[str, Parsed]) -> Iterator[_Handin]:
    """The paths by attempt, in their order."""
    made: dict[tuple[object, ...], _Handin] = {}
    assignments = {each.assignment for each in found.values()}
    for path, parsed in found.items():
        keys = tuple((each.identity, each.name) for each in parsed.students)
        key = (keys, parsed.attempt, parsed.submitted_at, parsed.handin, parsed.assignment)
        if key not in made:
            assignment = parsed.assignment if len(assignments) > 1 else ""
            made[key] = _Handin(parsed.students, parsed, assignment)
        made[key].paths[path] = parsed
    yield from made.values()


class _Persons:
    """Who is the same person: students that share a key, unless two of different names do."""

    def __init__(self, students: Iterable[Student]) -> None:
        self._above: dict[str, str] = {}
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        everyone = list(students)
        for student in everyone:
            for key in student.identity:
                self._names[key].update([student.name] if student.name else [])
        for student in everyone:
            roots = [self._root(key) for key in self._keys(student)]
            self._above.update(dict.fromkeys(roots, roots[0]))

    def _keys(self, student: Student) -> list[str]:
        return [key if len(self._names[key]) < 2 else f"{key}\n{student.name}" for key in student.identity]

    def _root(self, key: str) -> str:
        above = self._above.setdefault(key, key)
        while above != key:
            key, above = above, self._above[above]
        return key

    def of(self, student: Student) -> str:
        """Equal for the same person."""
        return self._root(self._keys(student)[0])


def _entry(
    identifier: str,
    handin: _Handin,
    folder: Download,
    platform: Platform,
    expected: Collection[str],
    earlier: Sequence[_Handin],
) -> ClassEntry:
    first = handin.first
    notes = dict.fromkeys(each.note for each in handin.paths.values() if each.note)
    students = tuple({each.identity: each for each in handin.counted}.values())
    return ClassEntry(
        identifier,
        folder.path,
        parts=tuple(_parts(handin, folder, platform, expected)),
        students=students,
        attempt=first.attempt if isinstance(first.attempt, int) else None,
        submitted_at=first.submitted_at,
        late_mark="late" if any(each.late for each in handin.paths.values()) else None,
        earlier=tuple(each.words for each in sorted(earlier, key=lambda each: each.order)),
        notes=tuple(notes),
    )


def _parts(
    handin: _Handin, folder: Download, platform: Platform, expected: Collection[str]
) -> Iterator[Part]:
    given = {each.file for each in handin.paths.values()}
    taken: set[str] = set()
    for path, parsed in handin.paths.items():
        name = parsed.file
        if name is None:
            name = f"{path.rstrip('/').rpartition('/')[2]} ({parsed.remark})"
        elif platform.tidied is not None and name not in expected:
            tidy = platform.tidied(name)
            name = tidy if tidy in expected and tidy not in given else name
        if name and name in taken:
            name = path.rstrip("/")
        taken.add(name)
        yield from folder.parts(path, name)
