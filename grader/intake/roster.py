"""The roster: a CSV of the students in a class, from any platform's export or an instructor's own hand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from grader import formatting
from grader.errors import RosterError
from grader.intake.extension import extension_of
from grader.intake.persons import folded, id_text, name_key, plain_name
from grader.intake.platforms.times import time_in_words
from grader.intake.roster_columns import IDS, Columns, Role, columns_of, participant_number, plain_header
from grader.intake.table import DELIMITERS, Row, TableError, rows_of, text_of
from grader.model.roster import Extension, Roster, RosterStudent

_GREATEST_BYTES = 64 << 20
_SHOWN = 10
"""The most faults or notes that are written out."""

_PREAMBLE_ROWS = 10
"""The header is among so many rows: some exports begin with a title."""

_STAFF = frozenset({
    "instructor", "ta", "teacher", "teaching assistant", "assistant", "grader", "reader", "designer", "observer",
    "non editing teacher", "manager", "lecturer", "professor", "course builder", "auditor", "staff", "tutor",
})  # fmt: skip

_SPREADSHEET_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n")


@dataclass(frozen=True, slots=True)
class ReadRoster:
    """A roster, with what to tell the instructor about it."""

    roster: Roster
    notes: tuple[str, ...]
    """Sentences on rows that are nobody's, or that identify worse than they should."""
    content: bytes
    """The file as it is, for the copy beside the reports."""


