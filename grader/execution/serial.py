"""Runs jobs one after the other, in one warm sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.execution.job import GradeJob, run
from grader.model.report import Report
from grader.sandbox.protocols import SandboxLike


class SerialExecutor:
    """An `Executor` that draws a job only when the one before is done."""

    def __init__(self, sandbox: SandboxLike) -> None:
        self._sandbox = sandbox

    def run(self, jobs: Iterable[GradeJob]) -> Iterator[tuple[GradeJob, Report]]:
        """Each job with its report, in the order of the jobs."""
        for job in jobs:
            yield job, run(job, self._sandbox)
