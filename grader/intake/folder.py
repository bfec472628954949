"""Which submissions a folder or a .zip of a class holds."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from grader import formatting
from grader.errors import SubmissionError, SubmissionNotFound, UnsafeArchive, UnsupportedFile
from grader.intake.archive import (
    BROKEN,
    FILE_BYTES,
    TOTAL_BYTES,
    is_kept,
    is_passed_over,
    is_source,
    open_member,
    read_archive,
)
from grader.intake.submission import SourceFile, Submission, load_submission

SUBMISSION_SUFFIXES = frozenset({".ipynb", ".py", ".zip"})
OTHER_ARCHIVES = frozenset({".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"})
"""Archives that are not read: whoever handed one in gets a report that says so."""

GREATEST_ID_BYTES = 120
"""In UTF-8: a file's name has at most 255, and a temporary one is longer than the report's."""

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?: *\..*)?$", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever suffix follows."""


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """One student's submission before it is read; `id` names its report. `load` raises SubmissionError."""

    id: str
    load: Callable[[], Submission]


def find_entries(path: Path, besides: Path | None = None) -> tuple[ClassEntry, ...]:
    """Every submission in a folder or .zip: each notebook, module, archive or folder directly in it, by name.

    besides: a folder that may lie in there and is none, such as the one for the reports.
    SubmissionNotFound where nothing is at the path; UnsupportedFile where it holds no submission.
    """
    shown = formatting.printable(str(path))
    try:
        if path.is_dir():
            found = _in_folder(path, besides)
        elif path.is_file() and path.suffix.lower() == ".zip":
            found = _in_archive(path)
        elif path.exists():
            raise UnsupportedFile(
                f"{shown}: expected a folder of submissions or a .zip of them; for a single one use `grader check`",
                path=path,
            )
        else:
            raise SubmissionNotFound(
                f"{shown}: there is nothing at this path; give a folder of submissions or a .zip of them",
                path=path,
            )
    except OSError as error:
        raise SubmissionError(f"{shown}: cannot be read: {error.strerror or error}", path=path) from error
    if not found:
        raise UnsupportedFile(
            f"{shown}: holds no submission; expected notebooks (.ipynb), modules (.py), .zip files or folders in it",
            path=path,
        )
    return found


def selected(hand_ins: Sequence[ClassEntry], patterns: Sequence[str]) -> tuple[ClassEntry, ...]:
    """Those whose id fits one of the patterns, as a shell's (`team_*`, `ann`); all of them without a pattern.

    UnsupportedFile where a pattern fits none: a class graded without one that was asked for would look complete.
    """
    for pattern in patterns:
        if not any(fnmatchcase(each.id, pattern) for each in hand_ins):
            raise UnsupportedFile(
                f"--select {pattern}: fits none of {formatting.count(len(hand_ins), 'submission')}",
                path=Path(),
            )
    return tuple(
        each
        for each in hand_ins
        if not patterns or any(fnmatchcase(each.id, pattern) for pattern in patterns)
    )


def left_out(path: Path) -> tuple[str, ...]:
    """The names of the files in a class's folder that are no submissions; what is hidden is nobody's and not named."""
    if not path.is_dir():
        return ()
    entries = sorted(entry for entry in path.iterdir() if not is_passed_over(entry.name))
    return tuple(formatting.printable(entry.name) for entry in entries if not _is_hand_in(entry))


def _in_folder(folder: Path, besides: Path | None) -> tuple[ClassEntry, ...]:
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    passed_over = None if besides is None else besides.resolve()
    wanted = [
        entry
        for entry in entries
        if not is_passed_over(entry.name)
        and _is_hand_in(entry)
        and not (entry.is_dir() and entry.resolve() == passed_over)
    ]
    identifiers = _unique_ids([entry.name for entry in wanted], [_stem(entry) for entry in wanted])
    return tuple(
        ClassEntry(identifier, partial(load_submission, entry))
        for identifier, entry in zip(identifiers, wanted, strict=True)
    )


def _is_hand_in(entry: Path) -> bool:
    """A link is one too: load_submission does not follow it, and its report says so."""
    return entry.suffix.lower() in SUBMISSION_SUFFIXES | OTHER_ARCHIVES or entry.is_dir()


def _stem(entry: Path) -> str:
    return entry.name if entry.is_dir() else entry.stem


@dataclass(frozen=True, slots=True)
class _Member:
    """A notebook, module or .zip in the archive of a class; `fault` says why a .zip was not taken out of it."""

    path: str
    content: bytes
    fault: str | None = None


