"""Grades implementations with a spec, each by the checks that name its function and none that its catalogue lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from grader.checks import AnyCheck
from grader.execution.executor import Executor
from grader.execution.job import GradeJob
from grader.grading.settings import Settings
from grader.model.report import FunctionStatus, Report
from grader.selftest.catalogue import solution_of
from grader.selftest.implementation import Implementation
from grader.selftest.outcome import Outcome, Result
from grader.selftest.own import OwnImplementation
from grader.spec import LoadedSpec, Spec

Progress = Callable[[Outcome, int, int], None]
"""Called with each outcome, the number done and the number of implementations."""


def run_selftest(
    implementations: Sequence[Implementation | OwnImplementation],
    loaded: LoadedSpec,
    executor: Executor,
    seed: int,
    progress: Progress | None = None,
) -> Result:
    """Grade all implementations that fit the spec, without the checks that time or train.

    Once a check has caught a wrong one, its other checks do not run: they would change nothing.
    Raises what the executor raises.
    """
    clock = time.perf_counter()
    candidates = [_Candidate(each, loaded.spec) for each in implementations if each.fits(loaded.spec)]
    done = 0

    def tell(candidate: _Candidate) -> None:
        nonlocal done
        if candidate.is_decided:
            done += 1
            if progress is not None:
                progress(candidate.outcome(), done, len(candidates))

    for candidate in candidates:
        tell(candidate)
    while pending := [each for each in candidates if not each.is_decided]:
        jobs = {each.next_job(loaded, seed): each for each in pending}
        for job, report in executor.run(jobs):
            jobs[job].take(report)
            tell(jobs[job])
    outcomes = tuple(each.outcome() for each in candidates)
    return Result(outcomes, len(implementations) - len(candidates), seed, time.perf_counter() - clock)


class _Candidate:
    """An implementation and the reports on it so far, one for each stage of its checks."""

    def __init__(self, implementation: Implementation | OwnImplementation, spec: Spec) -> None:
        self._implementation = implementation
        self._is_right = implementation.is_right_for(spec)
        beside = _defined(implementation)
        self._checks = [
            check
            for check in spec.checks
            if beside.issuperset(check.functions)
            if not set(implementation.functions).isdisjoint(check.functions) and not check.is_slow
        ]
        self._stages = _stages(implementation, self._checks, is_right=self._is_right)
        self._reports: list[Report] = []

    def next_job(self, loaded: LoadedSpec, seed: int) -> GradeJob:
        only = frozenset(check.id for check in self._stages[len(self._reports)])
        return GradeJob(self._implementation.submission, loaded, Settings(seed=seed, only=only))

    def take(self, report: Report) -> None:
        self._reports.append(report)

    @property
    def is_decided(self) -> bool:
        """Whether no other stage could change the outcome."""
        is_last = len(self._reports) == len(self._stages)
        return is_last or (bool(self._reports) and self.outcome().is_caught)

    def outcome(self) -> Outcome:
        graded = [
            check
            for stage, report in zip(self._stages, self._reports, strict=False)
            for check in report.checks
            if check.id in {each.id for each in stage}
        ]
        lost = [check for check in graded if check.status != "errored" and check.points < check.max_points]
        parts = [
            report.functions[name] for report in self._reports for name in self._implementation.functions
        ]
        statuses = [part.status for part in parts[-len(self._implementation.functions) :]]
        return Outcome(
            self._implementation,
            is_right=self._is_right,
            status=_worst(statuses),
            checks=tuple(check.id for check in self._checks),
            lost=tuple(check.id for check in lost),
            errored=tuple(check.id for check in graded if check.status == "errored"),
            named=frozenset(each.misconception for part in parts for each in part.diagnosis),
            message=lost[0].message if lost else "",
        )


def _worst(statuses: Sequence[FunctionStatus]) -> FunctionStatus:
    """The first that is neither correct nor unjudged; else the last."""
    amiss = [each for each in statuses if each not in {"correct", "unjudged"}]
    return next(iter((*amiss, *reversed(statuses))), "unjudged")


def _defined(implementation: Implementation | OwnImplementation) -> frozenset[str]:
    """The functions of its module: a check that needs another one cannot judge it."""
    if isinstance(implementation, OwnImplementation):
        return implementation.defined
    family = implementation.family
    return frozenset(solution_of(family.name if family else "").functions)


def _stages(
    implementation: Implementation | OwnImplementation, checks: Sequence[AnyCheck], *, is_right: bool
) -> list[list[AnyCheck]]:
    """All checks at once for a right one. Otherwise first those that name mistakes, or, for a mutant, those that catch most."""
    if is_right:
        return [list(checks)] if checks else []
    kinds = {"values"} if implementation.kind == "mutant" else {"values", "stability", "answers"}
    first = [check for check in checks if check.kind in kinds]
    rest = [check for check in checks if check not in first]
    return [stage for stage in (first, rest) if stage]
