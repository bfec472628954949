"""predict_linear_classifier against the labels of the highest scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

import reference
from grader import formatting
from grader.checks.base.call import failure_sentence, name_of
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.comparison import float_labels_note
from grader.checks.base.context import CheckContext
from grader.checks.training.calls import predictor_trial, right_method
from grader.model.assignment import Assignment, ClassifierClass, PredictorFunction
from grader.model.observation import Observation, Received, Returned, Unexpected
from grader.model.trial import Array, Replacement, Tensor, Trial
from grader.model.verdict import Finding, Verdict
from reference import Convention

TIE_CLEARANCE = 1e-3
_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Size:
    """The sizes of a predictor's arguments. scale: the standard deviation of the weights."""

    name: str
    N: int
    C: int
    D: int
    scale: float = 1.0


NEGATIVE = Size("two classes, all scores negative", 30, 2, 5)

SIZES = (
    Size("a few samples", 40, 10, 12),
    Size("one sample", 1, 5, 6),
    Size("twelve classes", 60, 12, 9),
    Size("many samples", 1500, 10, 20),
    Size("large scores", 50, 7, 8, 200.0),
    NEGATIVE,
)

NEAR_TIES = Size("scores that nearly tie", 40, 8, 10)
"""The two highest scores differ by 2e-5 to 3e-4 of their size: float32 can tell them apart, 16 bits cannot."""

REPEATED = Size("tensors whose contents change from call to call", 40, 6, 7)


class PredictionCheck(CheckFields):
    """Integer labels of shape (N,), each the class with the highest score; inputs unchanged."""

    roles: ClassVar[Roles] = {"function": ("predictor", "classifier")}

    kind: Literal["prediction"]
    function: str

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right predictor."""
        return right_method(assignment, self.function, "predict")

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call for each size, and one more with the tensors of the last and new contents."""
        rng = random_stream(context.seed, self.id)
        sizes = (*SIZES, NEAR_TIES, REPEATED, REPEATED)
        *trials, again = [prediction_trial(context.assignment, self.function, rng, size) for size in sizes]
        echoed = [replace(trial, echo=tuple(range(len(trial.positional)))) for trial in trials]
        return (*echoed, replace(again, is_again=True))

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every label is right."""
        for trial, observation in evidence:
            fault = label_fault(trial, observation, context.assignment.convention)
            if fault is not None:
                return self.failed(fault, findings=(Finding(self.function, False),))
        labels_seen = (each.values[0] for _, each in evidence if isinstance(each, Returned))
        notes = tuple(dict.fromkeys(filter(None, map(float_labels_note, labels_seen))))
        labels = sum(size.N for size in (*SIZES, NEAR_TIES, REPEATED, REPEATED))
        return self.passed(
            f"{name_of(evidence[0][0])} returns the right label for {labels} samples in {len(evidence)} calls",
            findings=(Finding(self.function, True, notes=notes),),
        )


def _draw(rng: np.random.Generator, size: Size) -> tuple[Array, Array]:
    """W (D, C) and X (N, D); rounding never decides which of the two highest scores is higher.

    With several samples, at least one has the last class, which shows labels that stop short of it.
    """
    for _ in range(_ATTEMPTS):
        W = rng.normal(0, size.scale, (size.D, size.C)).astype(np.float32).astype(np.float64)
        X = rng.normal(0, 1, (size.N, size.D)).astype(np.float32).astype(np.float64)
        ordered = np.sort(X @ W, axis=1)
        close = ordered[:, -1] - ordered[:, -2] < TIE_CLEARANCE * size.scale
        X = X[~close] if close.any() and not close.all() else X
        has_last = size.N == 1 or size.C - 1 in (X @ W).argmax(axis=1)
        if not close.all() and has_last:
            break
    return W, np.resize(X, (size.N, size.D))


def _draw_near_ties(rng: np.random.Generator, size: Size) -> tuple[Array, Array]:
    """W whose classes come in pairs that differ by a factor near 1, and X whose labels float32 rounding cannot change."""
    half = rng.normal(0, 1, (size.D, size.C // 2))
    factors = 1 + np.exp(rng.uniform(np.log(2e-5), np.log(3e-4), size.C // 2))
    order = rng.permutation(size.C)
    W = np.concatenate([half, half * factors], axis=1)[:, order].astype(np.float32).astype(np.float64)
    X = rng.normal(0, 1, (50 * size.N, size.D)).astype(np.float32).astype(np.float64)
    ordered = np.sort(X @ W, axis=1)
    rounding = 4 * size.D * np.finfo(np.float32).eps * (np.abs(X) @ np.abs(W)).max(axis=1)
    return W, np.resize(X[ordered[:, -1] - ordered[:, -2] > rounding], (size.N, size.D))


def prediction_trial(assignment: Assignment, function: str, rng: np.random.Generator, size: Size) -> Trial:
    """The call of a predictor on drawn W and X, in the dtype that the spec gives it."""
    spec = assignment.functions[function]
    assert isinstance(spec, PredictorFunction | ClassifierClass)
    W, X = _draw_near_ties(rng, size) if size is NEAR_TIES else _draw(rng, size)
    if size is NEGATIVE:  # the bias feature pulls every score below zero
        W = np.concatenate([W, np.full((1, size.C), -100.0)])
        X = np.concatenate([X, np.ones((size.N, 1))], axis=1)
    if assignment.convention.layout == "CD":
        W, X = W.T.copy(), X.T.copy()
    weights, rows = Tensor(W.astype(spec.dtype)), Tensor(X.astype(spec.dtype))
    label = f"{size.name} (N={size.N}, C={size.C}, D={size.D}, {spec.dtype})"
    return predictor_trial(assignment, function, label, weights, rows, size.N)


def label_fault(trial: Trial, observation: Observation, convention: Convention) -> str | None:
    """The first fault of predicted labels, in a sentence; None when all are right."""
    if not isinstance(observation, Returned):
        return failure_sentence(trial, observation)
    W, X = trial.positional if trial.method is None else (trial.state["W"], *trial.positional)
    assert isinstance(W, Tensor)
    assert isinstance(X, Tensor)
    expected = reference.predict(W.array, X.array, convention)
    seen = observation.values[0]
    name = name_of(trial)
    if isinstance(seen, Unexpected):
        return (
            f"{name} should return integer labels of shape ({len(expected)},), but returns {seen.description},"
            f" on {trial.label}"
        )
    wrong = np.flatnonzero(seen.array != expected)
    if len(wrong):
        first = int(wrong[0])
        return (
            f"{name} gets {len(wrong)} of {formatting.count(len(expected), 'label')} wrong: label {first} is"
            f" {int(seen.array[first])}, but class {int(expected[first])} has the highest score, on {trial.label}"
        )
    for argument, echo in zip(trial.positional, observation.echoes, strict=False):
        assert isinstance(argument, Tensor)
        if not isinstance(echo, Received) or not np.array_equal(echo.array, argument.array):
            return f"{name} changes its inputs, on {trial.label}"
    return None
