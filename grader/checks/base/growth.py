"""Python work that grows with the size of the inputs: the counts of a function's instructions at two sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grader.model.observation import Instructions, Location

FLAT = 12
"""How many instructions more a vectorized function may execute at a greater size: a branch, but not a loop.

At a much greater size it is CHUNKED for each sample.
"""

CHUNKED = 3
"""How many instructions more for each further sample: a batch taken in chunks of 32 or more, but no work on a sample."""

GROWTH = 1.3
"""A naive function executes more than this many times as much for three times the samples, or the classes."""

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Growth:
    """The counts at a small and at a greater number of samples, or of classes."""

    of: str
    """What there is more of; with more samples a batch may be taken in chunks."""
    small_size: int
    great_size: int
    small: Instructions
    great: Instructions

    @property
    def is_flat(self) -> bool:
        return self.great.total <= self.most_if_flat

    @property
    def most_if_flat(self) -> float:
        """The greatest count of a function without loops; a loop executes several instructions each time."""
        further = CHUNKED * (self.great_size - self.small_size) if self.of == "samples" else 0
        return float(self.small.total + max(FLAT, further))

    @property
    def is_loop(self) -> bool:
        return self.great.total > GROWTH * self.small.total

    @property
    def steps_per_unit(self) -> float:
        """Instructions for each further sample, or class."""
        return (self.great.total - self.small.total) / (self.great_size - self.small_size)

    @property
    def work(self) -> str:
        """A clause with the numbers of instructions."""
        return (
            f"for more {self.of} ({self.small.total} steps for {self.small_size},"
            f" {self.great.total} for {self.great_size})"
        )

    @property
    def location(self) -> Location | None:
        """The line whose count grew most."""
        grown = _grown_most(self.small.lines, self.great.lines)
        return grown[0] if grown is not None and grown[1] > 0 else None

    @property
    def repeated_call(self) -> str | None:
        """A clause on a library call made at least once more per further sample or class, if there is one."""
        grown = _grown_most(self.small.calls, self.great.calls)
        if grown is None or grown[1] < self.great_size - self.small_size:
            return None
        name, _ = grown
        return (
            f"{name} more often for more {self.of} ({self.small.calls.get(name, 0)} times for {self.small_size},"
            f" {self.great.calls[name]} for {self.great_size})"
        )


def evasion(function: str, counts: Sequence[Instructions]) -> str | None:
    """A sentence on code that stops the count."""
    if all(count.is_whole for count in counts):
        return None
    return (
        f"{function} stops or evades the count of its Python steps (with sys.settrace, sys.setprofile, an"
        " audit hook or a frame), so the grader cannot tell whether it loops. Remove that code"
    )


def nothing_counted(function: str, counts: Sequence[Instructions]) -> str | None:
    """A sentence on code of which no instruction was seen."""
    if min(count.total for count in counts) > 0:
        return None
    return (
        f"{function} ran no Python instruction that could be counted."
        " Write it in Python, and do not change how Python is traced."
    )


def _grown_most(small: Mapping[_Key, int], great: Mapping[_Key, int]) -> tuple[_Key, int] | None:
    """The key whose count grew most, and by how much; None where nothing was counted."""
    grown = [(key, amount - small.get(key, 0)) for key, amount in great.items()]
    return max(grown, key=lambda each: each[1], default=None)
