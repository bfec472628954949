"""A right submission in a class, in full, and the same work in one warm process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import psutil

from benchmarks.measures import in_turn, ratios
from benchmarks.one_process import RIGHT, SEED, one_process
from benchmarks.record import Measure
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.sandbox.host import Sandbox
from grader.spec import LoadedSpec, load_spec

SETTLING_SECONDS = 0.3
"""Until the last worker of a submission was reaped, and counts to its parent."""


def in_class(name: str, spec: str, repetitions: int) -> Iterator[Measure]:
    """The two are measured in turn. The first of each, which imports torch and draws the class's images, is left out."""
    loaded = load_spec(spec)
    with Sandbox() as sandbox, one_process(spec) as in_one_process:
        own, bare = in_turn(partial(_graded, sandbox, loaded), in_one_process, repetitions)
    yield Measure.of(
        f"{name}: in a class",
        "From its file to its report, judge, zygote and workers together.",
        "CPU s",
        own,
    )
    yield Measure.of(f"{name}: the same work in one process", "Without a sandbox.", "CPU s", bare)
    what = "What the grader costs on top of the work."
    yield Measure.of(f"{name}: over the same work", what, "x", ratios(own, bare), goal=1.1)


def _graded(sandbox: Sandbox, loaded: LoadedSpec) -> float:
    """CPU seconds of one submission."""
    before = cpu_seconds()
    report = grade(load_submission(RIGHT[loaded.spec.name]), loaded, sandbox, Settings(seed=SEED))
    time.sleep(SETTLING_SECONDS)
    seconds = cpu_seconds() - before
    if report.score != report.max_score:
        failed = [check.message for check in report.checks if check.status != "passed"]
        raise ValueError(f"a right submission did not get all points: {failed}")
    return seconds


def cpu_seconds() -> float:
    """Of this process and all below it, with those of theirs that have ended and were reaped."""
    total = sum(os.times()[:4])
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
