"""`grader check --watch`: from a save until the report on it is printed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import IO

from benchmarks.measures import SAMPLE
from benchmarks.record import Measure

_COMMAND = [sys.executable, "-m", "grader", "check"]
_PATIENCE_SECONDS = 120
"""For all of it: a save that nobody sees must not keep the others waiting."""

_HEAD = "def softmax_loss_vectorized(W: Tensor, X: Tensor, y: Tensor, reg: float) -> LossAndGrad:\n"


def second_grading(repetitions: int) -> Iterator[Measure]:
    """One function changes each time. Nothing where the command has no --watch."""
    if (
        "--watch"
        not in subprocess.run([*_COMMAND, "--help"], check=True, capture_output=True, text=True).stdout
    ):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(SAMPLE / "linear_classifier.py", folder))
        command = [*_COMMAND, str(path), "--spec", SAMPLE.parent.name, "--quick", "--watch", "--seed", "0"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            patience = Timer(_PATIENCE_SECONDS, process.kill)
            patience.start()
            _read_report(process.stdout)
            seconds = [_saved(path, process.stdout, number) for number in range(repetitions)]
            patience.cancel()
            process.terminate()
    yield Measure.of("watch: second grading", "From a save to the report on it.", "s", seconds, goal=0.5)


def _saved(path: Path, printed: IO[str], number: int) -> float:
    """Seconds from the save of one more statement in one function."""
    text = path.read_text(encoding="utf-8").replace(_HEAD, f"{_HEAD}    saved = {number}\n")
    time.sleep(1.0)  # as a student pauses; the watcher is idle by then
    started = time.perf_counter()
    path.write_text(text, encoding="utf-8")
    _read_report(printed)
    return time.perf_counter() - started


def _read_report(printed: IO[str]) -> None:
    """Until the line with the score, which ends a report."""
    for line in printed:
        if line.startswith("Score"):
            return
    raise RuntimeError("grader check --watch ended")
