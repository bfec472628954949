"""The kinds of files that are read, the limits on their size, and reading a .zip under those limits."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grader import formatting
from grader.errors import UnsafeArchive, UnsupportedFile

FILE_BYTES = 64 << 20
TOTAL_BYTES = 256 << 20
FILE_COUNT = 2_000
CLASS_COUNT = 500_000
"""Most members in the .zip of a class: what a platform packs for 10,000 students stays far below."""

PATH_BYTES = 1_000
"""Longest path within a submission: Linux takes 4,096 bytes, with the path to the submission."""

_BLOCK_BYTES = 1 << 20
_DIRECTORY_BYTES = 4 << 20
"""Largest table of contents given to zipfile, which reads it all before members can be counted."""

SAVED_BYTES = 64 << 20
"""Largest file of saved weights that is read; a linear classifier's has a quarter of a megabyte."""
SAVED_TOTAL_BYTES, SAVED_COUNT = 128 << 20, 200
"""The most of them together. A folder of data sets lies beside the weights at times: smaller files are read first."""

_LESS = "hand in only the notebook or the modules"

OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
"""Archives that cannot be read: the report of a student with one says so."""

_SUFFIXES = (".ipynb", ".py")
_SAVED_SUFFIXES = (".pt", ".pth", ".npy", ".npz")
_FOREIGN_FOLDERS = frozenset({"__pycache__", "__MACOSX", "venv", "env", "site-packages", "node_modules"})

# LZMA and bzip2 members are refused: file managers do not write them, and an LZMA header may ask for gigabytes.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(RuntimeError, ValueError, OverflowError, LookupError),
)
"""Raised by zipfile for a damaged archive."""


def is_source(name: str) -> bool:
    """Whether a file of this name is a notebook or a module."""
    return name.lower().endswith(_SUFFIXES)


def is_saved(name: str) -> bool:
    """Whether a file of this name holds saved weights, which are read beside notebooks and modules."""
    return name.lower().endswith(_SAVED_SUFFIXES)


def unread_saved(sizes: Mapping[str, int]) -> frozenset[str]:
    """Of files, by name with their sizes, the saved weights that are too large or too many to be read."""
    left_bytes, unread = SAVED_TOTAL_BYTES, set()
    saved = sorted((size, name) for name, size in sizes.items() if is_saved(name))
    for number, (size, name) in enumerate(saved):
        left_bytes -= size
        if size > SAVED_BYTES or left_bytes < 0 or number >= SAVED_COUNT:
            unread.add(name)
    return frozenset(unread)


def is_kept(name: str) -> bool:
    """Whether a file of this name is read."""
    return is_source(name) or is_saved(name)


def is_zip(name: str) -> bool:
    """Whether a file of this name is an archive that can be read."""
    return name.lower().endswith(".zip")


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive, of a kind that can be read or not."""
    return name.lower().endswith((".zip", *OTHER_ARCHIVES))


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of this name is ignored: hidden, a cache or an installed environment."""
    return name.startswith(".") or name in _FOREIGN_FOLDERS


def is_too_long(relative: str) -> bool:
    """Whether a path within a submission is longer than any honest one."""
    return len(relative.encode("utf-8", "surrogatepass")) > PATH_BYTES


def list_class(stream: IO[bytes], path: Path) -> list[tuple[str, str]]:
    """(name, path) of every member of the .zip of a class; the path of a folder ends with /.

    The path says where the member belongs, even where its name must not be unpacked (`/x`, `a/../x`): read_archive
    then refuses it, at the cost of nobody else. UnsupportedFile if `stream` is not a readable zip.
    """
    with _opened(stream, path, is_class=True) as archive:
        members = archive.infolist()
        if len(members) > CLASS_COUNT:
            raise UnsafeArchive.unlike(
                path, f"at most {CLASS_COUNT:,} members", f"{len(members):,}", "split the class"
            )
        found = []
        for member in members:
            name, parts = _named(member)
            inside = [part for part in parts if part != ".." and not re.fullmatch("[A-Za-z]:", part)]
            if inside:
                found.append(
                    ("/".join(parts), "/".join(inside) + "/" * (name.endswith("/") or member.is_dir()))
                )
        return found


def list_archive(stream: IO[bytes], path: Path, is_wanted: Callable[[str], bool]) -> list[str]:
    """Sorted paths of the files in a .zip whose names are wanted. Every member is checked, except for its size.

    Raises as `read_archive` does. Nothing is unpacked.
    """
    with _opened(stream, path) as archive:
        return sorted(_members(archive.infolist(), path, is_wanted))


def read_archive(
    stream: IO[bytes], path: Path, only: Collection[str] | None = None, *, is_class: bool = False
) -> list[tuple[str, bytes]]:
    """(path, content) of each notebook, module and file of weights in a .zip, sorted.

    Every member is checked before any is read. only: read the files with these paths instead. is_class: it is the .zip
    of a class, of which only these members are checked. Raises UnsafeArchive for a member that must not be unpacked,
    UnsupportedFile if `stream` is not a readable zip.
    """
    is_wanted = is_kept if only is None else only.__contains__
    with _opened(stream, path, is_class=is_class) as archive:
        members = archive.infolist()
        if is_class:
            members = [each for each in members if is_wanted("/".join(_named(each)[1]))]
        wanted = _members(members, path, is_wanted, is_class=is_class)
        for name in unread_saved({name: member.file_size for name, member in wanted.items()}):
            del wanted[name]  # without the weights the rest is graded all the same
        for name, member in wanted.items():
            if is_too_long(name):
                raise _unsafe(path, f"has a path of more than {PATH_BYTES:,} bytes; {_LESS}", name)
            if member.file_size > FILE_BYTES:
                raise _too_large(path, name)
        # Members may share bytes, so a small file could take hours to unpack.
        if sum(member.compress_size for member in wanted.values()) > TOTAL_BYTES:
            raise _too_much(path, "packed")
        total = 0
        contents = []
        for name, member in sorted(wanted.items()):
            content = _read_member(archive, member, path, TOTAL_BYTES - total)
            total += len(content)
            contents.append((name, content))
        return contents


