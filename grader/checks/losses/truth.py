"""The right answer on a case with its bounds, and the deviations from it that are known to be harmless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grader.checks.base.comparison import UNITS, Comparison, compare_array, compare_number, unit_roundoff
from grader.checks.losses.cases import Case
from grader.checks.losses.precision import (
    GRADIENT_UNITS,
    LOSS_UNITS,
    is_rounded,
    is_scattered,
    losses_of_mistakes,
)
from grader.model.assignment import ClassifierName
from grader.model.observation import Received, Value
from grader.model.trial import Array, DTypeName
from reference import (
    Condition,
    Convention,
    LossAndGradient,
    benign_epsilon_condition,
    scores,
    softmax_condition,
    softmax_loss,
    svm_condition,
    svm_loss,
)

_MACHINE_EPSILON = 2.0**-52
BENIGN_EPSILONS = (
    *(
        1e-8,
        5e-9,
        2e-9,
        1e-9,
        5e-10,
        1e-10,
        1e-11,
        1e-12,
        1e-13,
        1e-14,
        1e-15,
        _MACHINE_EPSILON,
        _MACHINE_EPSILON / 2,
    ),
    *(1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-24, 1e-25, 1e-30),
)
"""Epsilons in the logarithm that are a note and cost nothing; greater ones are wrong."""

FLOAT32_NOTE = "it computes in float32 inside though W is float64, which costs half of the digits"
EPSILON_NOTE = "it adds an epsilon of {epsilon:g} inside the logarithm, which hides very small probabilities"
DENOMINATOR_NOTE = "it adds an epsilon of 1e-08 in softmax's denominator, which no answer needs"
DENOMINATOR_FACTOR = 3
"""An epsilon of 1e-8 in the denominator is a note, where one of 1e-9 is not even that; 1e-7 is wrong."""


@dataclass(frozen=True)
class Truth:
    """The reference's loss and gradient on one case, and the bounds in one dtype."""

    classifier: ClassifierName
    case: Case
    convention: Convention
    dtype: DTypeName

    @cached_property
    def answer(self) -> LossAndGradient:
        """Loss and gradient in extended precision."""
        loss = svm_loss if self.classifier == "svm" else softmax_loss
        return loss(self.case.W, self.case.X, self.case.y, self.case.reg, self.convention)

    @cached_property
    def condition(self) -> Condition:
        """Bounds per unit of rounding."""
        condition = svm_condition if self.classifier == "svm" else softmax_condition
        return condition(self.case.W, self.case.X, self.case.y, self.case.reg, self.convention)

    @cached_property
    def allowance(self) -> Condition | None:
        """What an epsilon of 1e-9 in softmax's denominator adds in float64, where it could be seen."""
        if self.classifier == "svm" or self.dtype == "float32":
            return None
        return benign_epsilon_condition(self.case.W, self.case.X, self.case.y, self.case.reg, self.convention)

    def compare_loss(self, seen: Value) -> tuple[Comparison, str | None]:
        """Right, or right but for a harmless deviation, which is then the note; else wrong."""
        expected = float(self.answer.loss)
        comparison = compare_number(seen, expected, self._loss_bound(self.dtype), "loss")
        if comparison.is_right:
            return comparison, None
        for loss, bound, note in self._benign_losses(seen):
            if compare_number(seen, loss, bound, "loss").is_right:
                return Comparison(True, comparison.sentence, comparison.relative, comparison.allowed), note
        return comparison, None

    def compare_gradient(self, seen: Value) -> tuple[Comparison, str | None]:
        """As compare_loss, entry by entry."""
        expected = self.answer.dW.astype(np.float64)
        comparison = compare_array(seen, expected, self._gradient_bound(self.dtype), "dW")
        if comparison.is_right:
            return comparison, None
        for gradient, bound, note in self._benign_gradients(seen):
            if compare_array(seen, gradient, bound, "dW").is_right:
                return Comparison(True, comparison.sentence, comparison.relative, comparison.allowed), note
        return comparison, None

    def _loss_bound(self, dtype: DTypeName) -> float:
        bound = UNITS * unit_roundoff(dtype) * self.condition.loss
        return bound if self.allowance is None else bound + self.allowance.loss

    def _gradient_bound(self, dtype: DTypeName) -> Array:
        bound: Array = UNITS * unit_roundoff(dtype) * self.condition.gradient
        return bound if self.allowance is None else bound + self.allowance.gradient

    @property
    def _regularizer(self) -> tuple[float, Array]:
        """What the regularizer adds to the loss and to the gradient."""
        factor = self.convention.regularizer_coefficient * self.case.reg
        return float(factor * np.sum(np.square(self.case.W))), 2 * factor * self.case.W

    def _float32_loss_bound(self, seen: Value) -> float | None:
        """How far a float64 loss may be off for arithmetic in float32; None where it shows no sign of that."""
        if self.dtype != "float64" or not isinstance(seen, Received):
            return None
        if is_rounded(seen.array, np.asarray(self._regularizer[0]), len(self.case.y)):
            return self._loss_bound("float32")
        rounding = 2 * UNITS * unit_roundoff(self.dtype) * self.condition.loss
        mistakes = losses_of_mistakes(self.classifier, self.case, self.convention)
        visible = [each for each in mistakes if abs(each - float(self.answer.loss)) > 20 * rounding]
        if any(abs(float(seen.array) - loss) <= rounding for loss in visible):
            return None
        return LOSS_UNITS * unit_roundoff("float32") * self.condition.loss

    def _float32_gradient_bound(self, seen: Value) -> Array | None:
        """As for the loss, entry by entry."""
        if self.dtype != "float64" or not isinstance(seen, Received):
            return None
        values, expected = seen.array.astype(np.float64), self.answer.dW.astype(np.float64)
        if not np.isfinite(values).all():
            return None
        if is_rounded(values, self._regularizer[1], len(self.case.y)):
            return self._gradient_bound("float32")
        if not is_scattered(values - expected, expected, self.classifier, self.case, self.convention):
            return None
        bound: Array = GRADIENT_UNITS * unit_roundoff("float32") * self.condition.gradient
        return bound

    def _benign_losses(self, seen: Value) -> Iterator[tuple[float, float, str]]:
        """The losses that harmless deviations give, each with its bound and its note; the narrowest come first."""
        epsilons = BENIGN_EPSILONS if self.classifier == "softmax" else ()
        losses = [(loss, epsilon) for epsilon in epsilons for loss in self._losses_with_epsilon(epsilon)]
        rounding = UNITS * unit_roundoff(self.dtype) * self.condition.loss
        for loss, epsilon in losses:
            yield loss, rounding, EPSILON_NOTE.format(epsilon=epsilon)
        float32_bound = self._float32_loss_bound(seen)
        if float32_bound is not None:
            yield float(self.answer.loss), float32_bound, FLOAT32_NOTE
        if self.allowance is not None:
            extended = rounding + DENOMINATOR_FACTOR * self.allowance.loss
            yield float(self.answer.loss), extended, DENOMINATOR_NOTE
        for loss, epsilon in losses:
            yield loss, self._loss_bound(self.dtype), EPSILON_NOTE.format(epsilon=epsilon)

    def _benign_gradients(self, seen: Value) -> Iterator[tuple[Array, Array, str]]:
        """The gradients that harmless deviations give, each with its bounds and its note."""
        epsilons = BENIGN_EPSILONS if self.classifier == "softmax" else ()
        bound = self._gradient_bound(self.dtype)
        for epsilon in epsilons:
            yield self._gradient_with_epsilon(epsilon), bound, EPSILON_NOTE.format(epsilon=epsilon)
        float32_bound = self._float32_gradient_bound(seen)
        if float32_bound is not None:
            yield self.answer.dW.astype(np.float64), float32_bound, FLOAT32_NOTE
        if self.allowance is not None:
            extended = bound + (DENOMINATOR_FACTOR - 1) * self.allowance.gradient
            yield self.answer.dW.astype(np.float64), extended, DENOMINATOR_NOTE

    def _gradient_with_epsilon(self, epsilon: float) -> Array:
        """The exact gradient of -log(p + epsilon): p_y/(p_y + epsilon) times that of -log(p), row by row."""
        p = self._probability_of_label
        transposed = self.convention.layout == "CD"
        X = self.case.X.T if transposed else self.case.X
        W = self.case.W.T if transposed else self.case.W
        coefficients = self._probabilities.copy()
        coefficients[np.arange(len(p)), self.case.y] -= 1
        coefficients *= (p / (p + epsilon))[:, None] / len(p)
        dW = X.T @ coefficients + 2 * self.convention.regularizer_coefficient * self.case.reg * W
        return (dW.T if transposed else dW).astype(np.float64)

    @cached_property
    def _probabilities(self) -> Array:
        """P (N, C) in extended precision."""
        rows = scores(self.case.W, self.case.X, self.convention)
        exponentials = np.exp(rows - rows.max(axis=1, keepdims=True))
        probabilities: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities

    @property
    def _probability_of_label(self) -> Array:
        """The probability (N,) that each row gives to its label."""
        at_label: Array = np.take_along_axis(self._probabilities, self.case.y[:, None], axis=1)[:, 0]
        return at_label

    def _losses_with_epsilon(self, epsilon: float) -> tuple[float, float]:
        """-log(p + epsilon) and -log(max(p, epsilon)) in the place of -log(p)."""
        p = self._probability_of_label
        coefficient = self.convention.regularizer_coefficient
        regularizer = coefficient * self.case.reg * np.sum(np.square(self.case.W.astype(np.longdouble)))
        return (
            float(-np.log(p + epsilon).mean() + regularizer),
            float(-np.log(np.maximum(p, epsilon)).mean() + regularizer),
        )
