"""Whether a function leaves its inputs as they were."""

from __future__ import annotations

from typing import Literal

import numpy as np

from grader import formatting
from grader.assignment import Assignment
from grader.checks.call import failure_sentence, loss_trial, sentence
from grader.checks.cases import draw_small_case
from grader.checks.check import CheckFields, Evidence, random_stream
from grader.checks.core import core_fault, not_credited, zero_gradient
from grader.observation import Received, Returned
from grader.trial import Tensor, Trial
from grader.verdict import Finding, Verdict

ARGUMENTS = ("W", "X", "y")


class PurityCheck(CheckFields):
    """W, X and y are the same after the call."""

    kind: Literal["purity"]
    function: str

    @property
    def functions(self) -> tuple[str, ...]:
        """The function that is watched."""
        return (self.function,)

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """One call without and one with a regularizer, W, X and y brought back after each, in every dtype."""
        rng = random_stream(seed, self.id)
        cases = [draw_small_case(rng, assignment.convention, reg) for reg in (0.0, 0.37)]
        dtypes = sorted(assignment.loss_function(self.function).dtypes, reverse=True)
        return tuple(
            loss_trial(assignment, self.function, case, dtype, echo=(0, 1, 2))
            for dtype in dtypes
            for case in cases
        )

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:
        """Passed when every argument came back bit for bit, from a function whose loss is right at its core."""
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return Verdict("failed", 0.0, sentence(failure_sentence(trial, observation)), hint=self.hint)
            for name, argument, echo in zip(ARGUMENTS, trial.positional, observation.echoes, strict=False):
                assert isinstance(argument, Tensor)
                changed = _change(name, argument, echo)
                if changed is not None:
                    words = (
                        f"{self.function} {changed}, on {trial.label}."
                        " The caller's tensors must be the same after the call: work on a copy."
                    )
                    return Verdict(
                        "failed", 0.0, words, hint=self.hint, findings=(Finding(self.function, False),)
                    )
        fault = core_fault(assignment, *evidence[0], with_gradient=False) or zero_gradient(*evidence[0])
        if fault is not None:
            message = not_credited("Leaving the inputs unchanged", fault)
            return Verdict("failed", 0.0, message, hint=self.hint)
        message = f"{self.function} leaves W, X and y as they were."
        return Verdict("passed", 1.0, message, findings=(Finding(self.function, True),))


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
