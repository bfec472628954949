"""The loss of the reference while it trains as a check trains the student's functions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from grader.data import DataSet
from grader.model.assignment import ClassifierName
from grader.model.trial import Array, DTypeName
from reference import Convention
from reference.in_worker.searched.grid import SEED, softmax_slopes, svm_slopes, train_grid
from reference.losses.formulas import softmax_data_term, svm_data_term
from reference.losses.problem import Problem

POINTS = 40
"""Of the curve: a loss that falls needs no more."""

_SAMPLES = 500
"""Training images that each point is the mean over: enough to be within a few hundredths of the loss on all of them."""

_IMAGES = 12_000
"""Drawn for all batches together: 0.1 CPU s. A long training gets smaller batches, which lead along the same curve."""

_SMALLEST_BATCH = 20
"""On the stand-in, over 1,500 iterations, it draws softmax's loss within 0.05 of a batch of 200, and the SVM's within 0.3 on the
mean, where another seed alone moves it by 0.15."""


def reference_curve(
    data: DataSet,
    dtype: DTypeName,
    classifier: ClassifierName,
    convention: Convention,
    *,
    learning_rate: float,
    reg: float,
    num_iters: int,
    batch_size: int,
) -> tuple[float, ...]:
    """The loss in the middle of each of up to 40 equal stretches of so many iterations, from W = 0.

    Empty if these numbers lead nowhere. dtype: of the X that is there. Made once for all submissions that are graded with the
    same data, as it takes 0.1 to 0.2 CPU s. A batch may have fewer images than batch_size: see _IMAGES.
    """
    batch_size = min(batch_size, max(_SMALLEST_BATCH, _IMAGES // num_iters))

    def trained() -> tuple[float, ...]:
        X, y = data.split("train", np.float32 if dtype == "float32" else np.float64)
        rng = np.random.Generator(np.random.PCG64(SEED))
        rows = rng.choice(len(y), min(_SAMPLES, len(y)), replace=False)
        seen = X[rows].astype(np.float32), y[rows]
        slopes = svm_slopes if classifier == "svm" else softmax_slopes
        pair = np.array([(learning_rate, reg)])
        W = np.zeros((X.shape[1], int(y.max()) + 1), np.float32)
        losses = []
        points = min(POINTS, num_iters)
        middles = [int((number + 0.5) * num_iters / points) for number in range(points)]
        for done, end in pairwise((0, *middles)):
            (W,) = train_grid(
                slopes,
                W,
                X,
                y,
                pair,
                end - done,
                batch_size,
                rng,
                convention.regularizer_coefficient,
                convention.delta,
            )
            losses.append(_loss(classifier, W, *seen, reg, convention))
        return tuple(losses) if np.isfinite(losses).all() else ()

    key = ("reference curve", classifier, convention, learning_rate, reg, num_iters, batch_size)
    return data.derived(key, trained)


def _loss(
    classifier: ClassifierName, W: Array, X: Array, y: Array, reg: float, convention: Convention
) -> float:
    problem = Problem.of(W, X, y, reg, convention, dtype=np.float32)
    data_term = svm_data_term if classifier == "svm" else softmax_data_term
    return float(f"{data_term(problem)[0] + problem.regularizer:.5g}")
