"""Grades implementations with a spec, each by the checks that name its function."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock

from grader.checks import AnyCheck
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.model.report import CheckPart, FunctionStatus, Report
from grader.sandbox.host import Sandbox
from grader.selftest.implementation import Implementation
from grader.selftest.outcome import Outcome, Result
from grader.spec import LoadedSpec

Progress = Callable[[Outcome, int, int], None]
"""Called after each implementation with its outcome, its number from 1, and how many there are."""


def run_selftest(
    implementations: Sequence[Implementation],
    loaded: LoadedSpec,
    sandboxes: Sequence[Sandbox],
    seed: int,
    progress: Progress | None = None,
) -> Result:
    """Grade all implementations that fit the spec, as many at a time as there are sandboxes.

    SandboxError where no worker can be had.
    """
    clock = time.perf_counter()
    fitting = [each for each in implementations if each.fits(loaded.spec)]
    free: SimpleQueue[Sandbox] = SimpleQueue()
    for sandbox in sandboxes:
        free.put(sandbox)
    counting = Lock()
    done = 0

    def grade_next(implementation: Implementation) -> Outcome:
        nonlocal done
        sandbox = free.get()
        try:
            outcome = outcome_of(implementation, loaded, sandbox, seed)
        finally:
            free.put(sandbox)
        with counting:
            done += 1
            if progress is not None:
                progress(outcome, done, len(fitting))
        return outcome

    with ThreadPoolExecutor(len(sandboxes)) as pool:
        try:
            outcomes = tuple(pool.map(grade_next, fitting))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    left_out = len(implementations) - len(fitting)
    return Result(outcomes, left_out, seed, time.perf_counter() - clock)


def outcome_of(implementation: Implementation, loaded: LoadedSpec, sandbox: Sandbox, seed: int) -> Outcome:
    """Grade one implementation by the checks that name its function, those that time or train left out.

    A wrong one that its first checks caught is not graded further: what the others would say changes nothing.
    """
    clock = time.perf_counter()
    is_right = implementation.is_right_for(loaded.spec)
    naming = [
        check
        for check in loaded.spec.checks
        if implementation.function in check.functions and not check.is_slow
    ]
    status: FunctionStatus = "unjudged"
    lost: list[CheckPart] = []
    errored: list[str] = []
    named: set[str] = set()
    for stage in [naming] if is_right else _stages(implementation, naming):
        report = _report(implementation, loaded, sandbox, seed, stage)
        part = report.functions[implementation.function]
        status = part.status
        named |= {each.misconception for each in part.diagnosis}
        graded = [check for check in report.checks if check.id in {each.id for each in stage}]
        errored += [check.id for check in graded if check.status == "errored"]
        lost += [check for check in graded if check.status != "errored" and check.points < check.max_points]
        if lost or status in {"incorrect", "not_written"}:
            break
    return Outcome(
        implementation,
        is_right=is_right,
        status=status,
        checks=tuple(check.id for check in naming),
        lost=tuple(check.id for check in lost),
        errored=tuple(errored),
        named=frozenset(named),
        message=lost[0].message if lost else "",
        seconds=time.perf_counter() - clock,
    )


def _stages(implementation: Implementation, naming: Sequence[AnyCheck]) -> list[list[AnyCheck]]:
    """The checks that name mistakes, then all the others; of a mutant nothing is named, so a cheap one is the first."""
    kinds = {"agreement"} if implementation.kind == "mutant" else {"values", "stability", "answers"}
    first = [check for check in naming if check.kind in kinds]
    rest = [check for check in naming if check not in first]
    return [stage for stage in (first, rest) if stage]


def _report(
    implementation: Implementation,
    loaded: LoadedSpec,
    sandbox: Sandbox,
    seed: int,
    checks: Sequence[AnyCheck],
) -> Report:
    only = frozenset(check.id for check in checks)
    return grade(implementation.submission, loaded, sandbox, Settings(seed=seed, only=only))
