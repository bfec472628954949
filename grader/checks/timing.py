"""What times measured side by side say: ratios with their confidence, and when to stop measuring.

Everything is a ratio within one run: the machine, its load and its other users weigh on both sides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from grader.assignment import Model
from grader.trial import Array

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
    """Seconds by round: of the naive functions one call each (R,), of the others the median of several (R,)."""

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


Statistic = Callable[[Rounds], Array | float]
"""Of the medians over rounds, a number; over resampled rounds, one for each resample."""


def interval(rounds: Rounds, statistic: Statistic, rng: np.random.Generator) -> Interval:
    """Percentile bootstrap over rounds (Efron, 1979) of a statistic of medians."""
    chosen = rng.integers(0, len(rounds), (RESAMPLES, len(rounds)))
    resampled = Rounds(*(np.median(values[chosen], axis=1) for values in rounds.series))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.asarray(statistic(resampled)), [tail, 1 - tail])
    middle = float(np.asarray(statistic(medians(rounds))))
    return Interval(min(float(low), middle), middle, max(float(high), middle))


def medians(rounds: Rounds) -> Rounds:
    """The medians over all rounds, each of shape ()."""
    return Rounds(*(np.median(values) for values in rounds.series))


def net(seconds: Array, null: Array) -> Array:
    """Seconds less those of the call that does nothing."""
    found: Array = np.maximum(seconds - null, LEAST_SECONDS)
    return found


def slowdown(rounds: Rounds) -> Array:
    """How many times as long as the reference's the student's vectorized function takes."""
    found: Array = net(rounds.student, rounds.null) / net(rounds.reference, rounds.null)
    return found


def speedup_of(cap: float) -> Statistic:
    """How many times as fast as the naive the vectorized one is; a naive one counts for `cap` x the reference's."""

    def speedup(rounds: Rounds) -> Array:
        naive = np.minimum(
            net(rounds.student_naive, rounds.null), cap * net(rounds.reference_naive, rounds.null)
        )
        found: Array = naive / net(rounds.student, rounds.null)
        return found

    return speedup


def reference_speedup(rounds: Rounds) -> Array:
    """How many times as fast as its naive the reference's vectorized one is."""
    found: Array = net(rounds.reference_naive, rounds.null) / net(rounds.reference, rounds.null)
    return found


class Rung(Model):
    """A step of a ladder: the credit for a value on the right side of the bound."""

    bound: float = Field(gt=0)
    credit: float = Field(ge=0, le=1)


def credit_below(value: float, ladder: Sequence[Rung]) -> float:
    """The credit of the first rung, in rising order, whose bound the value does not exceed; 0 above them all."""
    return next((rung.credit for rung in ladder if value <= rung.bound), 0.0)


def credit_above(value: float, ladder: Sequence[Rung]) -> float:
    """The credit of the first rung, in falling order, whose bound the value reaches; 0 below them all."""
    return next((rung.credit for rung in ladder if value >= rung.bound), 0.0)
