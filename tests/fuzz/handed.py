"""Submissions on disk, of a student or a class: files, zips and folders with every kind of damage."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz import corpus
from tests.fuzz.mutation import count, mutated_bytes
from tests.fuzz.sources import content_of, module

_NAMES = (
    *("hw.py", "hw.ipynb", "a/b.py", "a/b.ipynb", "data.npy", "HW.PY", "x.zip", "jane_doe_123.zip", "a/x.zip", "a.rar", "b/"),
    *("../x.py", "a/../../x.py", "/etc/x.py", "C:\\x.py", "..\\x.py", "./x.py", "a//b.py", "x.py/", "__MACOSX/x.py", ".x.py"),
    *("con.py", "é.py", "e\u0301.py", "\u202e.py", "x\0y.py", "x\ny.py", "=cmd().py", "<b>.py", "\ufffd.py", "x" * 300 + ".py"),
    *("a/" * 60 + "x.py", " .py", "..py", ".py", "x.py ", "hw.PY", "Hw.py", "", "aux", "a", "a.py/b.py", "x?.py", "*.ipynb"),
)  # fmt: skip

_DISK_NAMES: tuple[bytes, ...] = (
    *(b"hw.py", b"hw.ipynb", b"hw.zip", b"a", b"a.ipynb", b"b.zip", b"\xff\xfe.py", b"x\ny.py", b" .py", b"\xed\xa0\x80.py"),
    *(b".hidden.py", b"venv", b"notes.txt", b"data.npy", b"x" * 240 + b".py", "é.py".encode(), "e\u0301.py".encode(), b"-.py"),
    *(b"con.py", b"$(x).py", b"'.py", b"HW.PY", b"x.tar.gz", b"x.rar", b".py", b"..py", b"hw", b"\x7f.zip", b"a.zip.zip"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handed:
    """Files by their raw relative paths; None for a folder, a Path for a link, an int for a special file."""

    name: bytes
    entries: tuple[tuple[bytes, bytes | str | int | None], ...]

    def lay(self, folder: Path) -> Path:
        """Write it below the folder; names that the disk does not take are left out."""
        for relative, content in self.entries:
            path = os.path.join(os.fsencode(folder), relative)  # noqa: PTH118  bytes, which Path does not take
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
                if content is None:
                    os.makedirs(path, exist_ok=True)  # noqa: PTH103
                elif isinstance(content, str):
                    os.symlink(os.fsencode(content), path)  # noqa: PTH211
                elif isinstance(content, int):
                    os.mkfifo(path)
                else:
                    with open(path, "xb") as stream:  # noqa: PTH123
                        stream.write(content)
            except (OSError, ValueError):
                continue
        return folder / os.fsdecode(self.name)


def handed(rng: Random) -> Handed:
    """A file, a .zip or a folder."""
    kind = rng.random()
    if kind < 0.2:
        name = rng.choice(_DISK_NAMES)
        return Handed(name, ((name, _content(rng, os.fsdecode(name))),))
    if kind < 0.75:
        name = rng.choice((b"hw.zip", b"class.zip", b"\xff.ZIP", b"x.py.zip"))
        return Handed(name, ((name, damaged_zip(rng)),))
    entries: list[tuple[bytes, bytes | str | int | None]] = [(b"folder", None)]
    for _ in range(count(rng, 12)):
        parts = [rng.choice(_DISK_NAMES) for _ in range(rng.choice((1, 1, 1, 2, 3, 20)))]
        content = rng.choice((0, "../x", "/etc/passwd", "hw.py", None)) if rng.random() < 0.2 else b""
        entries.append(
            (
                b"/".join((b"folder", *parts)),
                content if content != b"" else _content(rng, os.fsdecode(parts[-1])),
            )
        )
    return Handed(b"folder", tuple(entries))


def _content(rng: Random, name: str) -> bytes:
    if name.lower().endswith(".zip"):
        return damaged_zip(rng)
    if rng.random() < 0.3:
        return rng.randbytes(count(rng, 300))
    if rng.random() < 0.5:
        return b"x = 1\n"
    return content_of(rng, name) if name.endswith(".ipynb") else module(rng)


def damaged_zip(rng: Random, depth: int = 0) -> bytes:
    """A zip, whole or with bytes and fields changed."""
    content = rng.choice(corpus.archives()) if rng.random() < 0.1 else _zip(rng, depth)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        content = rng.choice(_DAMAGES)(rng, content)
    return content


def _zip(rng: Random, depth: int) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # names that stand twice
        members = 2100 if depth == 0 and rng.random() < 0.003 else count(rng, 12 if depth == 0 else 4)
        for _ in range(members):
            member = zipfile.ZipInfo(rng.choice(_NAMES))
            method = rng.choice((0, 8, 8, 8, 8, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
            kind = rng.choice((0, stat.S_IFREG, stat.S_IFREG, stat.S_IFREG, stat.S_IFDIR))
            if rng.random() < 0.02:
                kind = rng.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK))
            member.external_attr = (kind | 0o644) << 16
            member.comment = rng.randbytes(rng.choice((0, 0, 5)))
            if rng.random() < 0.1:
                member.extra = rng.choice(
                    (b"", struct.pack("<HHQQQ", 1, 24, 2**63, 5, 2**62), b"\x75\x70\x05\x00\x01abcd", b"xx")
                )
            try:
                archive.writestr(
                    member, _member_content(rng, member.filename, depth if members < 100 else 9), method
                )
            except (struct.error, ValueError, RuntimeError):
                continue
        archive.comment = rng.randbytes(rng.choice((0, 0, 0, 30)))
    return stream.getvalue()


def _member_content(rng: Random, name: str, depth: int) -> bytes:
    if depth > 2:
        return b"x = 1\n"
    if rng.random() < 0.01:
        return bytes(count(rng, 8 << 20 if depth == 0 else 1 << 16))
    if depth == 0 and rng.random() < 0.0003:
        return bytes(65 << 20)
    if name.endswith(".zip") and depth < 2:
        return damaged_zip(rng, depth + 1)
    return rng.choice((b"", b"x = 1\n", rng.choice(corpus.WRITTEN).encode(), rng.choice(corpus.notebooks())))


def _field(rng: Random, content: bytes) -> bytes:
    """A field of a header, of the central directory or of its end, set to a value at some edge."""
    mark, offsets = rng.choice(
        (
            (b"PK\x01\x02", ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4))),
            (b"PK\x03\x04", ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))),
            (b"PK\x05\x06", ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2))),
        )
    )  # fmt: skip
    places = (
        [at for at in range(len(content)) if content.startswith(mark, at)]
        if len(content) < 20_000
        else [content.rfind(mark)]
    )
    if not places or places[0] < 0:
        return content
    offset, size = rng.choice(offsets)
    at = rng.choice(places) + offset
    value = rng.choice((0, 1, 2, 8, 9, 0x801, 0xFFFF, 0xFFFF_FFFF, len(content), rng.getrandbits(32))) % (
        1 << 8 * size
    )
    return content[:at] + value.to_bytes(size, "little") + content[at + size :]


def _encrypted(rng: Random, content: bytes) -> bytes:
    at = content.rfind(b"PK\x01\x02")
    return content if at < 0 else content[: at + 8] + b"\x01\x00" + content[at + 10 :]


def _sixty_four(rng: Random, content: bytes) -> bytes:
    """A record for large archives before the end of the directory."""
    at = content.rfind(b"PK\x05\x06")
    values = [rng.choice((0, 1, 50, 2**32, 2**63, 2**64 - 1)) for _ in range(4)]
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *values)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, rng.choice((max(at, 0), 2**63)), 1)
    return content[:at] + record + locator + content[at:]


def _doubled(rng: Random, content: bytes) -> bytes:
    return rng.choice(
        (content + content, b"junk" * count(rng, 100) + content, content + b"\0" * count(rng, 70_000))
    )


def _cut(rng: Random, content: bytes) -> bytes:
    at = content.rfind(b"PK\x01\x02")
    return content[
        : rng.choice((max(at, 0), len(content) - 1, max(len(content) - 22, 0), rng.randint(0, len(content))))
    ]


_DAMAGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_field, _field, _field, _field, _encrypted, _sixty_four, _doubled, _cut),
    mutated_bytes,
)
