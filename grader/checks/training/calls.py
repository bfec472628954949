"""Calls of trainers and predictors, which are functions or methods of a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from grader.model.assignment import Assignment, ClassifierClass
from grader.model.observation import Returned, Value
from grader.model.trial import (
    Argument,
    Array,
    ArrayOutput,
    LabelsOutput,
    Replacement,
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)
from reference import right_source


def trainer_trial(
    assignment: Assignment,
    function: str,
    label: str,
    data: tuple[Argument, Argument],
    *,
    loss: Argument | None = None,
    start: Tensor | None = None,
    keywords: Mapping[str, Scalar],
    shape: tuple[int, int],
    num_iters: int,
) -> Trial:
    """The call trainer(loss, W, X, y) -> (W, history), or train(X, y) -> history of a class.

    There the loss and `start`, unless they are None, become attributes of the object. shape: W's at the end.
    """
    is_class = isinstance(assignment.functions[function], ClassifierClass)
    own = {name: value for name, value in (("loss", loss), ("W", start)) if value is not None}
    weights, history = ArrayOutput(shape), SeriesOutput(num_iters)
    return Trial(
        label=label,
        function=function,
        method="train" if is_class else None,
        state=own if is_class else {},
        positional=data if is_class else (loss or Scalar(None), start or Scalar(None), *data),
        keywords=keywords,
        outputs=(history,) if is_class else (weights, history),
        fetch={"W": weights} if is_class else {},
        backend=assignment.backend,
        seconds=assignment.limits.training_seconds,
    )


def start_of(trial: Trial) -> Array | None:
    """The W that a trainer is given to start from."""
    start = trial.positional[1] if trial.method is None else trial.state.get("W")
    return start.array if isinstance(start, Tensor) else None


def predictor_trial(
    assignment: Assignment, function: str, label: str, W: Tensor, X: Argument, count: int
) -> Trial:
    """The call function(W, X), or predict(X) of an object with that W; `count` labels come back."""
    is_class = isinstance(assignment.functions[function], ClassifierClass)
    return Trial(
        label=label,
        function=function,
        method="predict" if is_class else None,
        state={"W": W} if is_class else {},
        positional=(X,) if is_class else (W, X),
        outputs=(LabelsOutput(count, assignment.float_labels),),
        backend=assignment.backend,
        seconds=assignment.limits.call_seconds,
    )


def training_keywords(*, verbose: bool = False, **numbers: float) -> dict[str, Scalar]:
    """The keyword arguments of a trainer, in the order given: that of the handout's signature."""
    return {name: Scalar(value) for name, value in (numbers | {"verbose": verbose}).items()}


def weights_and_history(trained: Returned) -> tuple[Value, Value]:
    """The final W and the losses that a trainer returned, or a class left in self.W and returned."""
    if "W" in trained.fetched:
        return trained.fetched["W"], trained.values[0]
    weights, history = trained.values
    return weights, history


def right_method(assignment: Assignment, function: str, method: Literal["train", "predict"]) -> Replacement:
    """The reference's trainer or predictor, to take the place of this function, or of this method of a class."""
    spec = assignment.functions[function]
    if isinstance(spec, ClassifierClass):
        names = {"train": f"train_with_{'own' if spec.weights == 'attribute' else 'given'}_weights"}
        return _right(assignment, function, method, names.get(method, method))
    return _right(assignment, function, None, f"{method}_linear_classifier")


def right_sampler(assignment: Assignment, function: str) -> Replacement:
    """The reference's sample_batch, to take the place of this function."""
    return _right(assignment, function, None, "sample_batch")


def _right(assignment: Assignment, function: str, attribute: str | None, name: str) -> Replacement:
    return Replacement(function, attribute, name, right_source("training", name, assignment.convention))
