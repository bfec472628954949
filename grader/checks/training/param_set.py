"""A function that trains a lent classifier once with given numbers and returns its accuracies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader.checks.base.call import failure_sentence
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.comparison import number_of
from grader.checks.base.context import CheckContext
from grader.checks.training.param_set_report import (
    SPLITS,
    Asked,
    Part,
    Seen,
    changes_in,
    faults_of,
    shown,
)
from grader.model.assignment import Assignment
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
"""Of the points, for training the classifier as asked; each of the two accuracies earns a quarter."""

_ROWS = (211, 271)
_CLASSES, _FEATURES = 5, 6
_MARK = 1000
"""Column 0 holds a row's number plus this many times its split's, so every row can be told apart."""


class ParamSetCheck(CheckFields):
    """(cls, data_dict, lr, reg, num_iters) trains cls on the training split and returns it with both accuracies."""

    roles: ClassVar[Roles] = {"function": ("param_set",)}

    kind: Literal["param_set"]
    function: str
    num_iters: int = Field(
        default=2000, gt=0, le=100_000, description="The default that the handout's signature has."
    )
    batch_size: int = Field(
        default=200, gt=0, le=10_000, description="The default of train; another one is a note."
    )
    dtype: DTypeName = Field(default="float64", description="Dtype of the images.")

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Two calls with all numbers, one with better labels in training and one in validation; one without num_iters."""
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
        W[0] = 0.0  # the marks say nothing about the class
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
            outputs=(*[number] * 10, rows, rows),
            echo=tuple(range(1, 2 * len(SPLITS) + 1)),
            backend=assignment.backend,
            seconds=assignment.limits.call_seconds,
            driver=Driver("score", driver_source("param_set")),
        )

    def judge(self, _context: CheckContext, evidence: Evidence, /) -> Verdict:
        """Half of the points for the training, a quarter for each accuracy, where they are right in every call."""
        faults: list[str] = []
        wrong: set[Part] = set()
        notes: dict[str, None] = {}
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                words = failure_sentence(trial, observation)
                return self.failed(words, findings=(Finding(self.function, False),))
            asked, seen = asked_of(trial), Seen(*observation.values)
            found = [*faults_of(asked, seen), *changes_in(trial, observation)]
            faults += [words for parts, words in found if not wrong.issuperset(parts)]
            wrong.update(part for parts, _ in found for part in parts)
            notes |= dict.fromkeys(self._notes(asked, seen))
        message = (
            f"{self.function} trains the classifier as asked and returns its accuracies on both splits,"
            f" in {len(evidence)} calls"
        )
        credit = TRAINING_SHARE * ("training" not in wrong)
        credit += (1 - TRAINING_SHARE) / 2 * sum(name not in wrong for name in ("train_acc", "val_acc"))
        return self.scored(
            0.0 if "answer" in wrong else credit,
            f"{self.function}: {'; '.join(faults)}" if faults else message,
            findings=(Finding(self.function, not faults, (), tuple(notes)),),
        )

    def _notes(self, asked: Asked, seen: Seen) -> Iterator[str]:
        """Other defaults than the handout's."""
        num_iters, batch_size = number_of(seen.num_iters), number_of(seen.batch_size)
        if not number_of(seen.trainings):
            return
        if asked.num_iters is None and num_iters != self.num_iters:
            yield (
                f"without num_iters it trains for {shown(num_iters)} iterations; the handout's default is"
                f" {self.num_iters}"
            )
        if batch_size != self.batch_size:
            yield f"it trains with batches of {shown(batch_size)}; the default is {self.batch_size}"


def _split(rng: np.random.Generator, W: Array, split: int, count: int, share: float) -> tuple[Array, Array]:
    """X (count, D) float64 and y (count,) int64, of which that share is the class that W gives the row."""
    X = rng.normal(size=(count, _FEATURES))
    X[:, 0] = split * _MARK + np.arange(count)
    said = (X @ W).argmax(axis=1)
    others = (said + rng.integers(1, _CLASSES, count)) % _CLASSES
    is_right = rng.permutation(np.arange(count) < round(share * count))
    return X, np.where(is_right, said, others).astype(np.int64)


def asked_of(trial: Trial) -> Asked:
    """The arguments of a trial, and the accuracies that it must return."""
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
