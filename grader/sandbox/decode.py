"""Decodes answers for the judge: bytes in, values out, every size known in advance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from grader.model.observation import Received, SpyCall, Step, Unexpected, Value, Watched
from grader.model.trial import (
    Array,
    ArrayOutput,
    LabelsOutput,
    NumberOutput,
    Output,
    SeriesOutput,
    Spy,
    Tensor,
    Trial,
    Watch,
)
from grader.sandbox.inside import wire


def describe_output(output: Output) -> dict[str, object]:
    """An output's kind and shape, for the worker."""
    kind, shape = _kind_and_shape(output)
    return {"kind": kind, "shape": list(shape)}


def _kind_and_shape(output: Output) -> tuple[str, tuple[int, ...]]:
    match output:
        case NumberOutput():
            return "number", ()
        case ArrayOutput(shape=shape):
            return "array", shape
        case LabelsOutput(count=count, may_be_floats=may_be_floats):
            return "whole" if may_be_floats else "labels", (count,)
        case SeriesOutput(capacity=capacity):
            return "series", (capacity,)


def echo_outputs(trial: Trial) -> tuple[Output, ...]:
    """The outputs that bring arguments back."""
    echoes: list[Output] = []
    for position in trial.echo:
        argument = trial.positional[position]
        if not isinstance(argument, Tensor):
            raise TypeError(f"only tensors can be echoed (position {position} is {argument!r})")
        is_labels = argument.array.dtype.kind == "i"
        echoes.append(LabelsOutput(argument.array.size) if is_labels else ArrayOutput(argument.array.shape))
    return tuple(echoes)


def spy_outputs(spy: Spy) -> tuple[Output, ...]:
    """The values of one call of the spy: W, X, y and reg."""
    _, *weight_shape = spy.gradients.shape
    X = ArrayOutput((spy.batch, spy.columns))
    return ArrayOutput(tuple(weight_shape)), X, LabelsOutput(spy.batch), NumberOutput()


def returned_outputs(trial: Trial) -> tuple[Output, ...]:
    """Every value in the body of a returned answer, in order."""
    earlier = trial.outputs if trial.is_again else ()
    return (*trial.outputs, *trial.fetch.values(), *echo_outputs(trial), *earlier)


GREATEST_RAISED = 2 * (2 + wire.TEXT_CAP) + 8
_GREATEST_COUNT = 12 + wire.GREATEST_LINES * 12 + wire.GREATEST_CALLS * (6 + wire.NAME_CAP)


class Counted(NamedTuple):
    """The instructions of a counted call, and how often it called libraries."""

    total: int
    lines: tuple[tuple[int, int, int], ...]
    """Chunk, line and instructions of the busiest lines."""
    calls: Mapping[str, int]


def greatest_length(trial: Trial, spy: Spy | None) -> int:
    """The most bytes that an answer to this trial can have."""
    bodies = [returned_outputs(trial)] + ([] if spy is None else [spy_outputs(spy)])
    lengths = [sum(map(_greatest_value, body)) for body in bodies]
    beside = 0 if trial.watch is None else _greatest_watched(trial.watch)
    beside += _GREATEST_COUNT if trial.is_counted else 0
    return max(GREATEST_RAISED, *lengths) + beside


def _greatest_watched(watch: Watch) -> int:
    one = 4 * math.prod(watch.shape) * 2 + 4 * (wire.MOST_BATCHES + wire.MOST_ROWS * _told_columns(watch)) + 5
    return 8 + wire.MOST_STEPS * one


def _told_columns(watch: Watch) -> int:
    return len(range(0, watch.shape[0], watch.stride))


def _greatest_value(output: Output) -> int:
    kind, shape = _kind_and_shape(output)
    payload = 8 * math.prod(shape) + (4 if kind == "series" else 0)
    return 2 + max(payload, 2 + wire.TEXT_CAP)