def read_roster(path: Path) -> ReadRoster:
    """The students of the class.

    RosterError, with every fault and its line, if the file cannot be read, names nobody, or has two students under one id.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_GREATEST_BYTES + 1)
    except FileNotFoundError as error:
        raise RosterError.at(path, "there is no roster at this path") from error
    except IsADirectoryError as error:
        raise RosterError.at(path, "this is a folder; give the roster, a CSV file") from error
    except OSError as error:
        raise RosterError.at(path, f"cannot be read: {error.strerror or error}") from error
    if len(content) > _GREATEST_BYTES:
        raise RosterError.at(path, f"more than {formatting.size(_GREATEST_BYTES)}; this is not a roster")
    try:
        roster, notes = parse_roster(text_of(content))
    except TableError as error:
        raise RosterError.at(path, str(error)) from error
    return ReadRoster(roster, notes, content)


def parse_roster(text: str) -> tuple[Roster, tuple[str, ...]]:
    """The students in the text of a CSV, and notes on it. TableError with all faults."""
    columns, rows = _table(text)
    faults: list[str] = []
    found = _Students(columns, faults)
    for row in rows:
        found.add(row)
    if faults:
        raise TableError(_together(faults))
    if not found.students:
        raise TableError("it names no students: there are no rows below the header")
    students = tuple(found.students.values())
    return Roster(columns=columns.headers, students=students), (*found.notes, *_shared(students))


def _table(text: str) -> tuple[Columns, Sequence[Row]]:
    """The columns, and the rows below the header, by the delimiter that tells the most of who a student is."""
    separator = _SEPARATOR_LINE.match(text)
    if separator is not None:  # a line for Excel
        text = text[separator.end() :]
    delimiters = DELIMITERS if separator is None else (separator[1],)
    _, _, number, delimiter = max(_seen_with(text, each) for each in delimiters)
    rows = list(rows_of(text, delimiter))
    header, below = rows[number], rows[number + 1 :]
    columns = columns_of(header, below)
    if not columns.are_known:
        seen = [repr(formatting.shortened(plain_name(cell), 40)) for cell in header.cells]
        raise TableError(
            "expected a header that names a column of ids, logins, emails or names (such as student_id,email,name),"
            f" found {formatting.several(seen, 8)}"
        )
    return columns, below


def _seen_with(text: str, delimiter: str) -> tuple[int, int, int, str]:
    """How many columns a header among the first rows makes known, and how many it has; its number from 0."""
    rows: list[Row] = []
    with suppress(TableError):  # it will be told if this is the delimiter
        rows.extend(islice(rows_of(text, delimiter), _PREAMBLE_ROWS))
    tried = ((columns_of(row, rows[at + 1 :]).are_known, len(row.cells), -at) for at, row in enumerate(rows))
    known, width, at = next((each for each in tried if each[0]), (0, len(rows[0].cells) if rows else 0, 0))
    return known, width, -at, delimiter


@dataclass(slots=True)
class _Students:
    """Who has been read so far."""

    columns: Columns
    faults: list[str]
    students: dict[str, RosterStudent] = field(default_factory=dict)
    """By id, in a form that is equal for ids that differ in case."""

    _nobodys: list[int] = field(default_factory=list)
    _repeated: list[str] = field(default_factory=list)
    _nameless_ids: list[str] = field(default_factory=list)
    _staff: list[int] = field(default_factory=list)
    _damaged: list[str] = field(default_factory=list)
    _untimed: list[str] = field(default_factory=list)

    @property
    def notes(self) -> Iterator[str]:
        """On the rows as a whole."""
        if self._repeated:
            yield f"the same student twice: {formatting.several(self._repeated, _SHOWN)}"
        if self._nobodys:
            yield f"{_lines(self._nobodys)}: no id, login, email or name; skipped"
        if self._staff:
            yield f"{_lines(self._staff)}: staff according to the column {self._header('role')!r}; skipped"
        if self._nameless_ids:
            yield (
                f"without an id, login or email: {formatting.several(self._nameless_ids, _SHOWN)}; only their names can"
                " tell whose submission is theirs"
            )
        if self._untimed:
            yield (
                f"submission times that are not in English: {formatting.several(self._untimed, 3)}; they are"
                " ignored"
            )
        if self._damaged:
            yield (
                f"ids that a spreadsheet has turned into numbers: {formatting.several(self._damaged, _SHOWN)};"
                " export the roster again and do not open it in a spreadsheet first"
            )

    def add(self, row: Row) -> None:
        """Read one row."""
        width = len(self.columns.header.cells)
        if any(cell.strip() for cell in row.cells[width:]):
            self.faults.append(
                f"line {row.line} has {formatting.count(len(row.cells), 'cell')}, the header {width}: is a comma in a"
                " name? Put the name in quotes"
            )
            return
        if _is_of_the_gradebook(row):
            return
        if _is_staff(self._cell(row, "role")):
            self._staff.append(row.line)
            return
        student = self._student(row)
        if student is None:
            self._nobodys.append(row.line)
            return
        before = self.students.setdefault(folded(student.id), student)
        if before is not student:
            self._repeat(before, student)

    def _repeat(self, before: RosterStudent, again: RosterStudent) -> None:
        both = f"line {before.line} ({before.words}) and line {again.line} ({again.words})"
        if not _has_ids(again) or not _has_ids(before):
            self.faults.append(f"{both} have the same name and no id to tell them apart")
        elif not _are_same(before, again):
            self.faults.append(f"{both} are two students under the id {again.id!r}; which one is it?")
        elif None not in {before.extension, again.extension} and before.extension != again.extension:
            self.faults.append(f"{both} have two extensions; which one counts?")
        else:
            self._repeated.append(f"line {again.line} ({again.words}) repeats line {before.line}")
            self.students[folded(before.id)] = _joined(before, again)

    def _student(self, row: Row) -> RosterStudent | None:
        at, cells = self.columns.at, row.cells
        ids: dict[str, str] = {role: self._id(row, role) for role in IDS if role in at}
        more = self.columns.more_ids.items()
        ids |= {name: id_text(cells[index]) for name, index in more if index < len(cells)}
        if "moodle" in ids:
            ids["moodle"] = participant_number(ids["moodle"])
        login, email = self._id(row, "login"), self._id(row, "email")
        name = self._name(row)
        strongest = (value for kind, value in ids.items() if kind not in {"moodle", "github"})
        weakest = (ids.get("moodle"), ids.get("github"), name)
        identifier = next(filter(None, (*strongest, login, email, *weakest)), None)
        if identifier is None:
            return None
        student = RosterStudent(
            id=identifier,
            login=login or None,
            email=email or None,
            name=name or None,
            group=self._text(row, "group") or None,
            ids={kind: value for kind, value in ids.items() if value},
            extension=self._extension(row),
            submitted_at=self._submitted_at(row),
            line=row.line,
        )
        if not _has_ids(student):
            self._nameless_ids.append(f"line {row.line} ({name})")
        if _SPREADSHEET_NUMBER.fullmatch(identifier):
            self._damaged.append(f"line {row.line} ({identifier})")
        return student

    def _name(self, row: Row) -> str:
        at = self.columns.at
        whole = self._text(row, "name")
        first, last = self._text(row, "first_name"), self._text(row, "last_name")
        if "last_name" not in at and "first_name" in at and "name" in at:
            # A German list has the columns Name and Vorname.
            is_last = plain_header(self._header("name")) == "name" and folded(first) not in folded(whole)
            return f"{first} {whole}".strip() if is_last else whole
        return whole or f"{first} {last}".strip()

    def _extension(self, row: Row) -> Extension | None:
        found: list[Extension] = []
        columns: tuple[tuple[Role, str | None], ...] = (("extension", self.columns.unit), ("due", None))
        for role, unit in columns:
            if role not in self.columns.at:
                continue
            cell = self._text(row, role)
            try:
                extension = extension_of(cell, unit)
            except ValueError as error:
                self.faults.append(f"line {row.line}: {self._header(role)} {cell!r} {error}")
                continue
            found += [] if extension is None else [extension]
        if len(found) > 1:
            self.faults.append(
                f"line {row.line} has both an extension and a due date of its own; leave one of them empty"
            )
        return next(iter(found), None)

    def _header(self, role: Role) -> str:
        return self.columns.header.cells[self.columns.at[role]].strip()

    def _cell(self, row: Row, role: Role) -> str:
        index = self.columns.at.get(role)
        return "" if index is None or index >= len(row.cells) else row.cells[index]

    def _submitted_at(self, row: Row) -> datetime | None:
        cell = " ".join(self._cell(row, "submitted").split())
        found = time_in_words(cell)
        if found is None and cell not in {"", "-"}:
            self._untimed.append(f"line {row.line} ({cell})")
        return found

    def _text(self, row: Row, role: Role) -> str:
        cell = self._cell(row, role).strip()
        if cell and not cell.isprintable() and ("\n" in cell or "\r" in cell):
            self.faults.append(f"line {row.line}: a cell spans several lines; is a quote left open?")
            return ""
        return plain_name(cell)

    def _id(self, row: Row, role: Role) -> str:
        return id_text(self._text(row, role))


def _is_of_the_gradebook(row: Row) -> bool:
    """Whether a row of Canvas's gradebook is about the assignments: their points, or how they are posted."""
    if "points possible" in row.cells[0].casefold():
        return True
    words = {cell.strip().casefold() for cell in row.cells} - {""}
    return words <= {"manual posting", "muted", "read only"}


