"""What times measured side by side say: ratios with their confidence, and when to stop measuring.

Everything is a ratio within one run: the machine, its load and its other users weigh on both sides alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pydantic import Field

from grader.model.assignment import Model
from grader.model.trial import Array

RESAMPLES = 400
CONFIDENCE = 0.95
LEAST_SECONDS = 1e-6
"""Below this no time is told from none: a difference with the null call can be negative."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the bounds that hold it in 95 of 100 runs."""

    low: float
    middle: float
    high: float

    @property
    def half_width(self) -> float:
        """Relative to the middle."""
        return (self.high - self.low) / (2 * self.middle)


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """Seconds by round (R,): of each function the least of its calls, at one size."""

    reference_naive: Array
    student_naive: Array
    reference: Array
    student: Array
    null: Array

    def __len__(self) -> int:
        return len(self.null)

    @classmethod
    def joined(cls, parts: Sequence[Rounds]) -> Rounds:
        """All rounds of several."""
        return cls(*(np.concatenate(series) for series in zip(*(part.series for part in parts), strict=True)))

    @property
    def series(self) -> tuple[Array, ...]:
        """All five, in the order of the fields."""
        return (self.reference_naive, self.student_naive, self.reference, self.student, self.null)


def interval(ratios: Array, rng: np.random.Generator) -> Interval:
    """The median of ratios (R,) with a percentile bootstrap over rounds (Efron, 1979).

    Each ratio is of times of one round, so that a machine that is slow for a while weighs on both sides of it.
    """
    chosen = rng.integers(0, len(ratios), (RESAMPLES, len(ratios)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.median(ratios[chosen], axis=1), [tail, 1 - tail])
    middle = float(np.median(ratios))
    return Interval(min(float(low), middle), middle, max(float(high), middle))


def net(seconds: Array, null: Array) -> Array:
    """Seconds less those of the call that does nothing."""
    found: Array = np.maximum(seconds - null, LEAST_SECONDS)
    return found


def slowdown(rounds: Rounds) -> Array:
    """(R,): how many times as long as the reference's the student's vectorized function takes."""
    found: Array = net(rounds.student, rounds.null) / net(rounds.reference, rounds.null)
    return found


def speedup(rounds: Rounds, cap: float) -> Array:
    """(R,): how many times as fast as the naive the vectorized one is; a naive one counts for at most `cap` x the reference's."""
    naive = np.minimum(net(rounds.student_naive, rounds.null), cap * net(rounds.reference_naive, rounds.null))
    found: Array = naive / net(rounds.student, rounds.null)
    return found


def reference_speedup(rounds: Rounds) -> Array:
    """(R,): how many times as fast as its naive the reference's vectorized one is."""
    found: Array = net(rounds.reference_naive, rounds.null) / net(rounds.reference, rounds.null)
    return found


class Rung(Model):
    """A step of a ladder: the credit for a value on the right side of the bound."""

    bound: float = Field(gt=0)
    credit: float = Field(ge=0, le=1)


def is_ladder(rungs: Sequence[Rung], *, falls: bool) -> bool:
    """Whether the bounds rise from rung to rung, or fall, and the credits fall: else some rung is never reached."""
    pairs = list(pairwise(rungs))
    in_order = all((one.bound > other.bound) if falls else (one.bound < other.bound) for one, other in pairs)
    return in_order and all(one.credit > other.credit for one, other in pairs)


def credit_below(value: float, ladder: Sequence[Rung]) -> float:
    """The credit of the first rung, in rising order, whose bound the value does not exceed; 0 above them all."""
    return next((rung.credit for rung in ladder if value <= rung.bound), 0.0)


def credit_above(value: float, ladder: Sequence[Rung]) -> float:
    """The credit of the first rung, in falling order, whose bound the value reaches; 0 below them all."""
    return next((rung.credit for rung in ladder if value >= rung.bound), 0.0)
