"""The submissions in the folder or .zip of a class."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from grader import formatting
from grader.errors import SubmissionError, SubmissionNotFound, UnsupportedFile
from grader.intake.archive import is_source, is_zip
from grader.intake.download import DiskFolder, Download, is_noise, open_archive
from grader.intake.entry import ClassEntry
from grader.intake.grouping import grouped
from grader.intake.plain import plain_entries
from grader.intake.recognition import PLATFORMS, nearest, recognise
from grader.model.format import FORMATS, FormatName


@dataclass(frozen=True, slots=True)
class ClassFiles:
    """What a download is, and everything in it: somebody's, or listed."""

    entries: tuple[ClassEntry, ...]

    format: FormatName
    """The platform; "folder" for none."""

    words: str
    """What the download is and whose, in one line."""

    skipped: tuple[str, ...] = ()
    """Paths of what belongs to nobody, some with a reason."""

    earlier: tuple[str, ...] = ()
    """Paths of attempts that do not count."""

    remarks: tuple[str, ...] = ()
    """On the roster, a sentence each."""


def find_class(
    path: Path,
    besides: Path | None = None,
    *,
    format: FormatName = "auto",  # noqa: A002  as the option
    roster: Collection[str] = (),
    expected: Collection[str] = (),
) -> ClassFiles:
    """The submissions of a class, one for each student or group, with what else is there.

    Paths of entries are absolute. The output folder of another run is no submission.

    Args:
        path: the platform's download, or a folder or .zip with a file or folder for each submission.
        besides: a folder in there that is not a submission, such as the one for the reports.
        format: the platform; by the names if auto.
        roster: the ids of the students, as far as they are known.
        expected: names of files that the assignment asks for.

    Raises:
        SubmissionNotFound: nothing is at the path.
        UnsupportedFile: it holds no submissions, or is not a download of `format`.
        SubmissionError: it cannot be read.

    """
    try:
        download, outputs = _opened(path, besides)
        found = _found(
            path, download, format, roster, frozenset(PurePosixPath(each).name for each in expected)
        )
    except OSError as error:
        raise SubmissionError.at(path, f"cannot be read: {error.strerror or error}") from error
    skipped = sorted((*found.skipped, *outputs))
    return ClassFiles(
        found.entries,
        found.format,
        found.words,
        tuple(map(formatting.printable, skipped)),
        tuple(map(formatting.printable, found.earlier)),
    )


def find_entries(path: Path, besides: Path | None = None) -> tuple[ClassEntry, ...]:
    """The submissions alone; see `find_class`."""
    return find_class(path, besides).entries


def selected(entries: Sequence[ClassEntry], patterns: Sequence[str]) -> tuple[ClassEntry, ...]:
    """The entries whose id matches one of the shell patterns (`team_*`, `ann`); all of them without a pattern.

    UnsupportedFile for a pattern that matches none: a class graded without a student who was asked for would look
    complete.
    """
    for pattern in patterns:
        if not any(fnmatchcase(each.id, pattern) for each in entries):
            meant = formatting.near(pattern, [each.id for each in entries])
            number = f"there {'is' if len(entries) == 1 else 'are'} {len(entries)}"
            raise UnsupportedFile(
                f"no submission matches {pattern!r}; {number}" + (f" ({meant})" if meant else ""), path=Path()
            )
    return tuple(
        each for each in entries if not patterns or any(fnmatchcase(each.id, pattern) for pattern in patterns)
    )


def _opened(path: Path, besides: Path | None) -> tuple[Download, list[str]]:
    """The download, and the names of the output folders of earlier runs in it."""
    if path.is_dir():
        folder = path.absolute()
        reports = None if besides is None else besides.resolve()
        inside = [each for each in folder.iterdir() if not is_noise(each.name) and _is_folder(each)]
        passed_over = {each.name for each in inside if each.resolve() == reports}
        outputs = [each.name for each in inside if each.name not in passed_over and _is_output(each)]
        return DiskFolder(folder, without=frozenset({*passed_over, *outputs})), outputs
    if path.is_file() and is_zip(path.name):
        return open_archive(path.absolute()), []
    if path.exists():
        raise UnsupportedFile.at(
            path, "expected a folder of submissions or a .zip of them; for a single one use `grader check`"
        )
    raise SubmissionNotFound.at(
        path, "nothing found at this path; give a folder of submissions or a .zip of them"
    )


