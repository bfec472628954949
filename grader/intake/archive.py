"""Which files of a submission are read, how large they may be, and how a .zip is read into memory under those limits."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grader import formatting
from grader.errors import UnsafeArchive, UnsupportedFile

FILE_BYTES = 64 << 20
TOTAL_BYTES = 256 << 20
FILE_COUNT = 2_000

_BLOCK_BYTES = 1 << 20
_DIRECTORY_BYTES = 4 << 20
"""Greatest table of contents for zipfile, which reads the whole of it before a member can be counted."""

SAVED_BYTES = 8 << 20
"""Greatest file of saved weights that is read; a linear classifier's has a quarter of a megabyte."""

_SUFFIXES = (".ipynb", ".py")
_SAVED_SUFFIXES = (".pt", ".pth")
_FOREIGN_FOLDERS = frozenset({"__pycache__", "__MACOSX", "venv", "env", "site-packages", "node_modules"})

# LZMA and bzip2 members are refused: nobody's file manager writes them, and an LZMA header may ask for gigabytes.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
)
"""zipfile raises any of these for a damaged archive."""


def is_source(name: str) -> bool:
    """Whether a file of this name is a notebook or a module."""
    return name.lower().endswith(_SUFFIXES)


def is_saved(name: str) -> bool:
    """Whether a file of this name holds saved weights, which are read beside notebooks and modules."""
    return name.lower().endswith(_SAVED_SUFFIXES)


def is_kept(name: str) -> bool:
    """Whether a file of this name is read at all."""
    return is_source(name) or is_saved(name)


def is_zip(name: str) -> bool:
    """Whether a file of this name is an archive that can be read."""
    return name.lower().endswith(".zip")


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of this name is not the student's work: hidden, a cache or an installed environment."""
    return name.startswith(".") or name in _FOREIGN_FOLDERS


def list_archive(stream: IO[bytes], path: Path, is_wanted: Callable[[str], bool]) -> list[str]:
    """Sorted paths of the files in a .zip whose names are wanted. Every member is checked, but for its size.

    Raises as `read_archive` does. Nothing is unpacked.
    """
    with _opened(stream, path) as archive:
        return sorted(_members(archive, path, is_wanted))


def read_archive(
    stream: IO[bytes], path: Path, only: Collection[str] | None = None
) -> list[tuple[str, bytes]]:
    """(path, content) of each notebook, module and file of weights in a .zip, sorted; every member is checked before one is read.

    only: read the files with these paths instead. Raises UnsafeArchive for an archive that must not be unpacked,
    UnsupportedFile where `stream` is not a readable zip.
    """
    is_wanted = is_kept if only is None else only.__contains__
    with _opened(stream, path) as archive:
        wanted = _members(archive, path, is_wanted)
        for member in wanted.values():
            if member.file_size > FILE_BYTES:
                raise _too_large(member, path)
        _check_packed_size(wanted.values(), path)
        total = 0
        contents = []
        for name, member in sorted(wanted.items()):
            content = _read_member(archive, member, path, TOTAL_BYTES - total)
            total += len(content)
            contents.append((name, content))
        return contents


