"""Which submissions a folder or a .zip of a class holds."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.archive import is_passed_over, printable, read_archive
from grader.errors import SubmissionNotFound, UnsupportedFile
from grader.submission import SourceFile, Submission, load_submission

SUBMISSION_SUFFIXES = frozenset({".ipynb", ".py", ".zip"})
GREATEST_ID_LENGTH = 120


@dataclass(frozen=True, slots=True)
class HandIn:
    """One student's submission before it is read; `id` names its report. `load` raises SubmissionError."""

    id: str
    load: Callable[[], Submission]


def find_hand_ins(path: Path) -> tuple[HandIn, ...]:
    """Every submission in a folder or .zip: each notebook, module, archive or folder directly in it, by name.

    SubmissionNotFound where nothing is at the path; UnsupportedFile where it holds no submission.
    """
    if path.is_dir():
        found = _in_folder(path)
    elif path.is_file() and path.suffix.lower() == ".zip":
        found = _in_archive(path)
    elif path.exists():
        raise UnsupportedFile(
            f"{path}: expected a folder of submissions or a .zip of them; for a single one use `grader check`",
            path=path,
        )
    else:
        raise SubmissionNotFound(
            f"{path}: there is nothing at this path; give a folder of submissions", path=path
        )
    if not found:
        raise UnsupportedFile(
            f"{path}: holds no submission; expected notebooks (.ipynb), modules (.py), .zip files or folders in it",
            path=path,
        )
    return found


def _in_folder(folder: Path) -> tuple[HandIn, ...]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise UnsupportedFile(f"{folder}: cannot be read: {error.strerror or error}", path=folder) from error
    wanted = [entry for entry in entries if not is_passed_over(entry.name) and _is_hand_in(entry)]
    identifiers = _unique_ids([entry.name for entry in wanted], [_stem(entry) for entry in wanted])
    return tuple(
        HandIn(identifier, partial(load_submission, entry))
        for identifier, entry in zip(identifiers, wanted, strict=True)
    )


def _is_hand_in(entry: Path) -> bool:
    return entry.suffix.lower() in SUBMISSION_SUFFIXES or (entry.is_dir() and not entry.is_symlink())


def _stem(entry: Path) -> str:
    return entry.name if entry.is_dir() else entry.stem


def _in_archive(path: Path) -> tuple[HandIn, ...]:
    with path.open("rb") as stream:
        members = read_archive(stream, path)
    tops = {name.split("/", 1)[0] for name, _ in members}
    if len(tops) == 1 and all("/" in name for name, _ in members):  # everything lies in one folder
        members = [(name.split("/", 1)[1], content) for name, content in members]
    groups: defaultdict[str, list[SourceFile]] = defaultdict(list)
    for name, content in members:
        top, _, rest = name.partition("/")
        groups[top].append(SourceFile(rest or top, content))
    names = sorted(groups)
    identifiers = _unique_ids(names, [name if "." not in name else name.rsplit(".", 1)[0] for name in names])
    return tuple(
        HandIn(identifier, partial(Submission, identifier, tuple(groups[name])))
        for identifier, name in zip(identifiers, names, strict=True)
    )


def _unique_ids(names: list[str], stems: list[str]) -> list[str]:
    """The stems, or the whole names where stems meet, as file names that every system takes."""
    identifiers = [
        _file_name(stem if stems.count(stem) == 1 else name) for name, stem in zip(names, stems, strict=True)
    ]
    folded = [identifier.casefold() for identifier in identifiers]
    return [
        identifier if folded.count(identifier.casefold()) == 1 else f"{identifier}-{_digest(name)}"
        for identifier, name in zip(identifiers, names, strict=True)
    ]


def _file_name(name: str) -> str:
    """A name that is safe as a file's on every system, and readable still."""
    cleaned = re.sub(r'[<>:"/\\|?*\ufffd]', "_", printable(name)).strip(" .")
    if len(cleaned) > GREATEST_ID_LENGTH:
        cleaned = f"{cleaned[:GREATEST_ID_LENGTH]}-{_digest(name)}"
    return cleaned or f"submission-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
