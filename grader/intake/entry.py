"""One student's submission among those of a class, before and after it is read."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from grader.errors import SubmissionNotFound, SubmissionUnavailable, UnsupportedFile
from grader.intake.archive import is_archive, is_kept, is_source, is_zip, read_archive
from grader.intake.submission import (
    SourceFile,
    Submission,
    load_submission,
    no_source,
    unopened,
    unpacked,
    unreadable,
)


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """One student's (or group's) submission: whose it is and where its files are. None of them is read yet."""

    id: str
    """Unique in the class, and a safe file name: reports/ID.json."""

    path: Path
    """A notebook, a module, a folder or a .zip; where there are `members`, the .zip of the whole class.

    Absolute where intake found it: another process may have another current folder.
    """

    members: tuple[str, ...] = ()
    """The student's files in the .zip of the class, sorted."""

    folder: str = ""
    """The start of the members' paths up to the student's own folder, such as "hw1/ann/"."""

    student_ids: tuple[str, ...] = ()
    """As far as the names of the files tell."""

    attempt: int | None = None
    """Counted from 1 by the platform."""

    submitted_at: datetime | None = None

    late_mark: str | None = None
    """The platform's own mark for a late submission."""


def load_entry(entry: ClassEntry) -> Submission:
    """Read an entry's files, under the same limits for each entry as `load_submission`.

    Raises what `load_submission` raises, but SubmissionUnavailable where the files are gone since intake found them, or
    the .zip of the class cannot be read: neither is the student's fault.
    """
    try:
        if not entry.members:
            return replace(load_submission(entry.path), id=entry.id)
        return Submission(entry.id, *_files_in_archive(entry))
    except SubmissionNotFound as error:
        raise SubmissionUnavailable.at(entry.path, "is no longer there; grade again") from error


def _files_in_archive(entry: ClassEntry) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files and notes on archives beside them; where there is no source, those of the one .zip."""
    archives = [name for name in entry.members if is_archive(name)]
    if any(map(is_source, entry.members)):
        found = _read(entry, [name for name in entry.members if is_kept(name)])
        files = (SourceFile(name.removeprefix(entry.folder), content) for name, content in found)
        return tuple(files), unopened(name.removeprefix(entry.folder) for name in archives)
    if len(archives) != 1 or not is_zip(archives[0]):
        raise no_source(entry.path / entry.id, "folder", archives)
    ((name, packed),) = _read(entry, archives)
    return unpacked(io.BytesIO(packed), entry.path / name, "archive")


def _read(entry: ClassEntry, names: Collection[str]) -> list[tuple[str, bytes]]:
    """Members of the class's .zip. Damage to it is not the student's fault."""
    try:
        with entry.path.open("rb") as stream:
            found = read_archive(stream, entry.path, names)
    except OSError as error:
        raise unreadable(entry.path, error) from error
    except UnsupportedFile as error:
        raise SubmissionUnavailable(f"{error}, or download the class again", path=entry.path) from error
    if len(found) < len(names):
        raise SubmissionUnavailable.at(entry.path, "has changed while the class was graded; grade again")
    return found
