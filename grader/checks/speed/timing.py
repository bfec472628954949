"""Ratios of times measured side by side: their intervals, the credit for them, and when to stop measuring.

Everything is a ratio within one run: the machine, its load and its other users weigh on both sides alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from pydantic import Field

from grader.model.assignment import Model
from grader.model.trial import Array

LEVEL = 0.01
"""The chance that some interval of a series, however often it is looked at, does not hold the true ratio."""

LEAST_ROUNDS = 3
MOST_SECONDS = 10.0
"""Of the calls of a series whose credit stays open."""

LEAST_OPEN_ROUNDS = 8
"""A series ends open only after so many: of a very slow function, MOST_SECONDS hold three rounds, which tell little."""

LEAST_SPREAD = 0.03
"""Standard deviation of the logarithm of a ratio; three rounds that agree better do so by chance."""

WIDE = 10.0
"""Times the low end that the high end of an interval may be, for them to be told."""

_ANGLES = 20_001


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio with bounds that hold the true one."""

    low: float
    middle: float
    high: float

    @property
    def is_wide(self) -> bool:
        """Whether the ends say little: the machine was too busy."""
        return self.high > WIDE * self.low


def interval(ratios: Sequence[float] | Array) -> Interval:
    """Student's interval of the mean logarithm of one ratio per round, at this look's share of LEVEL.

    A series is looked at after each round from LEAST_ROUNDS on, and stops by what is seen. Look k has the level
    LEVEL / (k (k + 1)); these add up to LEVEL, so the chance that any look misses is at most that (Bonferroni).
    """
    logs = np.log(np.asarray(ratios, dtype=np.float64))
    count, middle = len(logs), float(logs.mean())
    look = max(1, count - LEAST_ROUNDS + 1)
    spread = max(float(logs.std(ddof=1)), LEAST_SPREAD)
    half = _quantile(LEVEL / (2 * look * (look + 1)), count - 1) * spread / np.sqrt(count)
    low, middle, high = (float(np.exp(end)) for end in (middle - half, middle, middle + half))
    return Interval(low, middle, high)


@lru_cache(maxsize=256)
def _quantile(tail: float, freedom: int) -> float:
    """The value that Student's t exceeds with probability `tail`: t = sqrt(f) tan(a), where a has density cos(a)**(f - 1)."""
    angles = np.linspace(0, np.pi / 2, _ANGLES)
    density = np.cos(angles) ** (freedom - 1)
    above = np.concatenate([[0.0], np.cumsum(density[::-1][:-1] + density[::-1][1:])])[::-1]
    at = int(np.argmax(above <= 2 * tail * above[0]))
    return float(np.sqrt(freedom) * np.tan(angles[min(at, _ANGLES - 2)]))


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

    Measuring stops from LEAST_ROUNDS on once the credit is the same at both ends of the intervals, or the calls took
    MOST_SECONDS in at least LEAST_OPEN_ROUNDS.
    """
    if reading.is_straddling:
        return reading.rounds >= LEAST_OPEN_ROUNDS and reading.seconds >= MOST_SECONDS
    return reading.rounds >= LEAST_ROUNDS


class Rung(Model):
    """A step of a ladder: the credit for a value on the right side of the bound."""

    bound: float = Field(gt=0, description="The value to reach.")
    credit: float = Field(ge=0, le=1, description="Share of the points for it.")


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