@contextmanager
def _opened(stream: IO[bytes], path: Path, *, is_class: bool = False) -> Iterator[zipfile.ZipFile]:
    """The archive; damage that is met while it is open raises UnsupportedFile."""
    _check_directory(stream, path, is_class=is_class)
    try:
        with zipfile.ZipFile(stream) as archive:
            yield archive
    except _BROKEN as error:
        reason = formatting.printable(str(error).split("\n", 1)[0][:120]) or type(error).__name__
        raise UnsupportedFile.unlike(
            path, "a zip archive", f"a damaged one ({reason})", "make it again"
        ) from error


def _members(
    members: Sequence[zipfile.ZipInfo],
    path: Path,
    is_wanted: Callable[[str], bool],
    *,
    is_class: bool = False,
) -> dict[str, zipfile.ZipInfo]:
    """Those of the members whose paths are wanted; UnsafeArchive if any is unsafe."""
    if len(members) > FILE_COUNT:
        raise UnsafeArchive.unlike(path, f"at most {FILE_COUNT:,} members", f"{len(members):,}", _LESS)
    named = ((_checked_name(member, path, is_wanted, is_class=is_class), member) for member in members)
    return {name: member for name, member in named if name is not None}


def _check_directory(stream: IO[bytes], path: Path, *, is_class: bool) -> None:
    """Refuse a file that is not a zip, or whose table of contents is too long, by the record at its end.

    That of a class may be as long as it likes: the instructor got it from the platform.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - (22 + 0xFFFF)))
    tail = stream.read()
    stream.seek(0)
    at = len(tail) - 22
    if tail[-22:-18] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise UnsupportedFile.at(path, "this is not a zip archive; zip the notebook or modules again")
    count, directory_bytes = struct.unpack_from("<HL", tail, at + 10)
    # Only archives far beyond these limits need a 64-bit record.
    is_64_bit = count == 0xFFFF or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07")
    if not is_class and (is_64_bit or directory_bytes > _DIRECTORY_BYTES):
        raise UnsafeArchive.unlike(
            path, f"at most {FILE_COUNT:,} members", "a directory that lists many more", _LESS
        )


def _named(member: zipfile.ZipInfo) -> tuple[str, list[str]]:
    """The member's name in which everything can be seen, and its parts."""
    name = formatting.printable(member.filename.replace("\\", "/"))
    return name, [part for part in name.split("/") if part not in {"", "."}]


def _checked_name(
    member: zipfile.ZipInfo, path: Path, is_wanted: Callable[[str], bool], *, is_class: bool
) -> str | None:
    """The member's path, or None if it is ignored; raises if it is unsafe. is_class: a student may be called venv."""
    name, parts = _named(member)
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        raise _unsafe(
            path,
            "lies outside the archive's folder; expected relative paths without '..', make the zip again",
            name,
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        found = "a symbolic link" if kind == stat.S_IFLNK else "a special file"
        raise _unsafe(path, f"is {found}; expected only files and folders, add the file itself", name)
    relative = "/".join(parts)
    is_ignored = not is_class and any(map(is_passed_over, parts))
    if member.is_dir() or not parts or is_ignored or not is_wanted(relative):
        return None
    is_encrypted = bool(member.flag_bits & 0x1)
    is_unusual = member.compress_type not in _METHODS
    if is_saved(parts[-1]) and (is_encrypted or is_unusual):
        return None
    if is_encrypted:
        raise _unsafe(path, "is encrypted; expected an archive without a password", name)
    if is_unusual:
        raise _unsafe(path, "uses an unusual compression method; expected the usual one (deflate)", name)
    return relative


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, left_bytes: int) -> bytes:
    """The member's bytes, counted as they unpack: its header may lie. Raises one of _BROKEN if it is damaged."""
    # Elsewhere the system may refuse to seek, which would look like a disk error.
    if not 0 <= member.header_offset <= archive.start_dir:
        raise zipfile.BadZipFile("a member lies outside the file")
    content = bytearray()
    with archive.open(member) as unpacked:
        while block := unpacked.read(_BLOCK_BYTES):
            content += block
            if len(content) > FILE_BYTES:
                raise _too_large(path, formatting.printable(member.filename))
            if len(content) > left_bytes:
                raise _too_much(path, "unpacked")
    return bytes(content)


def _unsafe(path: Path, words: str, member: str | None = None) -> UnsafeArchive:
    where = "" if member is None else f"member {member[:200]!r} "
    return UnsafeArchive.at(path, f"{where}{words}")


def _too_much(path: Path, state: str) -> UnsafeArchive:
    limit = f"{TOTAL_BYTES >> 20} MiB of {state} notebooks and modules"
    return UnsafeArchive.unlike(path, f"at most {limit}", "more", _LESS)


def _too_large(path: Path, member: str) -> UnsafeArchive:
    return _unsafe(path, f"unpacks to more than {FILE_BYTES >> 20} MiB; clear the notebook's outputs", member)