@contextmanager
def _opened(stream: IO[bytes], path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; any damage that is met while it is open raises UnsupportedFile."""
    _check_directory(stream, path)
    try:
        with zipfile.ZipFile(stream) as archive:
            yield archive
    except _BROKEN as error:
        raise UnsupportedFile(
            f"{formatting.printable(str(path))}: expected a zip archive, found one that is damaged"
            f" ({_first_line(error)}); make it again",
            path=path,
        ) from error


def _members(
    archive: zipfile.ZipFile, path: Path, is_wanted: Callable[[str], bool]
) -> dict[str, zipfile.ZipInfo]:
    """The members whose paths are wanted; UnsafeArchive where any member is unsafe."""
    members = archive.infolist()
    if len(members) > FILE_COUNT:
        raise UnsafeArchive(
            f"{formatting.printable(str(path))}: expected at most {FILE_COUNT:,} members, found {len(members):,};"
            " hand in the notebook or the modules alone",
            path=path,
        )
    named = ((_checked_name(member, path, is_wanted), member) for member in members)
    return {name: member for name, member in named if name is not None}


def _check_packed_size(members: Iterable[zipfile.ZipInfo], path: Path) -> None:
    """Refuse members that share bytes, so that a small file takes hours to unpack."""
    if sum(member.compress_size for member in members) > TOTAL_BYTES:
        raise UnsafeArchive(
            f"{formatting.printable(str(path))}: expected at most {TOTAL_BYTES >> 20} MiB of packed notebooks and modules, found "
            "more; hand in the notebook or the modules alone",
            path=path,
        )


def _check_directory(stream: IO[bytes], path: Path) -> None:
    """Refuse other files than zips, and a table of contents that takes long to read, by the record at the file's end."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - (22 + 0xFFFF)))
    tail = stream.read()
    stream.seek(0)
    at = len(tail) - 22
    if tail[-22:-18] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise UnsupportedFile(
            f"{formatting.printable(str(path))}: expected a zip archive, found something else; "
            "make a .zip of the notebook or the modules",
            path=path,
        )
    count, directory_bytes = (
        struct.unpack_from("<H", tail, at + 10)[0],
        struct.unpack_from("<L", tail, at + 12)[0],
    )
    # 0xFFFF and 0xFFFFFFFF defer to a 64-bit record, which only archives far beyond these limits need.
    if (
        directory_bytes > _DIRECTORY_BYTES
        or count == 0xFFFF
        or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07")
    ):
        raise UnsafeArchive(
            f"{formatting.printable(str(path))}: expected at most {FILE_COUNT:,} members, found a table of contents for many "
            "more; hand in the notebook or the modules alone",
            path=path,
        )


def _checked_name(member: zipfile.ZipInfo, path: Path, is_wanted: Callable[[str], bool]) -> str | None:
    """The member's path, or None where it is passed over; raises where it is unsafe."""
    name = formatting.printable(member.filename.replace("\\", "/"))
    parts = [part for part in name.split("/") if part not in {"", "."}]
    where = _where(member, path)
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        raise UnsafeArchive(
            f"{where} lies outside the archive's folder; expected relative paths without '..', make the zip again",
            path=path,
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        found = "a symbolic link" if kind == stat.S_IFLNK else "a special file"
        raise UnsafeArchive(
            f"{where} is {found}; expected files and folders only, put the file itself in", path=path
        )
    relative = "/".join(parts)
    if member.is_dir() or not parts or any(map(is_passed_over, parts)) or not is_wanted(relative):
        return None
    if is_saved(parts[-1]) and not _is_plain(member):
        return None
    if member.flag_bits & 0x1:
        raise UnsafeArchive(f"{where} is encrypted; expected an archive without a password", path=path)
    if member.compress_type not in _METHODS:
        raise UnsafeArchive(
            f"{where} is compressed in an uncommon way; expected the ordinary method (deflate)", path=path
        )
    return relative


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Whether saved weights can be unpacked; without them the rest of the submission is still graded."""
    is_open = not member.flag_bits & 0x1 and member.compress_type in _METHODS
    return is_open and member.file_size <= SAVED_BYTES


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """The member's bytes as they unpack, a little at a time; damage raises one of _BROKEN."""
    # Elsewhere the system may refuse to seek, which would read like a fault of the disk.
    if not 0 <= member.header_offset <= archive.start_dir:
        raise zipfile.BadZipFile("a member lies outside the file")
    if member.compress_type not in _METHODS:
        raise NotImplementedError("a member is compressed in an uncommon way")
    return archive.open(member)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, left_bytes: int) -> bytes:
    """The member's bytes, counted as they come out: its header may claim anything."""
    content = bytearray()
    with _open_member(archive, member) as unpacked:
        while block := unpacked.read(_BLOCK_BYTES):
            content += block
            if len(content) > FILE_BYTES:
                raise _too_large(member, path)
            if len(content) > left_bytes:
                raise UnsafeArchive(
                    f"{formatting.printable(str(path))}: expected at most {TOTAL_BYTES >> 20} MiB of notebooks and modules once "
                    "unpacked, found more; hand in the notebook or the modules alone",
                    path=path,
                )
    return bytes(content)


def _where(member: zipfile.ZipInfo, path: Path) -> str:
    name = formatting.printable(member.filename.replace("\\", "/"))
    return f"{formatting.printable(str(path))}: member {name[:200]!r}"


def _too_large(member: zipfile.ZipInfo, path: Path) -> UnsafeArchive:
    return UnsafeArchive(
        f"{_where(member, path)} unpacks to more than {FILE_BYTES >> 20} MiB; expected less, clear the notebook's"
        " outputs",
        path=path,
    )


def _first_line(error: BaseException) -> str:
    return formatting.printable(str(error).split("\n", 1)[0][:120]) or type(error).__name__
