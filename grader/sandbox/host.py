"""The judge's side of the sandbox: hands a submission's code to a worker, makes calls, brings back observations.

A call that never returns, a process that ends and bytes that are no answer cost that call only: the worker is killed
and a fresh one serves the rest. The clock is the judge's.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np

from grader.extract import Extracted, ExtractedFunction
from grader.observation import Died, Missing, Observation, Place, Raised, Refused, Returned, SpyCall, TimedOut
from grader.sandbox import decode, wire
from grader.sandbox.launch import DEFAULT_MEMORY_BYTES, Launcher, WorkerProcess, make_launcher
from grader.trial import Argument, Array, Scalar, Spy, Tensor, Trial


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds on one submission, all on the judge's clock or in bytes; the spec sets them.

    load_seconds: executing what one function needs. function_seconds: all calls of one function together.
    deaths: how often the process may end in one function's calls before it is called no more.
    """

    load_seconds: float = 20.0
    function_seconds: float = 120.0
    deaths: int = 2
    memory_bytes: int = DEFAULT_MEMORY_BYTES


class Sandbox:
    """Workers for one submission after another. A context manager; ends the launcher with itself."""

    def __init__(self, launcher: Launcher | None = None) -> None:
        self.launcher: Launcher = launcher or make_launcher()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.launcher.close()

    def session(self, extracted: Extracted, budget: Budget, *, redirect_cuda: bool) -> Session:
        """A session for one submission; close it when the submission is done."""
        self.launcher.prepare(budget.memory_bytes)
        return Session(self.launcher, extracted, budget, redirect_cuda=redirect_cuda)


@dataclass(slots=True)
class _Account:
    """What one function has cost so far, and why it is called no more."""

    seconds: float = 0.0
    deaths: int = 0
    refusal: str | None = None
    load_failure: Observation | None = None


@dataclass(slots=True)
class _LiveWorker:
    process: WorkerProcess
    loaded: set[str] = field(default_factory=set)


class Session:
    """Runs trials on one submission."""

    def __init__(self, launcher: Launcher, extracted: Extracted, budget: Budget, *, redirect_cuda: bool) -> None:
        self._launcher = launcher
        self._extracted = extracted
        self._budget = budget
        self._redirect_cuda = redirect_cuda
        self._accounts: dict[str, _Account] = {}
        self._worker: _LiveWorker | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._launcher.end(self._worker.process)
            self._worker = None

    def run(self, trial: Trial) -> Observation:
        """Make the call that the trial describes. SandboxError when no worker can be had."""
        function = self._extracted.functions.get(trial.function)
        if function is None:
            return Missing(self._extracted.missing.get(trial.function, "it is not in the submission"))
        account = self._accounts.setdefault(trial.function, _Account())
        if account.load_failure is not None:
            return account.load_failure
        if account.refusal is not None:
            return Refused(account.refusal)
        observation = self._load(function, account)
        if observation is None:
            observation = self._call(trial, function, account)
        self._settle(trial, observation, account)
        return observation

    def _settle(self, trial: Trial, observation: Observation, account: _Account) -> None:
        """Decide whether the function may be called again."""
        match observation:
            case TimedOut(limit_seconds=limit):
                account.refusal = f"not called: {trial.function} did not return within {limit:g} s before"
            case Died(how=how):
                account.deaths += 1
                if account.deaths >= self._budget.deaths:
                    account.refusal = f"not called: the process ended {account.deaths} times before ({how})"
            case _:
                pass
        if account.refusal is None and account.seconds > self._budget.function_seconds:
            allowed = self._budget.function_seconds
            account.refusal = f"not called: the calls of {trial.function} took more than {allowed:g} s together"

    def _load(self, function: ExtractedFunction, account: _Account) -> Observation | None:
        """Have the worker execute what the function needs; None when it did."""
        worker = self._live_worker()
        if function.name in worker.loaded:
            return None
        request = {
            "op": "load",
            "function": function.name,
            "file": function.place.file,
            "chunks": list(function.chunks),
            "lacks": {name: left.reason for left in function.lacks for name in left.binds},
            "redirect_cuda": self._redirect_cuda and function.mentions_cuda,
        }
        exchange = _Exchange(self, worker, self._budget.load_seconds, greatest_length=decode.GREATEST_RAISED)
        answer = exchange.ask(request, ())
        if isinstance(answer, _Answer):
            if answer.kind == wire.LOADED:
                worker.loaded.add(function.name)
                return None
            answer = exchange.decode_raised(answer)
        account.load_failure = answer
        return answer

    def _call(self, trial: Trial, function: ExtractedFunction, account: _Account) -> Observation:
        worker = self._live_worker()
        header, buffers, spy = _describe_call(trial, redirect_cuda=self._redirect_cuda and function.mentions_cuda)
        outputs = decode.returned_outputs(trial)
        greatest = max(decode.greatest_length(outputs), decode.GREATEST_RAISED)
        if spy is not None:
            greatest = max(greatest, decode.greatest_length(decode.spy_outputs(spy)))
        exchange = _Exchange(self, worker, trial.seconds, greatest_length=greatest)
        spy_calls: list[SpyCall] = []
        answer = exchange.ask(header, buffers)
        while isinstance(answer, _Answer) and answer.kind == wire.ASKED:
            answer = exchange.reply(answer, spy, spy_calls)
        account.seconds += exchange.elapsed()
        if not isinstance(answer, _Answer):
            return answer
        if answer.kind == wire.RAISED:
            return exchange.decode_raised(answer)
        return exchange.decode_returned(answer, trial, outputs, spy_calls)

    def _live_worker(self) -> _LiveWorker:
        if self._worker is None:
            self._worker = _LiveWorker(self._launcher.start())
            self._hand_over_program(self._worker)
        return self._worker

    def _hand_over_program(self, worker: _LiveWorker) -> None:
        extracted = self._extracted
        chunks = [
            {
                "number": chunk.number,
                "file": chunk.file,
                "line": chunk.place.line,
                "source": chunk.source,
                "binds": list(chunk.binds),
            }
            for chunk in extracted.chunks
        ]
        header = {
            "op": "program",
            "chunks": chunks,
            "files": sorted({chunk.file for chunk in extracted.chunks} | set(extracted.modules.values())),
            "modules": dict(extracted.modules),
            "stand_ins": list(extracted.stand_ins),
            "redirect_cuda": self._redirect_cuda,
        }
        self.send(worker, header, (), self._budget.load_seconds)

    def send(
        self, worker: _LiveWorker, header: Mapping[str, Any], buffers: tuple[wire.Buffer, ...], seconds: float
    ) -> None:
        """Send one request; an unwilling reader is noticed when its answer is waited for."""
        connection = worker.process.connection
        connection.settimeout(seconds)
        wire.send_parts(connection, wire.pack_request(dict(header), buffers))

    def place_of(self, chunk_number: int, line: int) -> Place | None:
        """The student's own line; None where the numbers, which are claims, name no chunk."""
        for chunk in self._extracted.chunks:
            if chunk.number == chunk_number:
                first = chunk.place.line
                last = first + chunk.source.count("\n")
                return Place(chunk.place.file, chunk.place.cell, min(max(line, first), last))
        return None

    def end_worker(self) -> str:
        """Kill the worker; how it ended, in words."""
        worker = self._worker
        self._worker = None
        return _how_it_ended(None if worker is None else self._launcher.end(worker.process))


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: int
    cursor: wire.Cursor


