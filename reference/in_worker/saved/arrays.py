"""Reads arrays from a file that np.save or np.savez wrote, and calls nothing that a pickle in it names.

A pickle is unpickled into records of what it says about arrays and dtypes. NumPy sees a dtype, a shape and bytes only after
they have been found to fit together.
"""

import ast
import io
import math
import pickle
import pickletools
import re
import zipfile
from typing import Any

import numpy as np

GREATEST_BYTES = 64 << 20
GREATEST_ARRAYS = 8
GREATEST_AXES = 4
GREATEST_HEADER = 10_000
GREATEST_INSTRUCTIONS = 50_000
"""A dict of four arrays takes about a hundred."""

CODE = re.compile(r"([<>|=]?)([fiu])(1|2|4|8|16)")

# fmt: off
INSTRUCTIONS = frozenset({
    "PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP",
    "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "LIST", "APPEND", "APPENDS",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET",
    "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD",
})
# fmt: on
"""All that dicts, lists, tuples, numbers, texts and arrays need, by pickletools' names."""

MULTIARRAY = ("numpy._core.multiarray", "numpy.core.multiarray")
NUMERIC = ("numpy._core.numeric", "numpy.core.numeric")
"""Of NumPy 2 and of NumPy 1."""


class _Dtype:
    """A dtype as a pickle states it."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode("ascii", "replace") if isinstance(code, bytes) else str(code)[:40]
        self.order = ""

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]


class _Array:
    """An array as a file states it: its dtype, shape, order and bytes. Nothing here is checked yet."""

    def __init__(self, state: Any = None) -> None:
        self.__setstate__(state)

    def __setstate__(self, state: Any) -> None:
        self.dtype: Any = None
        self.shape: Any = None
        self.raw: Any = None
        self.is_fortran: Any = False
        if isinstance(state, tuple) and len(state) == 5:
            _, self.shape, self.dtype, self.is_fortran, self.raw = state

    @property
    def code(self) -> str:
        """The dtype's code, such as <f8."""
        if isinstance(self.dtype, _Dtype):
            return self.dtype.order + self.dtype.code.lstrip("<>|=")
        return self.dtype if isinstance(self.dtype, str) else "structured"

    @property
    def is_of_objects(self) -> bool:
        return self.code.lstrip("<>|=").startswith("O")

    def array(self, name: str) -> Any:
        """The real array, float64. Raises LookupError for another dtype, ValueError if shape and bytes do not fit."""
        code = CODE.fullmatch(self.code)
        if code is None:
            raise LookupError(
                f"an array of dtype {self.code[:20]} under {name!r}, where numbers are expected"
            )
        shape = self.checked_shape
        order, kind, size = code.groups()
        size = int(size)
        if not isinstance(self.raw, bytes | bytearray) or len(self.raw) != math.prod(shape) * size:
            raise ValueError("an array with too few bytes, or too many")
        numbers = np.frombuffer(self.raw, np.dtype(f"{order or '='}{kind}{size}".replace("|", "=")))
        with np.errstate(all="ignore"):
            numbers = numbers.astype(np.float64)
        return numbers.reshape(shape, order="F" if self.is_fortran is True else "C")

    @property
    def checked_shape(self) -> tuple[int, ...]:
        shape = self.shape
        if not isinstance(shape, tuple) or len(shape) > GREATEST_AXES:
            raise LookupError(f"an array with more than {GREATEST_AXES} axes")
        if not all(type(each) is int and 0 <= each <= GREATEST_BYTES for each in shape):
            raise ValueError("an array with an impossible shape")
        return shape


class _Mark:
    """The class numpy.ndarray, which a pickle names as an argument and has no reason to call."""

    def __init__(self, *_: Any) -> None:
        raise ValueError("numpy.ndarray is called")


class _Unpickler(pickle.Unpickler):
    """Finds records of ours under the names that arrays need, and nothing under any other."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.arrays = 0

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == ("numpy", "ndarray"):
            return _Mark
        if (module, name) == ("numpy", "dtype"):
            return _Dtype
        if module in MULTIARRAY and name == "_reconstruct":
            return self.made
        if module in MULTIARRAY and name == "scalar":
            return _Scalar
        if module in NUMERIC and name == "_frombuffer":
            return self.made_from_buffer
        raise LookupError(
            f"a pickle that names {ascii(f'{module}.{name}'[:80])[1:-1]}; only arrays are read, and nothing in it was run"
        )

    def made(self, *_: Any) -> _Array:
        self.arrays += 1
        if self.arrays > GREATEST_ARRAYS + 1:  # with the one of objects around the dict
            raise LookupError(f"more than {GREATEST_ARRAYS} arrays")
        return _Array()

    def made_from_buffer(
        self, raw: Any, dtype: Any, shape: Any, order: Any = "C", axes: Any = None
    ) -> _Array:
        found = self.made()
        if axes is not None or order not in ("C", "F"):
            raise ValueError("an array in an unusual order")
        found.__setstate__((1, shape, dtype, order == "F", raw))  # as a pickle of another protocol would
        return found


class _Scalar:
    """A single number of NumPy's: an accuracy or a rate that was saved beside the weights."""

    def __init__(self, *_: Any) -> None:
        pass


