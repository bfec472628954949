"""The batch files in a .tar.gz: read in one pass, in memory, and never unpacked to disk."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from grader import formatting
from grader.errors import DataError

UNPACKED_BYTES = 512 << 20
"""The real archives unpack to 178 MiB."""

MEMBERS = 1_000
_GZIP = b"\x1f\x8b"
_DAMAGED = (
    *(tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError),
    *(ValueError, LookupError, OverflowError, RecursionError),
)
"""Raised by gzip and tarfile for invalid data."""


class _Bounded:
    """A stream that raises DataError after more bytes than an archive of CIFAR-10 holds."""

    def __init__(self, stream: gzip.GzipFile, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._left = UNPACKED_BYTES

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise DataError.unlike(
                self._path,
                "an archive of CIFAR-10",
                f"one that unpacks to more than {UNPACKED_BYTES >> 20} MiB",
                "use the published one",
            )
        return content


def is_gzip(path: Path) -> bool:
    """Whether the file starts like a .gz; OSError if it cannot be read."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def md5_of(path: Path) -> str:
    """MD5 of the packed bytes, as it is published for the archives. OSError if the file cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def folder_in(path: Path, folders: Collection[str]) -> str | None:
    """The first of these folders that the archive has a member in; reads no further.

    Raises DataError if the archive is damaged or unpacks to too much, OSError if it cannot be read.
    """
    with _members(path) as (_, members):
        for member in members:
            for part in PurePosixPath(member.name).parts:
                if part in folders:
                    return part
    return None


def files_in(
    path: Path, folder: str, names: Collection[str], limit_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each plain file FOLDER/NAME in the archive, at any depth, in the archive's order.

    Links, sparse and special files are skipped, and so is a second member of the same name. Raises DataError for a
    damaged archive, for a file of more than limit_bytes, and for too much in all; OSError if it cannot be read.
    """
    wanted = set(names)
    with _members(path) as (archive, members):
        for member in members:
            parts = PurePosixPath(member.name).parts
            is_plain = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and not member.issparse()
            if not is_plain or parts[-2:-1] != (folder,) or parts[-1] not in wanted:
                continue
            wanted.remove(parts[-1])
            if member.size > limit_bytes:
                raise DataError.at(
                    path,
                    f"{parts[-1]}: expected at most {limit_bytes:,} bytes, found {member.size:,};"
                    " use the published archive",
                )
            content = archive.extractfile(member)
            assert content is not None, "a plain file has contents"
            yield parts[-1], content.read()
            if not wanted:
                return


@contextmanager
def _members(path: Path) -> Iterator[tuple[tarfile.TarFile, Iterator[tarfile.TarInfo]]]:
    """The archive as a stream, and its members one by one. Errors in it are raised as DataError."""
    try:
        with (
            path.open("rb") as packed,
            gzip.GzipFile(fileobj=packed, mode="rb") as unpacked,
            tarfile.open(fileobj=cast("IO[bytes]", _Bounded(unpacked, path)), mode="r|") as archive,
        ):
            yield archive, _counted(archive, path)
    except _DAMAGED as error:
        reason = formatting.printable(str(error))[:120] or type(error).__name__
        raise DataError.unlike(
            path, "a .tar.gz", f"one that is damaged or ends early ({reason})", "download it again"
        ) from error


def _counted(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    for number, member in enumerate(archive):
        if number == MEMBERS:
            raise DataError.unlike(
                path, "an archive of CIFAR-10", f"more than {MEMBERS:,} members", "use the published one"
            )
        archive.members = []  # type: ignore[attr-defined]  # a stream is read once: keep no member
        yield member
