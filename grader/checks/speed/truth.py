"""Whether the outputs of timed calls are right; all calls of a round on the same X are checked at once."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence
from grader.checks.base.check import Evidence
from grader.model.assignment import Assignment, ClassifierName
from grader.model.observation import Checked, Received, Returned, Value
from grader.model.trial import Array, ResidentTensor, Scalar, Tensor, Trial
from reference import Convention
from reference.losses.formulas import softmax_data_term, svm_data_term
from reference.losses.problem import Problem

TOLERANCE = 5e-5
"""Relative, of the loss and of dW by the Frobenius norm: float32 arithmetic stays below 2e-6, 16 bits above 3e-4."""

_CLEARANCE = 2e-5
"""A margin closer to the kink than this may fall on either side of it in float32, whose scores are within 3e-6 here."""


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    """The right loss and dW. slack: by how much dW may differ where margins are at the kink."""

    loss: float
    dW: Array
    slack: float


def compared(assignment: Assignment, evidence: Evidence) -> Evidence:
    """The timed calls of a round with the values of the student's compared; neither inputs nor values are kept."""
    groups: dict[tuple[str, str], list[tuple[Trial, Returned]]] = defaultdict(list)
    for trial, seen in evidence:
        if trial.runner == "student" and isinstance(seen, Returned):
            groups[trial.function, trial.tag].append((trial, seen))
    faults: dict[int, str] = {}
    for (function, _), calls in groups.items():
        classifier = assignment.loss_function(function).classifier
        for trial, clause, _ in coarse_faults(calls, classifier, assignment.convention):
            faults.setdefault(id(trial), f"{function}{clause}, on {trial.label}")
    return [
        (
            dataclasses.replace(trial, positional=()),
            Checked(seen.seconds, faults.get(id(trial)), seen.waiting_seconds)
            if isinstance(seen, Returned)
            else seen,
        )
        for trial, seen in evidence
    ]


def timed_fault(function: str, evidence: Evidence) -> str | None:
    """The first fault of the student's timed calls of this function, warm-ups included; None where all are right.

    A call that did not return comes before one with wrong values.
    """
    calls = [(t, seen) for t, seen in evidence if (t.runner, t.function) == ("student", function)]
    failed = (failure_sentence(t, seen) for t, seen in calls if not isinstance(seen, Checked))
    wrong = (seen.fault for _, seen in calls if isinstance(seen, Checked) and seen.fault is not None)
    return next(chain(failed, wrong), None)


def coarse_faults(
    calls: Sequence[tuple[Trial, Returned]],
    classifier: ClassifierName,
    convention: Convention,
    *,
    repeats: int = 1,
) -> Iterator[tuple[Trial, str, Literal["loss", "dW"]]]:
    """Each wrong output of calls that have the same X, y and reg: the call, a clause, and the name of the output.

    repeats: of how many equal blocks of features X consists; so many times less is to be computed.
    """
    truths = _expected([trial for trial, _ in calls], classifier, convention, repeats)
    for (trial, observation), expected in zip(calls, truths, strict=True):
        loss, gradient = observation.values
        outputs: tuple[tuple[Literal["loss", "dW"], Value, Array, float], ...] = (
            ("loss", loss, np.asarray(expected.loss), 0.0),
            ("dW", gradient, expected.dW, expected.slack),
        )
        for name, value, truth, slack in outputs:
            if not isinstance(value, Received):
                yield trial, f" returns {value.description} as its {name}", name
                continue
            difference, scale = _length(value.array - truth), _length(truth)
            if not difference <= TOLERANCE * scale + slack:
                off = formatting.small(difference / scale)
                yield trial, f": {name} differs from the reference's (relative difference {off})", name


def _expected(
    trials: Sequence[Trial], classifier: ClassifierName, convention: Convention, repeats: int
) -> Iterator[_Expected]:
    """In float64, with one matrix product for the scores of all calls and one for their gradients."""
    _, X, y, reg = trials[0].positional
    assert isinstance(X, ResidentTensor)
    assert isinstance(y, ResidentTensor)
    assert isinstance(reg, Scalar)
    is_turned = convention.layout == "CD"
    whole = X.array.T if is_turned else X.array
    rows = whole[:, : whole.shape[1] // repeats].astype(np.float64, copy=False)
    weights: list[Array] = []
    for trial in trials:
        W = trial.positional[0]
        assert isinstance(W, Tensor)
        weights.append(W.array.T if is_turned else W.array)
    together = np.hstack(weights).astype(np.float64)
    folded = together.reshape(repeats, -1, together.shape[1]).sum(axis=0)
    all_scores = np.split(rows @ folded, len(weights), axis=1)
    problems = [
        Problem(W.astype(np.float64), rows, y.array, np.float64(reg.value or 0.0), scores, convention)
        for W, scores in zip(weights, all_scores, strict=True)
    ]
    data_term = svm_data_term if classifier == "svm" else softmax_data_term
    terms = [data_term(problem) for problem in problems]
    pulled = problems[0].pull_back(np.hstack([coefficients for _, coefficients in terms]))
    gradients = np.split(np.tile(pulled, (repeats, 1)), len(problems), axis=1)
    for problem, (loss, _), gradient in zip(problems, terms, gradients, strict=True):
        yield _Expected(
            float(loss + problem.regularizer),
            problem.in_layout(gradient + problem.regularizer_gradient),
            np.sqrt(repeats) * _slack(problem) if classifier == "svm" else 0.0,
        )


def _length(array: Array) -> float:
    """Frobenius norm. BLAS would do it too, but would wake threads beside the workers that are timed."""
    with np.errstate(over="ignore"):  # a student's numbers may be as large as floats are
        return float(np.sqrt(np.square(array, dtype=np.float64).sum()))


def _slack(problem: Problem) -> float:
    """How far dW moves if every margin at the kink falls on its other side: x_i / N in two columns each."""
    distance = np.abs(problem.scores - problem.true_scores + problem.convention.delta)
    distance[np.arange(problem.num_samples), problem.y] = np.inf
    samples = np.nonzero(distance < _CLEARANCE)[0]
    lengths = np.linalg.norm(problem.X[samples], axis=1)
    return float(np.sqrt(2) * lengths.sum() / problem.num_samples)
