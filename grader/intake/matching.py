"""Whose hand-in is whose on the roster: by the strongest id, and never by a name that two could have."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from grader import formatting
from grader.intake.entry import ClassEntry
from grader.intake.persons import folded, have_a_word_in_common, name_key, run_together, squeezed
from grader.intake.platforms.parsed import Student
from grader.model.roster import Roster, RosterStudent

_LOOK_UPS: Mapping[str, tuple[str, ...]] = {
    "canvas": ("canvas", "id"),
    "moodle": ("moodle",),
    "sid": ("id", "sis"),
    "id": ("id", "sis"),
    "email": ("email", "login"),
    "username": ("login", "id", "sis", "email", "mailbox"),
    "github": ("github", "login", "mailbox"),
    "file": ("id", "canvas", "sis", "login", "email", "moodle", "github", "mailbox"),
}
"""Where on the roster an id of the download is looked for, the surest first; a mailbox is an email's part before the @."""

_DOUBTFUL = {("canvas", "id"), ("moodle", "moodle")}
"""These ids may be numbers of another kind, of a registrar or a team: a name that is somebody else's speaks against them."""

TEAM_DOUBT = "is it a team?"
"""Of a number that may be a team's: exports that go by it look for these words among a student's remarks."""

_SHOWN = 10
_PARTS = re.compile(r"[\s_\-.,;()\[\]]+")


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A hand-in, or a member of a group, who is nobody on the roster for sure."""

    submission: str
    student: Student | None
    reason: str
    candidates: tuple[RosterStudent, ...] = ()
    """Who it could be."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A class with its roster."""

    entries: tuple[ClassEntry, ...]
    """As given, in the same order; their students are those of the roster where they are on it."""

    notes: Mapping[str, tuple[str, ...]]
    """By the id of the entry, on matches that could be wrong."""

    unmatched: tuple[Unmatched, ...]

    not_submitted: tuple[RosterStudent, ...]
    """Those without a hand-in, in the order of the roster."""

    students: int
    """Of the roster."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What to tell the instructor, a sentence each."""
        nobodys = dict.fromkeys(each.submission for each in self.unmatched)
        known = len(self.entries) - sum(
            all(each.enrolled is None for each in entry.students) for entry in self.entries
        )
        count = formatting.count(known, "submission")
        words = f"{count} of {formatting.count(self.students, 'student')}"
        perhaps = {each.id for one in self.unmatched for each in one.candidates}
        missing = [each.words for each in self.not_submitted if each.id not in perhaps]
        if missing:
            words += f"; {len(missing)} did not submit: {formatting.several(missing, _SHOWN)}"
        if unsure := [each.words for each in self.not_submitted if each.id in perhaps]:
            words += (
                f"; {len(unsure)} may have submitted one of those below: {formatting.several(unsure, _SHOWN)}"
            )
        lines = [f"{words}."]
        if not known:
            lines.append("No submission belongs to a student on the roster: is it the roster of this class?")
        absent = [each for each in self.unmatched if not each.candidates]
        doubtful = [f"{each.submission}: {each.reason}." for each in self.unmatched if each.candidates]
        if absent:
            names = dict.fromkeys(each.submission for each in absent)
            kept = "" if doubtful else " (graded, under the name in the download)"
            lines.append(f"Not on the roster: {formatting.several(list(names), _SHOWN)}{kept}.")
        noted = [f"{name}: {note}." for name, notes in self.notes.items() for note in notes]
        lines += [*formatting.first(doubtful, _SHOWN), *formatting.first(noted, _SHOWN)]
        if doubtful:
            lines.append(
                f"{formatting.count(len(nobodys), 'submission')} without a student of the roster"
                f" {'keeps its row' if len(nobodys) == 1 else 'keep their rows'}, under the name in the download."
            )
        return tuple(map(formatting.printable, lines))


def match(entries: Sequence[ClassEntry], roster: Roster) -> Matched:
    """Find the students of the entries on the roster. Whoever is not found stays as the download names them."""
    index = _Index(roster, entries)
    verdicts = [_verdict(entry, index) for entry in entries]
    _settle_rivals(entries, verdicts)
    taken = {each.id for verdict in verdicts for each in verdict.known}
    notes = {
        entry.id: tuple(verdict.notes)
        for entry, verdict in zip(entries, verdicts, strict=True)
        if verdict.notes
    }
    return Matched(
        tuple(
            replace(entry, students=tuple(verdict.students))
            for entry, verdict in zip(entries, verdicts, strict=True)
        ),
        notes,
        tuple(each for verdict in verdicts for each in verdict.unmatched),
        tuple(each for each in roster.students if each.id not in taken),
        len(roster.students),
    )


