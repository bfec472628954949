"""Batches by the numbers of their rows: are all rows within reach, evenly, and does chance decide?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader import formatting
from grader.model.trial import Array

DEVIATIONS = 10.6
"""Of the chi-square statistic above its mean: at 53 rows chance alone exceeds that less than once in 1e11 runs."""

_CONSECUTIVE = 0.8
"""Share of the steps from one row to the next larger one that are 1 in a batch of consecutive rows, and rarely by chance."""


def greatest_chi_square(rows: int) -> float:
    """The bound on the statistic of uniform draws from so many rows: 160 at 53 (52 degrees of freedom)."""
    freedom = rows - 1
    return float(round(freedom + DEVIATIONS * np.sqrt(2 * freedom)))


def row_numbers(column: Array, rows: int) -> Array | None:
    """The numbers of the rows (B,) int64 that column 0 (B,) of a batch carries; None where it has others than 0 to rows - 1."""
    numbers = np.rint(column)
    return numbers.astype(np.int64) if np.all((numbers >= 0) & (numbers < rows)) else None  # nan is neither


@dataclass(frozen=True, slots=True)
class Draws:
    """What one run drew. fault: in a clause what is wrong with it, None for what uniform draws look like."""

    chi_square: float
    allowed: float
    fault: str | None


def judge_draws(batches: Sequence[Array], rows: int, *, each: str) -> Draws:
    """Whether batches look as if drawn uniformly from so many rows, with or without replacement.

    batches: of each its row numbers (B,) int64. each: what gets a batch, as "step".
    """
    counts = np.bincount(np.concatenate(batches), minlength=rows)
    expected = counts.sum() / rows
    chi_square = float(np.sum((counts - expected) ** 2) / expected)
    allowed = greatest_chi_square(rows)
    return Draws(chi_square, allowed, _fault(batches, counts, each, is_even=chi_square <= allowed))


def are_the_same(first: Sequence[Array], second: Sequence[Array]) -> bool:
    """Whether two runs got the same rows at every step; a step of 25 rows has them by chance once in 1e14."""
    pairs = zip(first, second, strict=False)
    return all(np.array_equal(np.sort(one), np.sort(other)) for one, other in pairs)


def _fault(batches: Sequence[Array], counts: Array, each: str, *, is_even: bool) -> str | None:
    if all(np.array_equal(rows, batches[0]) for rows in batches):
        return f"every {each} gets the same batch"
    gaps = [np.diff(np.sort(rows)) for rows in batches]  # in whatever order a batch has its rows
    if all(np.mean(gap == 1) > _CONSECUTIVE for gap in gaps):
        return "the batches are consecutive rows, not drawn at random"
    never = np.flatnonzero(counts == 0)
    if len(never) == 1 and never[0] == len(counts) - 1:
        return "the last row is never drawn: is the greatest index one too small? (randint excludes its upper bound)"
    if len(never) > 0:
        return f"{formatting.count(len(never), 'row')} of {len(counts)} {'is' if len(never) == 1 else 'are'} never drawn"
    if not is_even:
        return "some rows are drawn far more often than others"
    return None