class _Exchange:
    """One request and its answers, under one deadline."""

    def __init__(self, session: Session, worker: _LiveWorker, seconds: float, *, greatest_length: int) -> None:
        self._session = session
        self._worker = worker
        self._limit = seconds
        self._greatest_length = greatest_length
        self._request_id = secrets.randbits(64)
        self._started = time.perf_counter()
        self._finished: float | None = None

    def elapsed(self) -> float:
        """Seconds from the request to the last answer, or to now."""
        return (self._finished or time.perf_counter()) - self._started

    def ask(self, header: Mapping[str, Any], buffers: tuple[wire.Buffer, ...]) -> _Answer | TimedOut | Died:
        """Send the request and wait for the answer; a worker that fails is ended."""
        try:
            self._session.send(self._worker, {**header, "id": self._request_id}, buffers, self._remaining())
            return self._receive()
        except TimeoutError:
            self._session.end_worker()
            return TimedOut(self._limit)
        except (wire.WireError, OSError) as error:
            ended = self._session.end_worker()
            closed = isinstance(error, OSError) or str(error) == "closed"
            return Died(ended if closed else f"it sent what is no answer: {error}")

    def reply(self, asked: _Answer, spy: Spy | None, spy_calls: list[SpyCall]) -> _Answer | TimedOut | Died | Refused:
        """Record a call of the spy and answer it with what the judge chose for this step."""
        if spy is None:
            return self._nonsense("a question that nobody invited")
        step = len(spy_calls)
        if step >= len(spy.losses):
            self._session.end_worker()
            return Refused(f"broken off: the loss function was called more than {len(spy.losses)} times")
        try:
            spy_calls.append(decode.decode_spy_call(asked.cursor, spy))
            asked.cursor.end()
        except wire.WireError as error:
            return self._nonsense(str(error))
        gradient = np.ascontiguousarray(spy.gradients[step])
        header = {"loss": float(spy.losses[step]), "dtype": gradient.dtype.str, "shape": list(gradient.shape)}
        return self.ask(header, (gradient.data.cast("B"),))

    def decode_raised(self, answer: _Answer) -> Raised | Died:
        """What the student's code raised, and where."""
        try:
            if answer.kind != wire.RAISED:
                raise wire.WireError("an unknown kind of answer")
            kind, message = answer.cursor.text(), answer.cursor.text()
            chunk_number, line = answer.cursor.count(), answer.cursor.count()
            answer.cursor.end()
        except wire.WireError as error:
            return self._nonsense(str(error))
        return Raised(kind, message, self._session.place_of(chunk_number, line), self.elapsed())

    def decode_returned(
        self, answer: _Answer, trial: Trial, outputs: tuple[Any, ...], spy_calls: list[SpyCall]
    ) -> Returned | Died:
        """The values that the call gave."""
        try:
            if answer.kind != wire.RETURNED:
                raise wire.WireError("an unknown kind of answer")
            values = decode.decode_values(answer.cursor, outputs)
            answer.cursor.end()
        except wire.WireError as error:
            return self._nonsense(str(error))
        given, fetched = len(trial.outputs), len(trial.fetch)
        return Returned(
            values[:given],
            self.elapsed(),
            dict(zip(trial.fetch, values[given : given + fetched], strict=True)),
            values[given + fetched :],
            tuple(spy_calls),
        )

    def _nonsense(self, what: str) -> Died:
        self._session.end_worker()
        return Died(f"it sent what is no answer: {what}")

    def _remaining(self) -> float:
        remaining = self._limit - (time.perf_counter() - self._started)
        if remaining <= 0:
            raise TimeoutError
        return remaining

    def _receive(self) -> _Answer:
        connection = self._worker.process.connection
        head = self._receive_exactly(connection, wire.ANSWER_HEAD.size)
        magic, request_id, kind, length = wire.ANSWER_HEAD.unpack(head)
        if magic != wire.ANSWER_MAGIC or request_id != self._request_id:
            raise wire.WireError("an unknown head")
        if length > self._greatest_length:
            raise wire.WireError("more bytes than the answer can have")
        body = self._receive_exactly(connection, length)
        self._finished = time.perf_counter()
        return _Answer(kind, wire.Cursor(body))

    def _receive_exactly(self, connection: socket.socket, length: int) -> bytearray:
        """As wire.receive_exactly, with the deadline on the whole and not on each read."""
        received = bytearray(length)
        view = memoryview(received)
        while view.nbytes:
            connection.settimeout(self._remaining())
            count = connection.recv_into(view)
            if not count:
                raise wire.WireError("closed")
            view = view[count:]
        return received