def known_ids(roster: Roster) -> frozenset[str]:
    """All ids that may be in names of files, for parsers that can read a name in several ways."""
    found: set[str] = set()
    for student in roster.students:
        found.update(student.ids.values())
        found.update(filter(None, (student.login, student.email, _mailbox(student.email))))
    return frozenset(found)


@dataclass(slots=True)
class _Verdict:
    """What became of one entry."""

    students: list[Student]
    unmatched: list[Unmatched]
    notes: list[str]
    by_name: frozenset[str] = frozenset()
    """Ids of the students who were found by their names alone."""

    @property
    def known(self) -> list[RosterStudent]:
        return [each.enrolled for each in self.students if each.enrolled is not None]


@dataclass(frozen=True, slots=True)
class _Found:
    """A student, or why there is none."""

    student: RosterStudent | None = None
    note: str = ""
    by_name: bool = False
    candidates: tuple[RosterStudent, ...] = ()
    reason: str = "not on the roster"


class _Index:
    """The roster by everything that identifies a student, and what the download has in common."""

    def __init__(self, roster: Roster, entries: Sequence[ClassEntry]) -> None:
        self._roster = roster
        self._entries = entries
        self._ids: dict[str, defaultdict[str, list[RosterStudent]]] = defaultdict(lambda: defaultdict(list))
        self.groups: defaultdict[str, list[RosterStudent]] = defaultdict(list)
        for student in roster.students:
            for kind, value in _ids_of(student):
                same = self._ids[kind][folded(value)]
                if student not in same[-1:]:
                    same.append(student)
            if student.group is not None:
                self.groups[squeezed(student.group)].append(student)

    def with_id(self, kind: str, value: str) -> Iterator[tuple[str, Sequence[RosterStudent]]]:
        """Where on the roster the id stands, and whose it is there."""
        for place in self._places(kind):
            owners = self._ids[place].get(folded(value), [])
            if (
                kind == "github" != place
            ):  # anybody can take a name at GitHub, also one that is a student's login here
                owners = [each for each in owners if "github" not in each.ids]
            if owners:
                yield place, owners
        mailbox = _mailbox(value) if kind == "email" and "email" not in self._ids else None
        if (
            mailbox is not None
            and "login" in self._ids
            and (found := self._ids["login"].get(folded(mailbox)))
        ):
            yield "login", found

    def _places(self, kind: str) -> tuple[str, ...]:
        known = tuple(each for each in _LOOK_UPS.get(kind, ()) if each in self._ids)
        return known[:1] if kind == "canvas" else known

    def named(self, name: str) -> tuple[RosterStudent, ...]:
        """Everybody of the name, however its parts are joined."""
        exact = self._names.get(name_key(name)) or self._run_together.get(squeezed(name), [])
        return tuple({each.id: each for each in exact}.values())

    @cached_property
    def _names(self) -> Mapping[str, list[RosterStudent]]:
        return _by_keys((name_key(each.name or ""), each) for each in self._roster.students)

    @cached_property
    def _run_together(self) -> Mapping[str, list[RosterStudent]]:
        return _by_keys(
            (key, each) for each in self._roster.students for key in set(run_together(each.name or ""))
        )

    def tells(self, kind: str) -> bool:
        """Whether the roster has ids of this kind of the download's."""
        if kind == "canvas" and "canvas" not in self._ids:
            return self._has_canvas_ids
        return any(place in self._ids for place in _LOOK_UPS.get(kind, ()) if place != "mailbox")

    @cached_property
    def _has_canvas_ids(self) -> bool:
        """Whether a column of ids of an unknown kind holds some of the download's Canvas users."""
        users = (key for entry in self._entries for each in entry.students for key in each.keys)
        return any(
            any(self.with_id("canvas", key.partition(":")[2])) for key in users if key.startswith("canvas:")
        )

    @cached_property
    def _times(self) -> Mapping[str, int]:
        return Counter(
            each.name for entry in self._entries for each in entry.students if each.name is not None
        )

    def is_a_persons(self, name: str) -> bool:
        """Whether a name of the download can be somebody's: blind marking calls everybody Participant."""
        return self._times[name] < 2 and folded(name) != "participant"

    @cached_property
    def common_parts(self) -> frozenset[str]:
        """Words that all names of a class have, such as hw1."""
        parts = [frozenset(map(folded, _PARTS.split(each.id))) for each in self._entries]
        return frozenset.intersection(*parts) if len(parts) > 1 else frozenset()


