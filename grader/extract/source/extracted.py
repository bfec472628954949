"""The result of an extraction: plain data, to be executed by a worker and shown in a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from grader import formatting
from grader.model.observation import Location

SUMMARY_LENGTH = 80

_SHOWN_NAMES = 5
"""The most names of one statement in a note."""

NOT_HANDED_IN = "was not handed in"

NOT_PARSED = "does not parse: "
"""How the reason of a statement with a syntax error begins."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One top-level statement, decorators included, at column 0.

    Chunks are executed in the order of their numbers, each in the namespace of its file, with annotations as strings.
    file: whose namespace it is; the location's, except for text that a cell writes or that is run by another file.
    location: the first line of `source`; the statement's later lines follow it.
    binds: the names it binds in that namespace.
    borrows: those that it imports from modules that are not there, which replace nothing.
    """

    number: int
    file: str
    location: Location
    source: str
    binds: tuple[str, ...]
    borrows: tuple[str, ...] = ()

    def location_of(self, line: int) -> Location:
        """A line of the student's, counted as the location's is; the chunk's nearest where it has no such line."""
        below = min(max(line - self.location.line, 0), self.source.count("\n"))
        if self.location.inner is not None:
            return replace(self.location, inner=self.location.inner + below)
        return replace(self.location, line=self.location.line + below)


@dataclass(frozen=True, slots=True)
class Absence:
    """A module that is imported and not there.

    dotted: its name. subject, predicate: what is missing and why, as "helpers.py" and "was not handed in".
    starred: names that chunks can only have from its star import.
    """

    dotted: str
    subject: str
    predicate: str
    starred: tuple[str, ...]

    @property
    def is_package(self) -> bool:
        """Whether it is a package, and not a file that should have been handed in."""
        return self.predicate != NOT_HANDED_IN


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A top-level statement that is not executed; `summary` is its first line, `reason` a clause in plain words.

    explanation: for a student whose function needs it: the place, the cause and what to do.
    """

    location: Location
    summary: str
    reason: str
    binds: tuple[str, ...]
    explanation: str = ""

    @property
    def words(self) -> str:
        """The names with the reason, as a note."""
        names = "/".join(self.binds[:_SHOWN_NAMES])
        if self.reason.startswith(NOT_PARSED):
            return f"{names} ({self.location.place}) {self.reason}"
        return f"{names}: {self.explanation or self.reason}"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A graded name that one file defines more than once; the last place is the one that is graded."""

    name: str
    locations: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class ExtractedFunction:
    """A graded function or class.

    location, source: the statement that holds its code, from its first line (a decorator's, where it has one); later
        statements that wrap it or set its attributes are among the chunks.
    chunks: numbers of all chunks to execute before it can be called, its own among them, in order.
    file: whose namespace it is in; the location's, except for text that a cell writes or that is run by another file.
    stubs: top-level modules that these chunks import and that will be inert.
    not_handed_in: the files among them that should have been handed in.
    lacks: statements whose names these chunks read, and which are left out; methods that do not parse.
    mentions_cuda: whether these chunks say cuda, in code or in a string.
    is_python_2: whether one of these chunks was converted from Python 2.
    """

    name: str
    file: str
    location: Location
    source: str
    chunks: tuple[int, ...]
    stubs: tuple[str, ...]
    not_handed_in: tuple[str, ...]
    lacks: tuple[LeftOut, ...]
    mentions_cuda: bool
    is_python_2: bool = False


@dataclass(frozen=True, slots=True)
class Extracted:
    """All that is graded of a submission.

    missing: per name that is not there, a sentence that says why.
    unparsed: for those of them that do not parse, the line of the fault.
    modules: dotted names under which chunks import files of the submission, and the files' paths. Relative imports
        count from `submission` and the file's folder: `from .softmax import f` in a/b.py asks for submission.a.softmax.
    stubs: the functions' together. absences: the modules of which they are stubs.
    """

    functions: Mapping[str, ExtractedFunction]
    missing: Mapping[str, str]
    chunks: tuple[Chunk, ...]
    left_out: tuple[LeftOut, ...]
    duplicates: tuple[Duplicate, ...]
    stubs: tuple[str, ...]
    absences: tuple[Absence, ...]
    modules: Mapping[str, str]
    notes: tuple[str, ...]
    unparsed: Mapping[str, Location] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> Self:
        """Nothing, neither found nor missing."""
        return cls(MappingProxyType({}), MappingProxyType({}), (), (), (), (), (), MappingProxyType({}), ())

    def names_bound(self, function: str) -> set[str]:
        """The names that the chunks of a function bind: itself, and what it may call; none if it is missing."""
        numbers = self.functions[function].chunks if function in self.functions else ()
        return {bound for chunk in self.chunks if chunk.number in numbers for bound in chunk.binds}

    def line_at(self, location: Location) -> str | None:
        """A line of a chunk, for a message: one printable line of at most 80 characters; None if it is empty."""
        for chunk in self.chunks:
            first = chunk.location
            offset = location.line - first.line + (location.inner or 0) - (first.inner or 0)
            if (first.file, first.cell) != (location.file, location.cell) or offset < 0:
                continue
            lines = chunk.source.split("\n", offset + 1)
            if offset < len(lines):
                text = formatting.printable(lines[offset][: 10 * SUMMARY_LENGTH].strip())
                is_cut = len(text) > SUMMARY_LENGTH
                return (f"{text[: SUMMARY_LENGTH - 3]}..." if is_cut else text) or None
        return None
