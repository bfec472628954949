"""The bytes between judge and worker: frames, and the codes of the values in them. Standard library only.

Judge to worker: a trusted request. `<II` lengths, then a JSON header, then the raw bytes of its tensors, each
padded to ALIGNMENT.

Worker to judge: an untrusted answer. A fixed head (magic, request id, kind, length), then a body whose
greatest length the judge knows beforehand. Values are a tag, a dtype code and raw little-endian bytes of a
size that the judge stated in its request; everything else is text with a cap. Nothing in an answer is JSON, a
pickle or code.
"""

from __future__ import annotations

import json
import socket
import struct
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Buffer = bytes | bytearray | memoryview

ALIGNMENT = 16
TEXT_CAP = 2000
"""The most UTF-8 bytes of one text in an answer."""

NAME_CAP = 100
"""The most ASCII characters in the name of a library call."""

GREATEST_LINES = GREATEST_CALLS = 64
"""The most lines, and library calls, in an answer to a counted call."""

AUTOGRAD_RAN = "autograd"
"""Among the operators of a call if a backward pass ran."""

NOTE, TRACE_WORKS, TRACE_ENDS = "@", "trace works", "trace ends"
"""Begins a line of the pipe that is ours; notes that a worker can trace calls, and that a traced one has ended."""

CALLED = "called"
"""Among the operators of a call if the function that follows ran, which should not be called."""

WITNESS_OFF = "witness off"
"""Among the operators of a call if something was done that keeps them from being seen; its name may follow."""

LIBRARIES = frozenset(
    {"autograd", "chainer", "cuml", "cvxopt", "cvxpy", "fastai", "flax", "jax", "keras", "lightgbm"}
    | {
        "lightning",
        "mxnet",
        "optax",
        "paddle",
        "pytorch_lightning",
        "scipy",
        "sklearn",
        "skorch",
        "statsmodels",
    }
    | {"tensorflow", "theano", "thundersvm", "tinygrad", "torchmetrics", "xgboost"}
)
"""Libraries that fit models or differentiate, at least in part."""

CANARIES = ("digamma", "erfc", "expm1", "frac", "i0", "rsqrt", "sinc", "trunc")
CANARY_LOSSES = (
    *("binary_cross_entropy", "cross_entropy_loss", "hinge_embedding_loss", "kl_div", "multi_margin_loss"),
    "soft_margin_loss",
)
"""Operators that run beside a traced call, to be missed where a witness was switched off."""

DRAWN_STEPS, LARGEST_STEPS, LATEST_STEPS = 16, 6, 6
MOST_STEPS = DRAWN_STEPS + LARGEST_STEPS + LATEST_STEPS + 2
"""Of a watched training that are kept, with the first and the last: a W from elsewhere comes in a large step, or there."""

MOST_BATCHES, MOST_ROWS = 4, 10_000
"""Of one step: a trainer may call the loss twice with the same W, to print it."""

TORCH_WANTED = 83
"""Exit code of a worker without torch in which something imported it."""

GREATEST_DESCRIPTORS = 8
"""The most descriptors of shared memory with one request."""

SOCKET_BUFFER_BYTES = 1 << 20

REQUEST_HEAD = struct.Struct("<II")
ANSWER_HEAD = struct.Struct("<4sQBI")
ANSWER_MAGIC = b"LCG1"

LOADED, RETURNED, RAISED, ASKED = range(1, 5)
"""Kinds of answer: request done; call returned; code raised; the spy was called and waits for its reply."""

VALUE, OTHER = range(2)
"""Tags of a value: bytes of the requested kind, or a description of what came instead."""

_FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool")
DTYPES = (*_FLOATS, *INTEGERS, "float", "int", "longdouble")
"""The student's dtypes by code; "float" and "int" are Python's."""


class WireError(Exception):
    """Raised when the other side sent an invalid frame, or (Closed) closed the wire."""


class Closed(WireError):
    """Raised when the other side closed the wire."""


