"""Hostile archives and notebooks, made when they are needed: what would be large, broken or not allowed in a repository."""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks.attack import TWINS

WRONG = (TWINS / "wrong.py").read_text(encoding="utf-8")
RIGHT = (TWINS / "right.py").read_text(encoding="utf-8")
NEIGHBOUR = (TWINS / "neighbour.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class HostileHandIn:
    """A file that must gain nothing: one that is refused has no points, one that is read has the wrong function's.

    cheat: what it tries. make: writes it to a path. says: what the words of the report must contain.
    """

    cheat: str
    name: str
    make: Callable[[Path], None]
    says: str
    points: float = 0.0

    def hand_in(self, folder: Path) -> Path:
        """The path of the file, made in that folder."""
        path = folder / self.name
        self.make(path)
        return path


def _zip_of(*members: tuple[str | zipfile.ZipInfo, str | bytes]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)

    return make


def _member(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def _overlapping(path: Path) -> None:
    """Two thousand members that are all the same bytes, 60 MB each once unpacked."""
    _zip_of(("hw.py", b"#" * (60 << 20)))(path)
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start:end]
    names = [f"{number:02x}.py".encode() for number in range(200)]
    entries = [entry[:28] + struct.pack("<H", 5) + entry[30:46] + name for name in names]
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 200, 200, sum(map(len, entries)), start, 0)
    path.write_bytes(content[:start] + b"".join(entries) + tail)


def _flagged(flag: int, method: int = 8) -> Callable[[Path], None]:
    """A member whose header claims an encryption or another way of packing."""

    def make(path: Path) -> None:
        _zip_of(("hw.py", WRONG))(path)
        content = bytearray(path.read_bytes())
        for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            place = content.index(mark) + at
            content[place : place + 4] = struct.pack("<HH", flag, method)
        path.write_bytes(bytes(content))

    return make


def _text(content: str | bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)

    return make


def _notebook(*cells: Any, **fields: Any) -> Callable[[Path], None]:
    return _text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **fields})
    )


def _cell(source: Any, **fields: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": source,
        **fields,
    }


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


_LOOK_ALIKE = ("hw", "h\u200bw", "hw\u00ad", "\ufeffhw", "h\u2066w", "h\u0001w")


