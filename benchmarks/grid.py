"""What training a grid of pairs at once saves: CPU seconds of 25 classifiers together, and one by one.

Started as `python -m benchmarks.grid` prints the medians and the ratio; with one thread, as a worker computes, which
NumPy asks for when it is imported: so the measuring process is another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from statistics import median
from typing import Literal

import numpy as np

from grader.data import standin_data
from reference import Convention, softmax_loss, svm_loss
from reference.in_worker.searched.grid import softmax_slopes, svm_slopes, train_grid
from reference.losses.problem import Array
from tests.reference.trainer import train

PAIRS = [(rate, reg) for rate in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1) for reg in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)]
ITERATIONS, BATCH = 40, 200
Classifier = Literal["svm", "softmax"]
CLASSIFIERS: tuple[Classifier, ...] = ("svm", "softmax")
REPETITIONS = 5
_CONVENTION = Convention()


def grids() -> dict[str, list[float]]:
    """CPU seconds for 25 pairs, 10,000 x 3073 in float32, 40 iterations of batch 200; the two ways are taken in turn."""
    command = [sys.executable, "-m", "benchmarks.grid", "--json"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    series: dict[str, list[float]] = json.loads(printed)
    return series


def _measured() -> dict[str, list[float]]:
    splits = [standin_data().split(name) for name in ("train", "val", "test")]
    X, y = (np.concatenate(parts)[:10_000] for parts in zip(*splits, strict=True))
    W = (1e-4 * np.random.Generator(np.random.PCG64(0)).normal(size=(X.shape[1], 10))).astype(X.dtype)
    series: dict[str, list[float]] = {}
    for _ in range(REPETITIONS):
        for classifier in CLASSIFIERS:
            for how, measure in (("at once", _at_once), ("one by one", _one_by_one)):
                seconds = series.setdefault(f"{classifier} grid of 25 {how}, CPU", [])
                seconds.append(measure(classifier, W, X, y))
    return series


def _at_once(classifier: Classifier, W: Array, X: Array, y: Array) -> float:
    started = time.process_time()
    rng = np.random.Generator(np.random.PCG64(1))
    slopes = svm_slopes if classifier == "svm" else softmax_slopes
    numbers = (_CONVENTION.regularizer_coefficient, _CONVENTION.delta)
    train_grid(slopes, W, X, y, np.array(PAIRS), ITERATIONS, BATCH, rng, *numbers)
    return time.process_time() - started


def _one_by_one(classifier: Classifier, W: Array, X: Array, y: Array) -> float:
    loss = partial(svm_loss if classifier == "svm" else softmax_loss, dtype=np.float32)
    started = time.process_time()
    for rate, reg in PAIRS:
        rng = np.random.Generator(np.random.PCG64(1))
        train(loss, W, X, y, rate, reg, ITERATIONS, BATCH, rng, _CONVENTION)
    return time.process_time() - started


def main() -> None:
    """Print the medians and how many times as fast the grid is."""
    series = grids()
    for name, seconds in series.items():
        print(
            f"{name:38} {median(seconds):7.3f} s  (n={len(seconds)}, {min(seconds):.3f} to {max(seconds):.3f})"
        )
    for classifier in CLASSIFIERS:
        together, alone = (
            median(series[f"{classifier} grid of 25 {how}, CPU"]) for how in ("at once", "one by one")
        )
        print(f"{classifier}: {alone / together:.1f} times as fast")


if __name__ == "__main__":
    if sys.argv[1:] == ["--json"]:
        print(json.dumps(_measured()))
    else:
        main()