def _is_staff(cell: str) -> bool:
    """Whether none of the roles is a student's; a role of an unknown name is."""
    roles = [plain_header(each) for each in re.split(r"[,;/]", cell) if each.strip()]
    return bool(roles) and _STAFF.issuperset(roles)


def _has_ids(student: RosterStudent) -> bool:
    return bool(student.ids or student.login or student.email)


def _are_same(one: RosterStudent, other: RosterStudent) -> bool:
    """Whether two rows with one id are one person: an address in common, or nothing in which they differ."""
    if _equal(one.email, other.email) or _equal(one.login, other.login):
        return True
    names = [None if each.name is None else name_key(each.name) for each in (one, other)]
    pairs = [
        (names[0], names[1]),
        (one.email, other.email),
        (one.login, other.login),
        *((one.ids.get(kind), other.ids.get(kind)) for kind in one.ids),
    ]
    return all(None in pair or _equal(*pair) for pair in pairs)


def _equal(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and folded(one) == folded(other)


def _joined(before: RosterStudent, again: RosterStudent) -> RosterStudent:
    """The first row, with what only the second tells."""
    more = {
        name: getattr(before, name) or getattr(again, name)
        for name in ("login", "email", "name", "group", "extension", "submitted_at")
    }
    return before.model_copy(update={**more, "ids": {**again.ids, **before.ids}})


def _shared(students: Sequence[RosterStudent]) -> Iterator[str]:
    """On logins, emails and further ids that two students share: they tell nobody from another."""
    owners: defaultdict[tuple[str, str], list[RosterStudent]] = defaultdict(list)
    for student in students:
        known = {**student.ids, "login": student.login, "email": student.email}
        for kind, value in known.items():
            if value:
                owners[kind, folded(value)].append(student)
    shared = [
        f"{kind} {getattr(several[0], kind, None) or several[0].ids.get(kind)!r} of"
        f" {formatting.several([f'{each.words} on line {each.line}' for each in several], 4)}"
        for (kind, _), several in owners.items()
        if len(several) > 1
    ]
    if shared:
        yield (
            f"several students share one address or id: {formatting.several(shared, _SHOWN)};"
            " it is ignored for all of them"
        )


def _lines(numbers: Sequence[int]) -> str:
    words = formatting.several(list(map(str, numbers)), _SHOWN)
    return f"line{'' if len(numbers) == 1 else 's'} {words}"


def _together(faults: Sequence[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    return "\n  ".join((formatting.count(len(faults), "fault"), *formatting.first(faults, _SHOWN)))