def _nested(name: str, depth: int) -> Callable[[Path], None]:
    """A folder with a module, beside folders in one another."""

    def make(path: Path) -> None:
        path.mkdir()
        _text(WRONG)(path / "hw.py")
        here = os.open(path, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir(name, dir_fd=here)
            inner = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(here)

    return make


def _folder_of(*files: tuple[bytes, str]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.mkdir()
        for name, content in files:
            _text(content)(Path(os.fsdecode(os.path.join(os.fsencode(path), name))))  # noqa: PTH118  bytes

    return make


def _long_link(path: Path) -> None:
    path.symlink_to("a" * 3000)


def _link_in(path: Path) -> None:
    path.mkdir()
    _long_link(path / "hw.py")


_OUTSIDE = "lies outside the archive's folder"

# fmt: off
HAND_INS: Mapping[str, HostileHandIn] = {
    # archives
    "climbs out": HostileHandIn("A member is named ../.", "hw.zip", _zip_of(("../left_by_attack.py", WRONG)), _OUTSIDE),
    "climbs out in the middle": HostileHandIn("A member climbs out from below.", "hw.zip", _zip_of(("a/../../left_by_attack.py", WRONG)), _OUTSIDE),
    "climbs out with backslashes": HostileHandIn("A member climbs as on Windows.", "hw.zip", _zip_of(("..\\left_by_attack.py", WRONG)), _OUTSIDE),
    "is absolute": HostileHandIn("A member has an absolute path.", "hw.zip", _zip_of(("/tmp/left_by_attack.py", WRONG)), _OUTSIDE),
    "names a drive": HostileHandIn("A member lies on a drive.", "hw.zip", _zip_of(("C:left_by_attack.py", WRONG)), _OUTSIDE),
    "holds a link": HostileHandIn("A member is a link to a file of the machine.", "hw.zip", _zip_of((_member("hw.py", stat.S_IFLNK | 0o777), "/etc/passwd")), "is a symbolic link"),
    "holds a device": HostileHandIn("A member is a device.", "hw.zip", _zip_of((_member("hw.py", stat.S_IFCHR | 0o666), b"")), "is a special file"),
    "unpacks to 10 GB": HostileHandIn("Members share their bytes.", "hw.zip", _overlapping, "cannot be read|expected at most 256 MiB|damaged"),
    "unpacks to much more": HostileHandIn("A small file unpacks to 65 MiB.", "hw.zip", _zip_of(("hw.py", b"#" * (65 << 20))), "unpacks to more than 64 MiB"),
    "has too many members": HostileHandIn("Three thousand members.", "hw.zip", _zip_of(*((f"{n}.py", "") for n in range(3000))), "expected at most 2,000 members"),
    "is encrypted": HostileHandIn("A member has a password.", "hw.zip", _flagged(1), "is encrypted"),
    "is packed by LZMA": HostileHandIn("A member asks for gigabytes to be unpacked.", "hw.zip", _flagged(0, 14), "unusual compression method"),
    "is no archive": HostileHandIn("A .zip that is not an archive.", "hw.zip", _text("PK, honestly"), "this is not a zip archive"),
    "holds an archive in itself": HostileHandIn("Nothing but another archive.", "hw.zip", _zip_of(("hw.zip", b"PK\5\6" + bytes(18))), "expected a notebook (.ipynb) or a module (.py)"),
    "names one file twice": HostileHandIn("Members of one name but for blanks and case, the right one first.", "hw.zip", _zip_of(("hw.py", (TWINS / "right.py").read_text()), ("hw.py ", WRONG), ("HW.PY", WRONG)), "the one in hw.py is graded, because the one in HW.PY is not written yet", 5.0),
    "names differ in nothing that is seen": HostileHandIn("Right and wrong modules whose names look the same.", "hw.zip", _zip_of(*((f"{name}.py", RIGHT if name == "hw" else WRONG) for name in _LOOK_ALIKE)), "<U+200B>", 5.0),
    "names turn the direction": HostileHandIn("A name that reads as another kind of file.", "hw.zip", _zip_of(("\u202eyp.wh.ipynb", WRONG), ("hw.py", WRONG)), "<U+202E>yp.wh.ipynb"),
    "has a name of formulas": HostileHandIn("A name that is a formula with full-width signs.", "\uff1dcmd|' !A0'.py", _text(WRONG), "svm_loss_naive"),
    "holds thousands of archives": HostileHandIn("Two thousand archives with long names beside a module.", "hw.zip", _zip_of(("hw.py", WRONG), *((f"{number}{'x' * 100}.zip", b"PK") for number in range(1990))), "and 1,985 more were not opened"),
    "holds thousands of broken notebooks": HostileHandIn("Two thousand notebooks that break off, deep in folders.", "hw.zip", _zip_of(("hw.py", WRONG), *((f"{'x' * 200}/{'y' * 200}/{number}.ipynb", "{") for number in range(1990))), "and 1,970 more"),
    "holds thousands of copies": HostileHandIn("A thousand copies of one module.", "hw.zip", _zip_of(*((f"{'x' * 100}/{number}.py", WRONG) for number in range(1000))), "and 995 more; "),
    "names are reserved": HostileHandIn("Members named like devices and like other files' streams.", "hw.zip", _zip_of(("aux.py", WRONG), ("con/nul.py", ""), ("hw.py:stream", ""), ("neighbour.py", NEIGHBOUR)), "", 10.0),
    "has a path of 60,000 bytes": HostileHandIn("A member lies below thirty thousand folders.", "hw.zip", _zip_of(("a/" * 30_000 + "hw.py", WRONG)), "has a path of more than 1,000 bytes"),
    "has a name of 5,000 bytes": HostileHandIn("A member whose name no disk takes.", "hw.zip", _zip_of(("x" * 5_000 + ".py", WRONG)), "has a path of more than 1,000 bytes"),
    # folders
    "is deeper than a path can be": HostileHandIn("Folders in one another, beyond the longest path.", "hw", _nested("d" * 255, 20), "expected paths of at most 1,000 bytes in one submission, found a longer one"),
    "is 600 folders deep": HostileHandIn("Six hundred folders of short names in one another.", "hw", _nested("d", 600), "expected paths of at most 1,000 bytes in one submission, found a longer one"),
    "has the longest name": HostileHandIn("A module with a name of 255 bytes.", "hw", _folder_of((b"x" * 252 + b".py", WRONG), (b"neighbour.py", NEIGHBOUR)), "", 10.0),
    "has names that are no text": HostileHandIn("Modules named by bytes that are no text.", "hw", _folder_of((b"\xff\n\x1b[2J.py", WRONG), (b"neighbour.py", NEIGHBOUR)), "", 10.0),
    "has too many modules": HostileHandIn("Two thousand and one modules.", "hw", _folder_of(*((b"%d.py" % number, "") for number in range(2001))), "expected at most 2,000 notebooks and modules in one submission"),
    "is a folder of a link": HostileHandIn("A folder with nothing but a link to a name that no disk takes.", "hw", _link_in, "expected a notebook (.ipynb) or a module (.py) in this folder"),
    # notebooks
    "is no JSON": HostileHandIn("A notebook that is no JSON.", "hw.ipynb", _text("{'cells': []}"), "hw.ipynb"),
    "is a list": HostileHandIn("A notebook that is a list.", "hw.ipynb", _text("[]"), "hw.ipynb"),
    "is nested": HostileHandIn("A notebook nested a hundred thousand deep.", "hw.ipynb", _text("[" * 100_000), "hw.ipynb"),
    "has a great number": HostileHandIn("A notebook with a number of a million digits.", "hw.ipynb", _text('{"nbformat": ' + "9" * 10**6 + "}"), "hw.ipynb"),
    "has no cells": HostileHandIn("A notebook without cells.", "hw.ipynb", _notebook(cells=None), "svm_loss_naive is not defined in the submission"),
    "has cells of wrong types": HostileHandIn("Cells that are numbers, lists and nothing.", "hw.ipynb", _notebook(1, None, [], "x", _cell(7), _cell(None), _cell([1, None])), "hw.ipynb|is not defined"),
    "has surrogates and NUL": HostileHandIn("A cell of lone surrogates and NUL bytes.", "hw.ipynb", _notebook(_cell("x = '\ud800'\n\0\nsvm_loss_naive = 1")), "svm_loss_naive"),
    "has a cell of a million lines": HostileHandIn("A million lines in one cell.", "hw.ipynb", _notebook(_cell(WRONG), _cell("x = 1\n" * 10**6)), "svm_loss_naive"),
    "has a huge output": HostileHandIn("A cell whose output is 60 MB.", "hw.ipynb", _notebook(_cell(WRONG, outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * (60 << 20)}])), "svm_loss_naive"),
    "has magics": HostileHandIn("Cells of shell commands and magics.", "hw.ipynb", _notebook(_cell("!touch /tmp/left_by_attack_shell"), _cell("%%bash\ntouch /tmp/left_by_attack_shell"), _cell("%run /etc/passwd"), _cell(WRONG)), "svm_loss_naive"),
    "has 150,000 magics": HostileHandIn("A cell of magics without end.", "hw.ipynb", _notebook(_cell(WRONG), _cell("%matplotlib inline\n" * 150_000)), "svm_loss_naive"),
    "has 100,000 cells": HostileHandIn("Cells of magics without end.", "hw.ipynb", _notebook(_cell(WRONG), *[_cell("%%time\n")] * 100_000), "more than 50,000 cells and statements"),
    "defines a function 10,000 times": HostileHandIn("Ten thousand cells with the same function.", "hw.ipynb", _notebook(*[_cell("def svm_loss_naive(W, X, y, reg): return 1")] * 10_000, _cell(WRONG)), "cell 5, line 1 and 9,996 more); the last one is graded"),
    "lacks 5,000 files": HostileHandIn("A function that needs thousands of files which are not there.", "hw.py", _text("".join(f"d{number} = open('{number}').read()\n" for number in range(5000)) + WRONG + f"\ndef svm_loss_naive(W, X, y, reg): return [{','.join(f'd{number}' for number in range(5000))}]\n"), "and 4,981 more"),
    # files
    "is a link": HostileHandIn("A module that is a link to a file of the machine.", "hw.py", _link, "a symbolic link"),
    "is a link to a name of any length": HostileHandIn("A link to a name that no disk takes.", "hw.py", _long_link, "a symbolic link"),
    "is a pipe": HostileHandIn("A module that is a pipe, which nobody writes to.", "hw.py", _pipe, "a named pipe"),
    "is binary": HostileHandIn("A module of bytes that are no text.", "hw.py", _text(bytes(range(256)) * 1000), "svm_loss_naive"),
    "is nested brackets": HostileHandIn("A module of a hundred thousand brackets.", "hw.py", _text("x = " + "(" * 100_000), "svm_loss_naive"),
    "is a long sum": HostileHandIn("A module with a sum of a hundred thousand terms.", "hw.py", _text(WRONG + "\nx = " + "+".join("1" * 100_000)), "svm_loss_naive"),
    "declares an encoding": HostileHandIn("A module in an encoding that runs code or takes for ever.", "hw.py", _text("# coding: unicode_escape\n" + WRONG), "svm_loss_naive"),
    "has another suffix": HostileHandIn("An archive of another kind.", "hw.tar.gz", _text(b"\x1f\x8b"), "expected a notebook (.ipynb), a module (.py)"),
}
# fmt: on
