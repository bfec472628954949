"""The right answer on a case with its bounds, and the deviations from it that are known to be harmless."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grader.checks.base.comparison import UNITS, Comparison, compare_array, compare_number, unit_roundoff
from grader.checks.losses.calls import case_of
from grader.checks.losses.cases import Case
from grader.checks.losses.precision import (
    GRADIENT_UNITS,
    LOSS_UNITS,
    is_rounded,
    is_scattered,
    losses_of_mistakes,
)
from grader.model.assignment import Assignment, ClassifierName
from grader.model.observation import Received, Value
from grader.model.trial import Array, DTypeName, Trial
from reference import (
    Condition,
    Convention,
    LossAndGradient,
    benign_epsilon_condition,
    softmax_condition,
    softmax_loss,
    svm_condition,
    svm_loss,
)
from reference.losses.problem import Problem

_MACHINE_EPSILON = 2.0**-52
BENIGN_EPSILONS = (
    *(1e-8, 5e-9, 2e-9, 1e-9, 5e-10, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15),
    *(_MACHINE_EPSILON, _MACHINE_EPSILON / 2),
    *(1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-24, 1e-25, 1e-30),
)
"""Epsilons in the logarithm that are a note and cost nothing; greater ones are wrong."""

FLOAT32_NOTE = "it computes in float32 inside though W is float64, which costs half of the digits"
EPSILON_NOTE = "it adds an epsilon of {epsilon:g} inside the logarithm, which hides very small probabilities"
DENOMINATOR_NOTE = "it adds an epsilon of 1e-08 to softmax's denominator, which is not needed"
DENOMINATOR_FACTOR = 3
"""An epsilon of 1e-8 in the denominator is a note, one of 1e-9 passes without; 1e-7 is wrong."""


@dataclass(frozen=True)
class Truth:
    """The reference's loss and gradient on one case, and the bounds in one dtype."""

    classifier: ClassifierName
    case: Case
    convention: Convention
    dtype: DTypeName

    @classmethod
    def of(cls, assignment: Assignment, trial: Trial) -> Truth:
        """The truth about the case of a loss trial."""
        case, dtype = case_of(trial)
        classifier = assignment.loss_function(trial.function).classifier
        return cls(classifier, case, assignment.convention, dtype)

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
        """The room for an epsilon of 1e-9 in softmax's denominator; None where it cannot be seen."""
        if self.classifier == "svm" or self.dtype == "float32":
            return None
        return benign_epsilon_condition(self.case.W, self.case.X, self.case.y, self.case.reg, self.convention)

    def compare_loss(self, seen: Value) -> Comparison:
        """Right, right with a note on a harmless deviation, or wrong."""
        return _excused(
            (compare_number(seen, loss, bound, "loss"), note) for loss, bound, note in self._losses(seen)
        )

    def compare_gradient(self, seen: Value) -> Comparison:
        """As compare_loss, entry by entry."""
        return _excused(
            (compare_array(seen, dW, bound, "dW"), note) for dW, bound, note in self._gradients(seen)
        )

    def fault(self, values: Sequence[Value]) -> str | None:
        """The fault of a loss, or else of its gradient; None when both are right."""
        loss, gradient = values
        comparison = self.compare_loss(loss)
        if comparison.is_right:
            comparison = self.compare_gradient(gradient)
        return None if comparison.is_right else comparison.sentence

    @cached_property
    def _problem(self) -> Problem:
        return Problem.of(self.case.W, self.case.X, self.case.y, self.case.reg, self.convention)

    def _loss_bound(self, dtype: DTypeName) -> float:
        bound = UNITS * unit_roundoff(dtype) * self.condition.loss
        return bound if self.allowance is None else bound + self.allowance.loss

    def _gradient_bound(self, dtype: DTypeName) -> Array:
        bound: Array = UNITS * unit_roundoff(dtype) * self.condition.gradient
        return bound if self.allowance is None else bound + self.allowance.gradient

    def _float32_loss_bound(self, seen: Value) -> float | None:
        """How far a float64 loss may be off for arithmetic in float32; None where it shows no sign of that."""
        if self.dtype != "float64" or not isinstance(seen, Received):
            return None
        if is_rounded(seen.array, self._problem.regularizer, self._problem.num_samples):
            return self._loss_bound("float32")
        rounding = 2 * UNITS * unit_roundoff(self.dtype) * self.condition.loss
        mistakes = losses_of_mistakes(self.classifier, self._problem)
        visible = [each for each in mistakes if abs(each - float(self.answer.loss)) > 20 * rounding]
        if any(abs(float(seen.array) - loss) <= rounding for loss in visible):
            return None
        return LOSS_UNITS * unit_roundoff("float32") * self.condition.loss

    def _float32_gradient_bound(self, seen: Value) -> Array | None:
        """As for the loss, entry by entry."""
        if self.dtype != "float64" or not isinstance(seen, Received) or not np.isfinite(seen.array).all():
            return None
        problem = self._problem
        values, expected = seen.array.astype(np.float64), self.answer.dW.astype(np.float64)
        if is_rounded(values, problem.in_layout(problem.regularizer_gradient), problem.num_samples):
            return self._gradient_bound("float32")
        if not is_scattered(values - expected, expected, self.classifier, problem):
            return None
        bound: Array = GRADIENT_UNITS * unit_roundoff("float32") * self.condition.gradient
        return bound

    def _losses(self, seen: Value) -> Iterator[tuple[float, float, str | None]]:
        """The right loss, then those of harmless deviations, narrowest bounds first; each with its bound and note."""
        right, bound = float(self.answer.loss), self._loss_bound(self.dtype)
        yield right, bound, None
        epsilons = BENIGN_EPSILONS if self.classifier == "softmax" else ()
        losses = [(loss, epsilon) for epsilon in epsilons for loss in self._losses_with_epsilon(epsilon)]
        rounding = UNITS * unit_roundoff(self.dtype) * self.condition.loss
        for loss, epsilon in losses:
            yield loss, rounding, EPSILON_NOTE.format(epsilon=epsilon)
        float32_bound = self._float32_loss_bound(seen)
        if float32_bound is not None:
            yield right, float32_bound, FLOAT32_NOTE
        if self.allowance is not None:
            yield right, rounding + DENOMINATOR_FACTOR * self.allowance.loss, DENOMINATOR_NOTE
        for loss, epsilon in losses:
            yield loss, bound, EPSILON_NOTE.format(epsilon=epsilon)

    def _gradients(self, seen: Value) -> Iterator[tuple[Array, Array, str | None]]:
        """As for the loss."""
        right, bound = self.answer.dW.astype(np.float64), self._gradient_bound(self.dtype)
        yield right, bound, None
        for epsilon in BENIGN_EPSILONS if self.classifier == "softmax" else ():
            yield self._gradient_with_epsilon(epsilon), bound, EPSILON_NOTE.format(epsilon=epsilon)
        float32_bound = self._float32_gradient_bound(seen)
        if float32_bound is not None:
            yield right, float32_bound, FLOAT32_NOTE
        if self.allowance is not None:
            yield right, bound + (DENOMINATOR_FACTOR - 1) * self.allowance.gradient, DENOMINATOR_NOTE

    @property
    def _probability_of_label(self) -> Array:
        """(N,): the probability that each row gives its label."""
        return self._problem.probabilities[np.arange(self._problem.num_samples), self._problem.y]

    def _losses_with_epsilon(self, epsilon: float) -> tuple[float, float]:
        """-log(p + epsilon) and -log(max(p, epsilon)) instead of -log(p)."""
        p, regularizer = self._probability_of_label, self._problem.regularizer
        return (
            float(-np.log(p + epsilon).mean() + regularizer),
            float(-np.log(np.maximum(p, epsilon)).mean() + regularizer),
        )

    def _gradient_with_epsilon(self, epsilon: float) -> Array:
        """The exact gradient of -log(p + epsilon): p_y/(p_y + epsilon) times that of -log(p), row by row."""
        p, problem = self._probability_of_label, self._problem
        coefficients = (problem.probabilities - problem.one_hot) * (p / (p + epsilon))[:, None]
        dW = problem.pull_back(coefficients) + problem.regularizer_gradient
        return problem.in_layout(dW).astype(np.float64)


def _excused(comparisons: Iterator[tuple[Comparison, str | None]]) -> Comparison:
    """The first comparison, which counts as right, with a note, where a harmless deviation explains the value."""
    first, _ = next(comparisons)
    note = None if first.is_right else next((note for each, note in comparisons if each.is_right), None)
    return first if note is None else dataclasses.replace(first, is_right=True, note=note)
