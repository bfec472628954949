"""Whether a function is right at its core: loss and gradient with reg = 0.

A function that does nothing passes agreement, numeric gradients and unchanged inputs. Such checks earn points only for
a function that solves the problem itself; a mistake in the regularizer costs its own checks only.
"""

from __future__ import annotations

from grader.checks.base.call import Call
from grader.checks.base.comparison import is_zero
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment


def core_fault(assignment: Assignment, call: Call, *, needs_gradient: bool = False) -> str | None:
    """The fault of a call at reg = 0, in a sentence; None when the loss is right and dW is filled in.

    needs_gradient: dW must be right, too.
    """
    trial, returned = call
    loss, gradient = returned.values
    truth = Truth.of(assignment, trial)
    if needs_gradient:
        fault = truth.fault(returned.values)
    elif not (comparison := truth.compare_loss(loss)).is_right:
        fault = comparison.sentence
    else:
        fault = "dW is zero everywhere" if is_zero(gradient) else None
    return None if fault is None else f"{trial.function}: {fault}, on {trial.label}"


def is_half_right(assignment: Assignment, call: Call) -> bool:
    """Whether at least one half is right at reg = 0: the loss, beside a dW that is filled in, or the gradient."""
    trial, returned = call
    return core_fault(assignment, call) is None or (
        Truth.of(assignment, trial).compare_gradient(returned.values[1]).is_right
    )


def no_points_yet(what: str, fault: str) -> str:
    """The message of a check that gives no points because of a fault at the core."""
    return f"No points for {what} until the values are right with reg = 0. {fault}"
