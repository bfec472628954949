"""Softmax on scores that overflow an exponential: shifted rows, and the handout's W of ones."""

from __future__ import annotations

from typing import Literal

import numpy as np

from grader import formatting
from grader.assignment import Assignment
from grader.checks.call import case_of, failure_sentence, loss_trial, sentence
from grader.checks.cases import SHIFT, draw_ones_case, draw_shifted_case
from grader.checks.check import CheckFields, Evidence, random_stream
from grader.checks.truth import Truth
from grader.observation import Raised, Received, Returned, Unexpected, Value
from grader.trial import DTypeName, Trial
from grader.verdict import Finding, Verdict

OVERFLOW = "Scores of this size overflow exp(): what can be taken off all scores of a row without changing its probabilities?"
ONES_REG = 2.5e4


class StabilityCheck(CheckFields):
    """The right values, finite, when all scores of a row are moved by +-1e4, and finite for W of ones."""

    kind: Literal["stability"]
    function: str

    @property
    def functions(self) -> tuple[str, ...]:
        """The function whose stability is judged."""
        return (self.function,)

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """Both shifts in each dtype that is asked for, then W of ones in float32, as the handout has it."""
        rng = random_stream(seed, self.id)
        shifted = [draw_shifted_case(rng, assignment.convention, shift) for shift in (SHIFT, -SHIFT)]
        ones = draw_ones_case(rng, assignment.convention, ONES_REG)
        dtypes = assignment.loss_function(self.function).dtypes
        plan = [(case, dtype) for dtype in dtypes for case in shifted]
        ones_dtype: DTypeName = "float32" if "float32" in dtypes else "float64"
        return tuple(
            loss_trial(assignment, self.function, case, dtype) for case, dtype in [*plan, (ones, ones_dtype)]
        )

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:
        """Passed when every call gave the right, finite values."""
        function = assignment.loss_function(self.function)
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return self._failed(
                    failure_sentence(trial, observation), decides=not isinstance(observation, Raised)
                )
            infinite = _not_finite(observation)
            if infinite is not None:
                return self._failed(f"{self.function}: {infinite}, on {trial.label}. {OVERFLOW}")
            if trial is evidence[-1][0]:
                break  # a mistake in the regularizer is the business of the values
            case, dtype = case_of(trial)
            truth = Truth(function.classifier, case, assignment.convention, dtype)
            for part, compare in enumerate((truth.compare_loss, truth.compare_gradient)):
                comparison, _ = compare(observation.values[part])
                if not comparison.is_right:
                    return self._failed(f"{self.function}: {comparison.sentence}, on {trial.label}")
        message = f"{self.function} stays right and finite when all scores of a row move by {SHIFT:g}."
        return Verdict("passed", 1.0, message, findings=(Finding(self.function, True),))

    def _failed(self, words: str, *, decides: bool = True) -> Verdict:
        is_correct = False if decides else None
        return Verdict(
            "failed", 0.0, sentence(words), hint=self.hint, findings=(Finding(self.function, is_correct),)
        )


def _not_finite(observation: Returned) -> str | None:
    """The words for the first value that is not finite."""
    for name, value in zip(("loss", "dW"), observation.values, strict=True):
        words = _infinite_words(name, value)
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