def _ids_of(student: RosterStudent) -> Iterator[tuple[str, str]]:
    for kind, value in student.ids.items():
        yield kind if kind in {"canvas", "sis", "moodle", "github"} else "id", value
    if student.login is not None:
        yield "login", student.login
    for address in (student.email, student.login):
        if address is not None and (mailbox := _mailbox(address)) is not None:
            yield "mailbox", mailbox
    if student.email is not None:
        yield "email", student.email


def _by_keys(pairs: Iterable[tuple[str, RosterStudent]]) -> Mapping[str, list[RosterStudent]]:
    found: defaultdict[str, list[RosterStudent]] = defaultdict(list)
    for key, student in pairs:
        if key:
            found[key].append(student)
    return found


def _mailbox(address: str | None) -> str | None:
    mailbox, at, _ = (address or "").partition("@")
    return mailbox if at and mailbox else None


def _verdict(entry: ClassEntry, index: _Index) -> _Verdict:
    if not entry.students:
        return _of_file(entry, index)
    if len(entry.students) == 1 and (members := _members(entry.students[0], index)):
        (student,) = entry.students
        # The number beside the group's name is the group's, or one member's: no other member has it.
        people = [Student((), each.name, each) for each in members]
        return _Verdict(
            people, [], [f"{student.name} is a group of {formatting.count(len(people), 'student')}"]
        )
    verdict = _Verdict([], [], [])
    for student in entry.students:
        found = _of_student(student, index)
        if found.student is None:
            verdict.students.append(student)
            verdict.unmatched.append(Unmatched(entry.id, student, found.reason, found.candidates))
            continue
        verdict.students.append(
            replace(student, name=found.student.name or student.name, enrolled=found.student)
        )
        verdict.notes += [found.note] if found.note else []
        verdict.by_name |= {found.student.id} if found.by_name else set()
    return verdict


def _members(student: Student, index: _Index) -> Sequence[RosterStudent]:
    """The members of a group, whose name stands where a student's would: Canvas has a member's id beside it, Moodle its own."""
    if student.name is None or student.keys[0].partition(":")[0] not in {"canvas", "moodle"}:
        return ()
    members = index.groups.get(squeezed(student.name), [])
    return () if any(_is_called(each, student.name) for each in members) else members


def _of_student(student: Student, index: _Index) -> _Found:
    found: dict[str, RosterStudent] = {}
    several: dict[str, RosterStudent] = {}
    is_doubtful = False
    for key in student.keys:
        kind, _, value = key.partition(":")
        for place, owners in index.with_id(kind, value):
            if len(owners) == 1:
                is_doubtful = not found and (kind, place) in _DOUBTFUL
                found.setdefault(owners[0].id, owners[0])
                break
            several.update({each.id: each for each in owners})
    if len(found) > 1:
        return _refused(found.values(), "its ids are of")
    for owner in found.values():
        return _checked(owner, student, index, is_doubtful=is_doubtful)
    if several:
        return _refused(several.values(), "its id is shared by")
    return _of_name(student, index)


def _checked(owner: RosterStudent, student: Student, index: _Index, *, is_doubtful: bool) -> _Found:
    """An owner by an id, unless the name is somebody else's and the id may be of another kind."""
    if student.name is None or owner.name is None or _is_called(owner, student.name):
        return _Found(owner)
    others = [each for each in index.named(student.name) if each.id != owner.id]
    if is_doubtful and others:
        return _refused((owner, *others), "its number and its name are of")
    kind = student.keys[0].partition(":")[0]
    if kind == "moodle" and not index.is_a_persons(student.name):
        return _Found(owner)
    if is_doubtful and kind == "moodle":
        reason = f"{student.id} is {owner.words} on the roster, but here it is {student.name}: {TEAM_DOUBT}"
        return _Found(candidates=(owner,), reason=f"{reason} A column Group in the roster names its members")
    return _Found(owner, f"is {owner.words} by id, but is called {student.name} in the download")


def _is_called(owner: RosterStudent, name: str) -> bool:
    return owner.name is not None and have_a_word_in_common(owner.name, name)


