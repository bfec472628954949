"""What runs in a Dask worker: it is admitted to a run, grades jobs in processes of its own, and is dismissed.

No student code and no judge runs in the Dask worker's process. It has as many job processes as it has threads, started
as they are needed and kept warm, and all of them map one copy of the data. The coordinator calls `admit` and `grade` as
tasks, and `dismiss` beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Timer

from distributed import Worker, WorkerPlugin, get_worker
from distributed.utils import sync

from grader import __version__
from grader.errors import DataError, DeviceError, IsolationError, SandboxError
from grader.execution.job import GradeJob, with_shared_data
from grader.execution.pool import PoolExecutor
from grader.execution.warm import warm_sandbox
from grader.model.report import Report
from grader.sandbox.device import Gpu
from grader.sandbox.isolation import Isolation, IsolationLevel, not_isolated

IDLE_SECONDS = 120.0
"""A process without a job ends after so long, in case that the coordinator is gone."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A worker that can grade."""

    isolation: Isolation

    jobs: int
    """At a time."""

    gpus: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a worker cannot grade, as a clause; `address` is the worker's."""

    address: str
    reason: str


def python_version() -> str:
    """As 3.11: what another version pickles need not be readable here."""
    return ".".join(platform.python_version_tuple()[:2])


def resource_of(run: str) -> str:
    """The Dask resource that a worker offers once it is admitted to the run."""
    return f"grader-{run}"


def admit(run: str, grader: str, python: str, least: str, *, with_torch: bool) -> Admission | Refusal:
    """Look at this worker's versions and isolation, and have it offer the run's resource if both will do.

    The arguments are plain values, because a worker with another version is to understand them.
    """
    worker = get_worker()
    address = str(worker.contact_address)
    for name, here, there in (("grader", __version__, grader), ("Python", python_version(), python)):
        if here != there:
            return Refusal(
                address, f"has {name} {here}, the coordinator has {there}; install the same version on both"
            )
    try:
        with warm_sandbox(with_torch=False) as sandbox:
            isolation = sandbox.isolation
    except SandboxError as error:
        return Refusal(address, str(error))
    if isolation.level.rank < IsolationLevel(least).rank:
        missing = not_isolated(isolation.missing)
        return Refusal(
            address, f"isolates code at level {isolation.level}, but {least} is required: {missing}"
        )
    jobs = worker.state.nthreads
    gpus = int(worker.state.total_resources.get("GPU", 0))
    judges = Judges(run, jobs, with_torch=with_torch)
    sync(worker.loop, worker.plugin_add, plugin=judges, name=run, catch_errors=False)
    return Admission(isolation, jobs, gpus)


def open_gpu(device_memory_bytes: int, least: IsolationLevel) -> Gpu:
    """This worker's GPU, opened in a process that ends at once. DeviceError if it cannot be."""
    with warm_sandbox(with_torch=True) as sandbox:
        return sandbox.open_device(device_memory_bytes, least)


def grade(run: str, job: GradeJob, data_name: str | None) -> str | Refusal:
    """The job's report as JSON, which the coordinator checks. data_name: of a data set that this worker must have."""
    worker = get_worker()
    judges = worker.plugins[run]
    assert isinstance(judges, Judges)
    try:
        if data_name is not None and job.settings.data_set.name != data_name:
            seen = job.settings.data_set.name
            return Refusal(str(worker.contact_address), f"has other data at the path of --data ({seen})")
        return judges.grade(job).to_json()
    except (DataError, DeviceError, IsolationError, SandboxError) as error:
        return Refusal(str(worker.contact_address), str(error))


async def dismiss(run: str, dask_worker: Worker) -> None:
    """End the run's processes on this worker, whatever they are at."""
    if run in dask_worker.plugins:
        await dask_worker.plugin_remove(name=run)


class Judges(WorkerPlugin):
    """The job processes of a run on this worker. A thread of the worker takes one for a job and puts it back."""

    def __init__(self, run: str, count: int, *, with_torch: bool) -> None:
        self._run = run
        self._count = count
        self._judges = [_Judge(with_torch=with_torch) for _ in range(count)]
        self._free: SimpleQueue[_Judge] = SimpleQueue()
        for each in self._judges:
            self._free.put(each)
        self._data_lock = Lock()

    async def setup(self, worker: Worker) -> None:
        """Offer the run's resource."""
        await worker.set_resources(**{resource_of(self._run): self._count})

    async def teardown(self, worker: Worker) -> None:
        """Offer it no more, and end the processes."""
        for each in self._judges:
            each.stop()
        with contextlib.suppress(OSError):  # of a scheduler that is gone
            await worker.set_resources(**{resource_of(self._run): 0})
        for each in self._judges:
            await asyncio.to_thread(each.join)

    def grade(self, job: GradeJob) -> Report:
        """The job's report. Raises what ends a run: nothing can be graded on this worker."""
        with self._data_lock:
            job = with_shared_data(job)
        judge = self._free.get()
        try:
            return judge.grade(job)
        finally:
            self._free.put(judge)


class _Judge:
    """A job process, and the one thread that starts it: Linux ends the process when that thread ends."""

    def __init__(self, *, with_torch: bool) -> None:
        self._with_torch = with_torch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="grader")
        self._pool: PoolExecutor | None = None
        self._is_stopped = False
        self._rest_later = Timer(0, self._rest)

    def grade(self, job: GradeJob) -> Report:
        """The job's report."""
        self._rest_later.cancel()
        if self._is_stopped:
            raise SandboxError("grading was stopped")
        try:
            return self._thread.submit(self._graded, job).result()
        finally:
            self._rest_later = Timer(IDLE_SECONDS, self._rest)
            self._rest_later.daemon = True
            self._rest_later.start()

    def stop(self) -> None:
        """End the process, whatever it is at."""
        self._is_stopped = True
        self._rest_later.cancel()
        pool = self._pool
        if pool is not None:
            pool.stop()
        self._rest()

    def join(self) -> None:
        """Wait for the end of a stopped one."""
        self._thread.shutdown()

    def _rest(self) -> None:
        """End the process once it is idle."""
        with contextlib.suppress(RuntimeError):  # it has been stopped
            self._thread.submit(self._end)

    def _graded(self, job: GradeJob) -> Report:
        if self._pool is None:
            self._pool = PoolExecutor(1, with_torch=self._with_torch)
        ((_, report),) = self._pool.run([job])
        return report

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.__exit__()
            self._pool = None
