"""What one training of a lent classifier was asked for, and in sentences how what was seen differs from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from grader import formatting
from grader.model.observation import Received, Returned, Unexpected, Value
from grader.model.trial import Array, Tensor, Trial

SPLITS = ("X_train", "X_val", "X_test")
_LABELS = ("y_train", "y_val", "y_test")

ROUNDING = 0.005
"""What an accuracy may be off by, as a fraction: that of one rounded to whole percents. One row is 0.016."""

_RELATIVE = 1e-6
"""Of the numbers that are handed on, which may go through float32."""

_RETURNED = 3
"""cls, train_acc, val_acc."""

_SAID = ""
"""In the place of a sentence on a part whose fault another part's sentence says."""

Part = Literal["answer", "training", "train_acc", "val_acc"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One call. marks: column 0 of each split (N,) float64; labels: (N,) int64; accuracies: of each split, as fractions."""

    marks: tuple[Array, ...]
    labels: tuple[Array, ...]
    accuracies: tuple[float, ...]
    learning_rate: float
    reg: float
    num_iters: int | None


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
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
    rows: Value
    labels: Value


@dataclass(slots=True)
class ParamSetReport:
    """How the calls fared. faults: a sentence for each distinct one. wrong: the parts that are not right."""

    function: str
    default_iters: int
    default_batch: int
    faults: list[str] = field(default_factory=list)
    wrong: set[Part] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def add(self, asked: Asked, trial: Trial, observation: Returned) -> None:
        """What one call showed; of each part the first fault is said."""
        seen = _Seen(*observation.values)
        found = list(self._faults(asked, seen))
        found += [("training", words) for words in _changes(trial, observation)]
        for part in dict.fromkeys(part for part, _ in found):
            if part not in self.wrong:
                self.faults += [
                    f"{self.function}: {words}" for each, words in found if each == part and words != _SAID
                ]
        self.wrong |= {part for part, _ in found}

    def _faults(self, asked: Asked, seen: _Seen) -> Iterator[tuple[Part, str]]:
        if _number(seen.count) != _RETURNED:
            yield "answer", f"it should return (cls, train_acc, val_acc), but returns {_returned(seen.count)}"
            return
        if not _number(seen.is_same):
            yield (
                "training",
                "it does not give back the classifier that it was given, as the first of the three",
            )
        yield from (("training", words) for words in self._training(asked, seen))
        if _number(seen.trainings):
            yield from _accuracies(asked, seen)
        else:
            yield "train_acc", _SAID
            yield "val_acc", _SAID

    def _training(self, asked: Asked, seen: _Seen) -> Iterator[str]:
        trainings = _number(seen.trainings)
        if not trainings:
            yield "it never calls the method train of the classifier that it was given"
            return
        if trainings > 1:
            yield f"it calls train {trainings:.0f} times; one training is asked for"
        yield from _rows(asked, seen)
        rate, reg = _number(seen.learning_rate), _number(seen.reg)
        is_rate, is_reg = _is(rate, asked.learning_rate), _is(reg, asked.reg)
        if not is_rate and not is_reg and _is(rate, asked.reg) and _is(reg, asked.learning_rate):
            yield "it hands lr on as reg and reg as learning_rate: the two are swapped"
        else:
            if not is_rate:
                yield f"it trains with learning_rate {_shown(rate)}, not with the lr that it was given"
            if not is_reg:
                yield f"it trains with reg {_shown(reg)}, not with the reg that it was given"
        num_iters = _number(seen.num_iters)
        if asked.num_iters is None:
            if num_iters != self.default_iters:
                self.notes.append(
                    f"without num_iters it trains for {_shown(num_iters)} iterations; the handout's default is"
                    f" {self.default_iters}"
                )
        elif num_iters != asked.num_iters:
            yield f"it trains for {_shown(num_iters)} iterations, not for the num_iters that it was given"
        if (batch_size := _number(seen.batch_size)) != self.default_batch:
            self.notes.append(
                f"it trains with batches of {_shown(batch_size)}; the default is {self.default_batch}"
            )


def _rows(asked: Asked, seen: _Seen) -> Iterator[str]:
    """Whether the training got all rows of the training split, each with its label."""
    if not isinstance(seen.rows, Received):
        yield f"it trains on more or other rows than X_train has: {_description(seen.rows)}"
        return
    rows = np.sort(seen.rows.array)
    for name, marks in zip(SPLITS, asked.marks, strict=True):
        if np.array_equal(rows, np.sort(marks)):
            if name != SPLITS[0]:
                yield f"it trains on {name}; expected X_train"
            break
    else:
        others = [name for name, marks in zip(SPLITS, asked.marks, strict=True) if np.isin(rows, marks).any()]
        if others == [SPLITS[0]]:
            yield f"it trains on {len(rows)} of the {len(asked.marks[0])} rows of X_train"
        else:
            yield f"it trains on rows of {formatting.listing(others) if others else 'no split'}; expected X_train"
        return
    of_row = {
        float(mark): int(label)
        for marks, labels in zip(asked.marks, asked.labels, strict=True)
        for mark, label in zip(marks, labels, strict=True)
    }
    expected = [float(of_row[float(mark)]) for mark in seen.rows.array]
    if not isinstance(seen.labels, Received) or seen.labels.array.tolist() != expected:
        yield "the labels that it trains on are not those of the rows"


def _accuracies(asked: Asked, seen: _Seen) -> Iterator[tuple[Part, str]]:
    train, val, test = asked.accuracies
    given = (_number(seen.train_acc), _number(seen.val_acc))
    if _is_accuracy(given[0], val) and _is_accuracy(given[1], train):
        yield "train_acc", "train_acc and val_acc are swapped: it returns (cls, val_acc, train_acc)"
        yield "val_acc", _SAID
        return
    parts: tuple[tuple[Part, Value, int], ...] = (
        ("train_acc", seen.train_acc, 0),
        ("val_acc", seen.val_acc, 1),
    )
    for name, value, own in parts:
        if isinstance(value, Unexpected):
            yield name, f"{name} should be a number, but is {value.description}"
            continue
        number, right = _number(value), (train, val, test)[own]
        if _is_accuracy(number, right):
            continue
        explained = [
            f"the accuracy on {SPLITS[other]}"
            for other in range(len(SPLITS))
            if other != own and _is_accuracy(number, asked.accuracies[other])
        ]
        if _is_accuracy(number, 1 - right):
            explained.append("the share of wrong labels")
        if _is(number, right * len(asked.labels[own])):
            explained.append("the number of right labels, not their share")
        words = f"{name} is {_shown(number)}"
        if explained:
            yield name, f"{words}: {explained[0]}"
        else:
            yield (
                name,
                f"{words}; the labels that the classifier predicts for {SPLITS[own]} make it {formatting.number(right, 4)}",
            )


def _changes(trial: Trial, observation: Returned) -> Iterator[str]:
    names = [name for pair in zip(SPLITS, _LABELS, strict=True) for name in pair]
    for name, position, echo in zip(names, trial.echo, observation.echoes, strict=True):
        given = trial.positional[position]
        assert isinstance(given, Tensor)
        if not isinstance(echo, Received) or not np.array_equal(echo.array, given.array):
            yield f"it changes {name} in data_dict"


def _number(value: Value) -> float:
    """The number, nan where there is none."""
    return float(value.array) if isinstance(value, Received) else float("nan")


def _is(seen: float, expected: float) -> bool:
    return abs(seen - expected) <= _RELATIVE * abs(expected)


def _is_accuracy(seen: float, fraction: float) -> bool:
    """Whether this is the accuracy, as a fraction or in percent, rounded or not."""
    return abs(seen - fraction) <= ROUNDING or abs(seen / 100 - fraction) <= ROUNDING


def _shown(number: float) -> str:
    return formatting.number(number) if np.isfinite(number) else "none"


def _returned(count: Value) -> str:
    number = _number(count)
    return formatting.count(int(number), "value") if number else "something else than a tuple"


def _description(value: Value) -> str:
    return value.description if isinstance(value, Unexpected) else ""
