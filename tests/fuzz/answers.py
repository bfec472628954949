"""The bytes of a hostile worker: right answers, damaged in every way."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np

from grader.model.trial import (
    ArrayOutput,
    LabelsOutput,
    NumberOutput,
    Output,
    Scalar,
    SeriesOutput,
    Spy,
    Tensor,
    Trial,
)
from grader.sandbox import decode
from grader.sandbox.inside import wire
from tests.fuzz.mutation import count, mutated_bytes

SPY = Spy(np.array([1.0, 2.0, 3.0]), np.zeros((3, 2, 4)), batch=3, columns=2)
_WX = (Tensor(np.zeros((2, 3))), Tensor(np.zeros(4, np.int64)), Scalar(1.0))
TRIALS = (
    Trial("a loss", "f", _WX, (NumberOutput(), ArrayOutput((2, 3))), echo=(0, 1)),
    Trial("all kinds", "f", _WX, (NumberOutput(), ArrayOutput((2, 3)), LabelsOutput(4), SeriesOutput(5))),
    Trial("a trainer", "f", (SPY,), (SeriesOutput(3),), fetch={"W": ArrayOutput((2, 4))}, method="train"),
    Trial("nothing", "f", (), ()),
    Trial("empty shapes", "f", (), (ArrayOutput((0, 3)), ArrayOutput(()), LabelsOutput(0), SeriesOutput(0))),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A trial, the request's id, and all bytes the worker sends before it closes or falls silent."""

    trial: int
    request_id: int
    stream: bytes
    body: bytes
    kind: int
    is_silent: bool


@cache
def _packing() -> Any:
    """The worker's own packing; its files import each other by bare name."""
    sys.modules.setdefault("wire", wire)
    from grader.sandbox.inside import backends

    sys.modules.setdefault("backends", backends)
    from grader.sandbox.inside import packing

    return packing


def sent(rng: Random) -> Sent:
    """A few answers, damaged."""
    number = rng.randrange(len(TRIALS))
    trial = TRIALS[number]
    request_id = rng.getrandbits(64)
    stream = b""
    body, kind = b"", wire.RETURNED
    for _ in range(rng.choice((1, 1, 1, 2, 4, 6))):
        body, kind = _body(rng, trial)
        stream += _framed(rng, request_id, kind, body)
    if rng.random() < 0.3:
        stream = mutated_bytes(rng, stream)
    if rng.random() < 0.02:
        stream = wire.ANSWER_HEAD.pack(wire.ANSWER_MAGIC, request_id, wire.ASKED, 0) * count(rng, 3000)
    return Sent(number, request_id, stream[:100_000], body, kind, is_silent=rng.random() < 0.002)


def _framed(rng: Random, request_id: int, kind: int, body: bytes) -> bytes:
    length = len(body)
    if rng.random() < 0.1:
        length = rng.choice((0, 1, max(0, length - 1), length + 1, 2**31, 2**32 - 1))
    if rng.random() < 0.03:
        request_id ^= 1 << rng.randrange(64)
    if rng.random() < 0.05:
        kind = rng.randrange(256)
    magic = rng.choice((b"LCG0", b"PK\x03\x04", b"\0\0\0\0")) if rng.random() < 0.02 else wire.ANSWER_MAGIC
    return wire.ANSWER_HEAD.pack(magic, request_id, kind, length) + body


def _body(rng: Random, trial: Trial) -> tuple[bytes, int]:
    kind = rng.choice((wire.RETURNED, wire.RETURNED, wire.RETURNED, wire.RAISED, wire.ASKED, wire.LOADED))
    if kind == wire.RAISED:
        body = (
            _text(rng)
            + _text(rng)
            + struct.pack("<II", rng.getrandbits(rng.choice((2, 32))), rng.getrandbits(32))
        )
    elif kind == wire.LOADED:
        body = b""
    else:
        outputs = decode.spy_outputs(SPY) if kind == wire.ASKED else decode.returned_outputs(trial)
        body = b"".join(_value(rng, output) for output in outputs)
    if rng.random() < 0.4:
        body = mutated_bytes(rng, body)
    return body, kind


def _value(rng: Random, output: Output) -> bytes:
    if rng.random() < 0.15:
        return bytes([wire.OTHER]) + _text(rng)
    described = decode.describe_output(output)
    value: Any
    match output:
        case NumberOutput():
            value = rng.choice((0.5, 3, True, float("nan"), -float("inf"), np.float32(2), np.int8(1), "text"))
        case ArrayOutput(shape=shape):
            value = np.full(
                shape,
                rng.choice((0.0, np.nan, np.inf, 1e300)),
                rng.choice(("f2", "f4", "f8", "g", "i4", "?")),
            )
        case LabelsOutput(count=length):
            value = np.arange(length).astype(rng.choice(("i8", "u1", "u8", "?")))
        case SeriesOutput(capacity=capacity):
            value = [rng.random() for _ in range(rng.choice((0, capacity, capacity + 1, capacity * 3)))]
    return b"".join(
        bytes(memoryview(part).cast("B")) for part in _packing().pack_value(value, described) if len(part)
    )


def _text(rng: Random) -> bytes:
    text = rng.choice(
        ("", "ValueError", "no\x1b[31m\n\0", "é" * 999, "\ud800x", "x" * 5000, "\u202e<script>", "=1+1")
    )
    packed = wire.pack_text(text)
    if rng.random() < 0.2:
        packed = rng.randrange(1 << 16).to_bytes(2, "little") + rng.randbytes(count(rng, 300))
    return packed
