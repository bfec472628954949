"""How repeatable the speed checks are: the same right submission, timed again and again with other seeds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext

from benchmarks.busy import busy_cores
from benchmarks.measures import SAMPLE
from benchmarks.record import Measure
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.trial import Device
from grader.sandbox.host import Sandbox
from grader.spec import load_spec


def idle(repetitions: int) -> Iterator[Measure]:
    with Sandbox() as sandbox:
        yield from stability("points-idle", sandbox, repetitions)


def busy(repetitions: int) -> Iterator[Measure]:
    with Sandbox() as sandbox:
        yield from stability("points-busy", sandbox, repetitions, is_busy=True)


def stability(
    name: str, sandbox: Sandbox, runs: int, *, is_busy: bool = False, device: Device = "cpu"
) -> Iterator[Measure]:
    """Both speed checks of the sample: their points, and what it took until these were certain (decision 9)."""
    loaded, submission = load_spec("eecs498_2019"), load_submission(SAMPLE)
    only = frozenset(check.id for check in loaded.spec.checks if check.kind == "speedup")
    full = sum(check.points for check in loaded.spec.checks if check.id in only)
    points: list[float] = []
    rounds: list[float] = []
    seconds: list[float] = []
    with busy_cores() if is_busy else nullcontext():
        for seed in range(runs):
            started = time.perf_counter()
            report = grade(submission, loaded, sandbox, Settings(seed=seed, only=only, device=device))
            seconds.append(time.perf_counter() - started)
            parts = [check for check in report.checks if check.id in only]
            points.append(sum(part.points for part in parts))
            rounds.append(max(part.measured.get("rounds", 0.0) for part in parts))
    same = float(sum(each == full for each in points))
    what = f"Of {runs} runs, those with all points for speed."
    yield Measure.of(f"{name}: runs with full points", what, "runs", [same], better="higher", goal=runs)
    what = "Rounds until the credit was certain, of the check that took more."
    yield Measure.of(f"{name}: rounds", what, "rounds", rounds)
    yield Measure.of(f"{name}: two speed checks", "Both speed checks, warm.", "s", seconds)
