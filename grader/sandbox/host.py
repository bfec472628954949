"""The judge's side of the sandbox: hands a submission's code to a worker, makes calls, brings back observations.

A call that never returns, a process that ends and bytes that are no answer cost that call only: the worker is killed
and a fresh one serves the rest. Each function is called in a worker of its own, so that one which changes torch,
leaves a thread behind or takes the wire costs no other. The clock is the judge's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from grader import formatting
from grader.errors import SandboxError
from grader.extract import Extracted, ExtractedFunction
from grader.model.observation import Died, Location, Missing, Observation, Raised, Refused, SpyCall, TimedOut
from grader.model.trial import Device, Driver, Trial
from grader.sandbox import decode, interruption
from grader.sandbox.device import Gpu
from grader.sandbox.exchange import GREATEST_EXTENSION, Answer, Ended, Exchange, how_it_ended
from grader.sandbox.inside import wire
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.launch import make_launcher
from grader.sandbox.launcher import (
    DEFAULT_DEVICE_MEMORY_BYTES,
    Ending,
    Launcher,
    WorkerProcess,
    hold_group,
)
from grader.sandbox.protocols import Budget
from grader.sandbox.request import describe_call, describe_kept, describe_program
from grader.sandbox.sharing import SharedArrays
from grader.sandbox.waiting import waited_seconds


class Sandbox:
    """Workers for one submission after another. A context manager; ends the launcher with itself."""

    def __init__(self, launcher: Launcher | None = None) -> None:
        self.launcher: Launcher = launcher or make_launcher()
        self._shared = SharedArrays()
        self._gpu: Gpu | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._shared.close()
        self.launcher.close()

    @property
    def isolation(self) -> Isolation:
        """What workers are held to; waits for the first of them. SandboxError when none can be had."""
        return self.launcher.isolation()

    def open_device(
        self,
        device_memory_bytes: int = DEFAULT_DEVICE_MEMORY_BYTES,
        least: IsolationLevel = IsolationLevel.process,
    ) -> Gpu:
        """Have all workers from now on open the GPU; see Launcher.open_device. DeviceError where none can."""
        if self._gpu is None:
            self._gpu = self.launcher.open_device(device_memory_bytes, least)
        return self._gpu

    def settle(self) -> None:
        """Wait until nothing is being made that could disturb a measurement."""
        self.launcher.settle()

    def session(
        self,
        extracted: Extracted,
        budget: Budget,
        *,
        redirect_cuda: bool,
        live_workers: int = 2,
        device: Device = "cpu",
    ) -> Session:
        """A session for one submission; close it when the submission is done.

        device: where tensors go; SandboxError for a GPU that was not opened. live_workers: how many functions may be called in turn, each in a worker of its own that stays. A naive and a
        vectorized function are; idle workers cost memory.
        """
        if device == "cuda" and self._gpu is None:
            raise SandboxError("no GPU was opened for the processes of the student's code")
        self.launcher.prepare(budget.memory_bytes)
        return Session(
            self.launcher,
            extracted,
            budget,
            self._shared,
            redirect_cuda=redirect_cuda,
            live_workers=live_workers,
            device=device,
        )


_OUT_OF_DEVICE_MEMORY, _DEVICE_FAULT = "OutOfMemoryError", "AcceleratorError"
"""What torch raises, by name."""

_START_ATTEMPTS = 2
"""The worker that was forked ahead may have been killed by the one before it."""


@dataclass(slots=True)
class _Account:
    """What one function has cost so far, and why it is called no more."""

    seconds: float = 0.0
    deaths: int = 0
    refusal: str | None = None
    load_failure: Observation | None = None


@dataclass(slots=True)
class _Worker:
    """A worker of one function, with what it was handed beside the program.

    device: where the tensors of its calls go. redirect_cuda: whether code that is written for CUDA is run on the CPU.
    """

    caller: str
    process: WorkerProcess
    device: Device
    redirect_cuda: bool
    loaded: set[str] = field(default_factory=set)
    drivers: set[Driver] = field(default_factory=set)
    kept: frozenset[str] = frozenset()


class Session:
    """Runs trials on one submission."""

    def __init__(
        self,
        launcher: Launcher,
        extracted: Extracted,
        budget: Budget,
        shared: SharedArrays,
        *,
        redirect_cuda: bool,
        live_workers: int,
        device: Device,
    ) -> None:
        self._device = device
        self._launcher = launcher
        self._extracted = extracted
        self._budget = budget
        self._shared = shared
        self._redirect_cuda = redirect_cuda
        self._live_workers = live_workers
        self._accounts: dict[str, _Account] = {}
        self._workers: dict[str, _Worker] = {}
        self._is_launcher_lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        for name in list(self._workers):
            self._end_worker(name)

    def hold(self, *, is_held: bool) -> None:
        """Have the workers stand still, threads that a function left behind too, or go on. Held ones answer no call."""
        for worker in self._workers.values():
            hold_group(worker.process.process_id, is_held=is_held)

    def run(self, trial: Trial) -> Observation:
        """Make the call that the trial describes. SandboxError when no worker can be had."""
        interruption.check()
        function = self._extracted.functions.get(trial.function)
        if function is None:
            return Missing(self._extracted.missing.get(trial.function, "it is not in the submission"))
        account = self._accounts.setdefault(trial.caller, _Account())
        if account.load_failure is not None:
            return account.load_failure
        if account.refusal is not None:
            return Refused(account.refusal)
        for name in trial.lent:
            lent = self._accounts.get(name)
            if lent is not None and lent.refusal is not None:
                return Refused(f"not called: {name}, which it would be handed, was {lent.refusal}")
        observation = self._attempt(trial, function, account)
        if isinstance(observation, Died) and self._is_launcher_lost:
            # Whatever ended the launcher ended all its workers: this one need not have done it.
            observation = self._attempt(trial, function, account)
        self._settle(observation, account, trial.caller)
        return observation

    def _attempt(self, trial: Trial, function: ExtractedFunction, account: _Account) -> Observation:
        """Start a worker and load the function if need be, hand over what the call needs beside it, and call."""
        self._is_launcher_lost = False
        caller, device = trial.caller, trial.device_of(self._device)
        if caller in self._workers and self._workers[caller].device != device:
            self._end_worker(caller)
        if caller in self._workers:
            self._workers[caller] = self._workers.pop(caller)  # the latest last
        else:
            failure = self._load(function, self._start_worker(caller, device))
            if isinstance(failure, Died) and "other processes" in self._launcher.isolation().missing:
                # The function before may have killed this worker too, which then was dying when it was handed out.
                self._end_worker(caller)
                failure = self._load(function, self._start_worker(caller, device))
            if failure is not None:
                self._end_worker(caller)
                account.load_failure = None if self._is_launcher_lost else failure
                return failure
        worker = self._workers[caller]
        failure = self._lend(trial, worker) or self._drive(trial, worker) or self._keep(trial, worker)
        if failure is not None:
            self._end_worker(caller)
            return failure
        return self._call(trial, worker, account)

    def _lend(self, trial: Trial, worker: _Worker) -> Observation | None:
        """Load the other functions that the call hands over; what is seen where one cannot be had."""
        for name in trial.lent:
            other = self._extracted.functions.get(name)
            if other is None:
                return Missing(f"it needs {name}: {self._extracted.missing.get(name, 'it is not there')}")
            failure = None if name in worker.loaded else self._load(other, worker)
            if failure is not None:
                return failure
        return None

    def _drive(self, trial: Trial, worker: _Worker) -> Observation | None:
        """Hand over the driver that the worker has not; what is seen where it does not take it."""
        driver = trial.driver
        if driver is None or driver in worker.drivers:
            return None
        answer = self._hand_over(worker, {"op": "driver", "name": driver.name, "source": driver.source})
        if answer is None:
            worker.drivers.add(driver)
        return answer

    def _hand_over(
        self,
        worker: _Worker,
        header: Mapping[str, Any],
        buffers: Sequence[wire.Buffer] = (),
        descriptors: Sequence[int] = (),
    ) -> Observation | None:
        """Give the worker something beside a call; what is seen where it does not take it."""
        exchange = self._exchange(worker, self._budget.load_seconds, decode.GREATEST_RAISED)
        answer = exchange.ask(header, buffers, descriptors)
        if not isinstance(answer, Answer):
            return answer
        return None if answer.kind == wire.LOADED else exchange.raised(answer, self._place_of)

    def _keep(self, trial: Trial, worker: _Worker) -> Observation | None:
        """Hand over the tensors that the worker has not; what is seen where it does not take them."""
        keys = frozenset(each.key for each in trial.kept)
        if keys <= worker.kept:
            return None
        failure = self._hand_over(
            worker, *describe_kept(trial.kept, trial.backend, self._shared, worker.device)
        )
        worker.kept = keys if failure is None else frozenset()
        return failure

    def _settle(self, observation: Observation, account: _Account, caller: str) -> None:
        """Decide whether the function may be called again."""
        budget = self._budget
        if isinstance(observation, TimedOut):
            account.refusal = f"not called again: it did not return within {observation.limit_seconds:g} s"
        elif isinstance(observation, Died):
            account.deaths += 1
            if account.deaths >= budget.deaths:
                account.refusal = f"not called again: it ended its process ({observation.how})"
        elif self._has_overdrawn(account, caller):
            limit = f"{budget.function_seconds:g} s"
            account.refusal = f"not called again: its calls took more than {limit} together"

    def _has_overdrawn(self, account: _Account, caller: str) -> bool:
        """Whether its calls took more than they may, without the time that its worker had no core."""
        over = account.seconds - self._budget.function_seconds
        worker = self._workers.get(caller)
        if over <= 0 or worker is None:
            return over > 0
        waited = waited_seconds(worker.process.process_id)
        return over > min(waited, GREATEST_EXTENSION * self._budget.function_seconds)

    def _load(self, function: ExtractedFunction, worker: _Worker) -> Observation | None:
        """Have the worker execute what the function needs; None when it did."""
        request = {
            "op": "load",
            "function": function.name,
            "file": function.location.file,
            "chunks": list(function.chunks),
            "lacks": {name: left.reason for left in function.lacks for name in left.binds},
            "redirect_cuda": worker.redirect_cuda and function.mentions_cuda,
        }
        exchange = self._exchange(worker, self._budget.load_seconds, decode.GREATEST_RAISED)
        answer = exchange.ask(request)
        if isinstance(answer, TimedOut):
            return replace(answer, is_loading=True)
        if not isinstance(answer, Answer):
            return answer
        worker.loaded.add(function.name)
        return None if answer.kind == wire.LOADED else exchange.raised(answer, self._place_of)

    def _call(self, trial: Trial, worker: _Worker, account: _Account) -> Observation:
        called = (self._extracted.functions[name] for name in (trial.function, *trial.lent))
        redirect_cuda = worker.redirect_cuda and any(each.mentions_cuda for each in called)
        header, buffers, spy = describe_call(trial, redirect_cuda=redirect_cuda, device=worker.device)
        exchange = self._exchange(worker, trial.seconds, decode.greatest_length(trial, spy))
        spy_calls: list[SpyCall] = []
        answer: Answer | Ended | Refused = exchange.ask(header, buffers)
        while isinstance(answer, Answer) and answer.kind == wire.ASKED:
            answer = exchange.reply(answer, spy, spy_calls)
        account.seconds += exchange.seconds
        if not isinstance(answer, Answer):
            return answer
        if answer.kind == wire.RAISED:
            raised = exchange.raised(answer, self._place_of)
            return raised if worker.device == "cpu" else self._of_device(raised, worker)
        return exchange.returned(answer, trial, spy_calls, self._place_of)

    def _of_device(self, raised: Raised | Died, worker: _Worker) -> Raised | Died:
        """In our words where the GPU's memory was not enough. An error of CUDA's own leaves a context that is of no more use."""
        if not isinstance(raised, Raised):
            return raised
        if raised.kind == _DEVICE_FAULT or raised.message.startswith("CUDA error"):
            self._end_worker(worker.caller)
        if raised.kind != _OUT_OF_DEVICE_MEMORY:
            return raised
        limit = formatting.size(self._budget.device_memory_bytes)
        return replace(raised, message=f"it needed more than {limit} of GPU memory")

    def _exchange(self, worker: _Worker, seconds: float, greatest_length: int) -> Exchange:
        return Exchange(
            worker.process.connection,
            seconds,
            greatest_length,
            end_worker=lambda: self._end_worker(worker.caller),
            waited=lambda: waited_seconds(worker.process.process_id),
        )

    def _start_worker(self, caller: str, device: Device) -> _Worker:
        """A worker for one caller, which has the program; SandboxError when there is none.

        Where calls with a driver stay on the CPU though there is a GPU, what the function itself moves to it stays too.
        """
        redirects = self._redirect_cuda or device != self._device
        while len(self._workers) >= self._live_workers:
            self._end_worker(next(iter(self._workers)))
        program = wire.pack_request(describe_program(self._extracted, redirects))
        ended = ""
        for _ in range(_START_ATTEMPTS):
            process = self._launcher.start()
            worker = self._workers[caller] = _Worker(caller, process, device, redirects)
            worker.process.connection.settimeout(self._budget.load_seconds)
            try:
                wire.send_parts(worker.process.connection, program)
            except OSError:
                ended = self._end_worker(caller)
            else:
                return worker
        raise SandboxError(f"fresh processes for the student's code ended at once: {ended}")

    def _place_of(self, chunk_number: int, line: int) -> Location | None:
        """The student's own line; None where the numbers, which are claims, name no line of a chunk."""
        if line == 0:
            return None
        for chunk in self._extracted.chunks:
            if chunk.number == chunk_number:
                first = chunk.location.line
                last = first + chunk.source.count("\n")
                return Location(chunk.location.file, chunk.location.cell, min(max(line, first), last))
        return None

    def _end_worker(self, caller: str) -> str:
        """Kill the worker of one caller, if it has one; how it ended, in words."""
        worker = self._workers.pop(caller, None)
        if worker is None:
            return how_it_ended(Ending(None))
        ending = self._launcher.end(worker.process)
        self._is_launcher_lost = ending.is_launcher_lost
        return how_it_ended(ending)