def decode_values(cursor: wire.Cursor, outputs: tuple[Output, ...]) -> tuple[Value, ...]:
    """Read one value per output. WireError when the bytes do not fit."""
    return tuple(_decode_value(cursor, output) for output in outputs)


def decode_spy_call(cursor: wire.Cursor, spy: Spy) -> SpyCall:
    """Read the arguments that the trainer passed to the spy."""
    values = decode_values(cursor, spy_outputs(spy))
    cursor.end()
    return SpyCall(*values)


def decode_returned(
    kind: int, cursor: wire.Cursor, trial: Trial
) -> tuple[tuple[Value, ...], Counted | None, Watched | None]:
    """Read the values of a call that returned, as `returned_outputs` lists them, counts and steps."""
    if kind != wire.RETURNED:
        raise wire.WireError("an unknown kind of answer")
    values = decode_values(cursor, returned_outputs(trial))
    counted = _decode_counted(cursor) if trial.is_counted else None
    watched = None if trial.watch is None else _decode_watched(cursor, trial.watch)
    cursor.end()
    return values, counted, watched


def _decode_watched(cursor: wire.Cursor, watch: Watch) -> Watched:
    calls = cursor.count()
    count = _at_most(wire.MOST_STEPS, "steps", cursor)
    return Watched(calls, tuple(_decode_step(cursor, watch) for _ in range(count)))


def _decode_step(cursor: wire.Cursor, watch: Watch) -> Step:
    before = _floats(cursor, watch.shape)
    after = _floats(cursor, watch.shape) if cursor.byte() else None
    rows = [
        _at_most(wire.MOST_ROWS, "rows", cursor)
        for _ in range(_at_most(wire.MOST_BATCHES, "batches", cursor))
    ]
    if sum(rows) > wire.MOST_ROWS:
        raise wire.WireError("too many rows")
    return Step(before, after, tuple(_floats(cursor, (count, _told_columns(watch))) for count in rows))


def _floats(cursor: wire.Cursor, shape: tuple[int, int]) -> Array:
    return np.frombuffer(cursor.take(4 * math.prod(shape)), "<f4").reshape(shape)


def _decode_counted(cursor: wire.Cursor) -> Counted:
    total = cursor.count()
    count = _at_most(wire.GREATEST_LINES, "lines", cursor)
    lines = tuple((cursor.count(), cursor.count(), cursor.count()) for _ in range(count))
    count = _at_most(wire.GREATEST_CALLS, "calls", cursor)
    return Counted(total, lines, {_name(cursor): cursor.count() for _ in range(count)})


def _at_most(greatest: int, things: str, cursor: wire.Cursor) -> int:
    count = cursor.count()
    if count > greatest:
        raise wire.WireError(f"too many {things}")
    return count


def _name(cursor: wire.Cursor) -> str:
    name = cursor.text()
    if len(name) > wire.NAME_CAP:
        raise wire.WireError("a name is too long")
    return name


def decode_raised(kind: int, cursor: wire.Cursor) -> tuple[str, str, int, int]:
    """Read an exception: its kind and message, and the chunk and line it claims to come from."""
    if kind != wire.RAISED:
        raise wire.WireError("an unknown kind of answer")
    words = cursor.text(), cursor.text(), cursor.count(), cursor.count()
    cursor.end()
    return words


def _decode_value(cursor: wire.Cursor, output: Output) -> Value:
    tag = cursor.byte()
    if tag == wire.OTHER:
        return Unexpected(cursor.text())
    if tag != wire.VALUE:
        raise wire.WireError("an unknown tag")
    dtype = cursor.dtype()
    kind, shape = _kind_and_shape(output)
    if kind == "series":
        length, (capacity,) = cursor.count(), shape
        if length > capacity:
            cursor.take(8 * capacity)
            return Unexpected(f"a list of {length} numbers")
        shape = (length,)
    code = np.dtype(wire.payload_code(kind, dtype))
    taken = cursor.take(math.prod(shape) * code.itemsize)
    return Received(np.frombuffer(taken, code).reshape(shape), dtype)
