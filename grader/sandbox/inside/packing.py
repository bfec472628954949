"""Packs the worker's values: the bytes that the judge asked for, or a description of what came instead."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import wire
from backends import Tensor, torch

CHUNK_FILE = "submission:"
"""Code objects of chunk 7 have the file name "submission:7", which leads to the student's own line."""


class Described:
    """An object of ours whose repr is the description that a student reads."""


_TRACEBACK = BaseException.__dict__["__traceback__"]
"""BaseException's own, even if a student's class overrides it."""


no_overrides: Callable[[], contextlib.AbstractContextManager[None]] = (
    contextlib.nullcontext if torch is None else torch._C.DisableTorchFunctionSubclass  # noqa: SLF001  it has no public name
)
"""Inside, subclasses of tensors are read as tensors, whatever their own methods do."""


def pack_result(result: Any, outputs: list[Mapping[str, Any]]) -> list[wire.Buffer]:
    """One value, or a sequence with a value per output; anything else is described once per output."""
    if len(outputs) == 1:
        return pack_value(result, outputs[0])
    if not isinstance(result, tuple | list) or len(result) != len(outputs):
        text = f"missing: the call returned {describe(result)}"
        return [part for _ in outputs for part in _other(text)]
    return [part for value, output in zip(result, outputs, strict=True) for part in pack_value(value, output)]


def _other(text: str) -> list[wire.Buffer]:
    return [bytes([wire.OTHER]), wire.pack_text(text)]


def _tagged(dtype: str, *payload: wire.Buffer) -> list[wire.Buffer]:
    return [bytes([wire.VALUE, wire.DTYPES.index(dtype)]), *payload]


def pack_value(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer]:
    """Tag, dtype code and bytes of a value of the requested kind, or a description."""
    try:
        with no_overrides():
            packed = _PACKERS[output["kind"]](value, output)
    except Exception as error:
        return _other(f"a value that cannot be read ({type_name(error)}: {message_of(error)})")
    return _other(describe(value)) if packed is None else packed


def _pack_number(value: Any, _: Mapping[str, Any]) -> list[wire.Buffer] | None:
    if isinstance(value, bool | int | float):
        number, dtype = float(value), "float" if isinstance(value, float) else "int"
    else:
        shape = _shape(value)
        if shape is None or math.prod(shape) != 1 or (array_and_dtype := as_array(value)) is None:
            return None
        array, dtype = array_and_dtype
        number = float(array.reshape(-1)[0])
    return _tagged(dtype, np.float64(number).tobytes())


def _pack_array(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer] | None:
    """An array of floats or labels."""
    if output["kind"] == "whole":
        value = _listed_labels(value, output)
    if _shape(value) != tuple(output["shape"]) or (array_and_dtype := as_array(value)) is None:
        return None
    array, dtype = array_and_dtype
    if output["kind"] == "labels" and dtype not in wire.INTEGERS:
        return None
    if output["kind"] == "whole" and dtype not in wire.INTEGERS and not _is_whole(array):
        return None
    code = wire.payload_code(output["kind"], dtype)
    return _tagged(dtype, np.ascontiguousarray(array, dtype=code).data)


def _listed_labels(value: Any, output: Mapping[str, Any]) -> Any:
    """A list of as many numbers as labels are asked for, as an array: comparing it with an array gives the same."""
    if not isinstance(value, list | tuple) or (len(value),) != tuple(output["shape"]):
        return value
    return np.array(value) if all(isinstance(each, int | float | np.number) for each in value) else value


def _is_whole(array: Any) -> bool:
    """Whether these floats are all integers that int64 can hold."""
    is_float = array.dtype.kind == "f"
    return is_float and bool(np.all((array == np.floor(array)) & (np.abs(array) < 2.0**53)))


