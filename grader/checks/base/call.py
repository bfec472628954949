"""Calls of a loss function: the trial for a case, and the sentence for a call that gave no values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import numpy as np

from grader.checks.losses.cases import Case
from grader.model.assignment import Assignment
from grader.model.observation import Died, Missing, Observation, Raised, Refused, Returned, TimedOut
from grader.model.trial import Argument, ArrayOutput, DTypeName, NumberOutput, Scalar, Tensor, Trial


def loss_trial(
    assignment: Assignment,
    function: str,
    case: Case,
    dtype: DTypeName,
    *,
    label: str = "",
    echo: tuple[int, ...] = (),
) -> Trial:
    """The call function(W, X, y, reg) on a case, in a dtype."""
    words = f"{label or case.name} ({case.sizes(assignment.convention)}, {dtype})"
    return Trial(
        label=words,
        function=function,
        positional=loss_arguments(case, dtype),
        outputs=(NumberOutput(), ArrayOutput(case.W.shape)),
        echo=echo,
        backend=assignment.backend,
        seconds=assignment.limits.call_seconds,
    )


def loss_arguments(case: Case, dtype: DTypeName) -> tuple[Argument, ...]:
    """W, X, y, reg."""
    return (
        Tensor(case.W.astype(dtype)),
        Tensor(case.X.astype(dtype)),
        Tensor(case.y),
        Scalar(case.reg),
    )


def case_of(trial: Trial) -> tuple[Case, DTypeName]:
    """The case that a loss trial was made from."""
    W, X, y, reg = trial.positional
    assert isinstance(W, Tensor)
    assert isinstance(X, Tensor)
    assert isinstance(y, Tensor)
    assert isinstance(reg, Scalar)
    dtype: DTypeName = "float64" if W.array.dtype == np.float64 else "float32"
    weights, rows = W.array.astype(np.float64), X.array.astype(np.float64)
    return Case(trial.label, weights, rows, y.array, float(reg.value or 0.0)), dtype


_REFUSED = " (while it is graded, code may open no files, no connections and start no processes)"
"""What a student needs to know who works with files on their own machine."""


def failure_sentence(trial: Trial, observation: Observation) -> str:
    """What happened to a call that gave no values, in one sentence with the student's own line."""
    name = trial.function if trial.method is None else f"{trial.function}.{trial.method}"
    match observation:
        case Returned():
            raise ValueError("the call returned")
        case Raised(kind=kind, message=message, location=place):
            where = "" if place is None else f" at {place}"
            said = f": {message}" if message else ""
            hint = _REFUSED if kind == "PermissionError" else ""
            return f"{name} raised {kind}{where}{said}, on {trial.label}{hint}"
        case TimedOut(limit_seconds=limit, is_loading=True):
            return f"{name} could not be called: the code that it needs did not end within {limit:g} s"
        case TimedOut(limit_seconds=limit):
            return f"{name} did not return within {limit:g} s, on {trial.label}; does a loop never end?"
        case Died(how=how):
            return f"{name} ended its process instead of returning ({how}), on {trial.label}"
        case Missing(reason=reason):
            return f"{name} is missing: {reason}"
        case Refused(reason=reason):
            return f"{name} was {reason}"
    assert_never(observation)


def first_failure(evidence: Iterable[tuple[Trial, Observation]]) -> str | None:
    """The sentence for the first call that gave no values; None where all did."""
    for trial, observation in evidence:
        if not isinstance(observation, Returned):
            return failure_sentence(trial, observation)
    return None


def sentence(text: str) -> str:
    """The text with a full stop, where nothing else ends it."""
    return text if text.endswith((".", "?", "!")) else f"{text}."
