"""The seam between the jobs of a class or a selftest and their runner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from grader.execution.job import GradeJob
from grader.model.report import Report


class Executor(Protocol):
    """Runs jobs."""

    def run(self, jobs: Iterable[GradeJob]) -> Iterator[tuple[GradeJob, Report]]:
        """Each job with its report, in the order they finish.

        Jobs are drawn in the calling thread. A failure of the grader inside a job goes into that job's report; raises
        SandboxError, IsolationError or DeviceError if nothing can be graded.
        """
