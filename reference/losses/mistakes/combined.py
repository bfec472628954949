"""Several mistakes in one answer: in the data term and in the regularizer, or with a factor that no table lists.

The search compares a few numbers of each answer, which are linear in it, and then holds all of the answer to what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from reference.losses.mistakes.families import FAMILIES, Family, other_margins
from reference.losses.mistakes.shared import DATA_FACTORS
from reference.losses.problem import Array
from reference.losses.right import Classifier, LossMistake, Part, RightAnswer
from reference.mistakes import LEAST_CASES, Outcome, Scale, Seen, distance

Explanation = tuple[LossMistake, ...]

_PROBES = 3
"""How many numbers stand for one gradient in the search."""
_SCREEN = 50.0
"""Of the tolerance: how near the search must come before all entries are held to the tolerance itself."""

_SIGN = {"data_sign_flipped"}
"""A factor that may come with another."""

_DATA_FAMILY, _REGULARIZER_FAMILY = (
    next(family for family in FAMILIES if family.name == name)
    for name in ("data_term_times_constant", "regularizer_times_constant")
)


class _Term(NamedTuple):
    """One way to write the data term, or the regularizer, with the mistakes in it."""

    mistakes: Explanation
    values: Sequence[Outcome]
    """One for each case."""


@dataclass(frozen=True, eq=False)
class Search:
    """The search for what was seen in every case; mistakes_in_data and the others leave the other term right."""

    classifier: Classifier
    part: Part
    seen: Sequence[Seen[RightAnswer]]
    mistakes_in_data: Sequence[LossMistake]
    mistakes_in_regularizer: Sequence[LossMistake]
    scale: Scale

    def one_number(self, tolerance: float) -> Explanation:
        """One mistake with an unknown number in it."""
        if len(self.seen) < LEAST_CASES:
            return ()
        members = (self._member(family, tolerance) for family in FAMILIES)
        found = next((held for each in members if each and (held := self._held(each, tolerance))), ())
        return found or self.margin(tolerance)

    def margin(self, tolerance: float) -> Explanation:
        """Another margin of the SVM."""
        margins = other_margins(self.classifier, self.part, self.seen)
        return next((held for each in margins if (held := self._held(each, tolerance))), ())

    def pair(self, tolerance: float) -> Explanation:
        """One mistake in the data term and one in the regularizer."""
        return self._first(self._pairs(tolerance), tolerance)

    def several(self, tolerance: float) -> Explanation:
        """The fewest mistakes that explain it together, two or three."""
        searches: tuple[Callable[[float], Iterator[_Term]], ...] = (
            self._pairs,
            self._products,
            self._scaled,
            self._products_and_regularizers,
        )
        return self._first((term for search in searches for term in search(tolerance)), tolerance)

    def _first(self, terms: Iterable[_Term], tolerance: float) -> Explanation:
        return next((each.mistakes for each in terms if self._explains(each.values, tolerance)), ())

    # --- What is known ------------------------------------------------------------------------------------------

    @cached_property
    def _value(self) -> Array:
        return self._numbers([each.value for each in self.seen])

    @cached_property
    def _data_terms(self) -> Sequence[_Term]:
        """The right one first."""
        right = _Term((), [each.given.data for each in self.seen])
        return [right, *self._terms(self.mistakes_in_data, lambda given: given.regularizer)]

    @cached_property
    def _regularizers(self) -> Sequence[_Term]:
        """The right one first."""
        right = _Term((), [each.given.regularizer for each in self.seen])
        return [right, *self._terms(self.mistakes_in_regularizer, lambda given: given.data)]

    def _terms(
        self, mistakes: Iterable[LossMistake], other: Callable[[RightAnswer], Outcome]
    ) -> Iterator[_Term]:
        """What is left of each mistake's outcome without the other term, where that is finite."""
        for mistake in mistakes:
            values = [mistake.outcome(each.given) - other(each.given) for each in self.seen]
            if all(np.isfinite(value).all() for value in values):
                yield _Term((mistake,), values)

    @cached_property
    def _data_numbers(self) -> Array:
        return np.array([self._numbers(each.values) for each in self._data_terms])

    @cached_property
    def _regularizer_numbers(self) -> Array:
        return np.array([self._numbers(each.values) for each in self._regularizers])

    @cached_property
    def _factors(self) -> Sequence[tuple[LossMistake, Sequence[float]]]:
        """The mistakes that multiply the data term, each with its factor in every case."""
        by_name = {each.name: each for each in self.mistakes_in_data}
        return [
            (by_name[name], [factor(each.given.problem) for each in self.seen])
            for name, (_, factor) in DATA_FACTORS.items()
            if name in by_name
        ]

    # --- Candidates ---------------------------------------------------------------------------------------------

    def _pairs(self, tolerance: float) -> Iterator[_Term]:
        """One mistake in the data term and one in the regularizer."""
        for second, numbers in list(zip(self._regularizers, self._regularizer_numbers, strict=True))[1:]:
            for first in self._near(numbers + self._data_numbers, tolerance):
                if first:
                    yield _sum_of(self._data_terms[first], second)

    def _products(self, tolerance: float) -> Iterator[_Term]:
        """A mistake in the data term and a factor of it."""
        yield from self._products_with(self._regularizers[:1], tolerance)

    def _products_and_regularizers(self, tolerance: float) -> Iterator[_Term]:
        """A mistake in the data term, a factor of it, and a mistake in the regularizer."""
        yield from self._products_with(self._regularizers[1:], tolerance)

    def _products_with(self, regularizers: Sequence[_Term], tolerance: float) -> Iterator[_Term]:
        names = set(DATA_FACTORS)
        for term in regularizers:
            rest = self._numbers(term.values)
            for mistake, factors in self._factors:
                for at in self._near(rest + self._spread(factors) * self._data_numbers, tolerance):
                    base = self._data_terms[at]
                    if base.mistakes and base.mistakes[0].name not in names - _SIGN:
                        scaled = [factor * value for factor, value in zip(factors, base.values, strict=True)]
                        yield _sum_of(_Term((*base.mistakes, mistake), scaled), term)

    def _scaled(self, tolerance: float) -> Iterator[_Term]:
        """A mistake, and a constant factor of the data term or of the regularizer."""
        if len(self.seen) < LEAST_CASES:
            return
        data, regularizers = self._data_terms, self._regularizers
        for first, second in [
            *((each, regularizers[0]) for each in data[1:] if each.mistakes[0].name not in DATA_FACTORS),
            *((data[0], each) for each in regularizers[1:]),
        ]:
            one, other = self._numbers(first.values), self._numbers(second.values)
            for family, fixed, moved in ((_DATA_FAMILY, other, one), (_REGULARIZER_FAMILY, one, other)):
                is_data = family is _DATA_FAMILY
                number = _along(self._value - fixed, moved)
                if number is None or not family.is_member(number):
                    continue
                if not self._near((fixed + number * moved)[None], tolerance):
                    continue
                factor = family.member(self.part, number)
                scaled, kept = (first, second) if is_data else (second, first)
                term = _Term((*scaled.mistakes, factor), [number * value for value in scaled.values])
                yield _sum_of(term, kept) if is_data else _sum_of(kept, term)

    def _member(self, family: Family, tolerance: float) -> LossMistake | None:
        """The family's mistake with the number that fits best, if one nearly does."""
        if self.part not in family.parts or self.classifier not in family.classifiers:
            return None
        base = self._numbers([family.base(each.given) for each in self.seen])
        slope = self._numbers([family.slope(each.given) for each in self.seen])
        number = _along(self._value - base, slope)
        if (
            number is None
            or not family.is_member(number)
            or not self._near((base + number * slope)[None], tolerance)
        ):
            return None
        return family.member(self.part, number)

    # --- Comparing ----------------------------------------------------------------------------------------------

    def _near(self, candidates: Array, tolerance: float) -> Sequence[int]:
        """The rows of candidates that are near what was seen."""
        if not np.isfinite(self._value).all():  # near nothing, or it would seem near to everything
            return []
        bound = _SCREEN * tolerance * max(float(np.abs(self._value).max(initial=0.0)), 1e-300)
        with np.errstate(invalid="ignore"):
            return [
                int(each) for each in np.flatnonzero(np.abs(candidates - self._value).max(axis=1) <= bound)
            ]

    def _held(self, mistake: LossMistake, tolerance: float) -> Explanation:
        is_explained = self._explains([mistake.outcome(each.given) for each in self.seen], tolerance)
        return (mistake,) if is_explained else ()

    def _explains(self, expected: Sequence[Outcome], tolerance: float) -> bool:
        return distance(self.seen, expected, tolerance, self.scale) <= tolerance

    def _numbers(self, values: Sequence[Outcome]) -> Array:
        """A few numbers of each case's value, relative to the size of the right answer."""
        found = [
            probe @ np.asarray(value, np.float64).reshape(-1)
            for probe, value in zip(self._probes, values, strict=True)
        ]
        return np.concatenate(found)

    @cached_property
    def _probes(self) -> Sequence[Array]:
        """For each case (P, size): the weights of the entries in its numbers."""
        rng = np.random.default_rng(0)
        probes = []
        for each in self.seen:
            size = float(np.abs(each.right).max(initial=0.0)) or 1.0
            shape = (1, 1) if self.part == "loss" else (_PROBES, each.right.size)
            weights = np.ones(shape) if self.part == "loss" else rng.uniform(0.5, 1.5, shape)
            probes.append(weights / size)
        return probes

    def _spread(self, factors: Sequence[float]) -> Array:
        """A factor for each number of each case."""
        return np.repeat(np.asarray(factors, np.float64), [len(probe) for probe in self._probes])


def _sum_of(first: _Term, second: _Term) -> _Term:
    values = [one + other for one, other in zip(first.values, second.values, strict=True)]
    return _Term((*first.mistakes, *second.mistakes), values)


def _along(difference: Array, slope: Array) -> float | None:
    """The number whose product with the slope is nearest to the difference; None where it is nothing, or undefined."""
    length = float(slope @ slope)
    if not np.isfinite(length) or length == 0:
        return None
    number = float(difference @ slope) / length
    return number if np.isfinite(number) and number != 0 else None
