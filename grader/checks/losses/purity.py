"""Whether a function leaves its inputs and earlier results unchanged, and carries nothing over to the next call."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import Call, failure_sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import in_dtype_of, loss_trial, right_loss
from grader.checks.losses.cases import SMALL, Case, Draw
from grader.checks.losses.core import core_fault, no_points_yet
from grader.model.assignment import Assignment
from grader.model.observation import Received, Returned, Value
from grader.model.trial import Replacement, Tensor, Trial
from grader.model.verdict import Finding, Verdict

ARGUMENTS = ("W", "X", "y")
RESULTS = ("loss", "dW")

SAME = 1e-4
"""Greatest relative difference of equal calls; other contents give results that differ in the first digit."""

_ADVICE = "The caller's tensors must stay unchanged: work on a copy."


_LAST_DIGITS = 1e-9
"""Far from what moves a margin across the hinge's kink."""


def _with_all_digits(case: Case, rng: np.random.Generator) -> Case:
    """The case with all digits of float64: numbers that float32 can hold survive being moved and moved back."""
    W, X = (array + _LAST_DIGITS * rng.normal(size=array.shape) for array in (case.W, case.X))
    return dataclasses.replace(case, W=W, X=X)


class PurityCheck(CheckFields):
    """W, X and y are the same after the call; no result is reused for the next call, or changed by it."""

    kind: Literal["purity"]
    function: str

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right loss."""
        return right_loss(assignment, self.function)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call without and one with a regularizer, W, X and y brought back after each, in every dtype.

        Then one call, one with the same tensors and other contents, and one with fresh tensors of those contents.
        """
        rng = random_stream(context.seed, self.id)
        draw = Draw(rng, context.assignment.convention)
        cases = [_with_all_digits(draw.jittered(SMALL, 4, 3, 14, reg), rng) for reg in (0.0, 0.37)]
        N, C, D = int(rng.integers(5, 8)), 3, int(rng.integers(5, 7))
        function = context.assignment.loss_function(self.function)
        first, second = (
            loss_trial(context.assignment, self.function, case, function.main_dtype)
            for case in (
                draw.plain("tensors that are changed later", N, C, D, 0.37),
                draw.plain("the same tensors with other contents", N, C, D, 0.37),
            )
        )
        return (
            *(
                loss_trial(context.assignment, self.function, case, dtype, echo=(0, 1, 2))
                for dtype in sorted(function.dtypes, reverse=True)
                for case in cases
            ),
            first,
            dataclasses.replace(second, is_again=True),
            second,
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every argument came back bit for bit, from a function whose loss is right at its core."""
        wrong = (Finding(self.function, False),)
        calls: list[Call] = []
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return self.failed(failure_sentence(trial, observation), blames=(self.function,))
            if changed := _changed_input(trial, observation):
                on = f"{trial.label}{in_dtype_of(trial, evidence, _changed_input)}"
                words = f"{self.function} changes {changed}, on {on}."
                return self.failed(f"{words} {_ADVICE}", findings=wrong)
            calls.append((trial, observation))
        if core := core_fault(context.assignment, calls[0]):
            return self.failed(no_points_yet("unchanged inputs", core), blames=(self.function,))
        if fault := self._carried_over(*calls[-3:]):
            return self.failed(fault, findings=wrong)
        message = f"{self.function} leaves W, X and y unchanged, and keeps no state between calls."
        return self.passed(message, findings=(Finding(self.function, True),))

    def _carried_over(self, first: Call, again: Call, fresh: Call) -> str | None:
        """A sentence on a result that was reused, or that changed after it was returned."""
        on = f"on {again[0].label}"
        for name, before, seen, expected in zip(
            RESULTS, first[1].values, again[1].values, fresh[1].values, strict=True
        ):
            if not _is_same(seen, expected, SAME):
                what = (
                    "the previous call's: it caches by identity, not by value"
                    if _is_same(seen, before)
                    else (
                        "not what fresh tensors with the same contents give: it depends on an earlier"
                        " call, or on randomness"
                    )
                )
                return f"{self.function}: {name} is {what}, {on}"
        for name, before, later, following in zip(
            RESULTS, first[1].values, again[1].earlier, again[1].values, strict=True
        ):
            if not _is_same(before, later):
                whose = f"the next call's {name}" if _is_same(later, following) else "W, X or y"
                return (
                    f"{self.function}: {name} shares memory with {whose}, so it changed after it was returned, {on}."
                    " Return a new tensor from every call."
                )
        return None


def _changed_input(trial: Trial, returned: Returned) -> str | None:
    """A phrase for the first argument that came back changed."""
    for name, argument, echo in zip(ARGUMENTS, trial.positional, returned.echoes, strict=False):
        assert isinstance(argument, Tensor)
        if not isinstance(echo, Received):
            return f"the shape or kind of {name}"
        before = argument.array
        same = (echo.array == before) | (np.isnan(before) & np.isnan(echo.array))
        if not same.all():
            amount = int(same.size - same.sum())
            return f"{name} in {amount} of {formatting.count(same.size, 'entry')}"
    return None


def _is_same(seen: Value, expected: Value, tolerance: float = 0.0) -> bool:
    """Whether two values are equal, within a share of the greatest entry; two unexpected values count as equal."""
    if not isinstance(seen, Received) or not isinstance(expected, Received):
        return type(seen) is type(expected)
    one, other = seen.array.astype(np.float64), expected.array.astype(np.float64)
    finite = np.abs(other[np.isfinite(other)])
    bound = tolerance * float(np.max(finite, initial=0.0))
    return bool(np.allclose(one, other, rtol=0.0, atol=bound, equal_nan=True))
