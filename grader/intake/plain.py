"""A class without a platform: each notebook, module, archive or folder is a submission."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from grader.intake.archive import OTHER_ARCHIVES, is_passed_over, is_source
from grader.intake.download import ArchiveFolder, Download
from grader.intake.entry import ClassEntry
from grader.intake.identifiers import unique_ids
from grader.intake.platforms.collector import is_nameless
from grader.intake.recognition import folders_around

SUBMISSION_SUFFIXES = frozenset({".ipynb", ".py", ".zip"})

_FEWEST_FILES = 3
"""So many files alone in the only folder of a class are a class, fewer one student's."""


def plain_entries(
    download: Download, expected: Collection[str]
) -> tuple[tuple[ClassEntry, ...], tuple[str, ...]]:
    """An entry for each file or folder, and the paths of what is none; expected: as for `find_class`."""
    folder, strays = _class_folder(download, expected)
    paths = folder.paths(1)
    names = [path for path in paths if _is_submission(path)]
    stems = [path[:-1] if path.endswith("/") else PurePosixPath(path).stem for path in names]
    files = [path.rstrip("/") for path in names]
    entries = tuple(
        _plain_entry(identifier, folder, path)
        for identifier, path in zip(unique_ids(files, stems), names, strict=True)
    )
    listed = [f"{folder.prefix}{path.rstrip('/')}{_reason(path)}" for path in paths if path not in names]
    return entries, (*strays, *listed)


def _plain_entry(identifier: str, folder: Download, path: str) -> ClassEntry:
    if isinstance(folder, ArchiveFolder):
        name = "" if path.endswith("/") else path
        return ClassEntry(identifier, folder.path, parts=folder.parts(path, name))
    return ClassEntry(identifier, folder.path / folder.prefix / path.rstrip("/"))


def _class_folder(download: Download, expected: Collection[str]) -> tuple[Download, tuple[str, ...]]:
    """The folder whose contents are the submissions: not one that is alone around them."""
    _, *inside = folders_around(download)
    classes = [each for at, each in enumerate(inside) if _is_class(each[0], expected, is_outermost=at == 0)]
    return classes[-1] if classes else (download, ())


def _is_class(folder: Download, expected: Collection[str], *, is_outermost: bool) -> bool:
    """Whether the only folder in another holds a class, and is not one student's or a folder in it."""
    inside = [path for path in folder.paths(1) if _is_submission(path)]
    if isinstance(folder, ArchiveFolder) and is_outermost:
        return bool(inside)
    folders = [path for path in inside if path.endswith("/")]
    if folders:
        return len(inside) > 1 and not any(map(is_source, inside))
    return is_outermost and len(inside) >= _FEWEST_FILES and not any(each in expected for each in inside)


def _is_submission(path: str) -> bool:
    """A link is one too: load_submission does not follow it, and its report says so."""
    if path.endswith("/"):
        return not is_passed_over(path[:-1])
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in SUBMISSION_SUFFIXES.union(OTHER_ARCHIVES) and not is_nameless(path)


def _reason(path: str) -> str:
    return " (it names no student)" if is_nameless(path) else ""
