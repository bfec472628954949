"""One run of a trainer under the spy: sizes, data and numbers, all drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from grader.checks.training.calls import start_of, trainer_trial, training_keywords
from grader.model.assignment import Assignment, ClassifierClass
from grader.model.trial import Array, Scalar, Spy, Tensor, Trial

_SPARE = 3
"""The spy answers this many times the expected calls: a few too many are counted, an endless loop is broken off."""

_GREAT_BATCH, _LEAST_REST = 40, 3


@dataclass(frozen=True, slots=True)
class TrainingSizes:
    """The sizes of the data, the number of steps and the batch size; there are always more features than classes."""

    samples: int
    features: int
    classes: int
    num_iters: int
    batch_size: int


def draw_sizes(
    rng: np.random.Generator, *, num_iters: tuple[int, int], batch_size: tuple[int, int]
) -> TrainingSizes:
    """About 53 samples of 25 to 30 features in 3 to 5 classes; steps and batches within the given bounds.

    The samples never make a whole number of batches, because a trainer that goes through shuffled rows may leave out the
    rest. For great batches there are more samples, so that they can be drawn without replacement.
    """
    batch = int(rng.integers(*batch_size, endpoint=True))
    samples = int(rng.integers(47, 60)) + (batch if batch > _GREAT_BATCH else 0)
    while samples % batch < _LEAST_REST:
        samples += 1
    return TrainingSizes(
        samples=samples,
        features=int(rng.integers(25, 31)),
        classes=int(rng.integers(3, 6)),
        num_iters=int(rng.integers(*num_iters, endpoint=True)),
        batch_size=batch,
    )


def draw_data(
    rng: np.random.Generator,
    sizes: TrainingSizes,
    *,
    absent_class: bool = False,
    is_skewed: bool = False,
) -> tuple[Array, Array]:
    """X (N, D) float64 with the row's number in column 0, and y (N,) int64 with every class.

    absent_class: leave one class out, never the last, so that max(y) + 1 differs from the number of different labels.
    is_skewed: four of five samples have the same label, which shows draws that balance the classes.
    """
    X = rng.normal(0, 1, (sizes.samples, sizes.features)).astype(np.float32).astype(np.float64)
    X[:, 0] = np.arange(sizes.samples)
    missing = int(rng.integers(0, sizes.classes - 1)) if absent_class else sizes.classes
    present = np.delete(np.arange(sizes.classes), [missing] if absent_class else [])
    labels = present[np.arange(sizes.samples) % len(present)]
    if is_skewed:
        labels[np.arange(sizes.samples) >= sizes.samples // 5] = int(rng.integers(0, sizes.classes))
    return X, rng.permutation(labels).astype(np.int64)


def draw_weights(rng: np.random.Generator, sizes: TrainingSizes) -> Array:
    """W (D, C) float64 to start from."""
    return rng.normal(0, 1, (sizes.features, sizes.classes))


def draw_keywords(rng: np.random.Generator, sizes: TrainingSizes, *, verbose: bool) -> dict[str, Scalar]:
    """Keyword arguments with a new learning rate and reg in every run."""
    return training_keywords(
        learning_rate=round(float(rng.uniform(0.02, 0.2)), 4),
        reg=round(float(rng.uniform(0.1, 0.9)), 4),
        num_iters=sizes.num_iters,
        batch_size=sizes.batch_size,
        verbose=verbose,
    )


def spied_trial(
    assignment: Assignment,
    function: str,
    label: str,
    rng: np.random.Generator,
    sizes: TrainingSizes,
    data: tuple[Array, Array],
    *,
    start: Array | None,
    keywords: Mapping[str, Scalar],
) -> Trial:
    """The run of a trainer with a spy as its loss, from `start` or from None; X and y come back."""
    steps = _SPARE * sizes.num_iters
    spec = assignment.functions[function]
    spy = Spy(
        losses=rng.uniform(0.5, 9.5, steps),
        gradients=rng.normal(0, 1, (steps, sizes.features, sizes.classes)),
        batch=sizes.batch_size,
        columns=sizes.features,
        is_method=isinstance(spec, ClassifierClass) and spec.weights == "attribute",
    )
    X, y = data
    trial = trainer_trial(
        assignment,
        function,
        label,
        (Tensor(X), Tensor(y)),
        loss=spy,
        start=None if start is None else Tensor(start),
        keywords=keywords,
        shape=(sizes.features, sizes.classes),
        num_iters=sizes.num_iters,
    )
    arguments = len(trial.positional)
    return replace(trial, echo=(arguments - 2, arguments - 1))


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """The arguments of a spied trainer: X (N, D) float64, y (N,) int64, start (D, C) float64 or None."""

    X: Array
    y: Array
    spy: Spy
    start: Array | None
    learning_rate: float
    reg: float
    num_iters: int
    batch_size: int

    @classmethod
    def of(cls, trial: Trial) -> TrainingRun:
        """The run of a spied trial."""
        is_class = trial.method is not None
        spy = trial.state["loss"] if is_class else trial.positional[0]
        X, y = trial.positional[-2:]
        assert isinstance(X, Tensor)
        assert isinstance(y, Tensor)
        assert isinstance(spy, Spy)
        numbers = {
            name: float(argument.value)
            for name, argument in trial.keywords.items()
            if isinstance(argument, Scalar) and argument.value is not None
        }
        return cls(
            X=X.array,
            y=y.array,
            spy=spy,
            start=start_of(trial),
            learning_rate=numbers["learning_rate"],
            reg=numbers["reg"],
            num_iters=int(numbers["num_iters"]),
            batch_size=int(numbers["batch_size"]),
        )
