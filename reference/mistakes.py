"""Named mistakes: known wrong answers, and the search for those that explain the values seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array

Given = TypeVar("Given")
Variant = TypeVar("Variant")
Outcome = Array | float | np.floating[Any]

NOTHING = frozenset({"all_zero", "only_regularizer"})
"""The names of mistakes that are made by computing nothing: they prove nothing of what stands beside them."""

MATCH_TOLERANCE = 1e-7
"""Relative. Mistakes that are closer than this to the values seen count as equally near, and the first is named."""

Scale = Callable[[float, float], float]
"""The size that differences are relative to, from the largest entries of a mistake's outcome and the right answer."""


@dataclass(frozen=True, slots=True)
class Mistake(Generic[Given]):
    """A known wrong answer for one output of a function."""

    name: str
    output: str
    message: str
    """Says what the result equals and where to look, and does not give the solution away.

    Blanks: {regularizer} and {term} stand for the regularizer in the loss and in this output, {delta} for the margin,
    {part} for "loss" or "gradient".
    """
    outcome: Callable[[Given], Outcome]
    """The wrong answer for what the function was given."""

    def words(self, convention: Convention) -> str:
        """The message in the terms of the convention."""
        coefficient, part = (
            convention.regularizer_coefficient,
            "loss" if self.output == "loss" else "gradient",
        )
        regularizer = f"{_factor(coefficient)}reg*sum(W*W)"
        return self.message.format(
            regularizer=regularizer,
            term=regularizer if part == "loss" else f"{_factor(2 * coefficient)}reg*W",
            delta=f"{convention.delta:g}",
            part=part,
        )


Table = Mapping[str, tuple[str, Variant]]
"""Mistakes by name: the message, and the variant that gives the mistake, such as a formula or options of a descent."""


def mistakes_in(
    output: str, table: Table[Variant], outcome: Callable[[Given, Variant], Outcome], begin: str = ""
) -> tuple[Mistake[Given], ...]:
    """The mistakes of a table in one output. begin: the first words of every message."""

    def outcome_of(variant: Variant) -> Callable[[Given], Outcome]:
        return lambda given: outcome(given, variant)

    return tuple(
        Mistake(name, output, begin + message, outcome_of(variant))
        for name, (message, variant) in table.items()
    )


class Seen(NamedTuple, Generic[Given]):
    """One call: what the function was given, what it returned for one output in float64, and the right answer."""

    given: Given
    value: Array
    right: Array


def matching(
    mistakes: Iterable[Mistake[Given]], seen: Sequence[Seen[Given]], tolerance: float, scale: Scale = max
) -> list[Mistake[Given]]:
    """The mistakes that explain the values seen in every call, the nearest first; none if every value is right."""
    if distance(seen, (each.right for each in seen), tolerance, scale) <= tolerance:
        return []
    distances = [
        (distance(seen, (mistake.outcome(each.given) for each in seen), tolerance, scale), mistake)
        for mistake in mistakes
    ]
    found = [(max(far, MATCH_TOLERANCE), mistake) for far, mistake in distances if far <= tolerance]
    return [mistake for _, mistake in sorted(found, key=lambda pair: pair[0])]


def distance(
    seen: Sequence[Seen[Given]],
    expected: Iterable[Outcome],
    tolerance: float,
    scale: Scale = max,
) -> float:
    """The largest relative difference of any call; infinite as soon as one exceeds the tolerance."""
    largest = 0.0
    with np.errstate(all="ignore"):
        for call, value in zip(seen, expected, strict=True):
            largest = max(largest, _relative(call, np.asarray(value), scale))
            if largest > tolerance:
                return np.inf
    return largest


def _relative(call: Seen[Given], expected: Array, scale: Scale) -> float:
    if (
        call.value.shape != expected.shape
        or not np.isfinite(call.value).all()
        or not np.isfinite(expected).all()
    ):
        return np.inf
    size = scale(_largest(expected), _largest(call.right))
    return _largest(call.value - expected) / max(size, 1e-300)


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))


LEAST_CASES = 3
"""With fewer, an unknown number could fit anything."""

_LEAST_DIFFERENCE, _LEAST_FACTOR = 1e-3, 1e-4
_GREATEST_DENOMINATOR = 100
_SHORT_TOLERANCE = 1e-5
"""Relative: what arithmetic in float32 may make of a factor."""


def is_factor(number: float) -> bool:
    """Whether a student may have written it: a decimal or a fraction of few digits, other than one."""
    near = (float(f"{number:.4g}"), float(Fraction(number).limit_denominator(_GREATEST_DENOMINATOR)))
    is_short = any(abs(number - each) <= _SHORT_TOLERANCE * abs(number) for each in near)
    return is_short and abs(number - 1) > _LEAST_DIFFERENCE and abs(number) > _LEAST_FACTOR


def constant_factor(
    output: str, seen: Sequence[Seen[Given]], right: Callable[[Given], Outcome], tolerance: float
) -> Mistake[Given] | None:
    """The right output times a number that is the same in every call, if that explains the values seen."""
    if len(seen) < LEAST_CASES or any(each.value.shape != each.right.shape for each in seen):
        return None
    values, expected = (
        np.concatenate([np.ravel(getattr(each, name)).astype(np.float64) for each in seen])
        for name in ("value", "right")
    )
    length = float(expected @ expected)
    number = float(values @ expected) / length if length else 0.0
    if not np.isfinite(number) or number == 0 or not is_factor(number):
        return None
    message = f"It equals {times(number, 'the correct result')}: where does that factor come from?"
    mistake: Mistake[Given] = Mistake(
        "constant_factor", output, message, lambda given: number * np.asarray(right(given))
    )
    return mistake if matching((mistake,), seen, tolerance) else None


def number_in_words(value: float) -> str:
    """A number that a student may have written, to six digits."""
    return f"{value:.6g}"


def times(factor: float, what: str) -> str:
    """Words for the product, such as 4 times x, or x divided by 3; without x, 4 times."""
    divisor = 1 / factor
    if what and abs(factor) < 1 and abs(divisor - round(divisor)) <= MATCH_TOLERANCE * abs(divisor):
        return f"{what} divided by {round(divisor)}"
    return f"{number_in_words(factor)} times {what}".rstrip()


def _factor(value: float) -> str:
    return "" if value == 1 else f"{value:g}*"
