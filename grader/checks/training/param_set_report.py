"""The faults of one training of a lent classifier, each in a clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.comparison import number_of
from grader.model.observation import Received, Returned, Unexpected, Value
from grader.model.trial import Array, Tensor, Trial

SPLITS = ("X_train", "X_val", "X_test")
_LABELS = ("y_train", "y_val", "y_test")

ROUNDING = 0.005
"""The allowed error of an accuracy that is rounded to whole percents, as a fraction."""

_FINER_ROUNDING = 0.0006
"""Of any other: one rounded to a tenth of a percent is right. One row is 0.0037."""

_DRAWN = 0.8
"""The least share of the rows that batches from all of them hold: 11 batches of 200 from 270 miss one in 3,000."""

_WHOLE = 1e-6
"""How near to a whole number a number of percents is one."""

_RELATIVE = 1e-6
"""The allowed error of the numbers that are passed on, which may go through float32."""

_RETURNED = 3
"""cls, train_acc, val_acc."""

Part = Literal["answer", "training", "train_acc", "val_acc"]
Fault = tuple[tuple[Part, ...], str]
"""The parts that are wrong, and the clause that says so."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The arguments of one call, and the right accuracies.

    Attributes:
        marks: column 0 of each split, (N,) float64.
        labels: of each split, (N,) int64.
        accuracies: of each split, as fractions.
        num_iters: None where the call leaves it out.
    """

    marks: tuple[Array, ...]
    labels: tuple[Array, ...]
    accuracies: tuple[float, ...]
    learning_rate: float
    reg: float
    num_iters: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The outputs of the driver, in their order."""

    count: Value
    is_same: Value
    train_acc: Value
    val_acc: Value
    trainings: Value
    learning_rate: Value
    reg: Value
    num_iters: Value
    batch_size: Value
    is_by_loss: Value
    """Whether it was trained by calls of its loss, whose batches may leave out a few rows."""
    rows: Value
    labels: Value


def faults_of(asked: Asked, seen: Seen) -> Iterator[Fault]:
    """The faults of what one call returned and how it trained."""
    if number_of(seen.count) != _RETURNED:
        yield ("answer",), f"it should return (cls, train_acc, val_acc), but returns {_returned(seen.count)}"
        return
    if not number_of(seen.is_same):
        yield ("training",), "the first value that it returns is not the classifier that it was given"
    if not number_of(seen.trainings):
        parts: tuple[Part, ...] = ("training", "train_acc", "val_acc")
        yield parts, "it never calls the train method of the classifier that it was given"
        return
    yield from ((("training",), words) for words in _training(asked, seen))
    yield from _accuracies(asked, seen)


def _training(asked: Asked, seen: Seen) -> Iterator[str]:
    trainings = number_of(seen.trainings)
    if trainings > 1:
        yield f"it calls train {formatting.number(trainings)} times, expected once"
    yield from _rows(asked, seen)
    rate, reg = number_of(seen.learning_rate), number_of(seen.reg)
    is_rate, is_reg = _is(rate, asked.learning_rate), _is(reg, asked.reg)
    if not is_rate and not is_reg and _is(rate, asked.reg) and _is(reg, asked.learning_rate):
        yield "it swaps the two: lr is passed on as reg, and reg as learning_rate"
    else:
        if not is_rate:
            yield f"it trains with learning_rate {shown(rate)}, not with the lr that it was given"
        if not is_reg:
            yield f"it trains with reg {shown(reg)}, not with the reg that it was given"
    num_iters = number_of(seen.num_iters)
    if asked.num_iters is not None and num_iters != asked.num_iters:
        yield f"it trains for {shown(num_iters)} iterations, not for the num_iters that it was given"


