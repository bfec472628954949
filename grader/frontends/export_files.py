"""The files of an export on disk: one file, a .zip or a folder, all of it or nothing."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from grader import formatting
from grader.errors import OutputError, UsageError
from grader.frontends.packages.bundle import Member, zipped
from grader.model.artifact import Artifact
from grader.output_files import write_folder, write_to

STANDARD_OUTPUT = "-"

_ZIP_COMMENT = b"written by grader export"
"""A .zip with another one, such as the platform's download, is not replaced."""

_OF_A_CLASS = frozenset(
    {"class.json", "class.toml", "index.html", "overrides.toml", "pushed.jsonl", "roster.csv"}
)
"""Files in the --out folder of `grader batch`, where another of this name would be taken for them."""

_INPUT_SUFFIXES = frozenset({".ipynb", ".py", ".toml"})


def require_place(place: str, inputs: Sequence[Path]) -> None:
    """OutputError, before the work is done, if nothing can be written there, or somebody's work would be replaced.

    inputs: what the export is made from.
    """
    if place == STANDARD_OUTPUT:
        return
    path = Path(place)
    try:
        for each in inputs:
            _require_elsewhere(path, each.resolve())
        if path.exists():
            _require_replaceable(path, inputs)
        if not path.parent.is_dir():
            raise OutputError.at(path, f"cannot be written: there is no folder {path.parent}; make it first")
        if path.resolve() == Path.cwd():
            raise OutputError.at(path, "is the current folder; give the name of a new one, or of a file")
        if path.is_dir() and any(path.iterdir()):
            raise OutputError.at(
                path,
                (
                    "the folder is not empty, so nothing was written into it; remove it, give another"
                    " name, or give a .zip, which may be replaced"
                ),
            )
    except OSError as error:
        raise OutputError.at(path, f"cannot be written: {error.strerror or error}") from error


def _require_elsewhere(path: Path, folder: Path) -> None:
    """OutputError if the file would be taken for one of a class in this folder."""
    above = path.parent.resolve()
    if above in {folder / "reports", folder / "feedback"} and not path.exists():
        raise OutputError.at(path, "this folder is for the grader's own files; give -o another place")
    if above == folder and path.name in _OF_A_CLASS:
        raise OutputError.at(path, "one of the class's own files has this name; give -o another name")


def _require_replaceable(path: Path, inputs: Sequence[Path]) -> None:
    own = path.resolve()
    for each in inputs:
        is_inside = path.is_file() and own.parent in {each.resolve(), each.resolve() / "reports"}
        if own == each.resolve() or (is_inside and path.name != "gradebook.csv"):
            raise OutputError.at(path, "the export is made from this; give -o another name")
    if path.suffix.lower() in _INPUT_SUFFIXES:
        raise OutputError.at(path, f"an export would replace this {path.suffix} file; give -o another name")
    if path.suffix.lower() == ".zip" and path.is_file() and not _is_own_zip(path):
        raise OutputError.at(path, "this .zip is not an export, so it is not replaced; give -o another name")


def _is_own_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == _ZIP_COMMENT
    except zipfile.BadZipFile:
        return False


def write_artifacts(place: str, artifacts: Sequence[Artifact]) -> str:
    """Write them all at once, and say what is there now.

    UsageError for several files where only one can be. OutputError if they cannot be written.
    """
    path = Path(place)
    only = artifacts[0] if len(artifacts) == 1 else None
    is_zip = path.suffix.lower() == ".zip" and (only is None or only.media_type != "application/zip")
    if only is not None and not is_zip and not path.is_dir():
        if place == STANDARD_OUTPUT:
            sys.stdout.buffer.write(only.content)
            sys.stdout.buffer.flush()
        else:
            write_to(path, only.content)
        return place
    if place == STANDARD_OUTPUT:
        raise UsageError(
            f"{formatting.count(len(artifacts), 'file')} cannot go to standard output; give -o a .zip or a folder, or"
            " one student with --student ID"
        )
    suffixes = {PurePosixPath(each.name).suffix for each in artifacts} - {""}
    if path.suffix in suffixes and not path.is_dir():
        raise UsageError(
            f"{formatting.printable(place)}: {formatting.count(len(artifacts), 'file')} cannot be one; give -o a .zip or a"
            " new folder, or one student with --student ID"
        )
    if is_zip:
        write_to(path, _zipped(artifacts))
    else:
        write_folder(path, [(_inside(each), each.content) for each in artifacts])
    return f"{place} ({formatting.count(len(artifacts), 'file')})"


def _zipped(artifacts: Sequence[Artifact]) -> bytes:
    return zipped({_inside(each).as_posix(): Member(each.content) for each in artifacts}, _ZIP_COMMENT)


def _inside(artifact: Artifact) -> PurePosixPath:
    """The path within the folder or .zip; names come from downloads, so no part may lead out."""
    path = PurePosixPath(artifact.name)
    if path.is_absolute() or ".." in path.parts or "\\" in artifact.name or not path.parts:
        raise OutputError(
            f"{formatting.printable(artifact.name)}: not a safe name for a file", path=Path(path)
        )
    return path
