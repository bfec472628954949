"""Runs several jobs at a time, each in its own sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue

from grader.execution.job import GradeJob, run
from grader.model.report import Report
from grader.sandbox.protocols import SandboxLike


class ThreadsExecutor:
    """An `Executor` with a thread for each sandbox: for jobs in which the workers do most of the work."""

    def __init__(self, sandboxes: Sequence[SandboxLike]) -> None:
        self._count = len(sandboxes)
        self._free: SimpleQueue[SandboxLike] = SimpleQueue()
        for sandbox in sandboxes:
            self._free.put(sandbox)

    def run(self, jobs: Iterable[GradeJob]) -> Iterator[tuple[GradeJob, Report]]:
        """Each job with its report, in the order they finish."""
        with ThreadPoolExecutor(self._count) as pool:
            try:
                running = {pool.submit(self._run, job): job for job in jobs}
                for future in as_completed(running):
                    yield running[future], future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _run(self, job: GradeJob) -> Report:
        sandbox = self._free.get()
        try:
            return run(job, sandbox)
        finally:
            self._free.put(sandbox)
