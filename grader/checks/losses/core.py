"""Whether a function is right at its core: its loss, or its gradient, with reg = 0.

A function that does nothing passes agreement, numeric gradients and unchanged inputs. Such checks earn points only for
a function that solves the problem itself; a mistake in the regularizer, or in one of the two parts, costs its own checks
only.
"""

from __future__ import annotations

from grader.checks.base.call import Call
from grader.checks.base.comparison import is_zero
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment


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


def no_points_yet(what: str, fault: str) -> str:
    """The message of a check that gives no points because of a fault at the core."""
    return f"No points for {what} until the values are right with reg = 0. {fault}"
