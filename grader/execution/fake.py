"""An executor for tests: it grades nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from grader.execution.job import GradeJob
from grader.model.report import Report


class FakeExecutor:
    """An `Executor` that takes each report from a function, and records the jobs."""

    def __init__(self, answer: Callable[[GradeJob], Report]) -> None:
        self._answer = answer
        self.jobs: list[GradeJob] = []
        """The jobs so far, in the order they were drawn."""

    def run(self, jobs: Iterable[GradeJob]) -> Iterator[tuple[GradeJob, Report]]:
        """Each job with its report, in the order of the jobs."""
        for job in jobs:
            self.jobs.append(job)
            yield job, self._answer(job)
