"""Other programs that want every core: what they do to the time of a submission."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measures import SAMPLE, in_turn, ratios
from benchmarks.record import Measure
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.sandbox.host import Sandbox
from grader.spec import load_spec


@contextmanager
def busy_cores() -> Iterator[None]:
    """A loop without end for each core."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def submission(repetitions: int) -> Iterator[Measure]:
    """Idle and busy are measured in turn."""
    loaded = load_spec("eecs498_2019")

    def seconds(sandbox: Sandbox) -> float:
        started = time.perf_counter()
        report = grade(load_submission(SAMPLE), loaded, sandbox, Settings(seed=0))
        if report.score != report.max_score:
            raise ValueError(f"the right module got {report.score:g} of {report.max_score:g} points")
        return time.perf_counter() - started

    def busy_seconds(sandbox: Sandbox) -> float:
        with busy_cores():
            return seconds(sandbox)

    with Sandbox() as sandbox:
        busy, idle = in_turn(lambda: busy_seconds(sandbox), lambda: seconds(sandbox), repetitions)
    yield Measure.of("busy: idle", "A right submission of eecs498_2019 in full.", "s", idle)
    yield Measure.of("busy: every core busy", "The same beside one endless loop per core.", "s", busy)
    yield Measure.of("busy: busy over idle", "The one over the other.", "x", ratios(busy, idle), goal=3.0)
