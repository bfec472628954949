"""Training on the data set with the student's own functions, and labelling images whose labels stay with the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from grader.checks.base.context import CheckContext
from grader.data import DataSet, SplitName
from grader.model.assignment import Role
from grader.model.observation import Observation, Returned, Value
from grader.model.trial import (
    Argument,
    Array,
    ArrayOutput,
    DTypeName,
    FunctionArgument,
    LabelsOutput,
    ResidentTensor,
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)

NUM_CLASSES = 10
_LABELLING_SECONDS = 30.0
_DTYPES: Mapping[DTypeName, type[np.float32 | np.float64]] = {"float32": np.float32, "float64": np.float64}


@lru_cache(maxsize=6)
def prepared(data: DataSet, name: SplitName, dtype: DTypeName) -> tuple[Array, Array]:
    """(X, y) of one split as the course prepares it; made once for all submissions that are graded with it."""
    X, y = data.split(name, _DTYPES[dtype])
    X.flags.writeable = False
    return X, y


LEARNER_ROLES: Mapping[str, tuple[Role, ...]] = MappingProxyType(
    {"class_name": ("classifier",), "loss": ("loss",), "trainer": ("trainer",), "predictor": ("predictor",)}
)
"""Of what a check names that has the student's own functions train: a class, or a loss, a trainer and a predictor."""


@lru_cache(maxsize=2)
def judged_images(data: DataSet, dtype: DTypeName) -> Array:
    """X of the validation and the test split, in this order."""
    X = np.concatenate([prepared(data, name, dtype)[0] for name in ("val", "test")])
    X.flags.writeable = False
    return X


def data_of(context: CheckContext) -> DataSet:
    """The data that is graded with. RuntimeError where grading forgot to say which."""
    if context.data is None:
        raise RuntimeError("a check trains on a data set, and none was given")
    return context.data


@dataclass(frozen=True, slots=True)
class Learner:
    """Who trains and predicts: a trainer that is handed a loss function and a predictor, or one class for all.

    functions: (loss, trainer, predictor), or (class,).
    """

    functions: tuple[str, ...]
    dtype: DTypeName

    @property
    def _is_class(self) -> bool:
        return len(self.functions) == 1

    def training(self, context: CheckContext, keywords: Mapping[str, float], label: str) -> Trial:
        """Train from W = None on the training split; the weights and the history of losses come back."""
        data = data_of(context)
        X, y = prepared(data, "train", self.dtype)
        num_iters = int(keywords["num_iters"])
        positional: tuple[Argument, ...] = (
            ResidentTensor(f"X:train:{self.dtype}", X),
            ResidentTensor("y:train", y.astype(np.int64)),
        )
        weights, history = ArrayOutput((X.shape[1], NUM_CLASSES)), SeriesOutput(num_iters)
        given: dict[str, Argument] = {name: Scalar(value) for name, value in keywords.items()}
        given["verbose"] = Scalar(False)
        common = {
            "label": label,
            "keywords": given,
            "backend": context.assignment.backend,
            "seconds": context.assignment.limits.training_seconds,
        }
        if self._is_class:
            return Trial(
                function=self.functions[0],
                method="train",
                positional=positional,
                outputs=(history,),
                fetch={"W": weights},
                **common,  # type: ignore[arg-type]
            )
        loss, trainer, _ = self.functions
        return Trial(
            function=trainer,
            positional=(FunctionArgument(loss), Scalar(None), *positional),
            outputs=(weights, history),
            **common,  # type: ignore[arg-type]
        )

    def labelling(self, context: CheckContext, W: Array, label: str) -> Trial:
        """Label the images of the validation and the test split, in this order, with these weights."""
        data = data_of(context)
        X = judged_images(data, self.dtype)
        images = ResidentTensor(f"X:judged:{self.dtype}", X)
        is_class = self._is_class
        return Trial(
            label=label,
            function=self.functions[0] if is_class else self.functions[2],
            method="predict" if is_class else None,
            state={"W": Tensor(W)} if is_class else {},
            positional=(images,) if is_class else (Tensor(W), images),
            outputs=(LabelsOutput(len(X)),),
            backend=context.assignment.backend,
            seconds=_LABELLING_SECONDS,
        )


def weights_of(trained: Observation) -> Value | None:
    """What a training left: the first value of a trainer, the attribute W of a class; None where it did not return."""
    if not isinstance(trained, Returned):
        return None
    return trained.fetched["W"] if "W" in trained.fetched else trained.values[0]


@dataclass(frozen=True, slots=True)
class Accuracies:
    """Shares of rightly labelled images, 0 to 1."""

    val: float
    test: float


def accuracies_of(context: CheckContext, labels: Array, dtype: DTypeName) -> Accuracies:
    """Of labels for the images of both splits, in the order of `Learner.labelling`."""
    data = data_of(context)
    y_val, y_test = (prepared(data, name, dtype)[1] for name in ("val", "test"))
    right = labels == np.concatenate([y_val, y_test])
    return Accuracies(float(right[: len(y_val)].mean()), float(right[len(y_val) :].mean()))


def labels_by_scores(context: CheckContext, W: Array, dtype: DTypeName) -> Array:
    """The class of the highest score of every image of both splits: what a right predictor says of these weights."""
    X = judged_images(data_of(context), dtype)
    with np.errstate(all="ignore"):
        labels: Array = (X @ W.astype(X.dtype)).argmax(axis=1)
    return labels
