"""Training on the data set with the student's own functions, and labelling images whose labels only the judge has."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence, name_of
from grader.checks.base.check import Evidence, Roles
from grader.checks.base.context import CheckContext
from grader.checks.training.calls import (
    predictor_trial,
    trainer_trial,
    training_keywords,
    weights_and_history,
)
from grader.data import DataSet, SplitName
from grader.model.observation import Observation, Received, Returned, Unexpected, Value
from grader.model.trial import Array, DTypeName, FunctionArgument, ResidentTensor, Tensor, Trial

NUM_CLASSES = 10
_LABELLING_SECONDS = 30.0
_LEAST_WEIGHT = 1e-30
"""Relative to the greatest: smaller ones decide no label."""


@lru_cache(maxsize=6)
def prepared(data: DataSet, name: SplitName, dtype: DTypeName) -> tuple[Array, Array]:
    """(X, y) of one split as the course prepares it; made once for all submissions that are graded with it."""
    X, y = data.split(name, np.float32 if dtype == "float32" else np.float64)
    X.flags.writeable = False
    return X, y


LEARNER_ROLES: Roles = {
    "class_name": ("classifier",),
    "loss": ("loss",),
    "trainer": ("trainer",),
    "predictor": ("predictor",),
}
"""The fields by which a check names the student's own functions: one class, or a loss, a trainer and a predictor."""


@lru_cache(maxsize=2)
def judged_images(data: DataSet, dtype: DTypeName) -> Array:
    """X of the validation and the test split, in this order."""
    X = np.concatenate([prepared(data, name, dtype)[0] for name in ("val", "test")])
    X.flags.writeable = False
    return X


def data_of(context: CheckContext) -> DataSet:
    """The data set in use. RuntimeError where the grader gave none."""
    if context.data is None:
        raise RuntimeError("a check trains on a data set, and none was given")
    return context.data


@dataclass(frozen=True, slots=True)
class Accuracies:
    """Shares of correctly labelled images, 0 to 1: those reached, or those needed."""

    val: float
    test: float

    def by_name(self) -> dict[str, float]:
        """For a verdict's measured and allowed numbers."""
        return {"val_accuracy": self.val, "test_accuracy": self.test}

    def credit(self, bars: Accuracies) -> float:
        """Half for each bar that is reached."""
        return (self.val >= bars.val) / 2 + (self.test >= bars.test) / 2

    def beside(self, bars: Accuracies) -> str:
        """Both accuracies in words, each with its bar."""
        return (
            f"{formatting.number(self.val, 4)} on the validation images ({bars.val:g} needed),"
            f" {formatting.number(self.test, 4)} on the test images ({bars.test:g} needed)"
        )


@dataclass(frozen=True, slots=True)
class Learner:
    """The student's functions that train and predict together.

    Attributes:
        functions: (loss, trainer, predictor), or (class,).
    """

    functions: tuple[str, ...]
    dtype: DTypeName

    @property
    def _is_class(self) -> bool:
        return len(self.functions) == 1

    def training(
        self, context: CheckContext, *, learning_rate: float, reg: float, num_iters: int, batch_size: int
    ) -> Trial:
        """Train from W = None on the training split; the weights and the history of losses come back."""
        X, y = prepared(data_of(context), "train", self.dtype)
        return trainer_trial(
            context.assignment,
            self.functions[0 if self._is_class else 1],
            f"{num_iters:,} steps with learning_rate {learning_rate:g}, reg {reg:g}",
            (ResidentTensor(f"X:train:{self.dtype}", X), ResidentTensor("y:train", y.astype(np.int64))),
            loss=None if self._is_class else FunctionArgument(self.functions[0]),
            keywords=training_keywords(
                learning_rate=learning_rate, reg=reg, num_iters=num_iters, batch_size=batch_size
            ),
            shape=(X.shape[1], NUM_CLASSES),
            num_iters=num_iters,
        )

    def labelling(self, context: CheckContext, trained: Observation) -> tuple[Trial, ...]:
        """Label the validation and the test images, in this order, with the trained weights, where there are any."""
        weights = _weights_of(trained)
        if not isinstance(weights, Received) or not np.isfinite(weights.array).all():
            return ()
        X = judged_images(data_of(context), self.dtype)
        trial = predictor_trial(
            context.assignment,
            self.functions[-1],
            "the validation and the test images",
            Tensor(weights.array.astype(self.dtype)),
            ResidentTensor(f"X:judged:{self.dtype}", X),
            len(X),
        )
        return (dataclasses.replace(trial, seconds=_LABELLING_SECONDS),)

    def outcome(self, context: CheckContext, evidence: Evidence) -> tuple[Array, Accuracies] | str:
        """The result of a training and the labelling after it; a sentence where either gave no usable values."""
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return failure_sentence(trial, observation)
        training, trained = evidence[0]
        weights, name = _weights_of(trained), name_of(training)
        if not isinstance(weights, Received):
            seen = "None" if weights is None else weights.description
            verb = "left" if self._is_class else "returned"
            return f"{name} {verb} {seen} instead of the weights W"
        if not np.isfinite(weights.array).all():
            return f"{name} ended with weights that are not finite, on {training.label}; does the loss grow?"
        labelling, labelled = evidence[1]
        assert isinstance(labelled, Returned)
        labels = labelled.values[0]
        if isinstance(labels, Unexpected):
            return f"{name_of(labelling)} returned {labels.description} instead of labels"
        return weights.array, accuracies_of(context, labels.array, self.dtype)


def _weights_of(trained: Observation) -> Value | None:
    """The first value of a trainer, the attribute W of a class; None where training did not return."""
    return weights_and_history(trained)[0] if isinstance(trained, Returned) else None


def accuracies_of(context: CheckContext, labels: Array, dtype: DTypeName) -> Accuracies:
    """Of labels for the images of both splits, in the order of `Learner.labelling`."""
    data = data_of(context)
    y_val, y_test = (prepared(data, name, dtype)[1] for name in ("val", "test"))
    right = labels == np.concatenate([y_val, y_test])
    return Accuracies(float(right[: len(y_val)].mean()), float(right[len(y_val) :].mean()))


def accuracies_by_scores(context: CheckContext, W: Array, dtype: DTypeName) -> Accuracies:
    """Of the classes of the highest scores: the accuracies that a right predictor reaches with these weights."""
    X = judged_images(data_of(context), dtype)
    with np.errstate(all="ignore"):
        labels: Array = (X @ _scaled(W).astype(X.dtype)).argmax(axis=1)
    return accuracies_of(context, labels, dtype)


def _scaled(W: Array) -> Array:
    """The weights times a power of two, so that the greatest is near one: the labels are the same.

    None of them overflows in float32, or is a denormal number, which some processors are slow at.
    """
    greatest = float(np.max(np.abs(W), initial=0.0))
    if not np.isfinite(greatest) or greatest == 0:
        return W
    scaled = np.ldexp(W.astype(np.float64), -int(np.frexp(greatest)[1]))
    return np.where(np.abs(scaled) < _LEAST_WEIGHT, 0.0, scaled)
