"""One hand-in among those of a class, of a student or a group, before and after it is read."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from grader.errors import SubmissionNotFound, SubmissionUnavailable, UnsupportedFile
from grader.intake.archive import is_archive, is_kept, is_saved, is_source, is_zip, read_archive
from grader.intake.platforms.parsed import Student
from grader.intake.submission import (
    Part,
    SourceFile,
    Submission,
    load_parts,
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
    """A notebook, a module, a folder or a .zip; where there are `parts`, the folder or .zip that holds them.

    Absolute where intake found it: another process may have another current folder.
    """

    parts: tuple[Part, ...] | None = None
    """The student's files and folders below `path`; None if `path` is the submission. Empty: there is nothing."""

    students: tuple[Student, ...] = ()
    """As far as the names of the files tell; several are a group, which is graded once."""

    attempt: int | None = None
    """Counted from 1 by the platform."""

    submitted_at: datetime | None = None

    late_mark: str | None = None
    """The platform's own mark for a late submission."""

    earlier: tuple[str, ...] = ()
    """Attempts of the same students that are not graded, in words."""

    notes: tuple[str, ...] = ()
    """On what intake could not tell for sure."""

    @property
    def student_ids(self) -> tuple[str, ...]:
        """The ids of the students."""
        return tuple(each.id for each in self.students)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and what was not graded."""
        if not self.earlier:
            return self.notes
        words = "an earlier attempt was" if len(self.earlier) == 1 else "earlier attempts were"
        return (*self.notes, f"{words} not graded: {'; '.join(self.earlier)}")


def load_entry(entry: ClassEntry) -> Submission:
    """Read an entry's files, under the same limits for each entry as `load_submission`.

    Raises what `load_submission` raises, but SubmissionUnavailable where the files are gone since intake found them, or
    the .zip of the class cannot be read: neither is the student's fault.
    """
    try:
        if entry.parts is None:
            submission = replace(load_submission(entry.path), id=entry.id)
        elif entry.path.is_dir():
            submission = Submission(entry.id, *load_parts(entry.path, entry.id, entry.parts))
        else:
            submission = Submission(entry.id, *_files_in_archive(entry, entry.parts))
    except SubmissionNotFound as error:
        raise SubmissionUnavailable.at(entry.path, "no longer exists; grade again") from error
    return replace(submission, notes=(*submission.notes, *entry.remarks))


def _files_in_archive(
    entry: ClassEntry, parts: Sequence[Part]
) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files and notes on archives beside them; where there is no source, those of the one .zip."""
    archives = [part for part in parts if is_archive(part.name)]
    if any(is_source(part.name) for part in parts):
        names = {part.place: part.name for part in parts if is_kept(part.name)}
        files = (SourceFile(names[place], content) for place, content in _read(entry, names))
        return tuple(sorted(files, key=lambda each: each.path)), unopened(part.name for part in archives)
    if len(archives) != 1 or not is_zip(archives[0].name):
        others = [part.name for part in parts]
        raise no_source(entry.path / entry.id, "submission", [part.name for part in archives], others)
    ((_, packed),) = _read(entry, [archives[0].place])
    return unpacked(io.BytesIO(packed), entry.path / archives[0].place, "archive")


def _read(entry: ClassEntry, places: Collection[str]) -> list[tuple[str, bytes]]:
    """Members of the class's .zip. Damage to it is not the student's fault."""
    try:
        with entry.path.open("rb") as stream:
            found = read_archive(stream, entry.path, places, is_class=True)
    except OSError as error:
        raise unreadable(entry.path, error) from error
    except UnsupportedFile as error:
        raise SubmissionUnavailable(f"{error}, or download the class again", path=entry.path) from error
    missing = set(places) - {name for name, _ in found}
    if not all(map(is_saved, missing)):  # weights that must not be unpacked are left out
        raise SubmissionUnavailable.at(entry.path, "changed while the class was being graded; grade again")
    return found
