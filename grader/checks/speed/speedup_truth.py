"""Whether the outputs of timed calls are right: all calls of a round on the same X are held against it at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grader import formatting
from grader.model.assignment import ClassifierName
from grader.model.observation import Received, Returned
from grader.model.trial import Array, ResidentTensor, Scalar, Tensor, Trial
from reference import Convention
from reference.losses.formulas import softmax_data_term, svm_data_term
from reference.losses.problem import Problem

TOLERANCE = 5e-5
"""Relative, of the loss and of dW by the Frobenius norm: arithmetic in float32 stays below 2e-6, in 16 bits above 3e-4."""

_CLEARANCE = 2e-5
"""A margin nearer to the kink than this is on either side of it in float32, whose scores are within 3e-6 here."""


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    """The right loss and dW. slack: by how much dW may differ where margins are at the kink."""

    loss: float
    dW: Array
    slack: float


def fault_of_calls(
    calls: Sequence[tuple[Trial, Returned]], classifier: ClassifierName, convention: Convention
) -> str | None:
    """What is wrong with one of the outputs; None where all are right. All calls have the same X, y and reg."""
    for (trial, observation), expected in zip(
        calls, _expected([trial for trial, _ in calls], classifier, convention), strict=True
    ):
        loss, gradient = observation.values
        for name, value, truth, slack in (
            ("loss", loss, np.asarray(expected.loss), 0.0),
            ("dW", gradient, expected.dW, expected.slack),
        ):
            if not isinstance(value, Received):
                return f"{trial.function} returns {value.description} for its {name}, on {trial.label}"
            difference, scale = _length(value.array - truth), _length(truth)
            if not difference <= TOLERANCE * scale + slack:
                return (
                    f"{trial.function}: {name} differs from the reference by"
                    f" {formatting.number(difference / scale)} of its size, on {trial.label}"
                )
    return None


def _expected(
    trials: Sequence[Trial], classifier: ClassifierName, convention: Convention
) -> Iterator[_Expected]:
    """By one matrix product for the scores of all calls and one for their gradients, in float64."""
    _, X, y, reg = trials[0].positional
    assert isinstance(X, ResidentTensor)
    assert isinstance(y, ResidentTensor)
    assert isinstance(reg, Scalar)
    is_turned = convention.layout == "CD"
    rows = (X.array.T if is_turned else X.array).astype(np.float64)
    weights = [_weights(trial).T if is_turned else _weights(trial) for trial in trials]
    all_scores = np.split(rows @ np.hstack(weights).astype(np.float64), len(weights), axis=1)
    problems = [
        Problem(W.astype(np.float64), rows, y.array, np.float64(reg.value or 0.0), scores, convention)
        for W, scores in zip(weights, all_scores, strict=True)
    ]
    data_term = svm_data_term if classifier == "svm" else softmax_data_term
    terms = [data_term(problem) for problem in problems]
    pulled = problems[0].pull_back(np.hstack([coefficients for _, coefficients in terms]))
    gradients = np.split(pulled, len(problems), axis=1)
    for problem, (loss, _), gradient in zip(problems, terms, gradients, strict=True):
        yield _Expected(
            float(loss + problem.regularizer),
            problem.in_layout(gradient + problem.regularizer_gradient),
            _slack(problem) if classifier == "svm" else 0.0,
        )


def _length(array: Array) -> float:
    """Frobenius norm. Not BLAS's, which wakes threads of its own beside the workers that are timed."""
    return float(np.sqrt(np.square(array, dtype=np.float64).sum()))


def _weights(trial: Trial) -> Array:
    W = trial.positional[0]
    assert isinstance(W, Tensor)
    return W.array


def _slack(problem: Problem) -> float:
    """How far dW moves where each margin that is at the kink falls on its other side: x_i / N in two columns."""
    distance = np.abs(problem.scores - problem.true_scores + problem.convention.delta)
    distance[np.arange(problem.num_samples), problem.y] = np.inf
    samples = np.nonzero(distance < _CLEARANCE)[0]
    lengths = np.linalg.norm(problem.X[samples], axis=1)
    return float(np.sqrt(2) * lengths.sum() / problem.num_samples)
