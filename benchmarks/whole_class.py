"""A class of samples, graded one and two at a time: throughput, CPU beside one warm process, and memory.

`python -m benchmarks.whole_class --submissions 200` measures a large one. `python -m benchmarks.whole_class --warm FOLDER`
is the one warm process: a `Grader` that grades the same files, and prints its CPU seconds for each.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.classes import SETTLING_SECONDS, cpu_seconds
from benchmarks.made_class import SPEC, make_class
from benchmarks.memory import peak_of
from benchmarks.record import Measure
from grader.api import Grader
from grader.errors import SubmissionError

FEW = 12
"""In the run of all benchmarks."""

MANY = 100
"""From so many on the start of the processes does not count, and there are goals."""

_PAUSE_SECONDS = 0.5
"""Between two looks at the memory: each takes a core for some milliseconds."""


@dataclass(frozen=True, slots=True)
class _Graded:
    """What `grader batch` took for a class, its start included."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    rows: int


def small(_: int) -> Iterator[Measure]:
    """The class of a run of all benchmarks, once."""
    return measured(FEW, is_quick=False)


def measured(count: int, *, is_quick: bool) -> Iterator[Measure]:
    """Measures of a class of so many."""
    quick = ["--quick"] if is_quick else []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "class"
        make_class(folder, count)
        two, one = (_graded(folder, jobs, quick) for jobs in (2, 1))
        warm = _warm(folder, quick)
    name, is_large = f"class-of-{count}", count >= MANY
    for jobs, graded in ((1, one), (2, two)):
        if graded.rows != count:
            raise ValueError(f"{count} submissions, but {graded.rows} rows with -j {jobs}")
        rate = 60 * count / graded.seconds
        yield Measure.of(
            f"{name}: -j {jobs}", "Submissions a minute, start included.", "/min", [rate], better="higher"
        )
    what = "Throughput of two at a time over one at a time."
    goal = 1.7 if is_large else None
    ratio = one.seconds / two.seconds
    yield Measure.of(f"{name}: -j 2 over -j 1", what, "x", [ratio], better="higher", goal=goal)
    each = two.cpu_seconds / count
    yield Measure.of(f"{name}: CPU of each, -j 2", "All processes, start included.", "CPU s", [each])
    yield Measure.of(f"{name}: CPU of each, -j 1", "The same.", "CPU s", [one.cpu_seconds / count])
    yield Measure.of(f"{name}: CPU of each, warm", "A warm `Grader`, without its start.", "CPU s", [warm])
    what = "-j 2 over the warm process."
    goal = 1.15 if is_large else None
    yield Measure.of(f"{name}: CPU over warm", what, "x", [each / warm], goal=goal)
    peak = two.peak_bytes / (1 << 20)
    yield Measure.of(f"{name}: peak memory, -j 2", "PSS of all processes.", "MiB", [peak], goal=1200)


def _graded(folder: Path, jobs: int, options: Sequence[str]) -> _Graded:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "grader", "batch", str(folder), "--spec", SPEC, "--out", out]
        before, started = _childrens_seconds(), time.perf_counter()
        peak = peak_of([*command, "--seed", "0", "-j", str(jobs), *options], pause_seconds=_PAUSE_SECONDS)
        seconds = time.perf_counter() - started
        with (Path(out) / "gradebook.csv").open(encoding="utf-8", newline="") as file:
            rows = sum(1 for _ in csv.reader(file)) - 1
        return _Graded(seconds, _childrens_seconds() - before, peak.whole, rows)


def _childrens_seconds() -> float:
    """CPU seconds of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _warm(folder: Path, options: Sequence[str]) -> float:
    """CPU seconds for each submission in one warm process, which is a fresh one."""
    command = [sys.executable, "-m", "benchmarks.whole_class", "--warm", str(folder), *options]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _graded_warm(folder: Path, *, is_quick: bool) -> float:
    paths = sorted(folder.iterdir())
    with Grader(SPEC, quick=is_quick, seed=0) as grader:
        grader.grade(paths[0])  # it imports, and draws the images
        time.sleep(SETTLING_SECONDS)
        before = cpu_seconds()
        for path in paths:
            with suppress(SubmissionError):
                grader.grade(path)
        time.sleep(SETTLING_SECONDS)
        return (cpu_seconds() - before) / len(paths)


def main() -> None:
    """Print the measures of a class, or what the warm process takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_class", description=__doc__)
    parser.add_argument("--submissions", type=int, default=FEW, help="how many (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="grade with --quick")
    parser.add_argument("--warm", type=Path, metavar="FOLDER", help="be the one warm process")
    asked = parser.parse_args()
    if asked.warm is not None:
        print(_graded_warm(asked.warm, is_quick=asked.quick))
        return
    for each in measured(asked.submissions, is_quick=asked.quick):
        goal = "" if each.goal is None else f"   (expected: {each.goal:g})"
        print(f"{each.name:36}{each.median:9.4g} {each.unit}{goal}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
