"""Files by name, and the archive made of them: the same bytes from the same files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_COMMENT = b"made by grader package"
"""In each package, so that only packages are replaced by one."""

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first time that a .zip can hold."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive."""

    content: bytes
    is_program: bool = False

    @property
    def mode(self) -> int:
        """Readable by its owner; by others too, since a platform may unpack it as another user."""
        return 0o100755 if self.is_program else 0o100644


Members = Mapping[str, Member]
"""By path in the archive, with / between its parts."""


def text(content: str, *, is_program: bool = False) -> Member:
    """A text file."""
    return Member(content.encode(), is_program=is_program)


def is_package(path: Path) -> bool:
    """Whether this file is an earlier package."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == _COMMENT
    except zipfile.BadZipFile:
        return False


def packed(members: Members) -> bytes:
    """A package."""
    return zipped(members, comment=_COMMENT)


def zipped(members: Members, comment: bytes = b"") -> bytes:
    """The archive as bytes: sorted by name, without times, so that equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
        for name, member in sorted(members.items()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3  # Unix, on any system: it holds the mode
            entry.external_attr = member.mode << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.content)
    return buffer.getvalue()
