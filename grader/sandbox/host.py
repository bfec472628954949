"""The judge's side of the sandbox: hands a submission's code to a worker, makes calls, brings back observations.

A call that never returns, a process that ends and bytes that are no answer cost that call only: the worker is killed
and a fresh one serves the rest. The clock is the judge's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from grader.errors import SandboxError
from grader.extract import Extracted, ExtractedFunction
from grader.observation import Died, Missing, Observation, Place, Refused, SpyCall, TimedOut
from grader.sandbox import decode, wire
from grader.sandbox.exchange import Answer, Ended, Exchange, how_it_ended
from grader.sandbox.launch import DEFAULT_MEMORY_BYTES, Launcher, WorkerProcess, make_launcher
from grader.sandbox.request import describe_call, describe_program
from grader.trial import Trial


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

    def __enter__(self) -> Self:
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

    def __init__(
        self, launcher: Launcher, extracted: Extracted, budget: Budget, *, redirect_cuda: bool
    ) -> None:
        self._launcher = launcher
        self._extracted = extracted
        self._budget = budget
        self._redirect_cuda = redirect_cuda
        self._accounts: dict[str, _Account] = {}
        self._worker: _LiveWorker | None = None

    def __enter__(self) -> Self:
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
        observation, had_company = self._attempt(trial, function, account)
        if isinstance(observation, Died) and had_company:
            # Another function called before in this process may have left a thread or a broken torch behind.
            observation, _ = self._attempt(trial, function, account)
        self._settle(trial, observation, account)
        return observation

    def _attempt(
        self, trial: Trial, function: ExtractedFunction, account: _Account
    ) -> tuple[Observation, bool]:
        """Load if need be, and call; whether the worker had run other functions before."""
        worker = self._live_worker()
        had_company = bool(worker.loaded - {function.name})
        if function.name not in worker.loaded:
            failure = self._load(function, worker)
            if failure is not None:
                if not (had_company and isinstance(failure, Died)):
                    account.load_failure = failure
                return failure, had_company
            worker.loaded.add(function.name)
        return self._call(trial, function, worker, account), had_company

    def _settle(self, trial: Trial, observation: Observation, account: _Account) -> None:
        """Decide whether the function may be called again."""
        name, budget = trial.function, self._budget
        if isinstance(observation, TimedOut):
            account.refusal = f"not called again: it did not return within {observation.limit_seconds:g} s"
        elif isinstance(observation, Died):
            account.deaths += 1
            if account.deaths >= budget.deaths:
                account.refusal = f"not called again: it ended its process ({observation.how})"
        elif account.seconds > budget.function_seconds:
            limit = f"{budget.function_seconds:g} s"
            account.refusal = f"not called again: its calls took more than {limit} together"

    def _load(self, function: ExtractedFunction, worker: _LiveWorker) -> Observation | None:
        """Have the worker execute what the function needs; None when it did."""
        request = {
            "op": "load",
            "function": function.name,
            "file": function.place.file,
            "chunks": list(function.chunks),
            "lacks": {name: left.reason for left in function.lacks for name in left.binds},
            "redirect_cuda": self._redirect_cuda and function.mentions_cuda,
        }
        exchange = self._exchange(worker, self._budget.load_seconds, decode.GREATEST_RAISED)
        answer = exchange.ask(request)
        if not isinstance(answer, Answer):
            return answer
        return None if answer.kind == wire.LOADED else exchange.raised(answer, self._place_of)

    def _call(
        self, trial: Trial, function: ExtractedFunction, worker: _LiveWorker, account: _Account
    ) -> Observation:
        redirect_cuda = self._redirect_cuda and function.mentions_cuda
        header, buffers, spy = describe_call(trial, redirect_cuda=redirect_cuda)
        exchange = self._exchange(worker, trial.seconds, decode.greatest_length(trial, spy))
        spy_calls: list[SpyCall] = []
        answer: Answer | Ended | Refused = exchange.ask(header, buffers)
        while isinstance(answer, Answer) and answer.kind == wire.ASKED:
            answer = exchange.reply(answer, spy, spy_calls)
        account.seconds += exchange.seconds
        if not isinstance(answer, Answer):
            return answer
        if answer.kind == wire.RAISED:
            return exchange.raised(answer, self._place_of)
        return exchange.returned(answer, trial, spy_calls)

    def _exchange(self, worker: _LiveWorker, seconds: float, greatest_length: int) -> Exchange:
        return Exchange(worker.process.connection, seconds, greatest_length, self._end_worker)

    def _live_worker(self) -> _LiveWorker:
        if self._worker is None:
            self._worker = _LiveWorker(self._launcher.start())
            connection = self._worker.process.connection
            connection.settimeout(self._budget.load_seconds)
            try:
                wire.send_parts(
                    connection, wire.pack_request(describe_program(self._extracted, self._redirect_cuda))
                )
            except OSError as error:
                raise SandboxError(
                    f"a fresh process for the student's code ended: {self._end_worker()}"
                ) from error
        return self._worker

    def _place_of(self, chunk_number: int, line: int) -> Place | None:
        """The student's own line; None where the numbers, which are claims, name no chunk."""
        for chunk in self._extracted.chunks:
            if chunk.number == chunk_number:
                first = chunk.place.line
                last = first + chunk.source.count("\n")
                return Place(chunk.place.file, chunk.place.cell, min(max(line, first), last))
        return None

    def _end_worker(self) -> str:
        """Kill the worker; how it ended, in words."""
        worker = self._worker
        self._worker = None
        return how_it_ended(None if worker is None else self._launcher.end(worker.process))
