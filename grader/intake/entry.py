"""One student's submission among those of a class, before and after it is read."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.errors import SubmissionNotFound, SubmissionUnavailable, UnsupportedFile
from grader.intake.archive import is_kept, is_source, is_zip, read_archive
from grader.intake.submission import (
    SourceFile,
    Submission,
    load_submission,
    several_archives,
    unreadable,
    with_source,
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
        files = _files_in_archive(entry) if entry.members else load_submission(entry.path).files
    except SubmissionNotFound as error:
        raise SubmissionUnavailable.at(entry.path, "is no longer there; grade again") from error
    return Submission(entry.id, files)


def _files_in_archive(entry: ClassEntry) -> tuple[SourceFile, ...]:
    """The notebooks and modules; where there are none, the contents of the one .zip."""
    if any(map(is_source, entry.members)):
        found = _read(entry, [name for name in entry.members if is_kept(name)])
        return tuple(SourceFile(name.removeprefix(entry.folder), content) for name, content in found)
    archives = [name for name in entry.members if is_zip(name)]
    if len(archives) != 1:
        raise several_archives(entry.path / entry.id, len(archives))
    ((name, packed),) = _read(entry, archives)
    place = entry.path / name
    return with_source(read_archive(io.BytesIO(packed), place), place, "archive")


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