def _how_it_ended(status: int | None) -> str:
    """A wait status in words. A worker that we killed ourselves says SIGKILL, which is then no news."""
    if status is None or os.name != "posix":
        return "its process ended"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        return f"its process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    if os.WIFEXITED(status):
        return f"its process exited with code {os.WEXITSTATUS(status)}"
    return "its process ended"


def _describe_call(trial: Trial, *, redirect_cuda: bool) -> tuple[dict[str, Any], tuple[wire.Buffer, ...], Spy | None]:
    """Header and payload of a call: shapes and dtypes as text, contents as raw bytes."""
    packer = _ArgumentPacker()
    header = {
        "op": "call",
        "function": trial.function,
        "method": trial.method,
        "backend": trial.backend,
        "positional": [packer.pack(argument) for argument in trial.positional],
        "keywords": {name: packer.pack(argument) for name, argument in trial.keywords.items()},
        "state": {name: packer.pack(argument) for name, argument in trial.state.items()},
        "outputs": [decode.describe_output(output) for output in trial.outputs],
        "fetch": {name: decode.describe_output(output) for name, output in trial.fetch.items()},
        "echo": list(trial.echo),
        "redirect_cuda": redirect_cuda,
    }
    return header, tuple(packer.buffers), packer.spy


class _ArgumentPacker:
    def __init__(self) -> None:
        self.buffers: list[wire.Buffer] = []
        self.spy: Spy | None = None
        self._offset = 0

    def pack(self, argument: Argument) -> dict[str, Any]:
        match argument:
            case Tensor(array=array):
                return self._pack_tensor(array)
            case Scalar(value=value):
                return {"kind": "scalar", "value": value}
            case Spy():
                self.spy = argument
                inputs = [decode.describe_output(output) for output in decode.spy_outputs(argument)]
                return {"kind": "spy", "inputs": inputs}

    def _pack_tensor(self, array: Array) -> dict[str, Any]:
        contiguous = np.ascontiguousarray(array)
        entry = {
            "kind": "tensor",
            "dtype": contiguous.dtype.str,
            "shape": list(array.shape),
            "count": array.size,
            "offset": self._offset,
        }
        self.buffers.append(contiguous.reshape(-1).view(np.uint8).data)
        self._offset += array.nbytes + -array.nbytes % wire.ALIGNMENT
        return entry
