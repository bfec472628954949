"""Softmax on scores that overflow an exponential: shifted rows, and the handout's W of ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import case_of, failure_sentence, loss_trial, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import UNITS, Comparison, compare_array, is_zero, unit_roundoff
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import SHIFT, Case, draw_ones_case, draw_shifted_cases
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Received, Returned, Unexpected, Value
from grader.model.trial import DTypeName, Trial
from grader.model.verdict import Diagnosis, Finding, Verdict
from reference import Convention

OVERFLOW = Diagnosis(
    "loss",
    "overflow_of_exp",
    "Scores of this size overflow exp(): what can be taken off all scores of a row without changing its"
    " probabilities?",
)
SHIFTS = (0.0, SHIFT, -SHIFT)
ONES_REG = 2.5e4
WIDE = "scores of a row far apart"
LOW = "scores of a row far apart, and not the label's on top"
WIDTHS: Mapping[DTypeName, float] = {"float32": 100.0, "float64": 740.0}
"""By dtype: exp overflows unless the greatest score becomes zero, or nearly so; no probability is zero yet."""

OUTLYING_CLASSES = 32
"""So many that the mean of a row is nearly as far from its greatest score as the others are."""


class StabilityCheck(CheckFields):
    """Finite and unchanged answers when all scores of a row are moved by +-1e4; finite ones for W of ones.

    Where the scores of a row lie far apart the gradient must be finite. The loss need not: a right one may take the
    logarithm of all probabilities, of which some are zero. Where the label's is not the greatest one of the two must
    be finite: autograd may fail to carry back the logarithm of a very small probability.

    A gradient that is wrong without any shift is the business of the values: here it must only stay what it is.
    """

    kind: Literal["stability"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """In each dtype that is asked for no shift and both shifts; a wide row in each; W of ones as in the handout."""
        rng = random_stream(context.seed, self.id)
        shifted = draw_shifted_cases(rng, context.assignment.convention, SHIFTS)
        ones = draw_ones_case(rng, context.assignment.convention, ONES_REG)
        dtypes = context.assignment.loss_function(self.function).dtypes
        plan = [(case, dtype) for dtype in dtypes for case in shifted]
        ones_dtype: DTypeName = "float32" if "float32" in dtypes else "float64"
        for dtype in dtypes:
            plan += [
                (_outlying(rng, WIDTHS[dtype], context.assignment.convention, is_low=is_low), dtype)
                for is_low in (False, True)
            ]
        return tuple(
            loss_trial(context.assignment, self.function, case, dtype)
            for case, dtype in [*plan, (ones, ones_dtype)]
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every answer is finite, every loss right, and no gradient is moved by a shift."""
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return self._failed(failure_sentence(trial, observation), is_correct=None)
            is_wide = trial.label.startswith(WIDE)
            infinite = _not_finite(observation, ("dW",) if is_wide else ("loss", "dW"))
            if trial.label.startswith(LOW) and _not_finite(observation, ("loss",)) is None:
                infinite = None
            if infinite is not None:
                words = f"{self.function}: {infinite}, on {trial.label}"
                are_numbers = all(isinstance(value, Received) for value in observation.values)
                if are_numbers and self._is_right_unmoved(context.assignment, *evidence[0]):
                    return self._failed(f"{words}. {OVERFLOW.message}", OVERFLOW)
                return self._failed(words)
        *others, (ones_trial, ones) = evidence
        shifted = [each for each in others if not each[0].label.startswith(WIDE)]
        assert isinstance(ones, Returned)
        for start in range(0, len(shifted), len(SHIFTS)):
            fault = self._shift_fault(context.assignment, shifted[start : start + len(SHIFTS)])
            if fault is not None:
                return self._failed(fault)
        if is_zero(ones.values[0]):  # else it is asked only that the answer is finite
            return self._failed(f"{self.function}: loss is 0, on {ones_trial.label}")
        message = f"{self.function} stays finite and the same when all scores of a row move by {SHIFT:g}."
        return Verdict("passed", 1.0, message, findings=(Finding(self.function, True),))

    def _is_right_unmoved(self, assignment: Assignment, trial: Trial, observation: Observation) -> bool:
        """Whether it is right without a shift: else what is not finite may have another cause than its size."""
        case, dtype = case_of(trial)
        classifier = assignment.loss_function(self.function).classifier
        if not isinstance(observation, Returned):
            return False
        truth = Truth(classifier, case, assignment.convention, dtype)
        loss, _ = truth.compare_loss(observation.values[0])
        gradient, _ = truth.compare_gradient(observation.values[1])
        return loss.is_right and gradient.is_right

    def _shift_fault(self, assignment: Assignment, group: Evidence) -> str | None:
        """What a shift does to the answer, in a sentence; None when it does nothing."""
        function = assignment.loss_function(self.function)
        _, unshifted = group[0]
        assert isinstance(unshifted, Returned)
        for trial, observation in group:
            assert isinstance(observation, Returned)
            case, dtype = case_of(trial)
            truth = Truth(function.classifier, case, assignment.convention, dtype)
            loss, _ = truth.compare_loss(observation.values[0])
            if not loss.is_right:
                return f"{self.function}: {loss.sentence}, on {trial.label}"
            gradient, _ = truth.compare_gradient(observation.values[1])
            own = _compare_with_own(truth, unshifted.values[1], observation.values[1], assignment.convention)
            if not gradient.is_right and not own.is_right:
                return f"{self.function}: {gradient.sentence}, on {trial.label}"
        return None

    def _failed(self, words: str, *diagnosis: Diagnosis, is_correct: bool | None = False) -> Verdict:
        finding = Finding(self.function, is_correct, diagnosis)
        return Verdict("failed", 0.0, sentence(words), hint=self.hint, findings=(finding,))


