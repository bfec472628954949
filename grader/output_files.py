"""Files that are written whole or not at all, and read only if they are files."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path, PurePath

from grader import formatting
from grader.errors import OutputError
from grader.sandbox import interruption

HALF = ".*.????????.part"
"""The names of files that were being written when their process was killed."""


def write_atomically(path: Path, text: str | bytes) -> None:
    """Replace a file at once: a reader sees the old one or the new one, and a crash loses neither. Ctrl-C waits for it.

    Whatever else is in its place, such as a link or a pipe of somebody who shares the folder, is not written to but replaced;
    a device is neither. For a path that the user names there is `write_to`.
    Raises OutputError if it cannot be written: no folder, no permission, no space.
    """
    content = text.encode() if isinstance(text, str) else text
    try:
        with interruption.deferred():
            _replace(path, content)
    except OSError as error:
        raise not_written(path, error) from error


def write_to(path: Path, text: str | bytes) -> None:
    """As `write_atomically`, but what is not a regular file (/dev/stdout, a named pipe) is written to, not replaced."""
    if path.is_file() or not path.exists():
        write_atomically(path, text)
        return
    try:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    except OSError as error:
        raise not_written(path, error) from error


def read_own(path: Path) -> str:
    """The text of a file in the output folder. OSError if it cannot be read, and for a pipe, which could keep us waiting."""
    return io.TextIOWrapper(io.BytesIO(read_own_bytes(path)), encoding="utf-8").read()


def read_own_bytes(path: Path) -> bytes:
    """The bytes of a file in the output folder. Raises as `read_own` does."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise OSError(errno.EINVAL, "it is not a file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _replace(path: Path, content: bytes) -> None:
    if path.is_char_device() or path.is_block_device():  # root could: a machine without /dev/null breaks down
        raise OSError(errno.EINVAL, "it is a device")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")  # HALF
    try:
        _write_new(temporary, content)
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # after a replacement there is nothing left to remove
            temporary.unlink()


def _write_new(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_folder(path: Path, files: Iterable[tuple[PurePath, bytes]]) -> None:
    """Make a folder of these files that is there whole, or not at all. An empty one may be in its place.

    Raises OutputError as `write_atomically` does, if the folder is not empty, and if two files have one name.
    """
    place = path.resolve()  # a folder cannot take a link's place
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        with interruption.deferred():
            for name, content in files:
                file = temporary / name
                file.parent.mkdir(parents=True, exist_ok=True)
                _write_new(file, content)
            temporary.replace(place)
    except OSError as error:
        raise OutputError.at(path, f"cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(temporary)


def not_written(path: Path, error: OSError) -> OutputError:
    """The sentence for a file that the operating system refuses."""
    reason = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        above = next(
            (each for each in (path, *path.parents) if each.exists() and not each.is_dir()), path.parent
        )
        reason = f"{above} is not a folder"
    return OutputError(formatting.printable(f"{path}: cannot be written: {reason}"), path=path)
