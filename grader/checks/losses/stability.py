"""Softmax on scores that overflow an exponential: shifted rows, and the handout's W of ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from grader.checks.base.call import Call, failure_sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import (
    UNITS,
    Comparison,
    compare_array,
    is_zero,
    not_finite,
    number_of,
    unit_roundoff,
)
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of, in_dtype_of, loss_trial, right_loss
from grader.checks.losses.cases import SHIFT, SOME_ROWS, Case, Draw
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment
from grader.model.observation import Received, Returned, Unexpected, Value
from grader.model.trial import DTypeName, Replacement, Trial
from grader.model.verdict import Diagnosis, Finding, Verdict
from reference import Convention
from reference.losses.problem import cross_entropies

OVERFLOW = Diagnosis(
    "loss",
    "overflow_of_exp",
    "Scores of this size overflow exp(): what can be subtracted from all scores of a row without changing its"
    " probabilities?",
)
UNDERFLOW = Diagnosis(
    "loss",
    "underflow_of_exp",
    (
        "All exponentials in a row underflow to zero (0/0) because its scores are far below the number you"
        " subtract: is that the row's own maximum, or the whole batch's?"
    ),
)
CLIPPED = Diagnosis(
    "loss",
    "scores_clipped",
    "Scores of this size all come out equal, as if they were clipped: what can be subtracted from all scores of a row"
    " without changing its probabilities?",
)
SHIFTS = (0.0, SHIFT, -SHIFT)
FOR_CAUSE = "for the cause"
"""Tag of the calls that are made to tell overflow from underflow."""
CLIPPED_TOLERANCE = 1e-5
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
    needs_gradient: bool = Field(
        default=False,
        description="No points while dW is zero: for a function whose loss the handout contains.",
    )

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

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """Where an answer is not finite: all rows moved up, which the maximum of the batch survives, and none once more."""
        calls = [(trial, seen) for trial, seen in evidence if isinstance(seen, Returned)]
        if len(calls) < len(evidence) or any(trial.tag == FOR_CAUSE for trial, _ in calls):
            return ()
        first = next((trial for trial, returned in calls if _infinite(trial, returned)), None)
        if first is None:
            return ()
        _, dtype = case_of(first)
        unshifted = next(trial for trial, _ in calls if case_of(trial)[1] == dtype)
        moved = all_rows_moved(case_of(unshifted)[0], SHIFT, context.assignment.convention)
        trial = loss_trial(context.assignment, self.function, moved, dtype)
        return tuple(dataclasses.replace(each, tag=FOR_CAUSE) for each in (trial, unshifted))

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every answer is finite, every loss right, and no gradient is moved by a shift."""
        calls: list[Call] = []
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                finding = Finding(self.function, None)
                words = failure_sentence(trial, observation)
                return self.failed(words, findings=(finding,), blames=(self.function,))
            calls.append((trial, observation))
        planned = [call for call in calls if call[0].tag != FOR_CAUSE]
        for trial, returned in planned:
            if infinite := _infinite(trial, returned):
                on = f"{trial.label}{in_dtype_of(trial, planned, _infinite)}"
                cause = self._cause(context.assignment, (trial, returned), calls)
                if cause is None:
                    return self._wrong(f"{self.function}: {infinite}, on {on}", is_wrong_anyway=True)
                words = f"{self.function} is not finite on large scores. {cause.message} On {on}, {infinite}"
                return self._wrong(words, cause)
        *others, (ones_trial, ones) = planned
        shifted = [call for call in others if not call[0].label.startswith(WIDE)]
        for start in range(0, len(shifted), len(SHIFTS)):
            group = shifted[start : start + len(SHIFTS)]
            if fault := self._shift_fault(context.assignment, group):
                words, label = fault
                if _is_clipped(context.assignment, shifted):
                    begin = f"{self.function} is wrong on large scores. {CLIPPED.message}"
                    return self._wrong(f"{begin} On {label}, {words}", CLIPPED)
                first, unshifted = group[0]
                own = Truth.of(context.assignment, first).compare_loss(unshifted.values[0])
                return self._wrong(f"{self.function}: {words}, on {label}", is_wrong_anyway=not own.is_right)
        if is_zero(ones.values[0]):  # the values at W of ones need only be finite, but not untouched
            return self._wrong(f"{self.function}: loss is 0, on {ones_trial.label}")
        return self._stable(planned)

    def _stable(self, planned: Sequence[Call]) -> Verdict:
        """The verdict on answers that stay finite and the same."""
        if self.needs_gradient and all(is_zero(returned.values[1]) for _, returned in planned):
            words = f"No points for numeric stability until dW is filled in. {self.function}: dW is zero everywhere"
            return self.failed(words, findings=(Finding(self.function, None),), blames=(self.function,))
        message = f"{self.function} stays finite and unchanged when all scores in a row shift by {SHIFT:g}."
        return self.passed(message, findings=(Finding(self.function, True),))

    def _cause(self, assignment: Assignment, infinite: Call, calls: Sequence[Call]) -> Diagnosis | None:
        """Overflow or underflow, of a function that is right where its scores are small; None where it is neither.

        With all rows moved up, what is subtracted must rise with them, or exp overflows; far apart in a row, it must be
        near the greatest score. A function that passes both fails only where another row lies far above.
        """
        are_numbers = all(isinstance(value, Received) for value in infinite[1].values)
        moved, *still = [call for call in calls if call[0].tag == FOR_CAUSE]
        # A function that is wrong anyway, or after other calls, may be infinite for another reason than the scores' size.
        if not are_numbers or any(_fault(assignment, call) for call in (calls[0], *still)):
            return None
        is_of_rows = infinite[0].label.startswith(SOME_ROWS)
        is_near_top = all(not _infinite(*call) for call in calls if call[0].label.startswith(WIDE))
        return UNDERFLOW if is_of_rows and is_near_top and not _fault(assignment, moved) else OVERFLOW

    @staticmethod
    def _shift_fault(assignment: Assignment, group: list[Call]) -> tuple[str, str] | None:
        """What a shift makes wrong first, in a clause, and on which scores; None when it does nothing."""
        own = group[0][1].values[1]
        for trial, returned in group:
            truth = Truth.of(assignment, trial)
            loss, gradient = returned.values
            is_same = truth.compare_loss(loss).is_right and _compare_with_own(truth, own, gradient).is_right
            if not is_same and (fault := truth.fault(returned.values)):
                return fault, trial.label
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


