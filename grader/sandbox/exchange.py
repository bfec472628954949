"""One request to a worker and its answers, under one deadline on the judge's clock."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Answer:
    """The head and body of what a worker sent, not yet read."""

    kind: int
    cursor: wire.Cursor


PlaceOf = Callable[[int, int], Location | None]
"""From the numbers of a chunk and a line in it, which are claims, to the student's own line."""

Ended = TimedOut | Died
"""The worker gave no answer and was ended for it."""


GREATEST_EXTENSION = 3.0
"""Times the deadline that it may be put off: threads of a function's own can keep one another from the cores too."""


def _never_waits() -> float:
    return 0.0


class Exchange:
    """Asks, and answers the spy's questions, until the worker's last word or the deadline.

    seconds: deadline of the whole. greatest_length: bytes that no answer can exceed.
    end_worker: kills the worker and says how it ended. waited: seconds that the worker had no core to run on, by which
    the deadline is put off.
    """

    def __init__(
        self,
        connection: socket.socket,
        seconds: float,
        greatest_length: int,
        end_worker: Callable[[], str],
        waited: Callable[[], float] = _never_waits,
    ) -> None:
        self._connection = connection
        self._limit = seconds
        self._greatest_length = greatest_length
        self._end_worker = end_worker
        self._waited = waited
        self._request_id = secrets.randbits(64)
        self._started = time.perf_counter()
        self._finished: float | None = None

    @property
    def seconds(self) -> float:
        """From the request to the last answer, or to now."""
        return (self._finished or time.perf_counter()) - self._started

    def ask(
        self,
        header: Mapping[str, Any],
        buffers: Sequence[wire.Buffer] = (),
        descriptors: Sequence[int] = (),
    ) -> Answer | Ended:
        """Send the request and wait for the answer; a worker that fails is ended."""
        try:
            self._connection.settimeout(self._remaining())
            request = wire.pack_request({**header, "id": self._request_id}, buffers)
            wire.send_parts(self._connection, request, self._remaining, descriptors)
            return self._receive()
        except TimeoutError:
            self._end_worker()
            return TimedOut(self._limit)
        except wire.Closed:
            return Died(self._end_worker())
        except wire.WireError as error:
            return self._nonsense(error)
        except OSError:
            return Died(self._end_worker())

    def reply(self, asked: Answer, spy: Spy | None, spy_calls: list[SpyCall]) -> Answer | Ended | Refused:
        """Record a call of the spy and answer it with what the judge chose for this step."""
        step = len(spy_calls)
        if spy is None or step >= len(spy.losses):
            self._end_worker()
            allowed = 0 if spy is None else len(spy.losses)
            return Refused(f"broken off: the loss function was called more than {allowed} times")
        try:
            spy_calls.append(decode.decode_spy_call(asked.cursor, spy))
        except wire.WireError as error:
            return self._nonsense(error)
        gradient = np.ascontiguousarray(spy.gradients[step])
        header = {"loss": float(spy.losses[step]), "dtype": gradient.dtype.str, "shape": list(gradient.shape)}
        return self.ask(header, (gradient.data.cast("B"),))

    def raised(self, answer: Answer, place_of: PlaceOf) -> Raised | Died:
        """What the student's code raised, and where."""
        try:
            kind, message, chunk_number, line = decode.decode_raised(answer.kind, answer.cursor)
        except wire.WireError as error:
            return self._nonsense(error)
        return Raised(kind, message, place_of(chunk_number, line), self.seconds)

    def returned(
        self, answer: Answer, trial: Trial, spy_calls: Sequence[SpyCall], place_of: PlaceOf
    ) -> Returned | Died:
        """The values that the call gave."""
        try:
            values, operators, counted = decode.decode_returned(answer.kind, answer.cursor, trial)
        except wire.WireError as error:
            return self._nonsense(error)
        given, fetched, echoed = len(trial.outputs), len(trial.fetch), len(trial.echo)
        return Returned(
            values=values[:given],
            seconds=self.seconds,
            fetched=dict(zip(trial.fetch, values[given : given + fetched], strict=True)),
            echoes=values[given + fetched : given + fetched + echoed],
            earlier=values[given + fetched + echoed :],
            spy_calls=tuple(spy_calls),
            operators=operators,
            instructions=None if counted is None else _instructions(counted, place_of),
        )

    def _nonsense(self, error: wire.WireError) -> Died:
        self._end_worker()
        return Died(f"it sent what is no answer: {error}")

    def _remaining(self) -> float:
        remaining = self._limit - (time.perf_counter() - self._started)
        if remaining <= 0:
            remaining += min(self._waited(), GREATEST_EXTENSION * self._limit)
        if remaining <= 0:
            raise TimeoutError
        return remaining

    def _receive(self) -> Answer:
        head = self._receive_exactly(wire.ANSWER_HEAD.size)
        kind, length = wire.unpack_head(head, self._request_id)
        if length > self._greatest_length:
            raise wire.WireError("more bytes than the answer can have")
        body = self._receive_exactly(length)
        self._finished = time.perf_counter()
        return Answer(kind, wire.Cursor(body))

    def _receive_exactly(self, length: int) -> bytearray:
        """As wire.receive_exactly, with the deadline on the whole and not on each read."""
        received = bytearray(length)
        view = memoryview(received)
        while view.nbytes:
            self._connection.settimeout(self._remaining())
            try:
                count = self._connection.recv_into(view)
            except TimeoutError:
                continue  # unless nothing remains by now
            if not count:
                raise wire.Closed
            view = view[count:]
        return received


def _instructions(counted: decode.Counted, place_of: PlaceOf) -> Instructions:
    lines: dict[Location, int] = {}
    for chunk_number, line, amount in counted.lines:
        place = place_of(chunk_number, line)
        if place is not None:
            lines[place] = lines.get(place, 0) + amount
    return Instructions(counted.total, lines, counted.calls)


def how_it_ended(ending: Ending) -> str:
    """The end of a worker in words. One that we killed ourselves says SIGKILL, which is then no news."""
    if ending.exceeded is not None:
        return ending.exceeded
    status = ending.status
    if status is None or os.name != "posix":
        return "for a reason unknown"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        return f"signal {_signal_name(os.WTERMSIG(status))}"
    if os.WIFEXITED(status):
        return f"exit code {os.WEXITSTATUS(status)}"
    return "for a reason unknown"


def _signal_name(number: int) -> str:
    """SIGSEGV for 11; the number itself for a real-time signal, which has no name of its own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