def _rows(asked: Asked, seen: Seen) -> Iterator[str]:
    """Whether it trained on all rows of the training split, each with its label."""
    if not isinstance(seen.rows, Received):
        yield f"it does not train on exactly the rows of X_train: column 0 of its data is {seen.rows.description}"
        return
    rows = np.sort(seen.rows.array)
    splits = list(zip(SPLITS, asked.marks, strict=True))
    least = _DRAWN if number_of(seen.is_by_loss) else 1.0
    whole = next((name for name, marks in splits if _is_whole(rows, marks, least)), None)
    if whole is None:
        others = [name for name, marks in splits if np.isin(rows, marks).any()]
        if others == [SPLITS[0]]:
            yield f"it trains on {len(rows)} of the {len(asked.marks[0])} rows of X_train"
        else:
            yield f"it trains on rows of {formatting.listing(others) or 'no split'}; expected X_train"
        return
    if whole != SPLITS[0]:
        yield f"it trains on {whole}; expected X_train"
    of_row = dict(zip(np.concatenate(asked.marks), np.concatenate(asked.labels), strict=True))
    expected = [of_row[mark] for mark in seen.rows.array]
    if not isinstance(seen.labels, Received) or seen.labels.array.tolist() != expected:
        yield "it trains on labels that do not belong to the rows"


def _is_whole(rows: Array, marks: Array, least: float) -> bool:
    """Whether these are rows of one split, each once, and at least that share of them."""
    return len(np.unique(rows)) == len(rows) >= least * len(marks) and bool(np.isin(rows, marks).all())


def _accuracies(asked: Asked, seen: Seen) -> Iterator[Fault]:
    train, val, _ = asked.accuracies
    given = (number_of(seen.train_acc), number_of(seen.val_acc))
    if _is_accuracy(given[0], val) and _is_accuracy(given[1], train):
        words = "train_acc and val_acc are swapped: it returns (cls, val_acc, train_acc)"
        yield ("train_acc", "val_acc"), words
        return
    parts: tuple[tuple[Part, Value], ...] = (("train_acc", seen.train_acc), ("val_acc", seen.val_acc))
    for own, (name, value) in enumerate(parts):
        number = number_of(value)
        if isinstance(value, Unexpected):
            yield (name,), f"{name} should be a number, but is {value.description}"
        elif not _is_accuracy(number, asked.accuracies[own]):
            yield (name,), f"{name} is {shown(number)}{_explained(asked, number, own)}"


def _explained(asked: Asked, number: float, own: int) -> str:
    """The number that a wrong accuracy really is, if known; else the right one. own: the split it should be of."""
    right = asked.accuracies[own]
    for other, accuracy in enumerate(asked.accuracies):
        if other != own and _is_accuracy(number, accuracy):
            return f": the accuracy on {SPLITS[other]}"
    if _is_accuracy(number, 1 - right):
        return ": the share of wrong labels"
    if _is(number, right * len(asked.labels[own])):
        return ": the number of right labels, not their share"
    return f", but the labels predicted for {SPLITS[own]} make it {formatting.number(right, 4)}"


def changes_in(trial: Trial, observation: Returned) -> Iterator[Fault]:
    """A fault for each array in data_dict that the call changed."""
    names = [name for pair in zip(SPLITS, _LABELS, strict=True) for name in pair]
    for name, position, echo in zip(names, trial.echo, observation.echoes, strict=True):
        given = trial.positional[position]
        assert isinstance(given, Tensor)
        if not isinstance(echo, Received) or not np.array_equal(echo.array, given.array):
            yield ("training",), f"it changes {name} in data_dict"


def _is(seen: float, expected: float) -> bool:
    return abs(seen - expected) <= _RELATIVE * abs(expected)


def _is_accuracy(seen: float, fraction: float) -> bool:
    """Whether this is the accuracy, as a fraction or in percent, rounded or not."""
    return any(abs(each - fraction) <= _rounding_of(each) for each in (seen, seen / 100))


def _rounding_of(accuracy: float) -> float:
    percents = 100 * accuracy
    is_in_percents = bool(np.isfinite(percents)) and abs(percents - round(percents)) < _WHOLE
    return ROUNDING if is_in_percents else _FINER_ROUNDING


def shown(number: float) -> str:
    """The number as text."""
    return formatting.number(number) if np.isfinite(number) else "none"


def _returned(count: Value) -> str:
    number = number_of(count)
    is_count = np.isfinite(number) and number > 0
    return formatting.count(int(number), "value") if is_count else "something other than a tuple"
