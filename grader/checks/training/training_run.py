"""One run of a trainer under the spy: its sizes, data and numbers, drawn afresh so that none can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from grader.model.assignment import Assignment, ClassifierClass
from grader.model.observation import Returned, Value
from grader.model.trial import Argument, Array, Scalar, Spy, Tensor, Trial

_SPARE = 3
"""The spy answers this many times as many calls as there should be: too many are counted, endless ones broken off."""


_GREAT_BATCH, _LEAST_REST = 40, 3


@dataclass(frozen=True, slots=True)
class TrainingSizes:
    """How much data, and how many steps with which batches; features and classes never are equally many."""

    samples: int
    features: int
    classes: int
    num_iters: int
    batch_size: int


def draw_sizes(
    rng: np.random.Generator, *, num_iters: tuple[int, int], batch_size: tuple[int, int]
) -> TrainingSizes:
    """About 53 samples of 6 to 8 features in 3 to 5 classes; steps and batches within the given bounds.

    Never a whole number of batches: who goes through shuffled rows may leave out the rest. Of great batches there are
    as many samples more, so that they can be drawn without replacement.
    """
    batch = int(rng.integers(*batch_size, endpoint=True))
    samples = int(rng.integers(47, 60)) + (batch if batch > _GREAT_BATCH else 0)
    while samples % batch < _LEAST_REST:
        samples += 1
    return TrainingSizes(
        samples=samples,
        features=int(rng.integers(6, 9)),
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
    """X (N, D) float64 that carries the row's number in column 0, and y (N,) int64 with every class.

    absent_class: leave one class out, never the last: max(y) + 1 counts it, the number of different labels does not.
    is_skewed: four of five samples have the same label, so that draws that balance the classes show.
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
    """The keyword arguments in the order of the handout's signature; rate and reg are others in every run."""
    return {
        "learning_rate": Scalar(round(float(rng.uniform(0.02, 0.2)), 4)),
        "reg": Scalar(round(float(rng.uniform(0.1, 0.9)), 4)),
        "num_iters": Scalar(sizes.num_iters),
        "batch_size": Scalar(sizes.batch_size),
        "verbose": Scalar(verbose),
    }


def draw_spy(rng: np.random.Generator, sizes: TrainingSizes) -> Spy:
    """Losses and gradients for more steps than there should be."""
    steps = _SPARE * sizes.num_iters
    return Spy(
        losses=rng.uniform(0.5, 9.5, steps),
        gradients=rng.normal(0, 1, (steps, sizes.features, sizes.classes)),
        batch=sizes.batch_size,
        columns=sizes.features,
    )


def as_asked_of(assignment: Assignment, trial: Trial) -> Trial:
    """The run of a trainer (spy, W, X, y) -> (W, history) as it is; of a class, as its method train(X, y) -> history.

    There the spy is the object's loss, and the W that it starts from, unless that is None, its attribute.
    """
    spec = assignment.functions[trial.function]
    if not isinstance(spec, ClassifierClass):
        return trial
    spy, start, X, y = trial.positional
    assert isinstance(spy, Spy)
    weights, history = trial.outputs
    state: dict[str, Argument] = {"loss": replace(spy, is_method=spec.weights == "attribute")}
    if isinstance(start, Tensor):
        state["W"] = start
    return replace(
        trial,
        method="train",
        state=state,
        positional=(X, y),
        outputs=(history,),
        fetch={"W": weights},
        echo=tuple(position - 2 for position in trial.echo),
    )


def weights_and_history(observation: Returned) -> tuple[Value, Value]:
    """The last W and the losses of a run of either kind."""
    if "W" in observation.fetched:
        return observation.fetched["W"], observation.values[0]
    weights, history = observation.values
    return weights, history


def name_of(trial: Trial) -> str:
    """What trains: the function, or the class with its method."""
    return trial.function if trial.method is None else f"{trial.function}.{trial.method}"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """What a trainer was given: data, the spy, the start (None where it was to make one), its numbers.

    X (N, D) float64, y (N,) int64, start (D, C) float64.
    """

    X: Array
    y: Array
    spy: Spy
    start: Array | None
    learning_rate: float
    reg: float
    num_iters: int
    batch_size: int

    @classmethod
    def of(cls, trial: Trial, defaults: Mapping[str, float] | None = None) -> TrainingRun:
        """The run that a trial asks for: of a function with spy, W, X, y, or of a method train with X, y.

        defaults: the numbers that hold where the trial hands over none.
        """
        data = trial.positional if trial.method is not None else trial.positional[2:]
        spy = trial.positional[0] if trial.method is None else trial.state["loss"]
        start = trial.state.get("W") if trial.method is not None else trial.positional[1]
        X, y = data
        assert isinstance(X, Tensor)
        assert isinstance(y, Tensor)
        assert isinstance(spy, Spy)
        numbers = dict(defaults or {}) | {
            name: float(argument.value)
            for name, argument in trial.keywords.items()
            if isinstance(argument, Scalar) and argument.value is not None
        }
        return cls(
            X=X.array,
            y=y.array,
            spy=spy,
            start=start.array if isinstance(start, Tensor) else None,
            learning_rate=numbers["learning_rate"],
            reg=numbers["reg"],
            num_iters=int(numbers["num_iters"]),
            batch_size=int(numbers["batch_size"]),
        )