def _is_folder(path: Path) -> bool:
    """Not for a link that cannot be followed: where it leads is up to the student, and may be a name of any length."""
    return os.path.isdir(path)  # noqa: PTH112  Path.is_dir raises


def _is_output(folder: Path) -> bool:
    """Whether an earlier run on the class wrote its reports here."""
    try:
        names = {each.name for each in folder.iterdir()}
    except OSError:  # a submission's, which its report will say
        return False
    return {"reports", "gradebook.csv"} <= names and not any(
        is_source(each) or is_zip(each) for each in names
    )


def _found(
    path: Path,
    download: Download,
    wanted: FormatName,
    roster: Collection[str],
    expected: Collection[str],
) -> ClassFiles:
    if wanted != "folder":
        for each in (download, *_only_archive(download)):
            found = _of_platform(each, wanted, roster, expected)
            if found is not None:
                return found
    if wanted not in {"auto", "folder"}:
        examples = [each.example for each in PLATFORMS if each.name == wanted]
        others = formatting.listing([each for each in FORMATS if each != wanted], "or")
        raise UnsupportedFile.unlike(
            path,
            f"names such as {formatting.listing([repr(each) for each in examples], 'or')} in {wanted}'s download",
            "none of the kind",
            f"pass another --format ({others})",
        )
    entries, listed = plain_entries(download, expected)
    if not entries:
        raise UnsupportedFile.at(
            path,
            "contains no submissions; expected notebooks (.ipynb), modules (.py), .zip files or folders in it",
        )
    count = formatting.count(len(entries), "submission")
    words = f"This is a folder with a file or folder for each submission: {count}."
    near = nearest(download, roster) if wanted == "auto" else None
    if near is None:
        return ClassFiles(entries, "folder", words, listed)
    platform, number, names = near
    words = (
        f"{words} {number} of {names} names look like those of"
        f" {platform.title}, but not all: pass --format {platform.name} to read it as one."
    )
    return ClassFiles(entries, "folder", words, listed)


def _only_archive(download: Download) -> Iterator[Download]:
    """The .zip that is alone in a folder: the platform's download may lie there as it came."""
    inside = download.paths(1)
    if isinstance(download, DiskFolder) and len(inside) == 1 and is_zip(inside[0]):
        with suppress(SubmissionError, OSError):
            yield open_archive(download.path / inside[0])


def _of_platform(
    download: Download, wanted: FormatName, roster: Collection[str], expected: Collection[str]
) -> ClassFiles | None:
    recognised = recognise(download, wanted, roster)
    if recognised is None:
        return None
    platform = recognised.platform
    hands = grouped(recognised.folder, platform, recognised.found, expected)
    students = len({(each.identity, each.name) for entry in hands.entries for each in entry.students})
    words = f"This is {platform.title}: {_counted(len(hands.entries), students)}."
    if hands.earlier:
        words += " Where there are several attempts, the newest counts."
    if any(entry.notes for entry in hands.entries):
        words += " Some names can be read in several ways; a roster resolves them."
    listed = [f"{name} ({reason})" if reason else name for name, reason in recognised.listed.items()]
    (name,) = (each for each in FORMATS if each == platform.name)
    return ClassFiles(hands.entries, name, words, tuple(listed), hands.earlier)


def _counted(submissions: int, students: int) -> str:
    if submissions == students:
        return formatting.count(students, "student")
    return f"{formatting.count(submissions, 'submission')} of {formatting.count(students, 'student')}"
