"""Whether a function loops over samples or classes: its own Python instructions, counted at three sizes.

A loop that runs in C, as list(map(torch.sum, X)) does, executes no further instructions, but calls a function once more
for each further sample. Comprehensions over integers alone, such as lists of indices, are left out of the count. All
counts are claims of the worker, which also says whether the student's code stopped the count.

The loops of a naive function must do its work. It is called again with other numbers in its loops, and with loops that
end after one round: if it is still right, and then as quick for more samples, its work is not done sample by sample.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from grader.checks.base.call import Call, returned_calls, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.base.growth import GROWTH, Growth, evasion, nothing_counted
from grader.checks.losses.calls import case_of, loss_trial
from grader.checks.losses.cases import Draw
from grader.checks.losses.core import core_fault, no_points_yet
from grader.model.assignment import Assignment
from grader.model.observation import Instructions, Observation, Returned
from grader.model.trial import Trial
from grader.model.verdict import Finding, Flag, Verdict

FLAT_LINES = 2
"""How many lines more a function without loops may execute for three times the samples and classes."""

LITTLE = 20
"""A naive function that executes fewer instructions for each further sample, or class, is shown to the instructor."""

_PATIENCE = 3
"""A counted call may take so many times as long as any other: what it imports is counted as well."""

_COUNTED = 3
"""How many calls are counted."""

_ROUNDS = 2
"""How many calls go through each loop once, if the first one is right."""


class LoopsCheck(CheckFields):
    """The naive version loops in Python over samples or classes, the vectorized one over neither."""

    kind: Literal["loops"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """A few samples of a few classes, more samples, three times the classes; no regularizer.

        A vectorized function is counted with as many samples as are usual too, so that it cannot tell the calls by
        their size; a naive one would take long.
        """
        function = context.assignment.loss_function(self.function)
        rng = random_stream(context.seed, self.id)
        draw = Draw(rng, context.assignment.convention)
        N, C, D = (int(rng.integers(low, high)) for low, high in ((4, 9), (3, 5), (4, 9)))
        if function.style == "vectorized":
            more = draw.unclear("many samples", int(rng.integers(60, 260)), C, D)
        else:
            more = draw.plain("three times the samples", 3 * N, C, D, 0.0)
        cases = (
            draw.plain("a few samples", N, C, D, 0.0),
            more,
            draw.plain("three times the classes", N, 3 * C, D, 0.0),
        )
        trials = [loss_trial(context.assignment, self.function, case, function.main_dtype) for case in cases]
        return tuple(
            dataclasses.replace(
                trial,
                is_counted=True,
                are_calls_counted=function.style == "vectorized",
                seconds=_PATIENCE * trial.seconds,
            )
            for trial in trials
        )

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """Calls of a naive function with its loops disturbed; once more for more samples and classes if it is right."""
        if len(evidence) == _COUNTED and self._is_asked_further(context, evidence):
            return tuple(self._disturbed(context, how, 1) for how in ("other numbers", "once"))
        is_right_once = any(
            trial.disturbed == "once" and _is_right(context, trial, seen)
            for trial, seen in evidence[_COUNTED:]
        )
        if len(evidence) == _COUNTED + 2 and is_right_once:
            return (self._disturbed(context, "once", 3),)
        return ()

    def _disturbed(self, context: CheckContext, how: Literal["other numbers", "once"], times: int) -> Trial:
        draw = Draw(random_stream(context.seed, self.id, how), context.assignment.convention)
        case = draw.plain(how, 5 * times, 4 * times, 5, 0.0)
        function = context.assignment.loss_function(self.function)
        trial = loss_trial(context.assignment, self.function, case, function.main_dtype)
        return dataclasses.replace(trial, is_counted=True, disturbed=how)

    def _is_asked_further(self, context: CheckContext, evidence: Evidence) -> bool:
        """Whether it is a naive function with a right loss, and with loops."""
        calls = returned_calls(evidence)
        if context.assignment.loss_function(self.function).style != "naive":
            return False
        if isinstance(calls, str) or core_fault(context.assignment, calls[0]) is not None:
            return False
        counts = [returned.instructions or Instructions(0) for _, returned in calls]
        return any(growth.is_loop for growth in _growths(context.assignment, calls, counts))

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when the counts fit the function's style, for a function whose loss is right at its core."""
        calls = returned_calls(evidence[:_COUNTED])
        if isinstance(calls, str):
            return self.failed(calls, blames=(self.function,))
        counts = [returned.instructions or Instructions(0) for _, returned in calls]
        if (evading := evasion(self.function, counts)) is not None:
            return self.failed(evading, alarms=(Flag("unclear_code", self.function, sentence(evading)),))
        if (uncounted := nothing_counted(self.function, counts)) is not None:
            return self.failed(uncounted)
        growths = _growths(context.assignment, calls, counts)
        style = context.assignment.loss_function(self.function).style
        core = core_fault(context.assignment, calls[0])
        fault = self._loops(growths) if style == "vectorized" else None
        blames: tuple[str, ...] = ()
        if fault is None and core is not None:
            fault, blames = no_points_yet("style", core), (self.function,)
        alarms: tuple[Flag, ...] = ()
        if fault is None and style == "naive":
            fault = self._lack_of_loops(growths) or self._idle_loops(context, growths, evidence[_COUNTED:])
            if fault is None and (steps := max(growth.steps_per_unit for growth in growths)) < LITTLE:
                message = (
                    f"{self.function} does little inside its loops ({steps:.0f} steps for each additional"
                    " sample or class):"
                    " is it the vectorized version with a loop beside it? No points were deducted; please"
                    " read the code."
                )
                alarms = (Flag("unclear_code", self.function, message),)
        totals = [float(count.total) for count in counts]
        measured = dict(zip(("instructions", "more_samples", "more_classes"), totals, strict=True))
        bounds = [growth.most_if_flat if style == "vectorized" else GROWTH * totals[0] for growth in growths]
        allowed = dict(zip(("more_samples", "more_classes"), bounds, strict=True))
        if fault is not None:
            return self.failed(fault, measured=measured, allowed=allowed, blames=blames)
        found = "does not loop in Python" if style == "vectorized" else "loops in Python"
        return self.passed(
            f"{self.function} {found}, as a {style} version should.",
            measured=measured,
            allowed=allowed,
            findings=(Finding(self.function, None),),
            alarms=alarms,
        )

    def _loops(self, growths: Sequence[Growth]) -> str | None:
        """A sentence on loops in a function that should have none."""
        if growing := [growth for growth in growths if not growth.is_flat]:
            work = " and ".join(growth.work for growth in growing)
            lines = dict.fromkeys(str(growth.location) for growth in growing if growth.location)
            where = f" at {' and '.join(lines)}" if lines else ""
            return f"{self.function} does more Python work {work}: is a loop left{where}?"
        repeated = [growth.repeated_call for growth in growths if growth.repeated_call is not None]
        return f"{self.function} calls {' and '.join(repeated)}: is a loop left?" if repeated else None

    def _lack_of_loops(self, growths: Sequence[Growth]) -> str | None:
        """A sentence on a function that should loop and does not."""
        if any(growth.is_loop for growth in growths):
            return None
        work = " or ".join(growth.work for growth in growths)
        return f"{self.function} does hardly any more Python work {work}. Write the naive version with loops."

    def _idle_loops(
        self, context: CheckContext, growths: Sequence[Growth], disturbed: Evidence
    ) -> str | None:
        """A sentence on loops that do nothing for the result, or all of it each time."""
        lines = dict.fromkeys(
            str(growth.location) for growth in growths if growth.is_loop and growth.location
        )
        where = f" at {' and '.join(lines)}" if lines else ""
        right = [
            (trial.disturbed, seen.instructions)
            for trial, seen in disturbed
            if isinstance(seen, Returned) and _is_right(context, trial, seen)
        ]
        advice = "Write the naive version with loops that compute the result."
        if any(how == "other numbers" for how, _ in right):
            return (
                f"{self.function} does its work outside its loops{where}: it returns the same loss and dW"
                f" whatever numbers the loops see. {advice}"
            )
        steps = [count.total for how, count in right if how == "once" and count is not None]
        if len(steps) == _ROUNDS and steps[-1] <= steps[0] + FLAT_LINES:
            return (
                f"{self.function} does its work for all samples at once{where}: it returns the same loss"
                f" and dW when each loop stops after one iteration. {advice}"
            )
        return None


def _is_right(context: CheckContext, trial: Trial, seen: Observation) -> bool:
    """Whether a call returned a right loss and a right dW."""
    return (
        isinstance(seen, Returned)
        and core_fault(context.assignment, (trial, seen), needs_gradient=True) is None
    )


def _growths(
    assignment: Assignment, calls: Sequence[Call], counts: Sequence[Instructions]
) -> tuple[Growth, Growth]:
    """In samples and in classes."""
    cases = [case_of(trial)[0] for trial, _ in calls]
    axis = 1 if assignment.convention.layout == "DC" else 0
    samples, classes = [len(case.y) for case in cases], [case.W.shape[axis] for case in cases]
    return (
        Growth("samples", samples[0], samples[1], counts[0], counts[1]),
        Growth("classes", classes[0], classes[2], counts[0], counts[2]),
    )
