"""One batch file of CIFAR-10's python version, unpickled without running anything that the file names."""

from __future__ import annotations

import io
import pickle
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader import formatting
from grader.data.images import IMAGE_BYTES
from grader.errors import DataError

_MEMO = 1 << 20
"""Greatest memo index: the unpickler allocates room for all below it, and a real file has 60,000 objects."""

# fmt: off
_INSTRUCTIONS = frozenset({
    "PROTO", "FRAME", "STOP", "MARK",
    "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG1",
    "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES",
    "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS",
    "EMPTY_LIST", "LIST", "APPEND", "APPENDS",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET",
    "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD",
})
# fmt: on
"""All that dicts, lists, tuples, numbers, strings and NumPy arrays need, by pickletools' names."""


class _NotNeededError(Exception):
    """The pickle uses something that no CIFAR-10 file needs; the text names it."""


class _PickledDtype:
    """A pickled dtype, without making a NumPy one."""

    def __init__(self, code: bytes | str, *_: object) -> None:
        self.code = code.decode("ascii", "replace") if isinstance(code, bytes) else str(code)

    def __setstate__(self, state: object) -> None:
        """Byte order and fields: a dtype of single bytes has neither."""


class _PickledArray:
    """The state of a pickled array, without making a NumPy one."""

    state: object = ()

    def __init__(self, *_: object) -> None:
        """Empty, like the array that numpy's _reconstruct returns; its state follows."""

    def __setstate__(self, state: object) -> None:
        self.state = state


def _encode(text: str, encoding: str) -> bytes:
    """Replaces _codecs.encode, by which Python 3 writes bytes into a pickle for Python 2."""
    if encoding != "latin1":
        raise _NotNeededError(f"the encoding {formatting.printable(str(encoding))[:40]}")
    return text.encode("latin-1")


_KNOWN = {
    "numpy.core.multiarray._reconstruct": _PickledArray,
    "numpy._core.multiarray._reconstruct": _PickledArray,
    "numpy.ndarray": _PickledArray,
    "numpy.dtype": _PickledDtype,
    "_codecs.encode": _encode,
}

_DAMAGED = (
    *(pickle.UnpicklingError, ValueError, TypeError, LookupError, AttributeError, EOFError),
    *(OverflowError, MemoryError, RecursionError),
)
"""Raised by the unpickler for an incomplete or invalid pickle."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        full = f"{module}.{name}"
        if full not in _KNOWN:
            raise _NotNeededError(formatting.printable(full)[:80])
        return _KNOWN[full]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One file's images, uint8 (N, 3072), and labels, int64 (N,), unchecked: labels may be out of range."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def read_pickle(content: bytes, file: Path, count: int) -> Batch:
    """The batch in a pickle of a dict with data (count, 3072) and labels, as Python 2 or 3 wrote it.

    Nothing in the file is called: its names are looked up in a table of five. Raises DataError for any other name,
    for a damaged file, and for other contents.
    """
    try:
        _check_instructions(content)
        found = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except _NotNeededError as error:
        raise DataError.at(
            file,
            f"this pickle uses {error}, which no CIFAR-10 file needs; nothing in it was run."
            " Use the files of the published archive",
        ) from error
    except _DAMAGED as error:
        raise DataError.at(
            file,
            "expected a pickle of CIFAR-10, found a damaged one or something else; unpack the archive again",
        ) from error
    try:
        return Batch(_images(found, count), _labels(found, count))
    except ValueError as error:
        raise DataError.at(file, f"{error}; unpack the archive again") from error


def _check_instructions(content: bytes) -> None:
    """Walk the pickle without building anything. _NotNeededError for an instruction that builds more than data."""
    for instruction, argument, _ in pickletools.genops(content):
        if instruction.name not in _INSTRUCTIONS:
            raise _NotNeededError(f"the instruction {instruction.name}")
        if instruction.name.endswith("PUT") and not 0 <= (index := int(argument or 0)) < _MEMO:
            raise _NotNeededError(f"{index:,} objects")


def _entry(found: object, name: str) -> object:
    """The value under a key of text or of bytes, which is how Python 3 sees the text of Python 2."""
    if not isinstance(found, dict):
        raise ValueError(f"expected a dict, found {type(found).__name__}")  # noqa: TRY004  one error for all contents
    if name.encode() in found:
        return found[name.encode()]
    if name in found:
        return found[name]
    raise ValueError(f"expected a dict with data and labels, found one without {name}")


def _images(found: object, count: int) -> NDArray[np.uint8]:
    data = _entry(found, "data")
    expected = (count, IMAGE_BYTES)
    match data.state if isinstance(data, _PickledArray) else None:
        case None:
            seen = type(data).__name__
        case (_, _, _PickledDtype(code=code), _, _) if code.lstrip("|") != "u1":
            seen = f"an array of dtype {code[:20]}"
        case (_, shape, _PickledDtype(), _, _) if shape != expected:
            seen = f"an array of shape {repr(shape)[:60]}"
        case (_, _, _PickledDtype(), is_fortran, bytes(raw)):
            if len(raw) == count * IMAGE_BYTES:
                return np.frombuffer(raw, np.uint8).reshape(expected, order="F" if is_fortran else "C")
            seen = f"{len(raw):,} bytes"
        case _:
            seen = "an array without contents"
    seen = formatting.printable(seen)
    raise ValueError(f"expected data to be a uint8 array of shape {expected}, found {seen}")


def _labels(found: object, count: int) -> NDArray[np.int64]:
    labels = _entry(found, "labels")
    if not isinstance(labels, list) or not all(isinstance(each, int) for each in labels):
        raise ValueError("expected labels to be a list of whole numbers, found something else")
    if len(labels) != count:
        raise ValueError(f"expected {count:,} labels, found {len(labels):,}")
    # Numbers too large for int64 are out of range too, so their value does not matter.
    return np.array([max(-1, min(each, 1 << 32)) for each in labels], dtype=np.int64)