def payload_code(kind: str, dtype: str) -> str:
    """NumPy's code for the bytes in which a value of this kind and the student's dtype travels."""
    if kind in {"labels", "whole"}:
        return "<i8"
    return "<f4" if kind == "array" and dtype in {"float32", "float16", "bfloat16"} else "<f8"


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def pack_request(header: dict[str, Any], buffers: Sequence[Buffer] = ()) -> list[Buffer]:
    """The parts of a request, ready for `send_parts`; no buffer is copied."""
    text = _ENCODER.encode(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    parts: list[Buffer] = [b"", text]
    total = 0
    for buffer in buffers:
        view = memoryview(buffer).cast("B") if len(buffer) else memoryview(b"")
        parts.append(view)
        padding = -len(view) % ALIGNMENT
        if padding:
            parts.append(bytes(padding))
        total += len(view) + padding
    parts[0] = REQUEST_HEAD.pack(len(text), total)
    return parts


def pack_answer(request_id: int, kind: int, body: Sequence[Buffer]) -> list[Buffer]:
    """The parts of an answer, ready for `send_parts`."""
    length = sum(memoryview(part).nbytes for part in body)
    return [ANSWER_HEAD.pack(ANSWER_MAGIC, request_id, kind, length), *body]


def send_parts(
    connection: socket.socket,
    parts: Iterable[Buffer],
    remaining: Callable[[], float] | None = None,
    descriptors: Sequence[int] = (),
) -> None:
    """Send all parts in as few system calls as the socket takes, and descriptors with the first byte.

    remaining: called before each system call for the seconds left for the whole; raises TimeoutError if there
    are none. Without it the socket's timeout bounds each call, so a slow reader may prolong the whole.
    """
    views = [view for view in (memoryview(part).cast("B") for part in parts if len(part)) if view.nbytes]
    if not hasattr(connection, "sendmsg"):  # Windows
        connection.sendall(b"".join(views))
        return
    while views:
        if remaining is not None:
            connection.settimeout(remaining())
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))] if descriptors else []
        sent = connection.sendmsg(views[:64], rights)
        descriptors = ()
        while views and sent >= views[0].nbytes:
            sent -= views[0].nbytes
            del views[0]
        if sent:
            views[0] = views[0][sent:]


def receive_exactly(
    connection: socket.socket, length: int, remaining: Callable[[], float] | None = None
) -> bytearray:
    """Read `length` bytes; Closed when the other side closes first. remaining: as for `send_parts`."""
    received = bytearray(length)
    view = memoryview(received)
    while view.nbytes:
        if remaining is not None:
            connection.settimeout(remaining())
        try:
            count = connection.recv_into(view)
        except TimeoutError:
            if remaining is None:
                raise
            continue  # `remaining` raises once the deadline has passed
        if not count:
            raise Closed
        view = view[count:]
    return received


def receive_request(
    connection: socket.socket, descriptors: list[int] | None = None
) -> tuple[dict[str, Any], bytearray]:
    """The worker's side: the next request's header and payload. descriptors: receives those with it."""
    head = b""
    if descriptors is not None and hasattr(socket, "recv_fds"):
        head, received, _, _ = socket.recv_fds(connection, REQUEST_HEAD.size, GREATEST_DESCRIPTORS)
        descriptors += received
        if not head:
            raise Closed
    head += receive_exactly(connection, REQUEST_HEAD.size - len(head))
    header_length, payload_length = REQUEST_HEAD.unpack(head)
    header: dict[str, Any] = json.loads(receive_exactly(connection, header_length))
    return header, receive_exactly(connection, payload_length)


def unpack_head(head: Buffer, request_id: int) -> tuple[int, int]:
    """Kind and length from an answer's head; WireError if it answers another request."""
    magic, answered_id, kind, length = ANSWER_HEAD.unpack(head)
    if magic != ANSWER_MAGIC or answered_id != request_id:
        raise WireError("an unknown header")
    return kind, length


def clip(text: str) -> bytes:
    """UTF-8 of `text`, at most TEXT_CAP bytes, never half a character; lone surrogates become '?'."""
    # By str's own method: a student's subclass may override it.
    encoded = str.__getitem__(text, slice(TEXT_CAP)).encode("utf-8", "replace")
    return encoded[:TEXT_CAP].decode("utf-8", "ignore").encode()


def pack_text(text: str) -> bytes:
    """A text, preceded by its length."""
    encoded = clip(text)
    return struct.pack("<H", len(encoded)) + encoded


def pack_name(name: str) -> bytes:
    """The name of a library call, as a text."""
    return pack_text(name.encode("ascii", "replace").decode()[:NAME_CAP])


def pack_counts(*counts: int) -> bytes:
    """Unsigned 32-bit numbers; a greater one becomes the greatest."""
    return b"".join(min(count, 0xFFFFFFFF).to_bytes(4, "little") for count in counts)


class Cursor:
    """Reads the fields of an answer's body in order; WireError at the first invalid one."""

    def __init__(self, body: Buffer) -> None:
        self._view = memoryview(body)
        self._at = 0

    def take(self, length: int) -> memoryview:
        """The next `length` bytes."""
        if length < 0 or self._at + length > self._view.nbytes:
            raise WireError("the answer is too short")
        part = self._view[self._at : self._at + length]
        self._at += length
        return part

    def byte(self) -> int:
        return self.take(1)[0]

    def count(self) -> int:
        """The next unsigned 32-bit number."""
        return int.from_bytes(self.take(4), "little")

    def text(self) -> str:
        """The next text: at most TEXT_CAP bytes, on one line, with control characters as spaces."""
        length = int.from_bytes(self.take(2), "little")
        if length > TEXT_CAP:
            raise WireError("a text is too long")
        text = bytes(self.take(length)).decode("utf-8", "replace")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())

    def dtype(self) -> str:
        code = self.byte()
        if code >= len(DTYPES):
            raise WireError("an unknown dtype")
        return DTYPES[code]

    def end(self) -> None:
        """WireError if bytes are left."""
        if self._at != self._view.nbytes:
            raise WireError("the answer is too long")
