"""What one path inside a download says: whose it is, which attempt, and the file's own name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol

from grader.model.report import StudentPart

if TYPE_CHECKING:
    from grader.model.roster import RosterStudent


@dataclass(frozen=True, slots=True)
class Student:
    """A student as the download names them."""

    keys: tuple[str, ...]
    """Kind and id, the strongest first: "sid:1001", "email:student1@example.edu". None where only a roster tells."""

    name: str | None = None

    enrolled: RosterStudent | None = None
    """The same person on the roster."""

    @property
    def id(self) -> str:
        """The strongest id, without its kind; the roster's where the student is on it."""
        return self.keys[0].partition(":")[2] if self.enrolled is None else self.enrolled.id

    @property
    def part(self) -> StudentPart:
        """As in a report."""
        platform = dict(key.split(":", 1) for key in self.keys)
        if self.enrolled is not None:
            return self.enrolled.part(platform)
        return StudentPart(id=self.id, name=self.name, email=self.email, platform=platform)

    @property
    def identity(self) -> tuple[str, ...]:
        """Keys any of which is this person alone; a name is so only together with what else is known."""
        return ("\n".join(self.keys),) if self.keys[0].startswith("name:") else self.keys

    @property
    def email(self) -> str | None:
        """The email address, if the download tells it."""
        found = (key.partition(":")[2] for key in self.keys if key.startswith("email:"))
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file or folder of a student's, by its path inside the download."""

    students: tuple[Student, ...]
    """The student, or all members of a group."""

    file: str | None
    """Its path within the hand-in, "" for the hand-in's own folder; None if it is nothing to grade."""

    late: bool | None = None
    """As the platform marked it; None if unknown."""

    attempt: str | int | None = None
    """A number, or a time that sorts as text."""

    submitted_at: datetime | None = None
    """Without a zone where the platform writes none: its own local time."""

    handin: str = ""
    """Tells apart two hand-ins that share all of the above."""

    assignment: str = ""
    """Where a download may have several."""

    label: str = ""
    """The readable id of the hand-in; empty for the student's id."""

    remark: str = ""
    """Instead of a file: online text, receipt."""

    note: str = ""
    """On what the name leaves open."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A path that the platform's rules cover, but that belongs to nobody."""

    reason: str


@dataclass(frozen=True, slots=True)
class Own:
    """A file of the platform itself, such as an index."""


Reading = Parsed | Listed | Own | None
"""None: the path does not fit the platform's names."""

Parser = Callable[[str, Collection[str]], Reading]
"""From a path inside the download, and the ids of the roster. A folder's path ends with /."""


class Folder(Protocol):
    """A folder of a download, on disk or in a .zip."""

    @property
    def name(self) -> str:
        """The folder's own name; the stem of a .zip."""

    def paths(self, depth: int) -> Sequence[str]:
        """Paths of the files down to this depth, and of the folders at it or empty, which end with /; sorted."""

    def holds(self, path: str) -> bool:
        """Whether something is at this path."""

    def texts(self, paths: Sequence[str], most_bytes: int) -> dict[str, str]:
        """The texts of files by path, without those that cannot be read or are longer."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read the paths of one download."""

    parse: Parser

    promised: tuple[str, ...] = ()
    """Paths that the download says it has, whether they are there or not."""


ReaderMaker = Callable[[Folder, Sequence[str], Collection[str]], Reader | None]
"""From a folder, its paths and the roster to its reader; None if it cannot be this platform's."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of download."""

    name: str
    """For --format."""

    title: str
    """As a sentence needs it: a Canvas download."""

    example: str
    """A name as the platform writes it."""

    reader: ReaderMaker

    depth: int = 1
    """The number of leading parts of a path that are read."""

    tidied: Callable[[str], str] | None = None
    """The file name that the student chose, from the one that the platform gave."""


def stateless(parse: Parser) -> ReaderMaker:
    """The reader of a platform whose names say all by themselves."""
    return lambda folder, paths, roster: Reader(parse)  # noqa: ARG005


def first_part(path: str) -> tuple[str, str]:
    """The first part of a path, and the rest: ("a", "") for "a/" as for "a"."""
    first, _, rest = path.partition("/")
    return first, rest


def joined(name: str, path: str, rest: str) -> str:
    """The file's path where its first part, once read, is called `name`: "" for a folder without one of its own."""
    if "/" not in path:
        return name
    return f"{name}/{rest}" if name else rest


def common_start(names: Collection[str], mark: str) -> str:
    """The longest start that all of several names share, up to and with a `mark`; empty for fewer than two."""
    if len(names) < 2:
        return ""
    pairs = zip(min(names), max(names), strict=False)
    shared = "".join(left for left, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return shared[: shared.rfind(mark) + 1]