def _compare_with_own(truth: Truth, unshifted: Value, shifted: Value, convention: Convention) -> Comparison:
    """Hold a gradient against the function's own without a shift, in all features but the one that shifts."""
    if not isinstance(unshifted, Received) or not isinstance(shifted, Received):
        return compare_array(shifted, truth.answer.dW, truth.answer.dW, "dW")
    without_shift = (
        (slice(None, -1), slice(None)) if convention.layout == "DC" else (slice(None), slice(None, -1))
    )
    bound = 2 * UNITS * unit_roundoff(truth.dtype) * truth.condition.gradient
    seen = Received(shifted.array[without_shift], shifted.dtype)
    return compare_array(seen, unshifted.array[without_shift], bound[without_shift], "dW")


def _outlying(
    rng: np.random.Generator, width: float, convention: Convention, *, is_low: bool = False
) -> Case:
    """In every row one score stands `width` above all others; the label is its class, or another one.

    Neither the lowest score of a row nor its mean or median is a shift that helps. Where the label is the greatest score's
    no right loss is the logarithm of a probability that underflows.
    """
    N, C, D = 2, OUTLYING_CLASSES, 4
    W, X = rng.normal(0, 0.1, (D, C)), rng.uniform(-1, 1, (N, D))
    greatest = int(rng.integers(0, C))
    W[0, greatest], X[:, 0] = width, 1.0
    y = np.full(N, (greatest + is_low) % C, dtype=np.int64)
    W, X = W.astype(np.float32).astype(np.float64), X.astype(np.float32).astype(np.float64)
    if convention.layout == "CD":
        W, X = W.T, X.T
    return Case(LOW if is_low else WIDE, W, X, y, 0.0)


def _not_finite(observation: Returned, names: Sequence[str]) -> str | None:
    """The words for the first value of these names that is not finite."""
    for name, value in zip(("loss", "dW"), observation.values, strict=True):
        words = _infinite_words(name, value) if name in names else None
        if words is not None:
            return words
    return None


def _infinite_words(name: str, value: Value) -> str | None:
    match value:
        case Unexpected(description=description):
            return f"{name} is {description}"
        case Received(array=array):
            finite = np.isfinite(array)
            if finite.all():
                return None
            bad = float(array.reshape(-1)[int(np.argmin(finite.reshape(-1)))])
            where = "" if array.ndim == 0 else f" in {array.size - int(finite.sum())} of {array.size} entries"
            return f"{name} is {formatting.number(bad)}{where}"
