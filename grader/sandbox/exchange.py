"""One request to a worker and its answers, under one deadline on the judge's clock."""

from __future__ import annotations

import math
import os
import secrets
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.model.observation import (
    Died,
    Instructions,
    Location,
    Raised,
    Refused,
    Returned,
    SpyCall,
    TimedOut,
)
from grader.model.trial import Spy, Trial
from grader.sandbox import decode
from grader.sandbox.inside import wire
from grader.sandbox.launcher import Ending
from grader.sandbox.waiting import Counts, ReadCounts, extension, no_counts, waiting_seconds
from grader.sandbox.witness import Witness

_UNNAMED = "an exception"
_GREATEST_KIND = 80


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's kind and its body, not yet decoded."""

    kind: int
    cursor: wire.Cursor


LocationOf = Callable[[int, int], Location | None]
"""From a chunk and a line in it, as the worker claims them, to the student's own line."""

Ended = TimedOut | Died
"""The worker gave no valid answer and was killed."""

_STOPPED_SECONDS = 0.5
"""A judge that wakes up so much later than it wanted to was stopped itself (Ctrl-Z)."""


@dataclass(slots=True, eq=False)
class Exchange:
    """Sends a request and answers the spy's questions, until the final answer or the deadline."""

    connection: socket.socket
    limit_seconds: float
    """The deadline of the whole exchange."""
    greatest_length: int
    """Bytes that no answer may exceed."""
    end_worker: Callable[[], str]
    """Kills the worker and says how it ended."""
    waited: Callable[[], float] = lambda: 0.0
    """Seconds that the worker had no core so far; they extend the deadline."""
    witness: Witness | None = None
    read_counts: ReadCounts = no_counts
    """The kernel's counts of the worker so far, for the time that its answer took without waiting for a core."""
    request_id: int = field(default_factory=lambda: secrets.randbits(64), init=False)
    _started: float = field(default_factory=time.perf_counter, init=False)
    _finished: float | None = field(default=None, init=False)
    _before: Counts | None = field(default=None, init=False)
    _after: Counts | None = field(default=None, init=False)
    _looked: float = field(default=0.0, init=False)
    """When the time left was last asked for."""
    _due: float = field(default=math.inf, init=False)
    """When it was to be asked for again at the latest."""

    def __post_init__(self) -> None:
        self._before = self.read_counts()

    @property
    def seconds(self) -> float:
        """From the request to the last answer, or until now."""
        return (self._finished or time.perf_counter()) - self._started

    def ask(
        self,
        header: Mapping[str, Any],
        buffers: Sequence[wire.Buffer] = (),
        descriptors: Sequence[int] = (),
    ) -> Answer | Ended:
        """Send the request and wait for the answer; a worker that fails is killed."""
        try:
            self.connection.settimeout(self._remaining())
            request = wire.pack_request({**header, "id": self.request_id}, buffers)
            wire.send_parts(self.connection, request, self._remaining, descriptors)
            return self._receive()
        except TimeoutError:
            self.end_worker()
            return TimedOut(self.limit_seconds)
        except (wire.Closed, OSError):
            return Died(self.end_worker())
        except wire.WireError as error:
            return self._invalid(error)

    def reply(self, asked: Answer, spy: Spy | None, spy_calls: list[SpyCall]) -> Answer | Ended | Refused:
        """Record a call of the spy and send the loss and gradient chosen for this step."""
        step = len(spy_calls)
        if spy is None or step >= len(spy.losses):
            self.end_worker()
            allowed = 0 if spy is None else len(spy.losses)
            return Refused(f"stopped: the loss function was called more than {allowed} times")
        try:
            spy_calls.append(decode.decode_spy_call(asked.cursor, spy))
        except wire.WireError as error:
            return self._invalid(error)
        gradient = np.ascontiguousarray(spy.gradients[step])
        header = {"loss": float(spy.losses[step]), "dtype": gradient.dtype.str, "shape": list(gradient.shape)}
        return self.ask(header, (gradient.data.cast("B"),))

    def raised(self, answer: Answer, location_of: LocationOf) -> Raised | Died:
        """The exception of the student's code, with its location."""
        try:
            kind, message, chunk_number, line = decode.decode_raised(answer.kind, answer.cursor)
        except wire.WireError as error:
            return self._invalid(error)
        # What an exception is called is up to the student: "timed out" would pass for our own word.
        is_name = kind.isidentifier() and len(kind) <= _GREATEST_KIND
        return Raised(kind if is_name else _UNNAMED, message, location_of(chunk_number, line), self.seconds)

    def returned(
        self, answer: Answer, trial: Trial, spy_calls: Sequence[SpyCall], location_of: LocationOf
    ) -> Returned | Died:
        """The values that the call returned."""
        try:
            values, counted, watched = decode.decode_returned(answer.kind, answer.cursor, trial)
        except wire.WireError as error:
            return self._invalid(error)
        given, fetched, echoed = len(trial.outputs), len(trial.fetch), len(trial.echo)
        return Returned(
            values=values[:given],
            seconds=self.seconds,
            waiting_seconds=waiting_seconds(self._before, self._after, self.seconds),
            fetched=dict(zip(trial.fetch, values[given : given + fetched], strict=True)),
            echoes=values[given + fetched : given + fetched + echoed],
            earlier=values[given + fetched + echoed :],
            spy_calls=tuple(spy_calls),
            operators=() if self.witness is None else self.witness.seen(self.request_id),
            instructions=None if counted is None else _instructions(counted, location_of),
            watched=watched,
        )

    def _invalid(self, error: wire.WireError) -> Died:
        self.end_worker()
        return Died(f"it sent an invalid answer: {error}")

    def _remaining(self) -> float:
        now = time.perf_counter()
        if now - self._due > _STOPPED_SECONDS:  # the grader was stopped: a suspended terminal costs no points
            self._started += now - self._looked
        remaining = self.limit_seconds - (now - self._started)
        if remaining <= 0:
            remaining += extension(self.limit_seconds, self.waited())
        if remaining <= 0:
            raise TimeoutError
        self._looked, self._due = now, now + remaining
        return remaining

    def _receive(self) -> Answer:
        if self.witness is not None:
            self.witness.await_answer(self.connection, self._remaining)
        head = wire.receive_exactly(self.connection, wire.ANSWER_HEAD.size, self._remaining)
        kind, length = wire.unpack_head(head, self.request_id)
        if length > self.greatest_length:
            raise wire.WireError("more bytes than the answer can have")
        body = wire.receive_exactly(self.connection, length, self._remaining)
        self._after = self.read_counts()
        self._finished = time.perf_counter()
        return Answer(kind, wire.Cursor(body))


def _instructions(counted: decode.Counted, location_of: LocationOf) -> Instructions:
    lines: Counter[Location] = Counter()
    for chunk_number, line, amount in counted.lines:
        location = location_of(chunk_number, line)
        if location is not None:
            lines[location] += amount
    return Instructions(counted.total, lines, counted.calls, is_whole=counted.is_whole)


def how_it_ended(ending: Ending) -> str:
    """How a worker ended, in words. SIGKILL is left out: it is how we kill workers ourselves."""
    if ending.exceeded is not None:
        return ending.exceeded
    status = ending.status
    if status is None or os.name != "posix":
        return "for an unknown reason"
    if os.WIFSIGNALED(status) and (number := os.WTERMSIG(status)) != signal.SIGKILL:
        has_name = number in set(signal.Signals)  # not a real-time signal
        return f"signal {signal.Signals(number).name if has_name else number}"
    if os.WIFEXITED(status):
        return f"exit code {os.WEXITSTATUS(status)}"
    return "for an unknown reason"
