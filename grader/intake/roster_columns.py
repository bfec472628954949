"""What the columns of a roster hold, by their headers, and by their values where the headers are of another language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.table import Row

Role = Literal[
    "id", "canvas", "sis", "login", "email", "name", "first_name", "last_name", "moodle", "github", "group",
    "role", "extension", "due", "submitted",
]  # fmt: skip

IDS: tuple[Role, ...] = ("id", "canvas", "sis", "moodle", "github")
IDENTITY: frozenset[Role] = frozenset({*IDS, "login", "email", "name", "first_name", "last_name"})

_NAMED: Mapping[Role, frozenset[str]] = {
    "canvas": frozenset({"canvas id", "canvas user id", "canvas"}),
    "sis": frozenset({"sis user id", "sis id", "sis"}),
    "login": frozenset({
        "login", "login id", "sis login id", "user name", "username", "user", "net id", "netid", "uniqname",
        "uniquename", "unix name", "account", "account name", "kerberos", "kerberos id", "kerberos name",
        "andrew id", "cas id", "sunet id", "sunetid", "computing id", "onyen", "benutzername", "anmeldename",
        "nom d utilisateur", "identifiant", "nombre de usuario", "usuario", "nome utente", "gebruikersnaam",
    }),
    "name": frozenset({
        "name", "student", "full name", "fullname", "student name", "students", "display name", "learner",
        "name last first", "last first", "last name first name", "student name last first", "sortable name",
        "vollständiger name", "nom complet", "nombre completo", "nome completo", "volledige naam",
    }),
    "first_name": frozenset({
        "first name", "firstname", "first", "given name", "givenname", "given names", "forename", "student first name",
        "vorname", "prénom", "prenom", "nombre", "nome", "voornaam",
    }),
    "last_name": frozenset({
        "last name", "lastname", "last", "surname", "family name", "familyname", "student last name", "nachname",
        "nom", "nom de famille", "apellido", "apellidos", "apellido s", "cognome", "achternaam",
    }),
    "moodle": frozenset({
        "identifier", "participant", "participant id", "participant number", "moodle participant",
    }),
    "group": frozenset({"group", "group name", "team", "team name", "gruppe", "groupe", "grupo"}),
    "role": frozenset({"role", "roles", "course role"}),
    "due": frozenset({
        "due", "due date", "due at", "duedate", "new due date", "own due date", "individual due date", "deadline",
        "new deadline", "extended due date", "extended deadline", "extended until", "extended to", "extension until",
        "extension date", "due date extension",
    }),
    "submitted": frozenset({"last modified submission"}),
}  # fmt: skip

_ID_ENDS = frozenset({"id", "ids", "number", "no", "nr", "num", "nummer"})
_ID_QUALIFIERS = frozenset({
    "student", "students", "s", "user", "person", "university", "college", "campus", "school", "uni", "org", "defined",
    "external", "learner", "candidate", "registration", "enrolment", "enrollment", "matric", "matriculation",
    "matrikel", "roll", "institution", "institutional", "banner", "unique", "id", "course", "roster",
})  # fmt: skip
_ID_WORDS = frozenset({
    "id", "sid", "uid", "uin", "umid", "eid", "pid", "nuid", "cwid", "suid", "cuid", "puid", "studentid", "userid",
    "idnumber", "studentnumber", "orgdefinedid", "matrikelnummer", "matrikel", "matricule", "student code",
    "numéro d étudiant", "numero d etudiant", "número de id", "numéro d identification",
})  # fmt: skip

_EXTENSION_WORDS = frozenset({"extension", "extra", "time", "length", "in", "of", "extended"})
_UNITS = {"hour": "hour", "hours": "hour", "h": "hour", "day": "day", "days": "day", "d": "day"}
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+")
_PARTICIPANT = re.compile(r"(?P<word>[^\W\d_][^\d]*?)\s+(?P<number>[0-9]{1,20})")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


@dataclass(slots=True)
class Columns:
    """The index of each column that is read, by what it holds."""

    header: Row
    at: dict[Role, int] = field(default_factory=dict)

    more_ids: dict[str, int] = field(default_factory=dict)
    """Further columns of ids, by a name of their own."""

    unit: str | None = None
    """Of a number in the column of extensions: hour or day."""

    @property
    def headers(self) -> dict[str, str]:
        """The header of each column that is read, by its role."""
        known = (*self.at.items(), *self.more_ids.items())
        return {role: self.header.cells[index].strip() for role, index in known}

    @property
    def are_known(self) -> int:
        """How many columns tell who a student is."""
        return sum(role in IDENTITY for role in self.at)


def columns_of(header: Row, rows: Sequence[Row]) -> Columns:
    """The columns by this header. rows: those below."""
    names = [plain_header(cell) for cell in header.cells]
    columns = Columns(header)
    is_canvas = not {"sis login id", "sis user id"}.isdisjoint(names) or {"student", "section"} <= set(names)
    ids: list[int] = []
    for index, name in enumerate(names):
        if is_canvas and name == "id":
            columns.at.setdefault("canvas", index)
        elif (unit := _extension_unit(name)) is not None:
            if "extension" not in columns.at:
                columns.at["extension"] = index
                columns.unit = unit or None
        elif (role := _role(name) or _role(plain_header(_IN_BRACKETS.sub("", header.cells[index])))) == "id":
            ids.append(index)
        elif role is not None:
            columns.at.setdefault(role, index)
    # A bare "ID" may be the row of some database where there is a "Student ID" beside it.
    for index in sorted(ids, key=lambda each: names[each] in {"id", "uid"}):
        if "id" not in columns.at:
            columns.at["id"] = index
        else:
            columns.more_ids.setdefault(f"other_{names[index].replace(' ', '_')}", index)
    _take_by_values(columns, rows)
    return columns


def _extension_unit(name: str) -> str | None:
    """The unit of a column of extensions, "" for none; None if it is another column."""
    words = name.split()
    units = [_UNITS[each] for each in words if each in _UNITS]
    others = {each for each in words if each not in _UNITS}
    is_one = "extension" in others or ("extra" in others and (units or "time" in others))
    return next(iter(units), "") if is_one and others <= _EXTENSION_WORDS and len(units) < 2 else None


def _role(name: str) -> Role | None:
    words = name.split()
    for role, known in _NAMED.items():
        if name in known:
            return role
    if {"github", "githubs"} & set(words) or words[:2] == ["git", "hub"]:
        return "github"
    if {"email", "emails", "mail", "courriel", "correo"} & set(words):
        return "email"
    if name in _ID_WORDS or (
        len(words) > 1 and words[-1] in _ID_ENDS and _ID_QUALIFIERS.issuperset(words[:-1])
    ):
        return "id"
    return None


def _take_by_values(columns: Columns, rows: Sequence[Row]) -> None:
    """Emails and Moodle's participants where no header says so; identifiers that are no participants are ids."""
    at = columns.at.get("moodle")
    if (
        at is not None
        and columns.header.cells[at].strip().casefold() == "identifier"
        and not _has_participants(rows, at)
    ):
        del columns.at["moodle"]
        columns.at.setdefault("id", at)
    is_bare = columns.at.get("id") == 0 and plain_header(columns.header.cells[0]) == "id"
    if is_bare and "moodle" not in columns.at and _has_participants(rows, 0):  # a worksheet in German
        columns.at["moodle"] = columns.at.pop("id")
    taken = {*columns.at.values(), *columns.more_ids.values()}
    left = [index for index in range(len(columns.header.cells)) if index not in taken]
    cells = columns.header.cells
    left = [
        index
        for index in left
        if not (_EMAIL.fullmatch(cells[index].strip()) or _PARTICIPANT.fullmatch(cells[index].strip()))
    ]
    if "moodle" not in columns.at and left[:1] == [0] and _has_participants(rows, 0):
        columns.at["moodle"] = left.pop(0)
    if "email" not in columns.at:
        found = (
            index for index in left if (values := _values(rows, index)) and all(map(_EMAIL.fullmatch, values))
        )
        if (index := next(found, None)) is not None:
            columns.at["email"] = index


def _has_participants(rows: Sequence[Row], index: int) -> bool:
    """Whether the values are a word, the same in all, and a number."""
    seen = [_PARTICIPANT.fullmatch(each) for each in _values(rows, index)]
    words = {None if each is None else each["word"] for each in seen}
    return len(words) == 1 and None not in words


def _values(rows: Iterable[Row], index: int) -> list[str]:
    return [value for row in rows if index < len(row.cells) and (value := row.cells[index].strip())]


def participant_number(cell: str) -> str:
    """The number that ends an identifier such as Participant 1001."""
    seen = _PARTICIPANT.fullmatch(cell)
    return cell if seen is None else seen["number"]


def plain_header(cell: str) -> str:
    """A header in lower case, as words: OrgDefinedId is org defined id."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", unicodedata.normalize("NFKC", cell))
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
