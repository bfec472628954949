"""The submissions in the folder or .zip of a class."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from grader import formatting
from grader.errors import SubmissionError, SubmissionNotFound, UnsupportedFile
from grader.intake.archive import (
    OTHER_ARCHIVES,
    is_archive,
    is_kept,
    is_passed_over,
    is_source,
    is_zip,
    list_archive,
)
from grader.intake.entry import ClassEntry

SUBMISSION_SUFFIXES = frozenset({".ipynb", ".py", ".zip"})
GREATEST_ID_BYTES = 120
"""In UTF-8: file names have at most 255, and a temporary file's is longer than the report's."""

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?: *\..*)?$", re.IGNORECASE)
"""Windows reserves these names for devices, whatever suffix follows."""


_WITHOUT_SHAPE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters and marks without a shape that are not controls: fillers, blanks and variation selectors."""


def find_entries(path: Path, besides: Path | None = None) -> tuple[ClassEntry, ...]:
    """The submissions in a folder or .zip: each notebook, module, archive or folder directly in it, by name.

    Their paths are absolute. The output folder of another run is not one.

    besides: a folder in there that is not a submission, such as the one for the reports.
    SubmissionNotFound where nothing is at the path; UnsupportedFile where it holds no submissions.
    """
    try:
        if path.is_dir():
            found = _in_folder(path.absolute(), besides)
        elif path.is_file() and is_zip(path.name):
            found = _in_archive(path.absolute())
        elif path.exists():
            raise UnsupportedFile.at(
                path,
                "expected a folder of submissions or a .zip of them; for a single one use `grader check`",
            )
        else:
            raise SubmissionNotFound.at(
                path, "there is nothing at this path; give a folder of submissions or a .zip of them"
            )
    except OSError as error:
        raise SubmissionError.at(path, f"cannot be read: {error.strerror or error}") from error
    if not found:
        raise UnsupportedFile.at(
            path,
            "holds no submissions; expected notebooks (.ipynb), modules (.py), .zip files or folders in it",
        )
    return found


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


def skipped_files(path: Path, besides: Path | None = None) -> tuple[str, ...]:
    """The names of what is in a class's folder and not a submission, without hidden files and the folder `besides`."""
    if not path.is_dir():
        return ()
    names = [each.name for each in _contents(path, besides) if not _is_submission(each)]
    return tuple(map(formatting.printable, names))


def _contents(folder: Path, besides: Path | None) -> list[Path]:
    """What is directly in a folder, by name, without hidden files and the folder `besides`."""
    reports = None if besides is None else besides.resolve()
    found = [each for each in folder.iterdir() if not is_passed_over(each.name)]
    found = [each for each in found if not (_is_folder(each) and each.resolve() == reports)]
    return sorted(found, key=lambda each: each.name)


def _in_folder(folder: Path, besides: Path | None) -> tuple[ClassEntry, ...]:
    found = list(filter(_is_submission, _contents(folder, besides)))
    stems = [each.name if _is_folder(each) else each.stem for each in found]
    return tuple(map(ClassEntry, _unique_ids([each.name for each in found], stems), found))


def _is_submission(path: Path) -> bool:
    """A link is one too: load_submission does not follow it, and its report says so."""
    if _is_folder(path):
        return not _is_output(path)
    return path.suffix.lower() in SUBMISSION_SUFFIXES.union(OTHER_ARCHIVES)


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


def _in_archive(path: Path) -> tuple[ClassEntry, ...]:
    """One entry for each file or folder at the top of a .zip, or in the one folder around all others."""
    with path.open("rb") as stream:
        members = list_archive(stream, path, lambda name: is_kept(name) or is_archive(name))
    tops = {name.partition("/")[0] for name in members}
    around = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in members) else ""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in members:
        groups[name.removeprefix(around).partition("/")[0]].append(name)
    names = sorted(
        name for name, group in groups.items() if any(is_source(each) or is_zip(each) for each in group)
    )
    files = {name for name in names if groups[name] == [f"{around}{name}"]}
    stems = [PurePosixPath(name).stem if name in files else name for name in names]
    return tuple(
        ClassEntry(
            identifier,
            path,
            members=tuple(groups[name]),
            folder=around if name in files else f"{around}{name}/",
        )
        for identifier, name in zip(_unique_ids(names, stems), names, strict=True)
    )


def _unique_ids(names: list[str], stems: list[str]) -> list[str]:
    """The stems, or the whole names where stems collide, as file names that are valid and distinct on every system."""
    times = Counter(stems)
    plain = [_file_name(stem if times[stem] == 1 else name) for name, stem in zip(names, stems, strict=True)]
    clashes = Counter(map(_folded, plain))
    taken: set[str] = set()
    identifiers = []
    for name, wanted in zip(names, plain, strict=True):
        identifier = wanted if clashes[_folded(wanted)] == 1 else f"{wanted}-{_digest(name)}"
        while _folded(identifier) in taken:  # a file was named after another's digest
            identifier = f"{identifier}-{_digest(name)}"
        taken.add(_folded(identifier))
        identifiers.append(identifier)
    return identifiers


def _folded(name: str) -> str:
    """Equal for names that are the same file on some system, or look the same.

    They differ in case, in how an accent or a full-width letter is written, or in marks that have no shape.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return _WITHOUT_SHAPE.sub("", folded)


def _file_name(name: str) -> str:
    """A readable file name that is valid on every system."""
    seen = "".join("_" if formatting.is_unseen(each) else each for each in name)
    cleaned = re.sub(r'[<>:"/\\|?*\ufffd]', "_", seen).strip(" .")
    if len(cleaned.encode()) > GREATEST_ID_BYTES:
        cut = cleaned.encode()[:GREATEST_ID_BYTES].decode("utf-8", "ignore")
        cleaned = f"{cut}-{_digest(name)}"
    if _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    return cleaned or f"submission-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
