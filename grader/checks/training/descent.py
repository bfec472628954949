"""Whether a training was gradient descent on its loss: judges the steps that a worker brought back.

Each is W before, the rows that the loss was called with, and W after. They are claims, but nobody can make them up who
cannot compute the correct gradients: they must lead to the W that the training returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from grader import formatting
from grader.model.assignment import ClassifierName
from grader.model.observation import Step, Watched
from grader.model.trial import Array
from reference import Convention
from reference.losses.formulas import signed_active, softmax_data_term
from reference.losses.problem import Problem

STRIDE = 193
"""Of the columns that tell an image from all others: sixteen pixels."""

TOLERANCE = 0.02
"""Of a step, relative to its length: twenty times what low precision does, and less than a wrong gradient differs."""

FACTOR_TOLERANCE = 0.03

GREATEST_START = 0.6
"""Of what W gains over guessing, so much may be there before the training; a random W gains 0.1 at most."""

LEAST_GAIN = 0.2

_ROUNDINGS = 8 * 2.0**-24
_NEAR_KINK = 3e-5
_GREATEST_PENALTY = 4.0
"""Times the right regularizer's gradient: a mistake there is not one at the core."""

_NEGLIGIBLE = 1e-30

_LONGEST, _LATEST, _DRAWN = 6, 7, 16
"""Of the steps of several calls, as many as a worker keeps of one."""

_LEAST_VARIETY = 0.25
"""Of the different rows that as many drawn at random hold; without replacement there are more."""

_MOST_ASKED = 1_000
"""Rows of a batch with which the loss is called alone."""

_NAMES: Mapping[ClassifierName, str] = {"svm": "SVM", "softmax": "softmax"}


@dataclass(frozen=True, slots=True)
class Direction:
    """A change of W (D, C) beside the gradient of the data term: `factor` times it, and part of the regularizer's.

    is_right: but for these two it is the gradient.
    """

    is_right: bool
    factor: float


StepFault = Literal["unknown", "other rows"]


@dataclass(frozen=True, eq=False)
class Descent:
    """The gradient descent that a training should be. known_rows: `sorted_rows` of X."""

    classifier: ClassifierName
    convention: Convention
    X: Array
    y: Array
    known_rows: tuple[Array, Array]
    learning_rate: float
    reg: float

    def direction_of(self, step: Step, final: Array) -> Direction | StepFault:
        """The direction of a step. final: W after the last.

        "unknown" where rounding, a great W, or rows that are equal or were not read leave nothing to see.
        """
        after = final if step.after is None else step.after
        with np.errstate(all="ignore"):
            before, after = step.before.astype(np.float64), after.astype(np.float64)
            if not (np.isfinite(before).all() and np.isfinite(after).all()):
                return Direction(False, 0.0)  # the weights that the training returned are finite
            seen = (before - after) / self.learning_rate
            lengths = _length(before) + _length(after)
            slack = _ROUNDINGS * lengths / self.learning_rate
            if not slack < 0.3 * _length(seen):
                return "unknown"
            rows = [self.rows_of(batch) for batch in step.batches]
            known = [each for each in rows if not isinstance(each, str)]
            if not known:
                return "unknown" if "unknown" in rows or not rows else "other rows"
            return self.direction(seen, before, known, slack)

    def direction(
        self, seen: Array, W: Array, batches: Sequence[Array], slack: float = 0.0
    ) -> Direction | Literal["unknown"]:
        """What a change of W, or a gradient, is beside the right one of these batches together.

        slack: what rounding may have changed in it. A mistake in the regularizer is not looked for; "unknown" where W is
        so great that beside it, or in its scores, nothing is left to see of the data.
        """
        gradients, slacks = zip(*(self._data_gradient(W, rows) for rows in batches), strict=True)
        full = 2 * self.convention.regularizer_coefficient * self.reg
        lengths = [_length(each) for each in gradients]
        slack += max(slacks) + _ROUNDINGS * full * _length(W)
        if not np.isfinite(_length(seen)):
            return Direction(False, 0.0)
        if not slack < 0.3 * max(lengths):
            return "unknown"
        for gradient, length in zip(gradients, lengths, strict=True):
            if _length(seen - gradient - full * W) <= TOLERANCE * length + slack:
                return Direction(True, 1.0)
        columns = np.stack([each.ravel() for each in (*gradients, W)], axis=1)
        found = np.linalg.lstsq(columns, seen.ravel(), rcond=None)[0]
        penalty = float(np.clip(found[-1], 0, _GREATEST_PENALTY * full))
        found = np.linalg.lstsq(columns[:, :-1], seen.ravel() - penalty * columns[:, -1], rcond=None)[0]
        data = columns[:, :-1] @ found
        rest = _length(seen.ravel() - data - penalty * columns[:, -1])
        bound = TOLERANCE * _length(data) + slack
        return Direction(bool(rest <= bound and (found > 0).all()), float(found.sum()))

    def can_tell(self, W: Array, rows: Array) -> bool:
        """Whether a gradient on these rows can be told right from wrong."""
        with np.errstate(all="ignore"):
            return self.direction(np.zeros_like(W), W, [rows]) != "unknown"

    def off(self, gradient: Array, W: Array, rows: Array) -> Array | None:
        """A gradient less the right one of a batch; None where they are equal but for rounding."""
        data, slack = self._data_gradient(W, rows)
        full = 2 * self.convention.regularizer_coefficient * self.reg
        off: Array = gradient - data - full * W
        slack += _ROUNDINGS * full * _length(W)
        is_off = np.isfinite(_length(off)) and _length(off) > TOLERANCE * _length(data) + slack
        return off if is_off else None

    def rows_of(self, batch: Array) -> Array | StepFault:
        """The numbers of the rows of X in a batch."""
        if not len(batch):
            return "other rows"
        keys, rows = self.known_rows
        told = _keys(batch)
        at = np.minimum(np.searchsorted(keys, told), len(keys) - 1)
        if not (keys[at] == told).all():
            return "other rows"
        following = np.minimum(at + 1, len(keys) - 1)
        if ((keys[following] == told) & (following != at)).any():
            return "unknown"
        return rows[at]

    def _data_gradient(self, W: Array, rows: Array) -> tuple[Array, float]:
        """The gradient at reg = 0, and the length of what margins next to the hinge's kink may change in it."""
        weights = np.where(np.abs(W) < _NEGLIGIBLE, 0, W)
        problem = Problem.of(weights, self.X[rows], self.y[rows], 0.0, self.convention, dtype=np.float64)
        if self.classifier == "softmax":
            return problem.pull_back(softmax_data_term(problem)[1]), 0.0
        margins = problem.margins
        near = np.abs(margins) <= _NEAR_KINK * (1 + np.abs(problem.scores).max())
        near[np.arange(len(rows)), self.y[rows]] = False
        pushes = near.sum(axis=1) * np.linalg.norm(problem.X, axis=1)
        slack = float(np.sqrt(2) * pushes.sum() / len(rows))
        return problem.pull_back(signed_active(problem, margins > 0)), slack


