"""Batches by the numbers of their rows: is every row drawn, equally often and at random?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.model.trial import Array
from reference.uniformity import chi_square, greatest_chi_square

_CONSECUTIVE = 0.8
"""Greatest share of a batch's sorted rows that follow directly on the row before; rarely exceeded by chance."""


def row_numbers(column: Array, rows: int) -> Array | None:
    """The row numbers (B,) int64 that column 0 (B,) of a batch carries; None unless all are 0 to rows - 1."""
    numbers = np.rint(column)
    return numbers.astype(np.int64) if np.all((numbers >= 0) & (numbers < rows)) else None  # nan fails both


@dataclass(frozen=True, slots=True)
class Draws:
    """How two runs drew their batches; `fault` and `note` are clauses, None for uniform draws that change."""

    chi_square: float
    allowed: float
    fault: str | None
    note: str | None = None
    is_slice: bool = False
    """Whether every batch is the same slice of the rows, which takes no drawing."""


def audit_draws(runs: Sequence[Sequence[Array]], rows: int, *, each: str) -> Draws:
    """Whether the batches of the first run look uniform over so many rows, and those of the second differ from them.

    Drawing with and without replacement are both right. runs: the row numbers (B,) int64 of each batch. each: what gets
    a batch, as "step".
    """
    first, second = runs
    counts = np.bincount(np.concatenate(first), minlength=rows)
    statistic, allowed = chi_square(counts), greatest_chi_square(rows)
    fault = _fault(first, counts, each, is_even=statistic <= allowed)
    # A batch of 25 rows is the same twice by chance once in 1e14.
    pairs = zip(first, second, strict=False)
    is_repeated = all(np.array_equal(np.sort(one), np.sort(other)) for one, other in pairs)
    note = (
        "it draws the same batches in every run: is the random seed fixed?"
        if is_repeated and fault is None
        else None
    )
    return Draws(statistic, allowed, fault, note, _are_one(first) and _is_slice(first[0], rows))


def _are_one(batches: Sequence[Array]) -> bool:
    return all(np.array_equal(rows, batches[0]) for rows in batches)


def _is_slice(batch: Array, rows: int) -> bool:
    """Whether each row of a batch is at the same distance from the one before."""
    return bool(np.ptp(np.diff(batch) % rows) == 0)


def _fault(batches: Sequence[Array], counts: Array, each: str, *, is_even: bool) -> str | None:
    if _are_one(batches):
        return f"every {each} gets the same batch"
    gaps = [np.diff(np.sort(rows)) for rows in batches]
    if all(np.mean(gap == 1) > _CONSECUTIVE for gap in gaps):
        return "the batches are consecutive rows, not drawn at random"
    if all(_is_slice(rows, len(counts)) for rows in batches):
        return "the batches are rows at a fixed stride, not drawn at random"
    never = np.flatnonzero(counts == 0)
    if len(never) == 1 and never[0] == len(counts) - 1:
        return "the last row is never drawn: is the largest index too small by one? randint excludes its upper bound"
    if len(never) > 0:
        return f"{len(never)} of the {len(counts)} rows {'is' if len(never) == 1 else 'are'} never drawn"
    if not is_even:
        return "some rows are drawn far more often than others"
    return None
