"""What a harmless epsilon makes of softmax's loss and gradient, wherever it is added, computed for the case at hand.

Two epsilons may meet: one of at most 1e-8 in the denominator, which lowers all probabilities of a row alike, and one in
the numerator, in the logarithm or as a bound on the probabilities. The first is unknown, so its effect is a range: from
the value without it to the value with 1e-8. The second is one of BENIGN_EPSILONS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from grader.model.trial import Array
from reference.losses.epsilons import BENIGN_EPSILONS
from reference.losses.epsilons import GREATEST_EPSILON as GREATEST
from reference.losses.problem import Problem

GREATEST_FACTOR = 1e3
"""Scores that are not shifted may sum to less than one; an epsilon beside a sum of 1e-3 acts like one of 1e-5."""


class Ranges(NamedTuple):
    """For each of BENIGN_EPSILONS a value, and how far one more epsilon in the denominator moves it at most.

    Losses (E,), or gradients (E, *W.shape) in the layout of the convention; float64.
    """

    values: Array
    reaches: Array


@dataclass(frozen=True, eq=False)
class Epsilons:
    """The losses and gradients of one case with harmless epsilons; problem is in float64."""

    problem: Problem

    def losses(self) -> Iterator[Ranges]:
        """-log(p + epsilon), with p clipped from below or at both ends, and with the epsilon added to exponentials."""
        forms = zip(self._at_label(self._none), self._at_label(self._greatest), strict=True)
        for plain, moved in forms:
            losses = -np.log(plain)
            yield Ranges(
                losses.mean(axis=1) + self.problem.regularizer,
                np.abs(np.log(moved) + losses).mean(axis=1),
            )

    def added_to_probabilities(self) -> Iterator[Ranges]:
        """Gradients whose probabilities carry the epsilon: added to them or their exponentials, or as a bound."""
        yield from self._gradients(self._of_probabilities)

    def inside_logarithm(self) -> Iterator[Ranges]:
        """The gradients of those losses."""
        yield from self._gradients(self._of_logarithm)

    def greatest_loss_change(self) -> float:
        """No loss of `losses` is farther from the right one."""
        p = self._label(self._probabilities(self._greatest))
        with np.errstate(divide="ignore"):
            changes = np.log1p(2 * GREATEST / p)
        return float(np.mean(changes) + np.max(self._greatest) + 2 * self._size * GREATEST)

    def greatest_gradient_change(self) -> Array:
        """No entry of a gradient with epsilons is farther from that of the right one."""
        P, one_hot = self.problem.probabilities, self.problem.one_hot
        p = self._label(P)[:, None]
        # A row is left out where its probability is clipped: twice epsilon/(p + epsilon) of it, where p < epsilon.
        row = 2 * GREATEST / (p + GREATEST) * (np.abs(P - one_hot) + self._is_greatest)
        spread = np.abs(self.problem.X).T @ (row + self._greatest + 3 * self._size * GREATEST)
        return self.problem.in_layout(spread / self.problem.num_samples)

    @property
    def _size(self) -> int:
        return self.problem.num_classes

    @cached_property
    def _each(self) -> Array:
        """(E, 1, 1)."""
        return np.array(BENIGN_EPSILONS)[:, None, None]

    @cached_property
    def _exponentials(self) -> Array:
        return np.exp(self.problem.shifted_scores)

    @cached_property
    def _is_greatest(self) -> Array:
        """(N, C): one at the greatest score of each row."""
        places = self.problem.scores.argmax(axis=1)[:, None]
        return np.asarray(np.arange(self._size) == places, np.float64)

    @cached_property
    def _none(self) -> Array:
        return np.zeros((self.problem.num_samples, 1))

    @cached_property
    def _greatest(self) -> Array:
        """(N, 1): the greatest epsilon beside the sum of the shifted exponentials, or what it is worth beside the others."""
        with np.errstate(over="ignore"):
            factor = np.exp(-self.problem.scores.max(axis=1, keepdims=True))
        return np.asarray(GREATEST * np.clip(factor, 1, GREATEST_FACTOR))

    def _probabilities(self, in_denominator: Array) -> Array:
        """P (N, C) with an epsilon (N, 1) in the denominator."""
        totals = self._exponentials.sum(axis=1, keepdims=True) + in_denominator
        return np.asarray(self._exponentials / totals)

    def _added(self, in_denominator: Array) -> tuple[Array, Array]:
        """P (E, N, C) with the epsilon added to every exponential: after the sum, and before."""
        exponentials = self._exponentials + self._each
        after = exponentials / (self._exponentials.sum(axis=1, keepdims=True) + in_denominator)
        return after, exponentials / (exponentials.sum(axis=2, keepdims=True) + in_denominator)

    def _at_label(self, in_denominator: Array) -> Iterator[Array]:
        """(E, N): what the logarithm is taken of, in each form."""
        p, each = self._label(self._probabilities(in_denominator)), self._each[:, :, 0]
        yield p + each
        yield np.maximum(p, each)
        yield np.clip(p, each, 1 - each)
        for added in map(self._label, self._added(in_denominator)):
            yield added
            yield added + each

    def _of_logarithm(self, in_denominator: Array) -> Iterator[Array]:
        """dL_i/ds_i (E, N, C)."""
        P, one_hot, each = self._probabilities(in_denominator), self.problem.one_hot, self._each
        p = self._label(P)[:, None]
        yield (P - one_hot) * (p / (p + each))
        yield (P - one_hot) * (p >= each)
        yield (P - one_hot) * ((p >= each) & (p <= 1 - each))
        at_label = self._label(self._exponentials)[:, None]
        totals = self._exponentials.sum(axis=1, keepdims=True) + in_denominator
        for extra in (0.0, self._size * each):  # the epsilon in the numerators is in the sum, too
            slope = self._exponentials / (totals + extra) - one_hot * (at_label / (at_label + each))
            yield slope
            yield slope - self._is_greatest * slope.sum(
                axis=2, keepdims=True
            )  # by autograd, through the maximum

    def _of_probabilities(self, in_denominator: Array) -> Iterator[Array]:
        """As above."""
        P, one_hot, each = self._probabilities(in_denominator), self.problem.one_hot, self._each
        yield P + each - one_hot
        yield np.maximum(P, each) - one_hot
        yield np.clip(P, each, 1 - each) - one_hot
        for added in self._added(in_denominator):
            yield added - one_hot

    def _label(self, table: Array) -> Array:
        """(..., N): the entries of the table (..., N, C) at the labels."""
        return np.asarray(table[..., np.arange(self.problem.num_samples), self.problem.y])

    def _gradients(self, form: Callable[[Array], Iterator[Array]]) -> Iterator[Ranges]:
        problem = self.problem
        for plain, moved in zip(form(self._none), form(self._greatest), strict=True):
            values = problem.X.T @ plain / problem.num_samples + problem.regularizer_gradient
            reaches = np.abs(problem.X).T @ np.abs(moved - plain) / problem.num_samples
            yield Ranges(self._in_layout(values), self._in_layout(reaches))

    def _in_layout(self, gradients: Array) -> Array:
        is_turned = self.problem.convention.layout == "CD"
        return gradients.swapaxes(1, 2) if is_turned else gradients
