"""Ratios of times measured side by side: their intervals, the credit for them, and when to stop measuring.

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

LEAST_ROUNDS, MOST_ROUNDS, MOST_SECONDS = 5, 20, 30.0
HALF_WIDTH = 0.10
"""The relative half-width at which a speedup is known well enough to report."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A median with the bounds that hold the true one in 95 of 100 runs."""

    low: float
    middle: float
    high: float

    @property
    def half_width(self) -> float:
        """Relative to the middle."""
        return (self.high - self.low) / (2 * self.middle)


def interval(ratios: Sequence[float] | Array, rng: np.random.Generator) -> Interval:
    """The median of one ratio per round, with a percentile bootstrap over rounds (Efron, 1979)."""
    values = np.asarray(ratios)
    chosen = rng.integers(0, len(values), (RESAMPLES, len(values)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.median(values[chosen], axis=1), [tail, 1 - tail])
    middle = float(np.median(values))
    return Interval(min(float(low), middle), middle, max(float(high), middle))


@dataclass(frozen=True, slots=True)
class Reading:
    """The rounds measured so far, in numbers.

    Attributes:
        seconds: the time of all their calls together.
        slowdown, many_samples: the student's time over the reference's, at the handout's size and with many samples.
        is_by_factor: credit is by the handout's factor, not by the slowdowns.
        worst, credit: the credit at the worse and at the better ends of the intervals.
    """

    rounds: int
    seconds: float
    speedup: Interval
    slowdown: Interval
    many_samples: Interval
    reference_speedup: Interval
    is_by_factor: bool
    worst: float
    credit: float

    @property
    def is_straddling(self) -> bool:
        """Whether the intervals leave the credit open."""
        return self.worst != self.credit


def is_enough(reading: Reading) -> bool:
    """The stopping rule, all of it: whether these rounds are enough to decide the credit.

    Measuring stops from LEAST_ROUNDS on once the credit is clear and the speedup is known to within HALF_WIDTH (or
    earns nothing), and in any case at MOST_ROUNDS or MOST_SECONDS. While the credit is open, both caps are doubled.
    """
    times = 2 if reading.is_straddling else 1
    if reading.rounds >= times * MOST_ROUNDS or reading.seconds >= times * MOST_SECONDS:
        return True
    is_known = reading.speedup.half_width <= HALF_WIDTH or reading.credit == 0.0
    return reading.rounds >= LEAST_ROUNDS and is_known and not reading.is_straddling


class Rung(Model):
    """A step of a ladder: the credit for a value on the right side of the bound."""

    bound: float = Field(gt=0)
    credit: float = Field(ge=0, le=1)


def is_ladder(rungs: Sequence[Rung], *, falls: bool) -> bool:
    """Whether every rung can be reached: the bounds rise (or fall) from rung to rung, and the credits fall."""
    pairs = list(pairwise(rungs))
    in_order = all((one.bound > other.bound) if falls else (one.bound < other.bound) for one, other in pairs)
    return in_order and all(one.credit > other.credit for one, other in pairs)


def credit_below(value: float, ladder: Sequence[Rung]) -> float:
    """The credit of the first rung, in rising order, whose bound the value does not exceed; 0 above them all."""
    return next((rung.credit for rung in ladder if value <= rung.bound), 0.0)


def credit_above(value: float, ladder: Sequence[Rung]) -> float:
    """The credit of the first rung, in falling order, whose bound the value reaches; 0 below them all."""
    return next((rung.credit for rung in ladder if value >= rung.bound), 0.0)
