"""Whether a function leaves its inputs, and what it returned before, as they were, and keeps nothing for the next call."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence, loss_trial, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import draw_small_case, draw_twin_cases
from grader.checks.losses.core import core_fault, not_credited, zero_gradient
from grader.model.observation import Observation, Received, Returned, Value
from grader.model.trial import Tensor, Trial
from grader.model.verdict import Finding, Verdict

ARGUMENTS = ("W", "X", "y")
RESULTS = ("loss", "dW")

SAME = 1e-4
"""Greatest relative difference of equal calls; other contents give results that differ in the first digit."""

_REPEATED = 3
"""The last trials: a call, one with the same tensors and other contents, one with fresh tensors of these contents."""


class PurityCheck(CheckFields):
    """W, X and y are the same after the call; no result is kept for the next call, or changed by it."""

    kind: Literal["purity"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call without and one with a regularizer, W, X and y brought back after each, in every dtype.

        Then one call, one with its very tensors, whose contents are others, and one with fresh tensors of those.
        """
        rng = random_stream(context.seed, self.id)
        cases = [draw_small_case(rng, context.assignment.convention, reg) for reg in (0.0, 0.37)]
        function = context.assignment.loss_function(self.function)
        first, second = (
            loss_trial(context.assignment, self.function, case, function.main_dtype)
            for case in draw_twin_cases(rng, context.assignment.convention)
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
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return Verdict("failed", 0.0, sentence(failure_sentence(trial, observation)), hint=self.hint)
            if fault := self._changed_input(trial, observation):
                return self._failed(fault)
        core = core_fault(context.assignment, *evidence[0], with_gradient=False) or zero_gradient(
            *evidence[0]
        )
        if core is not None:
            message = not_credited("Leaving the inputs unchanged", core)
            return Verdict("failed", 0.0, message, hint=self.hint)
        if fault := self._repeated(*evidence[-_REPEATED:]):
            return self._failed(fault)
        message = f"{self.function} leaves W, X and y as they were, and keeps nothing from call to call."
        return Verdict("passed", 1.0, message, findings=(Finding(self.function, True),))

    def _failed(self, fault: str) -> Verdict:
        findings = (Finding(self.function, False),)
        return Verdict("failed", 0.0, fault, hint=self.hint, findings=findings)

    def _changed_input(self, trial: Trial, observation: Returned) -> str | None:
        """The words for the first argument that did not come back as it was."""
        for name, argument, echo in zip(ARGUMENTS, trial.positional, observation.echoes, strict=False):
            assert isinstance(argument, Tensor)
            changed = _change(name, argument, echo)
            if changed is not None:
                return (
                    f"{self.function} {changed}, on {trial.label}."
                    " The caller's tensors must be the same after the call: work on a copy."
                )
        return None

    def _repeated(self, *evidence: tuple[Trial, Observation]) -> str | None:
        """The words for a result that was kept, or that changed after it was returned."""
        first, again, fresh = (observation for _, observation in evidence)
        assert isinstance(first, Returned)
        assert isinstance(again, Returned)
        assert isinstance(fresh, Returned)
        label = evidence[1][0].label
        for name, *values in zip(RESULTS, first.values, again.values, fresh.values, strict=True):
            before, seen, expected = values
            if not _is_same(seen, expected, SAME):
                what = (
                    "the one of the call before: it keeps results, and knows its arguments by something else"
                    " than their contents"
                    if _is_same(seen, before)
                    else "another one than for fresh tensors with the same contents: something of an earlier call"
                    " is kept, or left to chance"
                )
                return f"{self.function}: {name} is {what}, on {label}."
        for name, *values in zip(RESULTS, first.values, again.earlier, again.values, strict=True):
            before, later, following = values
            if not _is_same(before, later):
                whose = "that of the next call" if _is_same(later, following) else "W, X or y"
                return (
                    f"{self.function}: {name} shares memory with {whose}: it was another one after the next call"
                    f" than when it was returned, on {label}. Return a tensor of its own for each call."
                )
        return None


def _is_same(seen: Value, expected: Value, tolerance: float = 0.0) -> bool:
    """Whether two values are equal, within a share of the greatest entry; two of no use are."""
    if not isinstance(seen, Received) or not isinstance(expected, Received):
        return type(seen) is type(expected)
    one, other = seen.array.astype(np.float64), expected.array.astype(np.float64)
    finite = np.abs(other[np.isfinite(other)])
    bound = tolerance * float(np.max(finite, initial=0.0))
    return bool(np.allclose(one, other, rtol=0.0, atol=bound, equal_nan=True))


def _change(name: str, argument: Tensor, echo: object) -> str | None:
    """What happened to an argument, in words; None when nothing did."""
    if not isinstance(echo, Received):
        return f"changes the shape or kind of {name}"
    before = argument.array
    same = (echo.array == before) | (np.isnan(before) & np.isnan(echo.array))
    if same.all():
        return None
    amount = int(same.size - same.sum())
    return f"changes {name} in {amount} of {formatting.count(same.size, 'entry')}"