def _in_archive(path: Path) -> tuple[ClassEntry, ...]:
    with path.open("rb") as stream:
        members = [_Member(name, content) for name, content in read_archive(stream, path)]
        left_bytes = TOTAL_BYTES - sum(len(member.content) for member in members)
        members += _nested_archives(stream, left_bytes)
    if len({member.path.split("/", 1)[0] for member in members}) == 1 and all(
        "/" in member.path for member in members
    ):  # everything lies in one folder
        members = [replace(member, path=member.path.split("/", 1)[1]) for member in members]
    groups: defaultdict[str, list[_Member]] = defaultdict(list)
    for member in sorted(members, key=lambda member: member.path):
        top, _, rest = member.path.partition("/")
        groups[top].append(replace(member, path=rest or top))
    names = sorted(name for name, group in groups.items() if _is_graded(group))
    stems = [PurePosixPath(name).stem if _is_file(name, groups[name]) else name for name in names]
    identifiers = _unique_ids(names, stems)
    return tuple(
        ClassEntry(identifier, partial(_load_group, identifier, tuple(groups[name]), path))
        for identifier, name in zip(identifiers, names, strict=True)
    )


def _is_graded(group: Sequence[_Member]) -> bool:
    """Whether there is anything but saved weights."""
    return any(is_source(member.path) or _is_archive(member.path) for member in group)


def _is_file(name: str, group: Sequence[_Member]) -> bool:
    return [member.path for member in group] == [name]


def _is_archive(name: str) -> bool:
    return name.lower().endswith(".zip")


def _nested_archives(stream: IO[bytes], left_bytes: int) -> list[_Member]:
    """Each .zip in a .zip whose members' names read_archive has checked, under the same limits of size."""
    found: dict[str, _Member] = {}
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            name = formatting.printable(member.filename.replace("\\", "/"))
            parts = [part for part in name.split("/") if part not in {"", "."}]
            if member.is_dir() or not parts or any(map(is_passed_over, parts)) or not _is_archive(parts[-1]):
                continue
            content, fault = b"", None
            # zipfile unpacks no more than the size that is claimed, so what is damaged counts by its claim.
            if max(member.file_size, member.compress_size) > min(FILE_BYTES, left_bytes):
                fault = (
                    f"is larger than {FILE_BYTES >> 20} MiB, or than what the others leave of {TOTAL_BYTES >> 20} MiB;"
                    " unpack the archive of the class and give the folder"
                )
            else:
                left_bytes -= max(member.file_size, member.compress_size)
                try:
                    with open_member(archive, member) as unpacked:
                        content = unpacked.read(member.file_size)
                except BROKEN as error:
                    fault = f"could not be taken out of the archive of the class: {formatting.printable(str(error))}"
            path = "/".join(parts)
            found[path] = _Member(path, content, fault)
    return list(found.values())


def _load_group(identifier: str, group: Sequence[_Member], path: Path) -> Submission:
    """The notebooks and modules of one entry; where there are none, what its one .zip holds, as load_submission does."""
    if any(is_source(member.path) for member in group):
        files = [member for member in group if is_kept(member.path)]
        return Submission(identifier, tuple(SourceFile(member.path, member.content) for member in files))
    member, *more = group = [member for member in group if _is_archive(member.path)]
    place = path / member.path
    shown = formatting.printable(str(place))
    if more:
        raise UnsupportedFile(
            f"{formatting.printable(str(path / identifier))}: expected a notebook (.ipynb), a module (.py) or a single .zip in this"
            f" folder, found {len(group)} archives; give one of them",
            path=path / identifier,
        )
    if member.fault is not None:
        raise UnsafeArchive(f"{shown}: {member.fault}", path=place)
    contents = read_archive(io.BytesIO(member.content), place)
    if not any(is_source(name) for name, _ in contents):
        raise UnsupportedFile(
            f"{shown}: expected a notebook (.ipynb) or a module (.py) in this archive, found neither; hand in the file"
            " that holds the functions",
            path=place,
        )
    return Submission(identifier, tuple(SourceFile(name, content) for name, content in contents))


def _unique_ids(names: list[str], stems: list[str]) -> list[str]:
    """The stems, or the whole names where stems meet, as file names that every system takes and tells apart."""
    times = Counter(stems)
    plain = [_file_name(stem if times[stem] == 1 else name) for name, stem in zip(names, stems, strict=True)]
    clashes = Counter(map(_folded, plain))
    taken: set[str] = set()
    identifiers = []
    for name, wanted in zip(names, plain, strict=True):
        identifier = wanted if clashes[_folded(wanted)] == 1 else f"{wanted}-{_digest(name)}"
        while _folded(identifier) in taken:  # somebody named a file after another's digest
            identifier = f"{identifier}-{_digest(name)}"
        taken.add(_folded(identifier))
        identifiers.append(identifier)
    return identifiers


def _folded(name: str) -> str:
    """The same for names that some system takes for one file: by case, or by how an accent is written."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def _file_name(name: str) -> str:
    """A name that is safe as a file's on every system, and readable still."""
    cleaned = re.sub(r'[<>:"/\\|?*\ufffd]', "_", formatting.printable(name)).strip(" .")
    if len(cleaned.encode()) > GREATEST_ID_BYTES:
        cut = cleaned.encode()[:GREATEST_ID_BYTES].decode("utf-8", "ignore")
        cleaned = f"{cut}-{_digest(name)}"
    if _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    return cleaned or f"submission-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
