"""Whether a number or an array is the right one, within what rounding can do on these inputs, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader import formatting
from grader.model.observation import Received, Unexpected, Value
from grader.model.trial import Array, DTypeName

UNITS = 64
"""K of the tolerance K*u*condition: right implementations stay below 10 units, the nearest wrong one has 489."""


def unit_roundoff(dtype: DTypeName) -> float:
    """u: the distance from 1 to the next number of the dtype."""
    return float(np.finfo(dtype).eps)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of holding one value against the reference.

    relative: greatest difference relative to the greatest reference entry; infinite where that is not defined.
    allowed: the bound at the worst entry, relative in the same way.
    """

    is_right: bool
    sentence: str
    relative: float
    allowed: float


def compare_number(seen: Value, expected: float, bound: float, name: str) -> Comparison:
    """Hold a scalar against the reference: |seen - expected| <= bound."""
    if isinstance(seen, Unexpected):
        return Comparison(False, f"{name} should be a number, but is {seen.description}", np.inf, 0.0)
    value = float(seen.array)
    difference = abs(value - expected)
    scale = abs(expected) or 1.0
    if not np.isfinite(value):
        sentence = f"{name} is {formatting.number(value)}, expected {formatting.number(expected)}"
        return Comparison(False, sentence, np.inf, bound / scale)
    sentence = (
        f"{name} is {formatting.number(value, 8)}, expected {formatting.number(expected, 8)}"
        f" (relative difference {formatting.small(difference / scale)}, allowed {formatting.small(bound / scale)})"
    )
    return Comparison(bool(difference <= bound), sentence, difference / scale, bound / scale)


def compare_array(seen: Value, expected: Array, bound: Array, name: str) -> Comparison:
    """Hold an array against the reference entry by entry: |seen - expected| <= bound."""
    if isinstance(seen, Unexpected):
        shape = tuple(expected.shape)
        return Comparison(False, f"{name} should have shape {shape}, but is {seen.description}", np.inf, 0.0)
    values = seen.array.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        position = np.unravel_index(int(np.argmin(finite)), values.shape)
        amount = int(values.size - finite.sum())
        sentence = (
            f"{name} is not finite in {amount} of {formatting.count(values.size, 'entry')}:"
            f" {formatting.number(values[position])} at {formatting.index(position)}"
        )
        return Comparison(False, sentence, np.inf, 0.0)
    difference = np.abs(values - expected)
    wrong = difference > bound
    scale = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        excess = np.where(bound > 0, difference / bound, np.where(difference > 0, np.inf, 0.0))
    position = np.unravel_index(int(np.argmax(excess)), values.shape)
    relative, allowed = float(difference[position]) / scale, float(bound[position]) / scale
    sentence = (
        f"{name} differs from the reference in {int(wrong.sum())} of {formatting.count(values.size, 'entry')};"
        f" greatest relative difference {formatting.small(relative)} at {formatting.index(position)}"
        f" (allowed {formatting.small(allowed)})"
    )
    if not np.any(values):
        sentence += "; it is zero everywhere"
    return Comparison(not wrong.any(), sentence, relative, allowed)


def is_zero(value: Value) -> bool:
    """Whether an array is zero everywhere, as an unfilled gradient is."""
    return isinstance(value, Received) and not np.any(value.array)
