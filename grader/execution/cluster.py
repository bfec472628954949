"""Runs jobs on a Dask cluster: the coordinator's side.

Each worker is admitted to the run first (`grader.execution.cluster_worker.admit`): then it offers a Dask resource with
the run's name, and jobs go to workers with this resource only. A worker that joins later is admitted then. Jobs travel
with the submission's bytes, and come back as JSON.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

import dask
from distributed import Client, Future, KilledWorker

from grader import __version__, formatting
from grader.errors import (
    ClusterError,
    DeviceError,
    ReportError,
    SubmissionError,
    UsageError,
)
from grader.execution.cluster_worker import (
    Admission,
    Refusal,
    admit,
    dismiss,
    grade,
    open_gpu,
    python_version,
    resource_of,
)
from grader.execution.job import GradeJob, by_value, fault_report, signed, unread_report
from grader.grading.device import ChosenDevice, cpu_regardless
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry
from grader.model.report import Report, parse_report
from grader.sandbox import interruption
from grader.sandbox.isolation import Isolation

if TYPE_CHECKING:
    from grader.model.assignment import Assignment
    from grader.sandbox.device import Gpu
    from grader.sandbox.isolation import IsolationLevel

PER_PLACE = 2
"""Jobs on their way for each that workers can grade at a time, so that none waits for the coordinator."""

CONNECT_SECONDS = 10.0
WAIT_SECONDS = 300.0
"""For a worker that can grade, at the start or when all are lost; and for an answer of a scheduler."""

ANSWER_SECONDS = 60.0
"""For the workers that are there at the start: what is wrong with one is said before anything is graded."""

LINE_SECONDS = 10.0
_LOOK_SECONDS = 2.0
"""Between looks at which workers there are."""

_MOST_FAILURES = 2
"""Of one job, each of which Dask had counted as final: it is not graded a third time."""

_NAMED = 4

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Task:
    """A job that is not done."""

    job: GradeJob
    sent: GradeJob
    """With the submission's files."""
    failures: int = 0


@dataclass(slots=True)
class _Workers:
    """What is known of the workers, by address."""

    admitted: dict[str, Admission] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Future[Any]] = field(default_factory=dict)

    def places(self, device: str) -> int:
        """How many jobs can be graded at a time."""
        return sum(
            min(each.jobs, each.gpus) if device == "cuda" else each.jobs for each in self.admitted.values()
        )


