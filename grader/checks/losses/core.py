"""Whether a function is right at its core: its loss, or its gradient, with reg = 0.

A function that does nothing passes agreement, numeric gradients and unchanged inputs. Such checks earn points only for
a function that solves the problem itself; a mistake in the regularizer, or in one of the two parts, costs its own checks
only.
"""

from __future__ import annotations

import numpy as np

from grader.checks.base.call import Call
from grader.checks.base.comparison import is_zero
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment
from grader.model.observation import Received
from grader.model.trial import Array

FACTOR_TOLERANCE = 1e-5
"""Relative to the largest entry; a gradient in float32 is much nearer."""


def core_fault(assignment: Assignment, call: Call, *, needs_gradient: bool = False) -> str | None:
    """The fault of a call at reg = 0, in a sentence; None when the loss is right and dW filled in, or dW right.

    needs_gradient: both must be right.
    """
    trial, returned = call
    loss, gradient = returned.values
    truth = Truth.of(assignment, trial)
    comparison = truth.compare_loss(loss)
    fault: str | None = comparison.sentence
    if needs_gradient:
        fault = truth.fault(returned.values)
    elif is_zero(gradient):
        fault = "dW is zero everywhere" if comparison.is_right else fault
    elif comparison.is_right or truth.compare_gradient(gradient).is_right:
        fault = None
    return None if fault is None else f"{trial.function}: {fault}, on {trial.label}"


def loss_fault(assignment: Assignment, call: Call) -> str | None:
    """The fault of the loss of a call at reg = 0, in a sentence; None when it is right."""
    trial, returned = call
    comparison = Truth.of(assignment, trial).compare_loss(returned.values[0])
    return None if comparison.is_right else f"{trial.function}: {comparison.sentence}, on {trial.label}"


def is_half_right(assignment: Assignment, call: Call) -> bool:
    """Whether one half is right at reg = 0: the loss, beside a dW that is filled in, or the gradient but for a factor."""
    trial, returned = call
    if core_fault(assignment, call) is None:
        return True
    gradient = returned.values[1]
    expected = Truth.of(assignment, trial).answer.dW.astype(np.float64)
    return isinstance(gradient, Received) and _is_multiple(gradient.array.astype(np.float64), expected)


def _is_multiple(seen: Array, expected: Array) -> bool:
    """Whether an array is another one times a factor that is not zero."""
    largest, scale = (float(np.max(np.abs(each), initial=0.0)) for each in (seen, expected))
    if not (np.isfinite(largest) and largest and scale):
        return False
    one, other = seen / largest, expected / scale  # neither overflows when it is multiplied
    factor = float(np.vdot(one, other) / np.vdot(other, other))
    return factor != 0 and float(np.max(np.abs(one - factor * other))) <= FACTOR_TOLERANCE


def no_points_yet(what: str, fault: str) -> str:
    """The message of a check that gives no points because of a fault at the core."""
    return f"No points for {what} until the values are right with reg = 0. {fault}"
