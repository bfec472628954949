"""Softmax on scores that overflow an exponential: shifted rows, and the handout's W of ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from grader.checks.base.call import Call, failure_sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import UNITS, Comparison, compare_array, is_zero, not_finite, unit_roundoff
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import in_dtype_of, loss_trial, right_loss
from grader.checks.losses.cases import SHIFT, Case, Draw
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment
from grader.model.observation import Received, Returned, Unexpected, Value
from grader.model.trial import DTypeName, Replacement, Trial
from grader.model.verdict import Diagnosis, Finding, Verdict

OVERFLOW = Diagnosis(
    "loss",
    "overflow_of_exp",
    "Scores of this size overflow exp(): what can be subtracted from all scores of a row without changing its"
    " probabilities?",
)
SHIFTS = (0.0, SHIFT, -SHIFT)
WIDE = "scores of a row far apart"
LOW = "scores of a row far apart, and not the label's on top"
WIDTHS: Mapping[DTypeName, float] = {"float32": 100.0, "float64": 740.0}
"""By dtype: exp overflows unless the greatest score becomes zero, or nearly so; no probability is zero yet."""


class StabilityCheck(CheckFields):
    """Finite and unchanged answers when all scores of a row are moved by +-1e4; finite ones for W of ones.

    Where the scores of a row lie far apart the gradient must be finite. The loss need not: a right one may take the
    logarithm of all probabilities, some of which are zero. Where another score than the label's is the greatest, either
    may be infinite but not both: autograd may fail to carry back the logarithm of a very small probability.

    A gradient that is wrong even without a shift is for the values check to fail: here it must only stay the same.
    """

    kind: Literal["stability"]
    function: str

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right loss."""
        return right_loss(assignment, self.function)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """In each dtype no shift and both shifts; two wide rows in each; W of ones as in the handout."""
        draw = Draw(random_stream(context.seed, self.id), context.assignment.convention)
        shifted, ones = draw.shifted(SHIFTS), draw.all_ones(300)
        dtypes = context.assignment.loss_function(self.function).dtypes
        plan: list[tuple[Case, DTypeName]] = [(case, dtype) for dtype in dtypes for case in shifted]
        for dtype in dtypes:
            for name, is_top in ((WIDE, True), (LOW, False)):
                plan.append((draw.outlying(name, WIDTHS[dtype], is_label_on_top=is_top), dtype))
        plan.append((ones, "float32" if "float32" in dtypes else "float64"))
        return tuple(loss_trial(context.assignment, self.function, case, dtype) for case, dtype in plan)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every answer is finite, every loss right, and no gradient is moved by a shift."""
        calls: list[Call] = []
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                finding = Finding(self.function, None)
                words = failure_sentence(trial, observation)
                return self.failed(words, findings=(finding,), blames=(self.function,))
            calls.append((trial, observation))
            if infinite := _infinite(trial, observation):
                on = f"{trial.label}{in_dtype_of(trial, evidence, _infinite)}"
                are_numbers = all(isinstance(value, Received) for value in observation.values)
                first, unshifted = calls[0]
                truth = Truth.of(context.assignment, first)
                # A function that is wrong anyway may be infinite for another reason than the size of the scores.
                if are_numbers and truth.fault(unshifted.values) is None:
                    words = f"{self.function} is not finite on large scores. {OVERFLOW.message} On {on}, {infinite}"
                    return self._wrong(words, OVERFLOW)
                return self._wrong(f"{self.function}: {infinite}, on {on}", is_wrong_anyway=True)
        *others, (ones_trial, ones) = calls
        shifted = [call for call in others if not call[0].label.startswith(WIDE)]
        for start in range(0, len(shifted), len(SHIFTS)):
            group = shifted[start : start + len(SHIFTS)]
            if fault := self._shift_fault(context.assignment, group):
                first, unshifted = group[0]
                own = Truth.of(context.assignment, first).compare_loss(unshifted.values[0])
                return self._wrong(fault, is_wrong_anyway=not own.is_right)
        if is_zero(ones.values[0]):  # the values at W of ones need only be finite, but not untouched
            return self._wrong(f"{self.function}: loss is 0, on {ones_trial.label}")
        message = f"{self.function} stays finite and the same when all scores of a row move by {SHIFT:g}."
        return self.passed(message, findings=(Finding(self.function, True),))

    def _shift_fault(self, assignment: Assignment, group: list[Call]) -> str | None:
        """The first answer that a shift makes wrong, in a sentence; None when it does nothing."""
        own = group[0][1].values[1]
        for trial, returned in group:
            truth = Truth.of(assignment, trial)
            loss, gradient = returned.values
            is_same = truth.compare_loss(loss).is_right and _compare_with_own(truth, own, gradient).is_right
            if not is_same and (fault := truth.fault(returned.values)):
                return f"{self.function}: {fault}, on {trial.label}"
        return None

    def _wrong(self, words: str, *diagnosis: Diagnosis, is_wrong_anyway: bool = False) -> Verdict:
        return self.failed(
            words,
            findings=(Finding(self.function, False, diagnosis),),
            blames=(self.function,) if is_wrong_anyway else (),
        )


def _compare_with_own(truth: Truth, unshifted: Value, shifted: Value) -> Comparison:
    """Compare a gradient with the function's unshifted one, in all features but the one that shifts."""
    assert isinstance(unshifted, Received)
    assert isinstance(shifted, Received)
    features = 0 if truth.convention.layout == "DC" else 1
    bound = 2 * UNITS * unit_roundoff(truth.dtype) * truth.condition.gradient
    seen, own, bounds = (
        np.delete(each, -1, axis=features) for each in (shifted.array, unshifted.array, bound)
    )
    return compare_array(Received(seen, shifted.dtype), own, bounds, "dW")


def _infinite(trial: Trial, returned: Returned) -> str | None:
    """A clause on a value that is not finite and should be."""
    loss, gradient = (
        f"{name} is {value.description}" if isinstance(value, Unexpected) else not_finite(value.array, name)
        for name, value in zip(("loss", "dW"), returned.values, strict=True)
    )
    if trial.label.startswith(LOW):
        return gradient if loss else None
    return gradient if trial.label.startswith(WIDE) else loss or gradient