def _fault(assignment: Assignment, call: Call) -> str | None:
    return Truth.of(assignment, call[0]).fault(call[1].values)


def all_rows_moved(case: Case, shift: float, convention: Convention) -> Case:
    """The case with the scores of all rows moved, through its last feature."""
    X = case.X.copy()
    X[(slice(None), -1) if convention.layout == "DC" else -1] = shift
    return dataclasses.replace(case, name=f"scores of all rows shifted by {shift:+g}", X=X)


def _is_clipped(assignment: Assignment, shifted: Sequence[Call]) -> bool:
    """Whether some losses are those of rows whose scores became all the same, and every other loss is right."""
    is_found = False
    for trial, returned in shifted:
        truth, seen = Truth.of(assignment, trial), number_of(returned.values[0])
        clipped, right = _clipped_loss(truth), float(truth.answer.loss)
        if abs(seen - clipped) <= CLIPPED_TOLERANCE * clipped < abs(clipped - right) / 10:
            is_found = True
        elif not truth.compare_loss(returned.values[0]).is_right:
            return False
    return is_found


def _clipped_loss(truth: Truth) -> float:
    """The loss where all scores of each row that is moved are the same."""
    case = truth.case
    W, X = (case.W, case.X) if truth.convention.layout == "DC" else (case.W.T, case.X.T)
    own = cross_entropies(X @ W, case.y)
    return float(np.where(X[:, -1] != 0, np.log(W.shape[1]), own).mean())


def _infinite(trial: Trial, returned: Returned) -> str | None:
    """A clause on a value that is not finite and should be."""
    loss, gradient = (
        f"{name} is {value.description}" if isinstance(value, Unexpected) else not_finite(value.array, name)
        for name, value in zip(("loss", "dW"), returned.values, strict=True)
    )
    if trial.label.startswith(LOW):
        return gradient if loss else None
    return gradient if trial.label.startswith(WIDE) else loss or gradient
