"""What training a grid of pairs at once saves: CPU seconds of 25 classifiers together, and one by one.

Started as `python -m benchmarks.grid N` prints the seconds as JSON, with one thread, as a worker computes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np

from benchmarks.measures import in_turn, ratios
from benchmarks.record import Measure
from grader.data import standin_data
from reference import Convention, softmax_loss, svm_loss
from reference.in_worker.searched.grid import softmax_slopes, svm_slopes, train_grid
from reference.losses.problem import Array
from tests.reference.trainer import train

PAIRS = [(rate, reg) for rate in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1) for reg in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)]
ITERATIONS, BATCH = 40, 200
Classifier = Literal["svm", "softmax"]
CLASSIFIERS: tuple[Classifier, ...] = ("svm", "softmax")
_CONVENTION = Convention()


def grids(repetitions: int) -> Iterator[Measure]:
    """25 pairs, 10,000 x 3073 in float32, 40 iterations of batch 200; the two ways are taken in turn."""
    command = [sys.executable, "-m", "benchmarks.grid", str(repetitions)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    series: dict[Classifier, tuple[list[float], list[float]]] = json.loads(printed)
    for classifier, (together, alone) in series.items():
        what = "25 trainings together."
        yield Measure.of(f"grid: {classifier}", what, "CPU s", together)
        what = "One by one, over together: how many times as fast."
        ratio = ratios(alone, together)
        yield Measure.of(f"grid: {classifier}, one by one over it", what, "x", ratio, better="higher")


def _measured(repetitions: int) -> dict[Classifier, tuple[list[float], list[float]]]:
    splits = [standin_data().split(name) for name in ("train", "val", "test")]
    X, y = (np.concatenate(parts)[:10_000] for parts in zip(*splits, strict=True))
    W = (1e-4 * np.random.Generator(np.random.PCG64(0)).normal(size=(X.shape[1], 10))).astype(X.dtype)
    return {
        classifier: in_turn(
            partial(_at_once, classifier, W, X, y), partial(_one_by_one, classifier, W, X, y), repetitions
        )
        for classifier in CLASSIFIERS
    }


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


if __name__ == "__main__":
    print(json.dumps(_measured(int(sys.argv[1]))))
