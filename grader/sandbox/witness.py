"""The judge's end of a worker's pipe: the operators that ran, and whether the witnesses in the worker still stand."""

from __future__ import annotations

import os
import re
import secrets
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from grader.sandbox.inside import wire

_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 20
_MOST_NAMES = 10_000
"""Distinct names in one call; torch has about 3,000 operators, so more are a flood made to hide one."""

_NAME = re.compile(
    rb'\n *"id": \d+, "name": "((?:aten::|autograd::engine)[\w.: ]{1,120})", "ctrl_deps"'
    rb"|\n" + wire.NOTE.encode() + rb"([\w.: ]{1,120})(?=\n)"
)
"""An operator in torch's trace, or a note, whose few characters suit any report."""


@dataclass(slots=True, eq=False)
class Witness:
    """Reads what a worker's witnesses write. Everything in it is a claim, but none can be taken back."""

    descriptor: int
    can_trace: bool = False
    """Whether the worker said so before it had any of the student's code."""
    _rest: bytes = b"\n"
    _names: dict[str, None] = field(default_factory=dict)
    _after: dict[str, None] = field(default_factory=dict)
    """Those behind the end of the call."""
    _ends: list[str] = field(default_factory=list)
    _canaries: dict[str, str] | None = None
    _has_begun: bool = False
    _poll: select.poll | None = None

    @classmethod
    def open(cls) -> tuple[Self, int] | None:
        """A witness and the descriptor for its worker; None where descriptors cannot be sent."""
        if not hasattr(select, "poll") or not hasattr(socket, "send_fds"):
            return None
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.fchmod(writing, 0o622)  # torch opens it once more, as the worker's own user
        return cls(reading), writing

    def close(self) -> None:
        os.close(self.descriptor)

    def begin(self, *, is_traced: bool) -> dict[str, str] | None:
        """Forget what was seen before a call; the canaries for it if it can be traced."""
        self.read()
        self._has_begun = True
        for names in (self._names, self._after, self._ends):
            names.clear()
        self._canaries = None
        if is_traced and self.can_trace:
            first, last = secrets.SystemRandom().sample(wire.CANARIES, 2)
            self._canaries = {"first": first, "last": last, "loss": secrets.choice(wire.CANARY_LOSSES)}
        return self._canaries

    def seen(self, request_id: int) -> tuple[str, ...]:
        """The names since `begin`: `aten.mm`, `autograd`, and the word for a witness that was switched off."""
        self.read()
        is_whole = len(self._names) <= _MOST_NAMES
        names = self._names | self._after
        if self._canaries is not None:
            heard = {f"aten::{self._canaries[each]}" for each in ("first", "last")}
            losses = {f"aten::{name}" for name in ("nll_loss_forward", self._canaries["loss"])}
            is_ended = self._ends == [f"{wire.TRACE_ENDS} {request_id}"]
            is_whole &= is_ended and heard <= self._names.keys() and losses <= self._after.keys()
            names = self._names if is_ended else names
        found = dict.fromkeys(map(_said, names))
        if not is_whole:
            found[wire.WITNESS_OFF] = None
        return tuple(found)

    def await_answer(self, connection: socket.socket, remaining: Callable[[], float]) -> None:
        """Read until the worker's answer begins. remaining: raises TimeoutError once the time is up."""
        poll = self._poll or self._polling(connection)
        answering = connection.fileno()
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(max(1, remaining() * 1e3))]
            if answering in ready:
                return
            if ready and not self.read():
                poll.unregister(self.descriptor)

    def _polling(self, connection: socket.socket) -> select.poll:
        self._poll = select.poll()
        for each in (connection.fileno(), self.descriptor):
            self._poll.register(each, select.POLLIN)
        return self._poll

    def read(self) -> bool:
        """Take what is in the pipe; False once no process can write to it."""
        try:
            while chunk := os.read(self.descriptor, _CHUNK):
                self._take(chunk)
        except BlockingIOError:
            return True
        return False

    def _take(self, chunk: bytes) -> None:
        text = self._rest + chunk
        cut = text.rfind(b"\n")
        self._rest = text[cut:] if len(text) - cut < _LONGEST_LINE else b"\n"
        for match in _NAME.finditer(text, 0, cut + 1):
            operator, note = match.groups()
            name = (operator or note).decode("ascii", "replace")
            if not self._has_begun:
                self.can_trace |= name == wire.TRACE_WORKS
            elif note and name.startswith(wire.TRACE_ENDS):
                self._ends.append(name)
            elif len(names := self._after if self._ends else self._names) <= _MOST_NAMES:
                names[name] = None


def _said(name: str) -> str:
    """The name as reports have it; one word for all that a backward pass runs."""
    return wire.AUTOGRAD_RAN if name.startswith("autograd::") else name.replace("::", ".")
