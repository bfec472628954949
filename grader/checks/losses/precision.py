"""Whether a float64 value shows float32 arithmetic inside, or a small mistake of the size of float32's rounding.

A value gets the float32 bound only on evidence, of one of two kinds:
1. Rounded: it (or its data part, or the sum over the samples before the division) is a float32 number. Then the
   whole float32 bound holds.
2. Scattered: it is off by no more than a few units of float32 roundoff, and not as a mistake would have it. A loss is
   compared with the losses of mistakes of that size; of a gradient the direction of each mistake is fitted to the
   difference, and rounding leaves nothing that one direction explains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grader.checks.base.comparison import unit_roundoff
from grader.model.assignment import ClassifierName
from grader.model.trial import Array
from reference.losses.formulas import svm_data_term
from reference.losses.problem import Problem

LOSS_UNITS, GRADIENT_UNITS = 4, 16
"""Of float32 roundoff times the condition. Float32 scores with all else in float64 stay within them in 20 of 20 draws;
how far within was not measured."""

NOISE_UNITS = 8
LEAST_ENTRIES = 10
EXPLAINED = 4.0
"""A direction explains a difference if the rest is this much smaller; chance never does so with 10 entries or more."""

ROUNDED_FACTOR = 4.0
"""A number such as reg or 1/N rounded to float32 scales a gradient by up to half a unit, which is not a mistake."""

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


def losses_of_mistakes(classifier: ClassifierName, problem: Problem) -> list[float]:
    """The losses with a small epsilon in softmax's denominator or as a bound, or with a delta that is slightly off."""
    if classifier == "svm":
        delta = problem.convention.delta
        conventions = [
            replace(problem.convention, delta=delta * (1 + sign * each))
            for each in MISTAKES
            for sign in (1, -1)
        ]
        data_losses = [svm_data_term(replace(problem, convention=each))[0] for each in conventions]
    else:
        P = problem.probabilities
        at_label, greatest = P[np.arange(len(P)), problem.y], P.max(axis=1)
        with np.errstate(divide="ignore"):
            data_losses = [-np.log(at_label / (1 + each * greatest)).mean() for each in MISTAKES]
            data_losses += [-np.log(np.clip(at_label, each, 1 - each)).mean() for each in MISTAKES]
    return [float(loss + problem.regularizer) for loss in data_losses]


def is_scattered(off: Array, expected: Array, classifier: ClassifierName, problem: Problem) -> bool:
    """Whether no single mistake explains the error of a gradient: a scale, an offset, an epsilon, a step."""
    if off.size < LEAST_ENTRIES:
        return True
    directions = [(expected, ROUNDED_FACTOR * unit_roundoff("float32")), (np.ones_like(off), 0.0)]
    if classifier == "softmax":
        directions += [(each, 0.0) for each in _softmax_directions(problem)]
    return not any(_explains(direction, off, floor) for direction, floor in directions)


def _explains(direction: Array, off: Array, floor: float) -> bool:
    length = float(np.vdot(direction, direction))
    if length == 0:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        amount = float(np.vdot(direction, off)) / length
        left = float(np.linalg.norm(off - amount * direction))
        return abs(amount) > floor and EXPLAINED * left < float(np.linalg.norm(off))


def _softmax_directions(problem: Problem) -> Iterator[Array]:
    """The directions in which an epsilon in the denominator and a one-sided difference quotient move dW.

    The denominator is that of scores less their row's maximum, so it is 1 over the greatest probability.
    """
    P = problem.probabilities
    epsilon = problem.pull_back(P * P.max(axis=1, keepdims=True))
    curvature = np.square(problem.X).T @ (P * (1 - P)) / problem.num_samples + 2 * problem.penalty
    for direction in (epsilon, curvature):
        yield problem.in_layout(direction.astype(np.float64))
