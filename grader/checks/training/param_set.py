"""A function that trains a classifier once with given numbers and scores it: what does it hand on, what does it report?"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.param_set_report import SPLITS, Asked, ParamSetReport
from grader.model.assignment import Assignment, Role
from grader.model.observation import Returned
from grader.model.trial import (
    Array,
    Driver,
    DTypeName,
    FunctionArgument,
    NumberOutput,
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)
from grader.model.verdict import Finding, Verdict
from reference import driver_source

TRAINING_SHARE = 0.5
"""Of the points, for training the classifier as asked; a quarter is for each of the two accuracies."""

_ROWS = (31, 61)
_CLASSES, _FEATURES = 5, 6
_MARK = 1000
"""Column 0 holds a row's number and this many times its split's, so that it is known wherever it turns up."""


class ParamSetCheck(CheckFields):
    """(cls, data_dict, lr, reg, num_iters) trains cls on the training split and gives it back with both accuracies."""

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType({"function": ("param_set",)})

    kind: Literal["param_set"]
    function: str
    num_iters: int = Field(
        default=2000, gt=0, le=100_000, description="The default that the handout's signature has."
    )
    batch_size: int = Field(
        default=200, gt=0, le=10_000, description="The default of train; another one is a note."
    )
    dtype: DTypeName = "float64"

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Two calls with all numbers, of which one has better labels in training and one in validation; one without num_iters."""
        rng = random_stream(context.seed, self.id)
        return (
            self._trial(context.assignment, rng, (0.8, 0.45), int(rng.integers(11, 90))),
            self._trial(context.assignment, rng, (0.35, 0.7), int(rng.integers(101, 400))),
            self._trial(context.assignment, rng, (0.75, 0.5), None),
        )

    def _trial(
        self,
        assignment: Assignment,
        rng: np.random.Generator,
        shares: tuple[float, float],
        num_iters: int | None,
    ) -> Trial:
        W = rng.normal(size=(_FEATURES, _CLASSES))
        W[0] = 0.0  # the marks say nothing of the class
        counts = rng.permutation(np.arange(*_ROWS))[: len(SPLITS)]
        given: list[Tensor] = []
        for split, (count, share) in enumerate(zip(counts, (*shares, 0.15), strict=True)):
            X, y = _split(rng, W, split, int(count), share)
            given += [Tensor(X.astype(self.dtype)), Tensor(y)]
        rate, reg = round(float(rng.uniform(0.02, 0.2)), 4), round(float(rng.uniform(0.3, 0.9)), 4)
        rows = SeriesOutput(int(counts.sum()) + 1)
        number = NumberOutput()
        iterations = "num_iters left out" if num_iters is None else f"num_iters {num_iters}"
        return Trial(
            label=f"lr {rate:g}, reg {reg:g}, {iterations}",
            function=self.function,
            positional=(
                FunctionArgument(self.function),
                *given,
                Tensor(W.astype(self.dtype)),
                Scalar(rate),
                Scalar(reg),
                Scalar(num_iters),
            ),
            outputs=(*[number] * 9, rows, rows),
            echo=tuple(range(1, 2 * len(SPLITS) + 1)),
            backend=assignment.backend,
            seconds=assignment.limits.call_seconds,
            driver=Driver("score", driver_source("param_set")),
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:  # noqa: ARG002
        """Half of the points for the training, a quarter for each accuracy, where they are right in every call."""
        report = ParamSetReport(self.function, self.num_iters, self.batch_size)
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return self._failed([failure_sentence(trial, observation)], 0.0, ())
            report.add(asked_of(trial), trial, observation)
        notes = tuple(dict.fromkeys(report.notes))
        if report.faults:
            wrong = report.wrong
            credit = TRAINING_SHARE * ("training" not in wrong)
            credit += (1 - TRAINING_SHARE) / 2 * sum(name not in wrong for name in ("train_acc", "val_acc"))
            return self._failed(report.faults, 0.0 if "answer" in wrong else credit, notes)
        message = (
            f"{self.function} trains the classifier as asked and gives its accuracies on both splits,"
            f" in {len(evidence)} calls."
        )
        return Verdict("passed", 1.0, message, findings=(Finding(self.function, True, (), notes),))

    def _failed(self, words: list[str], credit: float, notes: tuple[str, ...]) -> Verdict:
        finding = Finding(self.function, False, (), notes)
        return Verdict("failed", credit, " ".join(map(sentence, words)), hint=self.hint, findings=(finding,))


def _split(rng: np.random.Generator, W: Array, split: int, count: int, share: float) -> tuple[Array, Array]:
    """X (count, D) float64 and y (count,) int64, of which that share is what W says of the row."""
    X = rng.normal(size=(count, _FEATURES))
    X[:, 0] = split * _MARK + np.arange(count)
    said = (X @ W).argmax(axis=1)
    others = (said + rng.integers(1, _CLASSES, count)) % _CLASSES
    is_right = rng.permutation(np.arange(count) < round(share * count))
    return X, np.where(is_right, said, others).astype(np.int64)


def asked_of(trial: Trial) -> Asked:
    """What a trial asks for: the splits as they were handed over, the accuracies that must come back, the numbers."""
    arrays = [each.array for each in trial.positional if isinstance(each, Tensor)]
    numbers = [each.value for each in trial.positional if isinstance(each, Scalar)]
    *parts, W = arrays
    Xs, ys = parts[::2], parts[1::2]
    right = [np.mean((X @ W).argmax(axis=1) == y) for X, y in zip(Xs, ys, strict=True)]
    rate, reg, num_iters = numbers
    assert rate is not None
    assert reg is not None
    return Asked(
        marks=tuple(X[:, 0].astype(np.float64) for X in Xs),
        labels=tuple(ys),
        accuracies=tuple(map(float, right)),
        learning_rate=float(rate),
        reg=float(reg),
        num_iters=None if num_iters is None else int(num_iters),
    )