class ClusterExecutor:
    """An `Executor` on the workers of a Dask scheduler, left with its `with` block.

    Dask moves the jobs of a lost worker to others. A job that is lost with several workers is graded once more when nothing
    else is at work, because another job may have taken them down; then its report says that the grader failed.
    """

    def __init__(self, address: str, least: IsolationLevel, *, with_torch: bool) -> None:
        self._address = address
        self._least = least
        self._with_torch = with_torch
        self._run = secrets.token_hex(4)
        self._workers = _Workers()
        self._news: SimpleQueue[str] = SimpleQueue()
        """Keys of futures that are done."""
        self._looked_at = self._said_at = 0.0
        self._isolation = Isolation.of_tiers(0)
        """A worker's, for the reports that are made here."""
        self._alone_since: float | None = None
        """Since when no worker can grade."""

    @property
    def _shown(self) -> str:
        return formatting.printable(self._address)

    def __enter__(self) -> Self:
        """Connect to the scheduler. ClusterError if it does not answer, UsageError if the address is not one."""
        # The coordinator says in its own words what Dask would log.
        for name in ("distributed", "distributed.client"):  # which Dask's own configuration sets apart
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False)
        except ValueError as error:
            raise UsageError(
                f"--scheduler {self._shown}: not an address ({error}); give tcp://HOST:PORT"
            ) from error
        except (TypeError, RuntimeError) as error:
            raise ClusterError(
                f"no encrypted connection to {self._shown}: {_first_line(error)}. Give the certificates in Dask's"
                " configuration (distributed.comm.tls); docs/cluster.md shows how"
            ) from error
        except OSError as error:
            raise ClusterError(
                f"no Dask scheduler answered at {self._shown} within {CONNECT_SECONDS:g} s. Check the"
                " address, that `dask scheduler` runs there with the same version of Dask, and that no"
                " firewall is in between"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        """End what is left of the run on the workers."""
        with interruption.deferred():
            leaving = Thread(target=self._leave, daemon=True)
            leaving.start()
            leaving.join(LINE_SECONDS)

    def _leave(self) -> None:
        with suppress(OSError, RuntimeError, ValueError, CancelledError):
            there = list(self._workers.admitted)
            if there and self._client.status == "running":
                self._client.run(dismiss, self._run, workers=there, on_error="ignore")
        self._client.close(timeout=LINE_SECONDS / 2)

    def choose_device(self, wanted: str, assignment: Assignment) -> ChosenDevice:
        """As `grader.grading.device.choose_device`, on workers that offer Dask's resource GPU."""
        cpu = cpu_regardless(wanted, assignment)
        if cpu is not None:
            return cpu
        self._wait_for_workers()
        if not self._workers.places("cuda"):
            if wanted == "auto":
                return ChosenDevice("cpu")
            raise DeviceError(
                "device cuda: no worker offers a GPU; start workers on machines with one as"
                " `dask worker --nthreads 1 --resources GPU=1`, or choose cpu or auto"
            )
        opened = self._client.submit(
            open_gpu,
            assignment.limits.device_memory_bytes,
            self._least,
            resources={"GPU": 1, resource_of(self._run): 1},
            pure=False,
        )
        try:
            gpu: Gpu = opened.result(timeout=WAIT_SECONDS)
        except DeviceError as error:
            if wanted == "auto":
                return ChosenDevice(
                    "cpu", note=f"a worker could not open its GPU: {error}; graded on the CPU"
                )
            raise
        except TimeoutError as error:
            raise ClusterError(
                f"no worker of {self._shown} opened its GPU within {WAIT_SECONDS:g} s"
            ) from error
        return ChosenDevice("cuda", gpu.name)

    def run(self, jobs: Iterable[GradeJob]) -> Iterator[tuple[GradeJob, Report]]:
        """Each job with its report, in the order they finish."""
        self._wait_for_workers()
        drawn = iter(jobs)
        again: list[_Task] = []
        suspects: list[_Task] = []
        running: dict[str, tuple[Future[Any], _Task]] = {}
        try:
            while True:
                yield from self._fill(running, drawn, again)
                if not running:
                    if not suspects:
                        return
                    self._send(suspects.pop(), running)
                for task, answer in self._answers(running):
                    if isinstance(answer, Report):
                        yield task.job, answer
                    else:
                        answer_to = suspects if answer == "suspect" else again
                        answer_to.append(task)
        finally:
            self._client.cancel([future for future, _ in running.values()])

    def _fill(
        self, running: dict[str, tuple[Future[Any], _Task]], drawn: Iterator[GradeJob], again: list[_Task]
    ) -> Iterator[tuple[GradeJob, Report]]:
        """Send jobs until enough are on their way. Gives the reports on those that cannot be read here."""
        device = ""
        while len(running) < PER_PLACE * max(1, self._workers.places(device)):
            if again:
                task = again.pop()
            else:
                job = next(drawn, None)
                if job is None:
                    return
                made = self._task(job)
                if isinstance(made, Report):
                    yield job, made
                    continue
                task = made
            device = task.job.settings.device
            self._send(task, running)

    def _task(self, job: GradeJob) -> _Task | Report:
        """The job with its files, or the report that says why it has none."""
        try:
            sent = guarded(lambda: by_value(job), SubmissionError)
        except SubmissionError as error:
            return _signed(unread_report(job, error, self._isolation), job)
        if sent is None:
            return fault_report(
                job,
                "the grader could not read this submission; this is not the student's fault",
                self._isolation,
            )
        return _Task(job, sent)

    def _send(self, task: _Task, running: dict[str, tuple[Future[Any], _Task]]) -> None:
        settings, checks = task.job.settings, task.job.loaded.spec.checks
        has_own_data = settings.data is not None and any(check.needs_data for check in checks)
        resources = {resource_of(self._run): 1} | ({"GPU": 1} if settings.device == "cuda" else {})
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
            future = self._client.submit(
                grade,
                self._run,
                task.sent,
                settings.data_set.name if has_own_data else None,
                resources=resources,
                key=f"grade-{self._run}-{secrets.token_hex(8)}",
                pure=False,
            )
        running[str(future.key)] = future, task
        self._watch(future)

    def _watch(self, future: Future[Any]) -> None:
        future.add_done_callback(lambda done: self._news.put(done.key))

    def _answers(self, running: dict[str, tuple[Future[Any], _Task]]) -> Iterator[tuple[_Task, Report | str]]:
        """Wait for news. For each job that has come back: its report, "again" or "suspect"."""
        key = self._next_news()
        if key in running:
            future, task = running.pop(key)
            yield task, self._answer(future, task)

    def _answer(self, future: Future[Any], task: _Task) -> Report | str:
        answer = _outcome(future)
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return "again"
        match answer:
            case str():
                try:
                    return _checked(parse_report(answer), task)
                except ReportError as error:
                    failed = f"a worker sent something other than its report ({error})"
            case KilledWorker():
                times, address = answer.allowed_failures + 1, answer.last_worker.address
                failed = f"{times} workers grading it were lost; the last was {address}"
            case CancelledError() | TimeoutError():
                self._require_scheduler()
                failed = f"the cluster lost its result ({_first_line(answer)})"
            case _:
                failed = f"it failed on a worker ({type(answer).__name__}: {_first_line(answer)})"
        task.failures += 1
        _log.warning("%s: %s", formatting.printable(task.job.id), formatting.printable(failed))
        if task.failures < _MOST_FAILURES:
            return "suspect" if isinstance(answer, KilledWorker) else "again"
        return fault_report(
            task.job, formatting.printable(f"{failed}; this is not the student's fault"), self._isolation
        )

    # --- The workers ---------------------------------------------------------------------------------------------------

    def _wait_for_workers(self) -> None:
        """Until one can grade, and the others have had time to answer."""
        if self._workers.admitted:
            return
        began = time.monotonic()
        self._look()
        while not self._workers.admitted or (
            self._workers.asked and time.monotonic() - began < ANSWER_SECONDS
        ):
            self._next_news()

    def _next_news(self) -> str:
        """The key of a future that is done, or "" after a moment. Looks after the workers meanwhile."""
        interruption.check()
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._look()
        self._require_one()
        try:
            key = self._news.get(timeout=_LOOK_SECONDS / 4)
        except Empty:
            return ""
        for address, future in list(self._workers.asked.items()):
            if future.key == key:
                del self._workers.asked[address]
                self._take(address, future)
        return key

    def _look(self) -> None:
        """Ask new workers, and forget those that are gone."""
        self._looked_at = time.monotonic()
        self._require_scheduler()
        try:
            # `Client.nthreads`, but with an end.
            there = set(self._client.sync(self._client.scheduler.ncores, callback_timeout=CONNECT_SECONDS))  # type: ignore[union-attr]
        except (OSError, RuntimeError):
            self._require_scheduler()
            return
        known = self._workers
        for address in set(known.admitted) - there:
            del known.admitted[address]
            _log.warning("worker %s was lost; another will grade its submission", address)
        for address in set(known.refused) - there:
            del known.refused[address]
        for address in set(known.asked) - there:
            known.asked.pop(address).cancel()
        for address in sorted(there - set(known.admitted) - set(known.refused) - set(known.asked)):
            future = self._client.submit(
                admit,
                self._run,
                __version__,
                python_version(),
                str(self._least),
                with_torch=self._with_torch,
                workers=[address],
                key=f"admit-{self._run}-{secrets.token_hex(8)}",
                pure=False,
            )
            known.asked[address] = future
            self._watch(future)

    def _take(self, address: str, future: Future[Any]) -> None:
        """Note what a worker answered."""
        match answer := _outcome(future):
            case Admission():
                self._workers.admitted[address] = answer
                self._isolation = answer.isolation
            case Refusal():
                self._refuse(answer)
            case CancelledError() | TimeoutError() | KilledWorker():
                pass  # it is asked again if it is still there
            case ImportError():
                words = f"cannot import this grader ({answer}); install linear-classifier-grader {__version__} there"
                self._refuse(Refusal(address, words))
            case _:
                self._refuse(
                    Refusal(address, f"failed to start ({type(answer).__name__}: {_first_line(answer)})")
                )

    def _refuse(self, refusal: Refusal) -> None:
        """Say why a worker grades nothing, once, and keep jobs from it."""
        address, known = refusal.address, self._workers
        if address in known.refused:
            return
        known.refused[address] = reason = formatting.printable(refusal.reason)
        _log.warning("worker %s is not used: %s", address, reason)
        if known.admitted.pop(address, None) is not None:
            with suppress(OSError, TimeoutError):
                self._client.run(dismiss, self._run, workers=[address], on_error="ignore")

    def _require_one(self) -> None:
        """ClusterError if no worker can grade: at once if all were refused, else after some time. Says that it waits."""
        known, now = self._workers, time.monotonic()
        if known.admitted:
            self._alone_since = None
            return
        if known.refused and not known.asked:
            raise ClusterError(
                f"no worker of {self._shown} can grade: {_grouped(known.refused)}. Then run the same command again"
            )
        if self._alone_since is None:
            self._alone_since = self._said_at = now
        waited = now - self._alone_since
        if waited > WAIT_SECONDS:
            raise ClusterError(
                f"the scheduler at {self._shown} has had no worker that can grade for {WAIT_SECONDS:g} s; start some with"
                f" `dask worker {self._shown} --nthreads 1` and run the same command again"
            )
        if now - self._said_at >= LINE_SECONDS:
            self._said_at = now
            what = "to answer" if known.asked else "to join"
            _log.warning(
                "waiting for a worker of %s %s, %.0f s more at most", self._shown, what, WAIT_SECONDS - waited
            )

    def _require_scheduler(self) -> None:
        """ClusterError if the connection is lost."""
        if self._client.status != "running":
            raise ClusterError(
                f"the scheduler at {self._shown} is gone. The reports so far are saved: start the scheduler"
                " and its"
                " workers, and run the same command again to continue"
            )


def _grouped(reasons: Mapping[str, str]) -> str:
    """Each reason once, with its workers."""
    addresses: dict[str, list[str]] = {}
    for address, reason in reasons.items():
        addresses.setdefault(reason, []).append(address)
    words = []
    for reason, who in addresses.items():
        more = f" and {len(who) - _NAMED} more" if len(who) > _NAMED else ""
        words.append(f"{', '.join(who[:_NAMED])}{more}: {reason}")
    return "; ".join(words)


def _outcome(future: Future[Any]) -> object:
    """What a future that is done holds: its result, or the error that it ended with."""
    try:
        error = future.exception(timeout=CONNECT_SECONDS)
        return future.result(timeout=CONNECT_SECONDS) if error is None else error
    except (CancelledError, OSError) as lost:  # TimeoutError is an OSError
        return lost


def _first_line(error: object) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _signed(report: Report, job: GradeJob) -> Report:
    return signed(report, job.source) if isinstance(job.source, ClassEntry) else report


def _checked(report: Report, task: _Task) -> Report:
    """The report with its student; ReportError if it is not the job's."""
    source = task.sent.source
    seen = (report.submission.id, report.submission.sha256, report.assignment.spec_sha256)
    if isinstance(source, ClassEntry):
        raise TypeError("a job was sent without its files")
    unread = report.status != "graded"
    expected = (source.id, source.sha256, task.job.loaded.sha256)
    if seen != expected and not (unread and seen[0] == expected[0]):
        raise ReportError("it is on another submission or spec")
    return _signed(report, task.job)
