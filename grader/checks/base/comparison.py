"""Compares a number or an array with the expected one, within what rounding can do, and says so in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader import formatting
from grader.model.observation import Received, Unexpected, Value
from grader.model.trial import Array, DTypeName

UNITS = 64
"""K of the tolerance K*u*condition: right implementations stay below 10 units, the nearest wrong one has 489."""

MISSING = "missing: the call returned "
"""How a worker describes each value of a result that holds another number of values."""


def unit_roundoff(dtype: DTypeName) -> float:
    """u: the distance from 1 to the next number of the dtype."""
    return float(np.finfo(dtype).eps)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing one value with the expected one.

    Attributes:
        relative: greatest difference relative to the greatest expected entry; infinite where that is undefined.
        at: the index of the worst entry of an array.
        allowed: the bound at the worst entry, relative in the same way.
        notes: the harmless deviations any of which explains a value out of bounds, which then counts as right; the likeliest
            first.
    """

    is_right: bool
    sentence: str
    relative: float = np.inf
    allowed: float = 0.0
    at: str = ""
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str | None:
        """The likeliest deviation."""
        return self.notes[0] if self.notes else None


def compare_number(
    seen: Value, expected: float, bound: float, name: str, *, source: str | None = None
) -> Comparison:
    """Whether |seen - expected| <= bound; `source` names the function that gave the expected number."""
    if isinstance(seen, Unexpected):
        return Comparison(False, f"{name} should be a number, but is {seen.description}")
    value = float(seen.array)
    difference = abs(value - expected)
    scale = abs(expected) or 1.0
    expects = "expected" if source is None else f"{source} gives"
    if infinite := not_finite(seen.array, name):
        sentence = f"{infinite}, {expects} {formatting.number(expected)}"
        return Comparison(False, sentence, allowed=bound / scale)
    sentence = (
        f"{name} is {formatting.number(value, 8)}, {expects} {formatting.number(expected, 8)}"
        f" (relative difference {formatting.small(difference / scale)}, allowed {formatting.small(bound / scale)})"
    )
    return Comparison(bool(difference <= bound), sentence, difference / scale, bound / scale)


def compare_array(
    seen: Value, expected: Array, bound: Array, name: str, *, source: str = "the reference"
) -> Comparison:
    """Whether |seen - expected| <= bound for every entry; `source` names what gave the expected array."""
    if isinstance(seen, Unexpected):
        is_other_shape = f" {expected.shape} " not in seen.description
        description = seen.description.partition(" and dtype ")[0] if is_other_shape else seen.description
        return Comparison(False, f"{name} should have shape {expected.shape}, but is {description}")
    values = seen.array.astype(np.float64)
    if infinite := not_finite(values, name):
        return Comparison(False, infinite)
    difference = np.abs(values - expected)
    wrong = difference > bound
    scale = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        excess = np.where(bound > 0, difference / bound, np.where(difference > 0, np.inf, 0.0))
    position = np.unravel_index(int(np.argmax(excess)), values.shape)
    relative, allowed = float(difference[position]) / scale, float(bound[position]) / scale
    sentence = (
        f"{name} differs from {source} in {int(wrong.sum())} of {formatting.count(values.size, 'entry')};"
        f" greatest relative difference {formatting.small(relative)} at {formatting.index(position)}"
        f" (allowed {formatting.small(allowed)})"
    )
    if is_zero(seen) and values.size > 1:
        sentence = f"{name} is zero in all {formatting.count(values.size, 'entry')}"
    return Comparison(not wrong.any(), sentence, relative, allowed, formatting.index(position))


def compare_labels(seen: Value, expected: Array, name: str) -> Comparison:
    """Whether every label is the expected one."""
    if isinstance(seen, Unexpected):
        is_other_shape = f" {expected.shape} " not in seen.description
        wanted = f"have shape {expected.shape}" if is_other_shape else "be whole numbers"
        return Comparison(False, f"{name} should {wanted}, but is {seen.description}")
    wrong = np.flatnonzero(seen.array != expected)
    if not len(wrong):
        return Comparison(True, f"{name} is right", relative=0.0)
    first = wrong[0]
    sentence = (
        f"{name}{formatting.index([first])} is {seen.array[first]}, expected {expected[first]}"
        f" ({len(wrong)} of {len(expected)} differ)"
    )
    return Comparison(False, sentence)


def float_labels_note(labels: Value) -> str | None:
    """A clause where labels are whole numbers in a float array, and a spec lets that pass."""
    if isinstance(labels, Received) and labels.dtype.startswith("float"):
        return f"its labels are whole numbers in {labels.dtype}; integers can be used as indices"
    return None


def not_finite(values: Array, name: str) -> str | None:
    """A clause on a number or an array that is not finite; None where it is finite."""
    finite = np.isfinite(values)
    if finite.all():
        return None
    if values.ndim == 0:
        return f"{name} is {formatting.number(float(values))}"
    position = np.unravel_index(int(np.argmin(finite)), values.shape)
    amount = int(values.size - finite.sum())
    return (
        f"{name} is not finite in {amount} of {formatting.count(values.size, 'entry')}:"
        f" {formatting.number(values[position])} at {formatting.index(position)}"
    )


def number_of(value: Value) -> float:
    """The number, nan for any other value."""
    return float(value.array) if isinstance(value, Received) else float("nan")


def described(value: Value) -> str:
    """The number as text, or a description of the value received instead."""
    return value.description if isinstance(value, Unexpected) else formatting.number(float(value.array))


def is_zero(value: Value) -> bool:
    """Whether an array is zero everywhere, like a gradient that was not filled in."""
    return isinstance(value, Received) and not np.any(value.array)
