"""A class as the platform delivered it, a folder or a .zip: paths in it, without what nobody handed in."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grader.errors import SubmissionError
from grader.intake.archive import is_archive, is_kept, is_passed_over, list_class, read_archive
from grader.intake.platforms.parsed import Folder
from grader.intake.submission import Part

_SYSTEM_FILES = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})
"""Left by a file manager; nobody handed them in."""

_READ_AT_ONCE = 500
"""Small texts in a .zip: to open it takes long where it has many members."""

_SHOWN_FILES = 10
"""The most files of a hand-in that are not read and all the same known, so that its report can name them."""


class Download(Folder, Protocol):
    """A folder of it."""

    @property
    def path(self) -> Path:
        """The folder or .zip of the whole class."""

    @property
    def prefix(self) -> str:
        """From there to this folder; ends with / unless empty."""

    def inside(self, name: str) -> Download:
        """A folder in it."""

    def parts(self, path: str, name: str) -> tuple[Part, ...]:
        """The parts of a hand-in that lie at one of `paths`, which is called `name` in it."""


def is_noise(name: str) -> bool:
    """Whether a file or folder of this name, between those of students, was left by some program."""
    is_hidden = name.startswith(".") and not name.startswith("..")
    return is_hidden or name in _SYSTEM_FILES


@dataclass(frozen=True, slots=True)
class DiskFolder:
    """A folder on disk. Links are not followed below its first level, and never read."""

    path: Path
    prefix: str = ""
    without: frozenset[str] = frozenset()
    """Names directly in it to pass over."""

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self._folder.name

    @property
    def _folder(self) -> Path:
        return self.path / self.prefix

    def inside(self, name: str) -> DiskFolder:
        """A folder in it."""
        return replace(self, prefix=f"{self.prefix}{name}/", without=frozenset())

    def paths(self, depth: int) -> Sequence[str]:
        """As `Folder.paths`. OSError if the folder cannot be listed."""
        return sorted(path for path in self._below(self._folder, depth) if first(path) not in self.without)

    def _below(self, folder: Path, depth: int) -> Iterator[str]:
        for each in folder.iterdir():
            if is_noise(each.name):
                continue
            # Path.is_dir raises for a link whose target is a name of any length, which is up to the student.
            if not os.path.isdir(each):  # noqa: PTH112
                yield each.name
                continue
            try:
                inner = [] if depth == 1 or each.is_symlink() else list(self._below(each, depth - 1))
            except OSError:  # the report of its student will say so
                inner = []
            yield from (f"{each.name}/{path}" for path in inner or [""])

    def holds(self, path: str) -> bool:
        """Whether something is at this path."""
        return os.path.lexists(self._folder / path)

    def texts(self, paths: Sequence[str], most_bytes: int) -> dict[str, str]:
        """As `Folder.texts`."""
        found = {}
        for path in paths:
            with suppress(OSError, ValueError):
                place = self._folder / path
                if place.is_file() and not place.is_symlink() and place.stat().st_size <= most_bytes:
                    found[path] = place.read_bytes().decode("utf-8-sig", "replace")
        return found

    def parts(self, path: str, name: str) -> tuple[Part, ...]:
        """As `Download.parts`: the folder or file itself."""
        place = f"{self.prefix}{path.rstrip('/')}"
        return (Part(place, name),) if os.path.lexists(self.path / place) else ()


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """A folder in a .zip."""

    path: Path
    prefix: str
    members: Sequence[tuple[str, str]]
    """(path, name) of each member of the whole .zip, sorted; the path of a folder ends with /."""

    @property
    def name(self) -> str:
        """The folder's own name; the stem of the .zip."""
        return self.prefix[:-1].rpartition("/")[2] or self.path.stem

    def inside(self, name: str) -> ArchiveFolder:
        """A folder in it."""
        return replace(self, prefix=f"{self.prefix}{name}/")

    def _at(self, start: str) -> Iterator[tuple[str, str]]:
        """The members whose paths begin so."""
        for at in range(bisect_left(self.members, (start, "")), len(self.members)):
            path, name = self.members[at]
            if not path.startswith(start):
                return
            yield path, name

    def paths(self, depth: int) -> Sequence[str]:
        """As `Folder.paths`."""
        found: set[str] = set()
        folders: set[str] = set()
        for path, _ in self._at(self.prefix):
            parts = path[len(self.prefix) :].split("/")  # a folder's last part is empty
            known = next((at for at, part in enumerate(parts[:depth]) if is_noise(part)), depth)
            kept = parts[:known]
            if len(parts) > known:
                kept.append("")
            shown = "/".join(kept)
            if shown:
                found.add(shown)
            folders.update("/".join((*kept[:at], "")) for at in range(1, len(kept) - 1))
            if len(kept) > 1 and kept[-1]:
                folders.add("/".join((*kept[:-1], "")))
        return sorted(found - folders)

    def holds(self, path: str) -> bool:
        """Whether something is at this path."""
        start = f"{self.prefix}{path}"
        return any(each == start or each.startswith(f"{start}/") for each, _ in self._at(start))

    def texts(self, paths: Sequence[str], most_bytes: int) -> dict[str, str]:
        """As `Folder.texts`."""
        found: dict[str, str] = {}
        names = {name: path for path in paths for name in self._named(f"{self.prefix}{path}")}
        listed = list(names)
        for at in range(0, len(listed), _READ_AT_ONCE):
            some = listed[at : at + _READ_AT_ONCE]
            try:
                contents = self._read(some)
            except (OSError, SubmissionError):  # one that must not be read costs the others nothing
                contents = [pair for name in some for pair in self._read_one(name)]
            for name, content in contents:
                if len(content) <= most_bytes:
                    found[names[name]] = content.decode("utf-8-sig", "replace")
        return found

    def _named(self, path: str) -> list[str]:
        return [name for each, name in self._at(path) if each == path]

    def _read(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        with self.path.open("rb") as stream:
            return read_archive(stream, self.path, names, is_class=True)

    def _read_one(self, name: str) -> list[tuple[str, bytes]]:
        try:
            return self._read([name])
        except (OSError, SubmissionError):
            return []

    def parts(self, path: str, name: str) -> tuple[Part, ...]:
        """As `Download.parts`: the members there, of those that are not read only the first."""
        start = f"{self.prefix}{path}"
        if not path.endswith("/"):
            return tuple(Part(member, name) for member in self._named(start))
        read: list[Part] = []
        others: list[Part] = []
        for each, member in self._at(start):
            rest = each[len(start) :]
            if not rest or rest.endswith("/") or any(map(is_passed_over, rest.split("/"))):
                continue
            part = Part(member, f"{name}/{rest}" if name else rest)
            (read if is_kept(rest) or is_archive(rest) else others).append(part)
        return (*read, *others[:_SHOWN_FILES])


def first(path: str) -> str:
    """The first part of a path."""
    return path.partition("/")[0]


def open_archive(path: Path) -> ArchiveFolder:
    """The .zip of a class. Raises OSError, UnsupportedFile and UnsafeArchive."""
    with path.open("rb") as stream:
        members = list_class(stream, path)
    return ArchiveFolder(path, "", sorted((inside, name) for name, inside in members))
