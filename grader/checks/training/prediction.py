"""predict_linear_classifier against the labels of the highest scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

import reference
from grader import formatting
from grader.checks.base.call import failure_sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.training_run import name_of
from grader.model.assignment import Assignment, ClassifierClass, Role
from grader.model.observation import Observation, Received, Returned, Unexpected
from grader.model.trial import Array, DTypeName, LabelsOutput, Tensor, Trial
from grader.model.verdict import Finding, Verdict
from reference import Convention

TIE_CLEARANCE = 1e-3
_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class _Size:
    name: str
    N: int
    C: int
    D: int
    scale: float
    dtype: DTypeName


SIZES = (
    _Size("a few samples", 40, 10, 12, 1.0, "float32"),
    _Size("one sample", 1, 5, 6, 1.0, "float32"),
    _Size("twelve classes", 60, 12, 9, 1.0, "float64"),
    _Size("many samples", 1500, 10, 20, 1.0, "float32"),
    _Size("large scores", 50, 7, 8, 200.0, "float32"),
    _Size("two classes, all scores negative", 30, 2, 5, 1.0, "float32"),
)

NEAR_TIES = _Size("scores that nearly tie", 40, 8, 10, 1.0, "float32")
"""The two highest scores differ by 2e-5 to 3e-4 of their size: float32 can tell them apart, 16 bits cannot."""

REPEATED = _Size("tensors whose contents change from call to call", 40, 6, 7, 1.0, "float32")


class PredictionCheck(CheckFields):
    """Integer labels of shape (N,), each the class with the highest score; inputs unchanged."""

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
        {"function": ("predictor", "classifier")}
    )

    kind: Literal["prediction"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call for each size, and one more with the tensors of the last and new contents."""
        rng = random_stream(context.seed, self.id)
        again = prediction_trial(context.assignment, self.function, rng, REPEATED)
        return (
            *(
                prediction_trial(context.assignment, self.function, rng, size)
                for size in (*SIZES, NEAR_TIES, REPEATED)
            ),
            dataclasses.replace(again, is_again=True, echo=()),
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every label is right."""
        for trial, observation in evidence:
            W, X = trial.positional if trial.method is None else (trial.state["W"], *trial.positional)
            assert isinstance(W, Tensor)
            assert isinstance(X, Tensor)
            fault = label_fault(trial, observation, W.array, X.array, context.assignment.convention)
            if fault is not None:
                return self.failed(fault, findings=(Finding(self.function, False),))
        labels = sum(size.N for size in (*SIZES, NEAR_TIES, REPEATED, REPEATED))
        return self.passed(
            f"{name_of(evidence[0][0])} returns the right label for {labels} samples in {len(evidence)} calls",
            findings=(Finding(self.function, True),),
        )


def draw_scores(
    rng: np.random.Generator, N: int, C: int, D: int, scale: float, convention: Convention
) -> tuple[Array, Array]:
    """W and X in the convention's layout; rounding never decides which of the two highest scores is higher.

    With several samples, at least one has the last class, which shows labels that stop short of it.
    """
    for _ in range(_ATTEMPTS):
        W = rng.normal(0, scale, (D, C)).astype(np.float32).astype(np.float64)
        X = rng.normal(0, 1, (N, D)).astype(np.float32).astype(np.float64)
        ordered = np.sort(X @ W, axis=1)
        close = ordered[:, -1] - ordered[:, -2] < TIE_CLEARANCE * scale
        X = X[~close] if close.any() and not close.all() else X
        has_last = N == 1 or C - 1 in (X @ W).argmax(axis=1)
        if not close.all() and has_last:
            break
    X = np.resize(X, (N, D))
    return (W.T.copy(), X.T.copy()) if convention.layout == "CD" else (W, X)


def _nearly_tied(rng: np.random.Generator, size: _Size, convention: Convention) -> tuple[Array, Array]:
    """W whose classes come in pairs that differ by a factor near 1, and X whose labels float32 rounding cannot change."""
    half = rng.normal(0, 1, (size.D, size.C // 2))
    factors = 1 + np.exp(rng.uniform(np.log(2e-5), np.log(3e-4), size.C // 2))
    order = rng.permutation(size.C)
    W = np.concatenate([half, half * factors], axis=1)[:, order].astype(np.float32).astype(np.float64)
    X = rng.normal(0, 1, (50 * size.N, size.D)).astype(np.float32).astype(np.float64)
    ordered = np.sort(X @ W, axis=1)
    rounding = 4 * size.D * np.finfo(np.float32).eps * (np.abs(X) @ np.abs(W)).max(axis=1)
    X = np.resize(X[ordered[:, -1] - ordered[:, -2] > rounding], (size.N, size.D))
    return (W.T.copy(), X.T.copy()) if convention.layout == "CD" else (W, X)


def prediction_trial(assignment: Assignment, function: str, rng: np.random.Generator, size: _Size) -> Trial:
    """The call function(W, X), or predict(X) of an object with that W; the arguments are echoed."""
    W, X = draw_scores(rng, size.N, size.C, size.D, size.scale, assignment.convention)
    if size is NEAR_TIES:
        W, X = _nearly_tied(rng, size, assignment.convention)
    if "negative" in size.name:  # the bias feature pulls every score below zero
        axis = 0 if assignment.convention.layout == "DC" else 1
        W = np.concatenate([W, np.full_like(W.take([0], axis), -100.0)], axis)
        X = np.concatenate([X, np.ones_like(X.take([0], 1 - axis))], 1 - axis)
    weights, rows = Tensor(W.astype(size.dtype)), Tensor(X.astype(size.dtype))
    is_class = isinstance(assignment.functions[function], ClassifierClass)
    return Trial(
        label=f"{size.name} (N={size.N}, C={size.C}, D={size.D}, {size.dtype})",
        function=function,
        method="predict" if is_class else None,
        state={"W": weights} if is_class else {},
        positional=(rows,) if is_class else (weights, rows),
        outputs=(LabelsOutput(size.N),),
        echo=(0,) if is_class else (0, 1),
        backend=assignment.backend,
        seconds=assignment.limits.call_seconds,
    )


def label_fault(
    trial: Trial, observation: Observation, W: Array, X: Array, convention: Convention
) -> str | None:
    """A sentence on what is wrong with predicted labels; None when all are right."""
    if not isinstance(observation, Returned):
        return failure_sentence(trial, observation)
    expected = reference.predict(W, X, convention)
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
