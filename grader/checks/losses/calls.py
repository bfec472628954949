"""Calls of a loss function: the trial for a case, and the case of a trial."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from grader.checks.base.check import Evidence
from grader.checks.losses.cases import Case
from grader.model.assignment import Assignment
from grader.model.observation import Received, Returned
from grader.model.trial import ArrayOutput, DTypeName, NumberOutput, Replacement, Scalar, Tensor, Trial
from reference import function_alone, timed_source


def loss_trial(
    assignment: Assignment, function: str, case: Case, dtype: DTypeName, *, echo: tuple[int, ...] = ()
) -> Trial:
    """The call function(W, X, y, reg) on a case, in a dtype."""
    return Trial(
        label=f"{case.name} ({case.sizes(assignment.convention)})",
        function=function,
        positional=(
            Tensor(case.W.astype(dtype)),
            Tensor(case.X.astype(dtype)),
            Tensor(case.y),
            Scalar(case.reg),
        ),
        outputs=(NumberOutput(), ArrayOutput(case.W.shape)),
        echo=echo,
        backend=assignment.backend,
        seconds=assignment.limits.call_seconds,
    )


def case_of(trial: Trial) -> tuple[Case, DTypeName]:
    """The case and the dtype of a loss trial."""
    W, X, y, reg = trial.positional
    assert isinstance(W, Tensor)
    assert isinstance(X, Tensor)
    assert isinstance(y, Tensor)
    assert isinstance(reg, Scalar)
    dtype: DTypeName = "float64" if W.array.dtype == np.float64 else "float32"
    weights, rows = W.array.astype(np.float64), X.array.astype(np.float64)
    return Case(trial.label, weights, rows, y.array, float(reg.value or 0.0)), dtype


def in_dtype(some: Collection[DTypeName], tried: Collection[DTypeName]) -> str:
    """A phrase to put after a label where only one of the dtypes that were tried gives the result."""
    return f" in {next(iter(some))}" if len(set(some)) == 1 < len(set(tried)) else ""


def in_dtype_of(trial: Trial, evidence: Evidence, is_wrong: Callable[[Trial, Returned], object]) -> str:
    """As in_dtype, for a trial that is wrong: the dtypes are those in which the same call was made."""
    same = [
        (other, observation)
        for other, observation in evidence
        if other.label == trial.label and isinstance(observation, Returned)
    ]
    wrong = {case_of(other)[1] for other, observation in same if is_wrong(other, observation)}
    return in_dtype(wrong, {case_of(other)[1] for other, _ in same})


def unusable(returned: Returned) -> str | None:
    """A clause on a call without a finite loss and gradient; None where it has both."""
    received = [value.array for value in returned.values if isinstance(value, Received)]
    if len(received) < len(returned.values):
        return "does not return a loss and a gradient"
    if not all(np.isfinite(array).all() for array in received):
        return "does not return a finite loss and a finite gradient"
    return None


def right_loss(assignment: Assignment, function: str) -> Replacement:
    """The reference's vectorized loss, to take the place of this function."""
    name = f"{assignment.loss_function(function).classifier}_loss_vectorized"
    source = timed_source(assignment.backend, assignment.convention)
    return Replacement(function, None, name, function_alone(source, name))