def _of_name(student: Student, index: _Index) -> _Found:
    """By the name alone, where the roster has no ids of the download's kind."""
    named = () if student.name is None else index.named(student.name)
    kinds = [key.partition(":")[0] for key in student.keys]
    if len(named) > 1:
        return _refused(named, "two students share its name:")
    if not named:
        return _Found()
    (owner,) = named
    if any(map(index.tells, kinds)):
        return _refused(
            named, f"no {_KINDS.get(kinds[0], kinds[0])} {student.id} on the roster, but its name is that of"
        )
    return _Found(owner, f"is {owner.words} by name only", by_name=True)


_KINDS = {
    "canvas": "Canvas user",
    "moodle": "participant",
    "sid": "student id",
    "email": "email",
    "username": "login",
}


def _refused(candidates: Iterable[RosterStudent], words: str) -> _Found:
    people = tuple(candidates)
    return _Found(candidates=people, reason=f"{words} {formatting.several([each.words for each in people])}")


def _of_file(entry: ClassEntry, index: _Index) -> _Verdict:
    """Of an entry of which only the name of its file or folder is known: the id of the entry."""
    found = _of_file_name(entry.id, index)
    if found.student is not None:
        notes = [found.note] if found.note else []
        named = frozenset({found.student.id} if found.by_name else ())
        return _Verdict([Student((), found.student.name, found.student)], [], notes, named)
    members = index.groups.get(squeezed(entry.id), []) if not found.candidates else []
    if members:
        note = f"is a group of {formatting.count(len(members), 'student')}"
        return _Verdict([Student((), each.name, each) for each in members], [], [note])
    return _Verdict([], [Unmatched(entry.id, None, found.reason, found.candidates)], [])


def _of_file_name(name: str, index: _Index) -> _Found:
    for _, owners in index.with_id("file", name):
        if len(owners) == 1:
            return _Found(owners[0])
    owners_by_part: dict[str, RosterStudent] = {}
    for part in _runs(name):
        if folded(part) in index.common_parts:
            continue
        for _, owners in index.with_id("file", part):
            owners_by_part.update({each.id: each for each in owners})
    if len(owners_by_part) > 1:
        return _refused(owners_by_part.values(), "its name has ids of")
    for owner in owners_by_part.values():
        return _Found(owner)
    named = index.named(re.sub(r"[_\-.]+", " ", name))
    if len(named) > 1:
        return _refused(named, "two students share its name:")
    return _Found(named[0], f"is {named[0].words} by name only", by_name=True) if named else _Found()


def _runs(name: str) -> Iterator[str]:
    """The words of a file's name, and neighbours with what is between them: an id may hold a dash or dot."""
    ends = [each.span() for each in re.finditer(r"[^\s_\-.,;()\[\]]+", name)]
    for start in range(len(ends)):
        for end in range(start, min(start + 4, len(ends))):
            yield name[ends[start][0] : ends[end][1]]


def _settle_rivals(entries: Sequence[ClassEntry], verdicts: list[_Verdict]) -> None:
    """Where several entries are one student's: those by an id stay, those by name only do not."""
    claims: defaultdict[str, list[int]] = defaultdict(list)
    for at, verdict in enumerate(verdicts):
        for student in verdict.known:
            claims[student.id].append(at)
    for claimed, rivals in claims.items():
        sure = [at for at in rivals if claimed not in verdicts[at].by_name]
        for at in rivals if len(rivals) > 1 else ():
            others = formatting.several([entries[each].id for each in rivals if each != at])
            if at not in sure:
                _let_go(entries[at], verdicts[at], claimed, others)
            elif len(sure) > 1:
                verdicts[at].notes.append(f"is of the same student as {others}; decide which one counts")


def _let_go(entry: ClassEntry, verdict: _Verdict, claimed: str, others: str) -> None:
    """Undo a match by name only: others are the same student's."""
    owner = next(each for each in verdict.known if each.id == claimed)
    place = next(at for at, each in enumerate(verdict.students) if each.enrolled is owner)
    before = entry.students[place] if entry.students else None
    verdict.students[place : place + 1] = [] if before is None else [before]
    verdict.notes[:] = [each for each in verdict.notes if not each.startswith(f"is {owner.words} ")]
    reason = f"its name is that of {owner.words}, whose submission may also be {others}"
    verdict.unmatched.append(Unmatched(entry.id, before, reason, (owner,)))