def _pack_series(value: Any, output: Mapping[str, Any]) -> list[wire.Buffer] | None:
    (capacity,) = output["shape"]
    if isinstance(value, list | tuple):
        count, first = len(value), value[:capacity]
        if any(isinstance(item, str | bytes | bytearray) for item in first):
            return None  # float() would read them
    else:
        shape = _shape(value)
        if shape is None or len(shape) != 1 or (array_and_dtype := as_array(value[:capacity])) is None:
            return None
        count, first = shape[0], array_and_dtype[0].tolist()
    numbers = [float(item) for item in first]
    are_tensors = any(isinstance(item, Tensor) for item in first)
    return _tagged(
        "float32" if are_tensors else "float",
        wire.pack_counts(count),
        np.asarray(numbers, dtype="<f8").tobytes(),
    )


_PACKERS: dict[str, Callable[[Any, Mapping[str, Any]], list[wire.Buffer] | None]] = {
    "number": _pack_number,
    "array": _pack_array,
    "labels": _pack_array,
    "whole": _pack_array,
    "series": _pack_series,
}


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a tensor or ndarray, without touching its contents; None for anything else."""
    return tuple(value.shape) if isinstance(value, Tensor | np.ndarray | np.generic) else None


def as_array(value: Any) -> tuple[Any, str] | None:
    """The contents of a tensor or ndarray as an ndarray, with the dtype's name; None for anything else."""
    if isinstance(value, Tensor):
        plain = value.detach().cpu()
        if plain.layout != torch.strided:
            plain = plain.to_dense()
        dtype = str(plain.dtype).removeprefix("torch.")
        if dtype in {"float16", "bfloat16"}:
            plain = plain.to(torch.float32)
        array = plain.resolve_conj().resolve_neg().contiguous().numpy()
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        # By its letter: on some systems long double equals double.
        dtype = "longdouble" if array.dtype.char == "g" else array.dtype.name
    else:
        return None
    return (array, dtype) if dtype in wire.DTYPES else None


def describe(value: Any, depth: int = 2) -> str:
    """Describe a value to the student, and the entries of sequences down to `depth`."""
    try:
        if isinstance(value, Tensor | np.ndarray):
            kind = "a tensor" if isinstance(value, Tensor) else "an array"
            return f"{kind} of shape {tuple(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
        if value is None:
            return "None"
        if issubclass(type(value), Described):
            return repr(value)
        if isinstance(value, tuple | list):
            words = f"a {type_name(value)} of {len(value)}"
            if depth == 0 or not value:
                return words
            inside = ", ".join(describe(item, depth - 1) for item in value[:4])
            return f"{words} ({inside}{', ...' if len(value) > 4 else ''})"
        return f"a value of type {type_name(value)}"
    except BaseException:
        return "a value that cannot be described"


def type_name(value: Any) -> str:
    """The name of a value's class, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def pack_raised(error: BaseException) -> list[wire.Buffer]:
    """An exception's kind and message, and the innermost line of the student's own code; line 0 for none."""
    return [
        wire.pack_text(type_name(error)),
        wire.pack_text(message_of(error)),
        wire.pack_counts(*_place_of(error)),
    ]


def _place_of(error: BaseException) -> tuple[int, int]:
    """Chunk and line; 0, 0 if no frame lies in a chunk, or the student's attributes are invalid."""
    places = [place for name, line in _frames(error) if (place := place_in(name, line)) is not None]
    try:
        if not places and isinstance(error, SyntaxError):
            places = [place_in(error.filename, error.lineno or 1) or (0, 0)]
    except BaseException:
        return 0, 0  # the student's class overrides the attributes
    return places[-1] if places else (0, 0)


def place_in(file_name: Any, line: Any) -> tuple[int, int] | None:
    """Chunk and line from a file name, which any code may claim; None if invalid."""
    if type(file_name) is not str or type(line) is not int or not file_name.startswith(CHUNK_FILE):
        return None
    number = file_name.removeprefix(CHUNK_FILE)
    is_place = number.isascii() and number.isdecimal() and len(number) < 10 and 0 <= line < 1 << 31
    return (int(number), line) if is_place else None


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    traceback = _TRACEBACK.__get__(error)
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno or 0
        traceback = traceback.tb_next


def message_of(error: BaseException) -> str:
    """An exception's message, whatever its own method does."""
    try:
        return str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except BaseException:
        return "(the exception's own message raised)"