@dataclass(frozen=True, slots=True)
class TrainingFinding:
    """What the steps of a training say. is_seen: False where the judge saw too few of them to tell."""

    fault: str | None
    is_seen: bool = True

    off: Array | None = field(default=None, compare=False)
    """What the loss's gradient (D, C) is off by in the step that was asked; None where it is right, or nobody can tell."""


@dataclass(frozen=True, eq=False)
class DescentAudit:
    """Judges a watched training. loss, trainer: their names for the student."""

    descent: Descent
    loss: str
    trainer: str
    watched: Watched
    final: Array

    @cached_property
    def asked(self) -> tuple[Step, Array] | None:
        """A step in the middle, and the rows of its batch, on which to call the loss alone.

        One that tells whether the loss is right, if there is one.
        """
        middle, readable = len(self._steps) // 2, None
        for step in (*self._steps[middle:], *self._steps[:middle]):
            for batch in step.batches:
                rows = self.descent.rows_of(batch)
                if not isinstance(rows, str) and np.isfinite(step.before).all():
                    found = step, rows[:_MOST_ASKED]
                    if self.descent.can_tell(step.before.astype(np.float64), found[1]):
                        return found
                    readable = readable or found
        return readable

    def finding(self, gradient: Array | str | None) -> TrainingFinding:
        """The first fault. gradient: what the loss alone returned for the step that was asked, or why it returned none."""
        if not self._steps:
            return TrainingFinding(f"{self.trainer} does not change W" if self.watched.calls else None, False)
        if isinstance(gradient, str):
            return TrainingFinding(gradient)
        own = self._own(gradient)
        if own == "unknown":
            return TrainingFinding(None, False)
        if own is not None and not (own.is_right and own.factor > 0):
            return TrainingFinding(
                f"{self.loss} does not return the gradient of the {_NAMES[self.descent.classifier]} loss, on a batch of"
                " this training"
            )
        directions = [self.descent.direction_of(step, self.final) for step in self._steps]
        known = [each for each in directions if isinstance(each, Direction)]
        factor = 1.0 if own is None else own.factor
        odd = [
            each for each in known if not each.is_right or abs(each.factor / factor - 1) > FACTOR_TOLERANCE
        ]
        if odd:
            return TrainingFinding(self._odd_words(odd, known, factor))
        if (few := self._few_rows()) is not None:
            return TrainingFinding(
                f"{self.trainer} trains on the same images over and over:"
                f" {formatting.count(few, 'different one')}"
                f" in the {len(self._steps)} steps checked"
            )
        if "other rows" in directions:
            return TrainingFinding(f"{self.trainer} calls {self.loss} with rows that are not in X")
        return TrainingFinding(None, 2 * len(known) >= len(directions) and self._is_mostly_seen(directions))

    def off(self, gradient: Array | str | None) -> Array | None:
        """What the loss alone is off by; None where it is right, its regularizer too."""
        if self.asked is None or gradient is None or isinstance(gradient, str):
            return None
        step, rows = self.asked
        with np.errstate(all="ignore"):
            return self.descent.off(gradient.astype(np.float64), step.before.astype(np.float64), rows)

    def _few_rows(self) -> int | None:
        """How many different rows of X the steps use, where batches drawn at random would use far more."""
        batches = [self.descent.rows_of(batch) for step in self._steps for batch in step.batches]
        known = [rows for rows in batches if not isinstance(rows, str)]
        if not known:
            return None
        used = np.concatenate(known)
        different, images = len(np.unique(used)), len(self.descent.X)
        expected = images * (1 - (1 - 1 / images) ** len(used))
        return different if different < _LEAST_VARIETY * expected else None

    def _is_mostly_seen(self, directions: Sequence[Direction | StepFault]) -> bool:
        """Whether the steps that nothing can be seen of lead no further than the others."""
        moved = {True: 0.0, False: 0.0}
        for step, direction in zip(self._steps, directions, strict=True):
            after = self.final if step.after is None else step.after
            moved[isinstance(direction, Direction)] += _length(after.astype(np.float64) - step.before)
        return moved[False] <= moved[True]

    @cached_property
    def _steps(self) -> Sequence[Step]:
        return without_idle(self.watched.steps, self.final)

    def _own(self, gradient: Array | None) -> Direction | Literal["unknown"] | None:
        if self.asked is None or gradient is None:
            return None
        step, rows = self.asked
        with np.errstate(all="ignore"):
            return self.descent.direction(gradient.astype(np.float64), step.before.astype(np.float64), [rows])

    def _odd_words(self, odd: Sequence[Direction], known: Sequence[Direction], factor: float) -> str:
        if len(odd) == len(known) and all(each.is_right for each in odd):
            times = formatting.number(float(np.median([each.factor for each in odd])) / factor, 3)
            return f"{self.trainer} moves W by {times} times learning_rate*dW"
        count = f"{len(odd)} of {len(known)}" if len(known) > 1 else "the"
        return (
            f"{self.trainer} does not train with {self.loss}: in {count} steps checked, W does not become"
            f" W - learning_rate*dW with the dW that {self.loss} returns for that batch"
        )