_KINDS = {_Array: "an array", _Scalar: "a single number"}


def _unpickled(content: bytes) -> Any:
    for count, (instruction, argument, _) in enumerate(pickletools.genops(content)):
        if instruction.name not in INSTRUCTIONS or count > GREATEST_INSTRUCTIONS:
            raise LookupError(
                f"more than arrays (the pickle's instruction {instruction.name}); nothing in it was run"
            )
        if instruction.name.endswith("PUT") and not 0 <= int(argument or 0) <= GREATEST_INSTRUCTIONS:
            raise ValueError("a memo beyond all objects")
    return _Unpickler(io.BytesIO(content)).load()


def _of_objects(content: bytes) -> Any:
    """The one value in a pickled array of objects, or the value that was pickled without an array around it."""
    found = _unpickled(content)
    if isinstance(found, _Array) and found.is_of_objects:
        if not isinstance(found.raw, list) or len(found.raw) != 1:
            raise LookupError("an array of objects that is not one dict")
        return found.raw[0]
    return found


def _npy(content: bytes) -> Any:
    """The _Array or the value that a .npy file holds."""
    if not content.startswith(b"\x93NUMPY") or len(content) < 12:
        return _of_objects(content)
    wide = 2 if content[6] == 1 else 4
    start = 8 + wide
    length = int.from_bytes(content[8:start], "little")
    if content[6] not in (1, 2, 3) or length > GREATEST_HEADER:
        raise ValueError("a header of another format")
    header = ast.literal_eval(content[start : start + length].decode("latin-1").strip())
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("a header of another format")
    body = content[start + length :]
    descr = header["descr"]
    found = _Array((1, header["shape"], descr, header["fortran_order"], body))
    if not isinstance(descr, str):
        raise LookupError("a structured array, not a dict of arrays")  # noqa: TRY004  one error for all contents
    return _of_objects(body) if found.is_of_objects else found


def _npz(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > GREATEST_ARRAYS:
            raise LookupError(f"more than {GREATEST_ARRAYS} arrays")
        if sum(member.file_size for member in members) > GREATEST_BYTES:
            raise LookupError(f"more than {GREATEST_BYTES >> 20} MiB of arrays")
        found = {}
        for member in members:
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("an unusual compression method")
            with archive.open(member) as stream:
                found[member.filename.removesuffix(".npy")] = _npy(stream.read(GREATEST_BYTES))
    return found["arr_0"] if found.keys() == {"arr_0"} else found


def _wanted(content: Any, names: Any) -> list[Any]:
    """The arrays of these names. Raises LookupError, in words that follow "holds", if the file has other contents."""
    wanted = names.tobytes().decode().split()
    raw = content.tobytes()
    found = _npz(raw) if raw.startswith(b"PK\x03\x04") else _npy(raw)
    if isinstance(found, _Array) and len(wanted) == 1 and not found.is_of_objects:
        found = {wanted[0]: found}
    if not isinstance(found, dict):
        kind = _KINDS.get(type(found), f"a value of type {type(found).__name__}")
        raise LookupError(f"{kind}, not a dict of arrays")  # noqa: TRY004  one error for all contents
    if not all(isinstance(key, str) for key in found):
        raise LookupError("a dict with a key that is not a string")
    if any(isinstance(each, _Array) and each.is_of_objects for each in found.values()):
        raise LookupError("an array of objects in its dict, where numbers are expected")
    for name in wanted:
        if name not in found:
            keys = ", ".join(ascii(key[:40]) for key in list(found)[:5])
            raise LookupError(f"a dict without the key {name!r} (it has {keys or 'none'})")
        if not isinstance(found[name], _Array):
            kind = _KINDS.get(type(found[name]), f"a value of type {type(found[name]).__name__}")
            raise LookupError(f"{kind} under {name!r}, not an array")  # noqa: TRY004  one error for all contents
    return [found[name].array(name) for name in wanted]


def npy_shapes(content: Any, names: Any) -> list[int]:
    """The number of axes of each array and their lengths, one array after the other.

    content: the file's bytes, uint8 (N,). names: of the arrays in its dict, separated by spaces, uint8 (M,).
    """
    return [number for array in _wanted(content, names) for number in (array.ndim, *array.shape)]


def npy_arrays(content: Any, names: Any) -> Any:
    """The arrays, float64: one of them, or a tuple."""
    found = tuple(_wanted(content, names))
    return found if len(found) > 1 else found[0]
