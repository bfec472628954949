"""Whether a function is right at its core: loss and gradient with reg = 0.

Agreement, numeric gradients and untouched inputs are easily had by functions that do nothing. Such checks earn
points only for a function that solves the problem itself; a mistake in the regularizer costs its own checks only.
"""

from __future__ import annotations

from grader.checks.base.call import case_of, failure_sentence
from grader.checks.base.comparison import is_zero
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Returned
from grader.model.trial import Trial


def core_fault(
    assignment: Assignment, trial: Trial, observation: Observation, *, with_gradient: bool = True
) -> str | None:
    """A sentence saying what is wrong with a call at reg = 0; None when it is right."""
    if not isinstance(observation, Returned):
        return failure_sentence(trial, observation)
    case, dtype = case_of(trial)
    function = assignment.loss_function(trial.function)
    truth = Truth(function.classifier, case, assignment.convention, dtype)
    loss, _ = truth.compare_loss(observation.values[0])
    if not loss.is_right:
        return f"{trial.function}: {loss.sentence}, on {trial.label}"
    if with_gradient:
        gradient, _ = truth.compare_gradient(observation.values[1])
        if not gradient.is_right:
            return f"{trial.function}: {gradient.sentence}, on {trial.label}"
    return None


def zero_gradient(trial: Trial, observation: Observation) -> str | None:
    """The words for a gradient that was not filled in."""
    assert isinstance(observation, Returned)
    if is_zero(observation.values[1]):
        return f"{trial.function}: dW is zero everywhere, on {trial.label}"
    return None


def not_credited(what: str, fault: str) -> str:
    """The words for a check that waits for right values."""
    return f"{what} earns points once the values are right with reg = 0. {fault}."
