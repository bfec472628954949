"""Whether a float64 value shows float32 arithmetic inside, or a small mistake of the size of float32's rounding.

A value is granted the float32 bound only on evidence, which is one of two:
1. Rounded: it (or its data part, or the sum over the samples before the division) is a float32 number. Then the
   whole float32 bound holds.
2. Scattered: it is no further off than a few units of float32 roundoff, and what it is off does not look like a
   mistake. A loss is held against the losses of mistakes of that size; of a gradient the direction of each mistake
   is fitted to what it is off, and rounding leaves nothing that one direction explains.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader.checks.base.comparison import unit_roundoff
from grader.checks.losses.cases import Case
from grader.model.assignment import ClassifierName
from grader.model.trial import Array
from reference import Convention, scores, svm_loss

LOSS_UNITS, GRADIENT_UNITS = 4, 16
"""Of float32 roundoff times the condition. Scores in float32 with all else in float64 stay within them in 20 of 20 draws;
how far within was not measured."""

NOISE_UNITS = 8
LEAST_ENTRIES = 10
EXPLAINED = 4.0
"""A direction explains what is left over if the rest is this much smaller; chance does so in no case of 10 entries."""

ROUNDED_FACTOR = 4.0
"""A number such as reg or 1/N rounded to float32 scales a gradient by up to half a unit, which is no mistake."""

MISTAKES = tuple(digit * 10.0**-power for power in range(3, 9) for digit in (1, 2, 5))
"""Epsilons in softmax's denominator and deviations of the SVM's delta from 1."""


def is_rounded(values: Array, regularizer: Array, samples: int) -> bool:
    """Whether every value is a float32 number, as it is or before the regularizer was added or N divided by."""
    values, regularizer = np.asarray(values, np.float64), np.asarray(regularizer, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # a student may return the greatest float there is
        noise = NOISE_UNITS * unit_roundoff("float64") * (np.abs(values) + np.abs(regularizer))
        data = values - regularizer
        views: list[tuple[Array, float]] = [(values, 0), (values * samples, samples)]
        views += [(data, 1), (data * samples, samples)]
        return any(
            bool(np.all(np.abs(view - view.astype(np.float32)) <= factor * noise)) for view, factor in views
        )


def losses_of_mistakes(classifier: ClassifierName, case: Case, convention: Convention) -> list[float]:
    """The losses with a small epsilon in softmax's denominator, or with a delta a little off."""
    if classifier == "svm":
        deltas = [convention.delta * (1 + sign * each) for each in MISTAKES for sign in (1, -1)]
        return [
            float(svm_loss(case.W, case.X, case.y, case.reg, replace(convention, delta=delta)).loss)
            for delta in deltas
        ]
    exponentials, total = _exponentials(case, convention)
    at_label = np.take_along_axis(exponentials, case.y[:, None], axis=1)
    penalty = convention.regularizer_coefficient * case.reg * np.sum(np.square(case.W.astype(np.longdouble)))
    with np.errstate(divide="ignore"):
        return [float(-np.log(at_label / (total + each)).mean() + penalty) for each in MISTAKES]


def is_scattered(
    off: Array, expected: Array, classifier: ClassifierName, case: Case, convention: Convention
) -> bool:
    """Whether what a gradient is off is not explained by one mistake: a scale, an offset, an epsilon, a step."""
    if off.size < LEAST_ENTRIES:
        return True
    scale_floor = ROUNDED_FACTOR * unit_roundoff("float32")
    directions = [(expected, scale_floor), (np.ones_like(off), 0.0)]
    if classifier == "softmax":
        directions += [(each, 0.0) for each in _softmax_directions(case, convention)]
    return not any(_explains(direction, off, floor) for direction, floor in directions)


def _explains(direction: Array, off: Array, floor: float) -> bool:
    length = float(np.vdot(direction, direction))
    if length == 0:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        amount = float(np.vdot(direction, off)) / length
        left = float(np.linalg.norm(off - amount * direction))
        return abs(amount) > floor and EXPLAINED * left < float(np.linalg.norm(off))


def _exponentials(case: Case, convention: Convention) -> tuple[Array, Array]:
    rows = scores(case.W, case.X, convention)
    exponentials = np.exp(rows - rows.max(axis=1, keepdims=True))
    return exponentials, exponentials.sum(axis=1, keepdims=True)


def _softmax_directions(case: Case, convention: Convention) -> tuple[Array, Array]:
    """Where an epsilon in the denominator moves dW, and where a one-sided difference quotient does."""
    exponentials, total = _exponentials(case, convention)
    P = exponentials / total
    is_transposed = convention.layout == "CD"
    X = case.X.T if is_transposed else case.X
    epsilon = (X.T @ (P / total) / len(P)).astype(np.float64)
    curvature = (np.square(X).T @ (P * (1 - P)) / len(P)).astype(np.float64)
    curvature += 2 * convention.regularizer_coefficient * case.reg
    return (epsilon.T, curvature.T) if is_transposed else (epsilon, curvature)
