"""Whole processes, as the shell sees them: a check beside the imports it cannot do without."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measures import SAMPLE, SUBMISSIONS, in_turn, ratios
from benchmarks.record import Measure

_NUMPY_SAMPLE = SUBMISSIONS / "cs231n" / "package_folder"


def numpy_check(repetitions: int) -> Iterator[Measure]:
    return _one_check("numpy-check", _NUMPY_SAMPLE, "import numpy, pydantic, nbformat", 3.0, repetitions)


def torch_check(repetitions: int) -> Iterator[Measure]:
    return _one_check("torch-check", SAMPLE, "import torch", 1.15, repetitions)


def _one_check(name: str, sample: Path, imports: str, goal: float, repetitions: int) -> Iterator[Measure]:
    """goal: how many times as long as the imports it may take."""
    command = _grader("check", str(sample), "--only", "softmax_vectorized_values")
    own, bare = _beside(imports, command, repetitions)
    yield Measure.of(f"{name}: one check", "`grader check --only`, the spec detected.", "s", own)
    yield Measure.of(f"{name}: {imports}", "What it cannot do without.", "s", bare)
    yield Measure.of(f"{name}: over the import", "The one over the other.", "x", ratios(own, bare), goal=goal)


def quick(repetitions: int) -> Iterator[Measure]:
    own, imports = _beside("import torch", _grader("check", str(SAMPLE), "--quick"), repetitions)
    yield Measure.of("quick: grader check --quick", "On a right module for torch.", "s", own)
    beyond = [one - other for one, other in zip(own, imports, strict=True)]
    yield Measure.of("quick: less import torch", "The command less `import torch`.", "s", beyond, goal=1.5)
    what = "The command over `import torch`."
    yield Measure.of("quick: over import torch", what, "x", ratios(own, imports))


def help_text(repetitions: int) -> Iterator[Measure]:
    own, nothing = _beside("", _grader("--help"), repetitions)
    yield Measure.of("help: grader --help", "The whole process.", "s", own)
    what = "Over a Python that does nothing."
    yield Measure.of("help: over an empty Python", what, "x", ratios(own, nothing))


def _grader(*words: str) -> list[str]:
    return [sys.executable, "-m", "grader", *words]


def _beside(code: str, command: list[str], repetitions: int) -> tuple[list[float], list[float]]:
    """Seconds of the command, and of a Python that runs the code; the first pair also reads the files from disk."""
    bare = [sys.executable, "-c", code]
    return in_turn(lambda: _seconds(command), lambda: _seconds(bare), repetitions)


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started
