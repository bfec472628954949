"""Runs trials on one submission: each function in its own worker, under the judge's clock.

A call that never returns, a process that ends or an invalid answer costs that call only: the worker is killed
and a fresh one serves the rest. A function that patches torch, leaves a thread behind or seizes the wire does
not affect any other function.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Self

from grader import formatting
from grader.errors import SandboxError
from grader.extract import Extracted, ExtractedFunction
from grader.model.observation import Died, Location, Missing, Observation, Raised, Refused, SpyCall, TimedOut
from grader.model.trial import Device, Driver, Replacement, Trial
from grader.sandbox import decode, interruption
from grader.sandbox.account import Account
from grader.sandbox.exchange import Answer, Ended, Exchange, how_it_ended
from grader.sandbox.inside import wire
from grader.sandbox.launcher import Ending, Launcher, WorkerProcess, hold_group
from grader.sandbox.protocols import Budget, no_partners
from grader.sandbox.request import describe_call, describe_program, describe_resident
from grader.sandbox.sharing import SharedArrays
from grader.sandbox.waiting import Counter, ReadCounts, no_counts, waited_seconds
from grader.sandbox.witness import Witness

_MEMORY_ERRORS = frozenset({"MemoryError", "_ArrayMemoryError"})
_TORCH_MEMORY_ERROR = "DefaultCPUAllocator"


@dataclass(slots=True)
class _Worker:
    """A worker and what it has been sent so far."""

    caller: str
    process: WorkerProcess
    device: Device
    redirect_cuda: bool
    witness: Witness | None
    counter: Counter
    loaded: set[str] = field(default_factory=set)
    drivers: set[Driver] = field(default_factory=set)
    replaced: tuple[Replacement, ...] = ()
    resident: frozenset[str] = frozenset()
    is_apart: bool = False
    """For calls where nothing else of the submission may have run: few, so it is the first to go."""


_LIVE_WORKERS = 2
"""A naive and a vectorized function are called in turn. Each one alive could fill the memory limit."""

_ALL_FUNCTIONS = "all functions"
"""The caller of a worker that all functions share."""


@dataclass(slots=True, eq=False, repr=False)
class Session:
    """The `SessionLike` with real workers; a context manager that ends them."""

    launcher: Launcher
    shared: SharedArrays
    extracted: Extracted
    budget: Budget
    redirect_cuda: bool
    is_shared: bool
    device: Device
    default_device: Device
    partners: Callable[[str], Collection[str]] = no_partners
    _accounts: dict[str, Account] = field(default_factory=dict, init=False)
    _workers: dict[str, _Worker] = field(default_factory=dict, init=False)
    """By caller, the latest last."""
    _is_launcher_lost: bool = field(default=False, init=False)
    _is_torch_wanted: bool = field(default=False, init=False)
    """Whether a worker ended because it has no torch, and the next one will have it."""
    _latest: Trial | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for caller in list(self._workers):
            self._end_worker(caller)

    def hold(self, *, is_held: bool) -> None:
        for worker in self._workers.values():
            hold_group(worker.process.process_id, is_held=is_held)

    def run(self, trial: Trial) -> Observation:
        interruption.check()
        function = self.extracted.functions.get(trial.function)
        if function is None:
            return Missing(self.extracted.missing.get(trial.function, "it is not in the submission"))
        account = self._accounts.setdefault(trial.caller, Account(self.budget))
        if account.load_failure is not None:
            return account.load_failure
        if account.refusal is not None:
            return Refused(account.refusal)
        for name in trial.lent:
            lent = self._accounts.get(name)
            if lent is not None and lent.refusal is not None:
                return Refused(f"not called, because {name} was {lent.refusal}")
        observation = self._attempt(trial, function, account)
        if isinstance(observation, Died) and self._is_torch_wanted:
            self.close()
            self.launcher.prepare(self.budget.memory_bytes)
            observation = self._attempt_anew(trial, function, account)
            if isinstance(observation, Died) and self._is_torch_wanted:
                raise SandboxError(
                    f"{trial.function} needs torch, whose process cannot be started;"
                    f" does `{sys.executable} -c 'import torch'` work?"
                )
        if isinstance(observation, Died) and self._is_launcher_lost:
            # All workers ended with the launcher, so this function need not be the cause.
            observation = self._attempt_anew(trial, function, account)
        self._latest = trial
        if not (trial.is_traced and isinstance(observation, TimedOut | Died)):  # it is called again without
            account.settle(observation, lambda: self._waited_seconds(self._worker_name(trial)))
        return observation

    def _worker_name(self, trial: Trial) -> str:
        return _ALL_FUNCTIONS if self.is_shared and not trial.is_apart else trial.caller

    def _waited_seconds(self, caller: str) -> float:
        worker = self._workers.get(caller)
        return 0.0 if worker is None else waited_seconds(worker.process.process_id)

    def _attempt_anew(self, trial: Trial, function: ExtractedFunction, account: Account) -> Observation:
        """The same in a fresh worker, which does not have the tensors of the call before."""
        if trial.is_again and self._latest is not None:
            self._attempt(self._latest, function, account)
        return self._attempt(trial, function, account)

    def _attempt(self, trial: Trial, function: ExtractedFunction, account: Account) -> Observation:
        """Start a worker and load the function if need be, send what else the call needs, and call."""
        self._is_launcher_lost = self._is_torch_wanted = False
        caller, device = self._worker_name(trial), trial.device_of(self.device)
        if caller in self._workers and self._workers[caller].device != device:
            self._end_worker(caller)
        if caller in self._workers:
            self._workers[caller] = self._workers.pop(caller)
        else:
            failure = self._load(function, self._start_worker(trial))
            if isinstance(failure, Died) and "other processes" in self.launcher.isolation().missing:
                # The function before may have killed this worker too: it was dying when it was handed out.
                self._end_worker(caller)
                failure = self._load(function, self._start_worker(trial))
            if failure is not None:
                self._end_worker(caller)
                is_ours = self._is_launcher_lost or self._is_torch_wanted
                account.load_failure = None if is_ours else failure
                return failure
        worker = self._workers[caller]
        failure = self._complete(worker, trial)
        if failure is not None:
            self._end_worker(caller)
            return failure
        return self._call(trial, worker, account)

    def _complete(self, worker: _Worker, trial: Trial) -> Observation | None:
        """Send functions, replacements, driver and tensors that the worker lacks; the failure if one fails."""
        for name in (trial.function, *trial.lent):
            other = self.extracted.functions.get(name)
            if other is None:
                return Missing(f"it needs {name}: {self.extracted.missing.get(name, 'it is not there')}")
            failure = None if name in worker.loaded else self._load(other, worker)
            if failure is not None:
                return failure
        failure = self._replace(worker, trial.replaced)
        if failure is not None:
            return failure
        driver = trial.driver
        if driver is not None and driver not in worker.drivers:
            failure = self._send(worker, {"op": "driver", "name": driver.name, "source": driver.source})
            if failure is not None:
                return failure
            worker.drivers.add(driver)
        keys = frozenset(each.key for each in trial.resident)
        if keys <= worker.resident:
            return None
        worker.resident = keys
        return self._send(
            worker, *describe_resident(trial.resident, trial.backend, self.shared, worker.device)
        )

    def _replace(self, worker: _Worker, replacements: tuple[Replacement, ...]) -> Observation | None:
        """Put right functions in place of the student's; the failure if the worker does not accept one."""
        if worker.replaced == replacements:
            return None
        worker.replaced = replacements
        for each in replacements:
            file = self.extracted.functions[each.function].file
            names = {"function": each.function, "attribute": each.attribute, "name": each.name}
            failure = self._send(worker, {"op": "replace", "file": file, "source": each.source, **names})
            if failure is not None:
                return failure
        return None

    def _load(self, function: ExtractedFunction, worker: _Worker) -> Observation | None:
        """Have the worker execute the code that the function needs; the observation if that fails."""
        request = {
            "op": "load",
            "function": function.name,
            "file": function.file,
            "chunks": list(function.chunks),
            "partners": {
                name: other.file
                for name in sorted(self.partners(function.name))
                if (other := self.extracted.functions.get(name)) is not None
            },
            "lacks": {
                name: left.explanation or left.reason for left in function.lacks for name in left.binds
            },
            "redirect_cuda": worker.redirect_cuda and function.mentions_cuda,
            "default_device": self._default_device(worker),
        }
        failure = self._send(worker, request)
        if failure is None:
            worker.loaded.add(function.name)
            worker.replaced = ()  # the code that was loaded may define a replaced function
        return replace(failure, is_loading=True) if isinstance(failure, TimedOut) else failure

    def _send(
        self,
        worker: _Worker,
        header: Mapping[str, Any],
        buffers: Sequence[wire.Buffer] = (),
        descriptors: Sequence[int] = (),
    ) -> Observation | None:
        """Send a request that is not a call; the observation if the worker does not accept it."""
        exchange = self._exchange(worker, self.budget.load_seconds, decode.GREATEST_RAISED)
        answer = exchange.ask(header, buffers, descriptors)
        if not isinstance(answer, Answer):
            return answer
        return (
            None if answer.kind == wire.LOADED else self._raised(exchange.raised(answer, self._location_of))
        )

    def _call(self, trial: Trial, worker: _Worker, account: Account) -> Observation:
        called = (self.extracted.functions[name] for name in (trial.function, *trial.lent))
        redirect_cuda = worker.redirect_cuda and any(each.mentions_cuda for each in called)
        header, buffers, spy = describe_call(
            trial,
            redirect_cuda=redirect_cuda,
            device=worker.device,
            default_device=self._default_device(worker),
        )
        canaries = None if worker.witness is None else worker.witness.begin(is_traced=trial.is_traced)
        header["canaries"] = canaries
        exchange = self._exchange(
            worker, trial.seconds, decode.greatest_length(trial, spy), self._read_counts(worker)
        )
        spy_calls: list[SpyCall] = []
        answer: Answer | Ended | Refused = exchange.ask(header, buffers)
        while isinstance(answer, Answer) and answer.kind == wire.ASKED:
            answer = exchange.reply(answer, spy, spy_calls)
        account.seconds += exchange.seconds
        if not isinstance(answer, Answer):
            return answer
        if answer.kind == wire.RAISED:
            raised = self._raised(exchange.raised(answer, self._location_of))
            return raised if worker.device == "cpu" else self._of_device(raised, worker)
        return exchange.returned(answer, trial, spy_calls, self._location_of)

    def _raised(self, raised: Raised | Died) -> Raised | Died:
        """The exception with the student's own line, and with the limit if the call ran out of memory."""
        if not isinstance(raised, Raised):
            return raised
        is_memory = raised.kind in _MEMORY_ERRORS or _TORCH_MEMORY_ERROR in raised.message
        memory = f"{formatting.size(self.budget.memory_bytes)} memory" if is_memory else None
        line = None if raised.location is None else self.extracted.line_at(raised.location)
        return replace(raised, line=line, memory=memory)

    def _default_device(self, worker: _Worker) -> Device:
        return "cpu" if worker.device == "cpu" else self.default_device

    def _of_device(self, raised: Raised | Died, worker: _Worker) -> Raised | Died:
        """Reword an out-of-memory error. An error of CUDA itself spoils the context, so the worker is ended."""
        if not isinstance(raised, Raised):
            return raised
        if raised.kind == "AcceleratorError" or raised.message.startswith("CUDA error"):
            self._end_worker(worker.caller)
        if raised.kind != "OutOfMemoryError":
            return raised
        limit = formatting.size(self.budget.device_memory_bytes)
        return replace(
            raised, message=f"it needed more than {limit} of GPU memory", memory=f"{limit} GPU memory"
        )

    def _read_counts(self, worker: _Worker) -> ReadCounts:
        """The worker's counts, where they hold all that works for it: a GPU is not counted, nor are its children."""
        is_all = worker.device == "cpu" and "subprocesses" not in self.launcher.isolation().missing
        return worker.counter.read if is_all else no_counts

    def _exchange(
        self, worker: _Worker, seconds: float, greatest_length: int, read_counts: ReadCounts = no_counts
    ) -> Exchange:
        return Exchange(
            worker.process.connection,
            seconds,
            greatest_length,
            end_worker=lambda: self._end_worker(worker.caller),
            waited=lambda: waited_seconds(worker.process.process_id),
            witness=worker.witness,
            read_counts=read_counts,
        )

    def _start_worker(self, trial: Trial) -> _Worker:
        """A worker for the trial's caller, with the program. SandboxError when none can be started."""
        caller, device = self._worker_name(trial), trial.device_of(self.device)
        # Calls with a driver stay on the CPU beside a GPU; then tensors that the function moves do too.
        redirect_cuda = self.redirect_cuda or device != self.device
        while len(self._workers) >= _LIVE_WORKERS:
            apart = (name for name, worker in self._workers.items() if worker.is_apart)
            self._end_worker(next(chain(apart, self._workers)))
        program = wire.pack_request(describe_program(self.extracted, redirect_cuda))
        ended = ""
        for _ in range(2):  # the worker before may have killed the first, which was forked ahead
            process = self.launcher.start()
            witness, writing = Witness.open() or (None, None)
            worker = self._workers[caller] = _Worker(
                caller,
                process,
                device,
                redirect_cuda,
                witness,
                Counter(process.process_id),
                is_apart=trial.is_apart,
            )
            process.connection.settimeout(self.budget.load_seconds)
            try:
                wire.send_parts(
                    process.connection, program, descriptors=() if writing is None else (writing,)
                )
            except OSError:
                ended = self._end_worker(caller)
            else:
                return worker
            finally:
                if writing is not None:
                    os.close(writing)
        raise SandboxError(f"new processes for the student's code ended at once ({ended})")

    def _location_of(self, chunk_number: int, line: int) -> Location | None:
        """The student's own line; None if the numbers, which are claims, do not name a line of a chunk."""
        chunk = next((each for each in self.extracted.chunks if each.number == chunk_number), None)
        if chunk is None or line == 0:
            return None
        return chunk.location_of(line)

    def _end_worker(self, caller: str) -> str:
        """Kill the worker of one caller, if there is one; how it ended, in words."""
        worker = self._workers.pop(caller, None)
        if worker is None:
            return how_it_ended(Ending(None))
        worker.counter.close()
        ending = self.launcher.end(worker.process)
        if worker.witness is not None:
            worker.witness.close()
        self._is_launcher_lost = ending.is_launcher_lost
        self._is_torch_wanted |= ending.is_torch_wanted and not self.launcher.has_torch
        return how_it_ended(ending)
