"""The right answer on a case with its bounds, and the deviations from it that are known to be harmless."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from grader.checks.base.comparison import UNITS, Comparison, compare_array, compare_number, unit_roundoff
from grader.checks.losses.calls import case_of
from grader.checks.losses.cases import Case
from grader.checks.losses.epsilons import Epsilons
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
from reference.losses.epsilons import BENIGN_EPSILONS
from reference.losses.problem import Problem

FLOAT32_NOTE = "it computes in float32 internally though W is float64, which loses half of the digits"
EPSILON_NOTE = "it adds an epsilon of {epsilon:g} inside the logarithm, which hides very small probabilities"
DENOMINATOR_NOTE = "it adds an epsilon to softmax's denominator, which is not needed"
BOTH_NOTE = f"{DENOMINATOR_NOTE}, and another inside the logarithm, which hides very small probabilities"
NARROW_EPSILON_NOTE = f"{FLOAT32_NOTE}, and {EPSILON_NOTE}"
PROBABILITY_NOTE = "it keeps all probabilities away from zero by {epsilon:g}, which hides very small ones"
DENOMINATOR_FACTOR = 3
"""An epsilon of 1e-8 in the denominator is a note, one of 1e-9 passes without; 1e-7 is wrong."""


class _Contents:
    """A case as a key: cases with the same numbers are equal."""

    def __init__(self, case: Case) -> None:
        self.case = case
        arrays = ((each.shape, each.tobytes()) for each in (case.W, case.X, case.y))
        self._key = (case.name, case.reg, *arrays)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Contents) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


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
        return cls.about(classifier, case, assignment.convention, dtype)

    @staticmethod
    def about(classifier: ClassifierName, case: Case, convention: Convention, dtype: DTypeName) -> Truth:
        """The truth about a case, found once for all submissions of a class: they share their seed."""
        return _known(classifier, _Contents(case), convention, dtype)

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
        """Right, right with notes on harmless deviations, or wrong."""
        comparison = compare_number(seen, float(self.answer.loss), self._loss_bound(self.dtype), "loss")
        if comparison.is_right or not isinstance(seen, Received) or not np.isfinite(seen.array).all():
            return comparison
        return _excused(comparison, self._loss_notes(seen))

    def compare_gradient(self, seen: Value) -> Comparison:
        """As compare_loss, entry by entry."""
        right = self.answer.dW.astype(np.float64)
        comparison = compare_array(seen, right, self._gradient_bound(self.dtype), "dW")
        if comparison.is_right or not isinstance(seen, Received) or not np.isfinite(seen.array).all():
            return comparison
        return _excused(comparison, self._gradient_notes(seen.array.astype(np.float64)))

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

    @cached_property
    def _losses_of_mistakes(self) -> list[float]:
        return losses_of_mistakes(self.classifier, self._problem)

    def _loss_bound(self, dtype: DTypeName) -> float:
        bound = UNITS * unit_roundoff(dtype) * self.condition.loss
        return bound if self.allowance is None else bound + self.allowance.loss

    def _gradient_bound(self, dtype: DTypeName) -> Array:
        bound: Array = UNITS * unit_roundoff(dtype) * self.condition.gradient
        return bound if self.allowance is None else bound + self.allowance.gradient

    @cached_property
    def _epsilons(self) -> Epsilons:
        case = self.case
        return Epsilons(Problem.of(*case.inputs, self.convention, dtype=np.float64))

    def _loss_notes(self, seen: Received) -> Iterator[str]:
        """The harmless deviations that explain a wrong loss."""
        loss, problem = float(seen.array), self._problem
        off = abs(loss - float(self.answer.loss))
        is_narrow = self.dtype == "float64" and is_rounded(
            seen.array, problem.regularizer, problem.num_samples
        )
        narrow = self._loss_bound("float32") if is_narrow else 0.0
        if self.classifier == "softmax":
            yield from self._epsilons_in_loss(loss, off, narrow)
        if self.dtype == "float64" and off <= (narrow or self._scattered_loss_bound(loss)):
            yield FLOAT32_NOTE

    def _epsilons_in_loss(self, loss: float, off: float, narrow: float) -> Iterator[str]:
        """narrow: how far float32 arithmetic may move it, if it shows any."""
        rounding = UNITS * unit_roundoff(self.dtype) * self.condition.loss
        if not off <= self._epsilons.greatest_loss_change() + rounding + narrow:
            return
        if off <= narrow:
            yield FLOAT32_NOTE
        differences = [(np.abs(loss - values), reaches) for values, reaches in self._epsilons.losses()]
        yield from _epsilon_notes(EPSILON_NOTE, (each <= rounding for each, _ in differences))
        if self.allowance is not None and off <= rounding + DENOMINATOR_FACTOR * self.allowance.loss:
            yield DENOMINATOR_NOTE
        if any((each <= rounding + reach).any() for each, reach in differences):
            yield BOTH_NOTE
        if narrow:
            yield from _epsilon_notes(
                NARROW_EPSILON_NOTE, (each <= narrow + reach for each, reach in differences)
            )

    def _scattered_loss_bound(self, loss: float) -> float:
        """How far a float64 loss that is not rounded may be off for arithmetic in float32; 0 for that of a mistake."""
        rounding = 2 * UNITS * unit_roundoff(self.dtype) * self.condition.loss
        visible = [
            each for each in self._losses_of_mistakes if abs(each - float(self.answer.loss)) > 20 * rounding
        ]
        if any(abs(loss - each) <= rounding for each in visible):
            return 0.0
        return LOSS_UNITS * unit_roundoff("float32") * self.condition.loss

    def _gradient_notes(self, values: Array) -> Iterator[str]:
        """As for the loss."""
        right, problem = self.answer.dW.astype(np.float64), self._problem
        off = np.abs(values - right)
        regularizer = problem.in_layout(problem.regularizer_gradient)
        is_narrow = self.dtype == "float64" and is_rounded(values, regularizer, problem.num_samples)
        narrow = self._gradient_bound("float32") if is_narrow else np.zeros_like(off)
        if self.classifier == "softmax":
            yield from self._epsilons_in_gradient(values, off, narrow)
        if self.dtype != "float64":
            return
        if not is_narrow and is_scattered(values - right, right, self.classifier, problem):
            narrow = GRADIENT_UNITS * unit_roundoff("float32") * self.condition.gradient
        if (off <= narrow).all():
            yield FLOAT32_NOTE

    def _epsilons_in_gradient(self, values: Array, off: Array, narrow: Array) -> Iterator[str]:
        """As for the loss; narrow is zero where the gradient shows no float32 arithmetic."""
        bound, epsilons = self._gradient_bound(self.dtype), self._epsilons
        if not (off <= epsilons.greatest_gradient_change() + bound + narrow).all():
            return
        if (off <= narrow).all():
            yield FLOAT32_NOTE
        differences = []
        for note, ranges in (
            (EPSILON_NOTE, epsilons.inside_logarithm()),
            (PROBABILITY_NOTE, epsilons.added_to_probabilities()),
        ):
            own = [(np.abs(values - dW), reaches) for dW, reaches in ranges]
            yield from _epsilon_notes(note, (_holds(each <= bound) for each, _ in own))
            differences += own
        if self.allowance is not None:
            allowed = bound + (DENOMINATOR_FACTOR - 1) * self.allowance.gradient
            if (off <= allowed).all():
                yield DENOMINATOR_NOTE
        if any(_holds(each <= bound + reach).any() for each, reach in differences):
            yield BOTH_NOTE
        if narrow.any():
            yield from _epsilon_notes(
                NARROW_EPSILON_NOTE, (_holds(each <= narrow + reach) for each, reach in differences)
            )


@lru_cache(maxsize=256)
def _known(
    classifier: ClassifierName, contents: _Contents, convention: Convention, dtype: DTypeName
) -> Truth:
    """The latest ones: a submission needs some 120, which take 2 MiB."""
    return Truth(classifier, contents.case, convention, dtype)


def _holds(entries: Array) -> Array:
    """(E,): whether it holds for all entries (E, ...) of each epsilon."""
    return np.asarray(entries.all(axis=tuple(range(1, entries.ndim))))


def _epsilon_notes(template: str, explained: Iterable[Array]) -> Iterator[str]:
    """A note for each harmless epsilon that one of the forms (E,) of bool is explained by."""
    for epsilon in np.array(BENIGN_EPSILONS)[np.logical_or.reduce(list(explained))]:
        yield template.format(epsilon=epsilon)


def _excused(comparison: Comparison, notes: Iterator[str]) -> Comparison:
    """The comparison of a wrong value, which counts as right where a harmless deviation explains it."""
    found = tuple(dict.fromkeys(notes))
    return dataclasses.replace(comparison, is_right=True, notes=found) if found else comparison