def joined(stages: Sequence[tuple[Watched, Array]], rng: np.random.Generator) -> Watched:
    """A training that went on in several calls, each with the W (D, C) that it returned, as one.

    As many steps are kept as of one call, chosen in the same way: the first, the longest, the latest, and some drawn by rng;
    and the last of each call.
    """
    if len(stages) == 1:
        return stages[0][0]
    steps: list[Step] = []
    kept = {0}
    for watched, final in stages:
        own = list(without_idle(watched.steps, final))
        if own and own[-1].after is None:
            own[-1] = replace(own[-1], after=final.astype(np.float32))
        steps += own
        kept.add(len(steps) - 1)
    kept &= set(range(len(steps)))
    lengths = [0.0 if each.after is None else _length(each.after - each.before) for each in steps]
    kept |= set(np.argsort(lengths)[-_LONGEST:].tolist())
    kept |= set(range(len(steps))[-_LATEST:])
    kept |= set(rng.permutation(len(steps))[:_DRAWN].tolist())
    return Watched(sum(watched.calls for watched, _ in stages), tuple(steps[each] for each in sorted(kept)))


def without_idle(steps: Sequence[Step], final: Array) -> Sequence[Step]:
    """Without a last call that was made only to print the loss. final: W after the training."""
    is_idle = bool(steps) and np.array_equal(steps[-1].before, final.astype(np.float32))
    return steps[:-1] if is_idle and steps[-1].after is None else steps


def sorted_rows(X: Array) -> tuple[Array, Array]:
    """What tells the rows of X (N, D) apart, sorted, and their numbers."""
    keys = _keys(X[:, ::STRIDE])
    order = np.argsort(keys, kind="stable")
    return keys[order], order


def _length(array: Array) -> float:
    """The Euclidean length. NumPy's own takes both cores for so short a sum, and waits for them on a busy machine."""
    flat = array.ravel()
    return float(np.sqrt(np.einsum("i,i->", flat, flat)))


def _keys(told: Array) -> Array:
    """Each row (N, columns) as one value that can be sorted; zero has one sign."""
    rows = np.ascontiguousarray(told, dtype=np.float32) + np.float32(0)
    return rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
