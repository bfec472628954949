"""Who a student is to the platform: LTI user ids, from a CSV or from the ids of the roster."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader import formatting
from grader.intake.persons import folded, id_text
from grader.intake.table import DELIMITERS, Row, TableError, rows_of
from grader.model.report import StudentPart
from grader.model.student_result import StudentResult

GREATEST_USER_ID = 255

_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[Ee]\+[0-9]+|[0-9]+\.0+|[0-9]{1,3}(?:,[0-9]{3})+")
"""5.3235E+06, 5323497.0 and 5,323,497: an id that a spreadsheet took for a number."""

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class UserRow:
    """A line of the CSV: what it calls the student, and the platform's id."""

    line: int
    student: str
    user: str


@dataclass(frozen=True, slots=True)
class Users:
    """The platform's ids of the students of a class."""

    ids: Mapping[str, str] = field(default_factory=dict)
    """By the student's id."""

    remarks: tuple[str, ...] = ()

    problems: tuple[str, ...] = ()
    """While there is one, nobody can be sure whose score goes where: nothing is sent."""


def user_rows(text: str, student: str, user: str) -> tuple[UserRow, ...]:
    """The lines of a CSV with these two headers. TableError if it has not just one column of each."""
    rows = max((list(_rows(text, each)) for each in DELIMITERS), key=_width)
    header, *below = rows
    at, to = (_column(header, name) for name in (student, user))
    return tuple(
        UserRow(row.line, id_text(_cell(row, at)), id_text(_cell(row, to)))
        for row in below
        if _cell(row, at).strip()
    )


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    try:
        yield from rows_of(text, delimiter)
    except TableError:
        if delimiter == DELIMITERS[0]:
            raise


def _width(rows: Sequence[Row]) -> int:
    return len(rows[0].cells) if rows else 0


def _cell(row: Row, index: int) -> str:
    return row.cells[index] if index < len(row.cells) else ""


def _column(header: Row, name: str) -> int:
    names = [cell.strip().casefold() for cell in header.cells]
    found = [index for index, each in enumerate(names) if each == name.strip().casefold()]
    if len(found) != 1:
        seen = formatting.several([repr(formatting.printable(cell.strip())) for cell in header.cells], 12)
        how_many = "no column" if not found else f"{len(found)} columns"
        raise TableError(f"{how_many} {formatting.toml(formatting.printable(name))}; its header has {seen}")
    return found[0]


def users_by_kind(results: Sequence[StudentResult], kind: str) -> Users:
    """The ids of this kind that the roster or the download has."""
    students = _students(results)
    found = {each.id: value for each in students if (value := _of_kind(each, kind))}
    if found or not students:
        return _checked(found, students)
    kinds = dict.fromkeys(["id", "email", *(name for each in students for name in each.platform)])
    known = formatting.listing([formatting.printable(each) for each in kinds])
    return Users(
        problems=(f"no student has an id of the kind {formatting.printable(kind)!r}; the class has {known}",)
    )


def users_by_table(results: Sequence[StudentResult], rows: Sequence[UserRow]) -> Users:
    """The ids in the lines of a CSV, matched by the student's id, else email, else another id; never by name."""
    students = _students(results)
    tiers = [_index(students, each) for each in (_ids, _emails, _others)]
    found: dict[str, UserRow] = {}
    strangers, problems = [], []
    for row in rows:
        key = folded(row.student)
        owners = next((tier[key] for tier in tiers if key in tier), [])
        shown = f"line {row.line} ({formatting.printable(row.student)})"
        if len(owners) > 1:
            words = formatting.several([formatting.printable(each) for each in owners])
            problems.append(f"{shown} could be any of {words}: give their student ids")
        elif not owners:
            strangers.append(formatting.printable(row.student))
        elif found.setdefault(owners[0], row).user != row.user:
            problems.append(
                f"{shown} and line {found[owners[0]].line} give {formatting.printable(owners[0])} two LTI user ids"
            )
    remarks: tuple[str, ...] = ()
    if strangers:
        count = formatting.count(len(strangers), "line")
        remarks = (f"{count} of the user ids match no student here: {formatting.several(strangers, _SHOWN)}",)
    made = _checked({student: row.user for student, row in found.items() if row.user}, students)
    return Users(made.ids, remarks, (*problems, *made.problems))


def _checked(ids: Mapping[str, str], students: Sequence[StudentPart]) -> Users:
    """With a problem for each id that cannot be one, or is two students'."""
    owners: dict[str, list[str]] = defaultdict(list)
    problems = []
    for each in students:
        user = ids.get(each.id)
        if user is None:
            continue
        owners[user].append(formatting.printable(each.id))
        shown = formatting.toml(formatting.printable(user))
        if len(user) > GREATEST_USER_ID or not user.isprintable():
            problems.append(f"the LTI user id of {formatting.printable(each.id)} is invalid: {shown}")
        elif _ROUNDED.fullmatch(user):
            problems.append(
                f"the LTI user id of {formatting.printable(each.id)}, {shown}, is a number as a spreadsheet rounds it: export"
                " the users' file again, and open it with that column as text"
            )
    problems += [
        f"several students have the LTI user id {formatting.printable(user)}: {formatting.listing(names)}"
        for user, names in owners.items()
        if len(names) > 1
    ]
    return Users(ids, problems=tuple(problems))


def _students(results: Sequence[StudentResult]) -> list[StudentPart]:
    """Each student once."""
    return list({each.student.id: each.student for each in results if each.student is not None}.values())


def _index(
    students: Sequence[StudentPart], keys: Callable[[StudentPart], tuple[str | None, ...]]
) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for student in students:
        for key in {folded(each) for each in keys(student) if each}:
            index[key].append(student.id)
    return index


def _ids(student: StudentPart) -> tuple[str, ...]:
    return (student.id,)


def _emails(student: StudentPart) -> tuple[str | None, ...]:
    return (student.email,)


def _others(student: StudentPart) -> tuple[str, ...]:
    return tuple(student.platform.values())


def _of_kind(student: StudentPart, kind: str) -> str | None:
    own = {**student.platform, "email": student.email}
    return own.get(kind) or (student.id if kind == "id" else None)
