"""Whether a function loops over samples or classes: its own Python instructions, counted at three sizes.

A loop that runs in C, as list(map(torch.sum, X)) does, executes no further instructions, but calls a function once more
for each further sample. Comprehensions over integers alone, such as lists of indices, are left out of the count. All
counts are claims of the worker, which also says whether the student's code stopped the count.

The loops of a naive function must do its work. It is called again with other numbers in its loops: if it is still
right, it does not need what they compute.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from grader.checks.base.call import Call, returned_calls, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of, loss_trial
from grader.checks.losses.cases import Draw
from grader.checks.losses.core import core_fault, no_points_yet
from grader.model.assignment import Assignment
from grader.model.observation import Instructions, Location, Returned
from grader.model.trial import Trial
from grader.model.verdict import Finding, Flag, Verdict

FLAT = 12
"""How many instructions more a vectorized function may execute at a greater size: a branch, but not a loop."""

GROWTH = 1.3
"""A naive function executes more than this many times as much for three times the samples, or the classes."""

_PARTS: tuple[Literal["reads", "arithmetic"], ...] = ("reads", "arithmetic")

_PATIENCE = 3
"""A counted call may take so many times as long as any other: what it imports is counted as well."""

_COUNTED = 3
"""How many calls are counted."""

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class _Growth:
    """The counts at a small and at a greater number of samples, or of classes."""

    of: Literal["samples", "classes"]
    small_size: int
    great_size: int
    small: Instructions
    great: Instructions

    @property
    def is_flat(self) -> bool:
        return self.great.total <= self.small.total + FLAT

    @property
    def is_loop(self) -> bool:
        return self.great.total > GROWTH * self.small.total

    @property
    def work(self) -> str:
        """A clause with the numbers of instructions."""
        return (
            f"for more {self.of} ({self.small.total} steps for {self.small_size},"
            f" {self.great.total} for {self.great_size})"
        )

    @property
    def location(self) -> Location | None:
        """The line whose count grew most."""
        grown = _grown_most(self.small.lines, self.great.lines)
        return grown[0] if grown is not None and grown[1] > 0 else None

    @property
    def repeated_call(self) -> str | None:
        """A clause on a library call made at least once more per further sample or class, if there is one."""
        grown = _grown_most(self.small.calls, self.great.calls)
        if grown is None or grown[1] < self.great_size - self.small_size:
            return None
        name, _ = grown
        return (
            f"{name} more often for more {self.of} ({self.small.calls.get(name, 0)} times for {self.small_size},"
            f" {self.great.calls[name]} for {self.great_size})"
        )


class LoopsCheck(CheckFields):
    """The naive version loops in Python over samples or classes, the vectorized one over neither."""

    kind: Literal["loops"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """A few samples of a few classes, three times the samples, three times the classes; no regularizer."""
        function = context.assignment.loss_function(self.function)
        rng = random_stream(context.seed, self.id)
        draw = Draw(rng, context.assignment.convention)
        N, C, D = (int(rng.integers(low, high)) for low, high in ((4, 9), (3, 5), (4, 9)))
        cases = (
            draw.plain("a few samples", N, C, D, 0.0),
            draw.plain("three times the samples", 3 * N, C, D, 0.0),
            draw.plain("three times the classes", N, 3 * C, D, 0.0),
        )
        trials = [
            loss_trial(context.assignment, self.function, case, function.main_dtype) for case in cases
        ]
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
        """Two calls of a naive function with other numbers in the loops that were seen."""
        function = context.assignment.loss_function(self.function)
        if function.style != "naive" or len(evidence) > _COUNTED or not self._has_loops(context, evidence):
            return ()
        draw = Draw(random_stream(context.seed, self.id, "disturbed"), context.assignment.convention)
        case = draw.plain("other numbers in its loops", 5, 4, 5, 0.0)
        trial = loss_trial(context.assignment, self.function, case, function.main_dtype)
        return tuple(dataclasses.replace(trial, disturbed=part) for part in _PARTS)

    def _has_loops(self, context: CheckContext, evidence: Evidence) -> bool:
        calls = returned_calls(evidence)
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
        if not all(count.is_whole for count in counts):
            message = (
                f"{self.function} stops or evades the count of its Python steps (with sys.settrace, sys.setprofile, an"
                " audit hook or a frame), so nobody can tell whether it loops. Remove that code"
            )
            return self.failed(message, alarms=(Flag("unclear_code", self.function, sentence(message)),))
        if min(count.total for count in counts) == 0:
            return self.failed(
                f"{self.function} ran no Python instruction that could be counted."
                " Write it in Python, and do not change how Python is traced."
            )
        growths = _growths(context.assignment, calls, counts)
        style = context.assignment.loss_function(self.function).style
        core = core_fault(context.assignment, calls[0])
        fault = self._loops(growths) if style == "vectorized" else None
        blames: tuple[str, ...] = ()
        if fault is None and core is not None:
            fault, blames = no_points_yet("style", core), (self.function,)
        alarms: tuple[Flag, ...] = ()
        if fault is None and style == "naive":
            idle = _idle_parts(context.assignment, evidence[_COUNTED:])
            fault = self._lack_of_loops(growths) or self._idle_loops(growths, idle)
            if fault is None and "arithmetic" in idle:
                message = (
                    f"{self.function} returns the same loss and dW whatever its loops compute: they only copy or pick"
                    " data. Is it a copy of the vectorized version?"
                )
                alarms = (Flag("unclear_code", self.function, message),)
        totals = [float(count.total) for count in counts]
        measured = dict(zip(("instructions", "more_samples", "more_classes"), totals, strict=True))
        bound = totals[0] + FLAT if style == "vectorized" else GROWTH * totals[0]
        allowed = dict.fromkeys(("more_samples", "more_classes"), bound)
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

    def _loops(self, growths: Sequence[_Growth]) -> str | None:
        """A sentence on loops in a function that should have none."""
        if growing := [growth for growth in growths if not growth.is_flat]:
            work = " and ".join(growth.work for growth in growing)
            lines = dict.fromkeys(str(growth.location) for growth in growing if growth.location)
            where = f" at {' and '.join(lines)}" if lines else ""
            return f"{self.function} does more Python work {work}: is a loop left{where}?"
        repeated = [growth.repeated_call for growth in growths if growth.repeated_call is not None]
        return f"{self.function} calls {' and '.join(repeated)}: is a loop left?" if repeated else None

    def _lack_of_loops(self, growths: Sequence[_Growth]) -> str | None:
        """A sentence on a function that should loop and does not."""
        if any(growth.is_loop for growth in growths):
            return None
        work = " or ".join(growth.work for growth in growths)
        return f"{self.function} does hardly more Python work {work}. Write the naive version with loops."


    def _idle_loops(self, growths: Sequence[_Growth], idle: Collection[str]) -> str | None:
        """A sentence on loops that do nothing for the result."""
        if "reads" not in idle:
            return None
        lines = dict.fromkeys(str(growth.location) for growth in growths if growth.is_loop and growth.location)
        where = f" at {' and '.join(lines)}" if lines else ""
        return (
            f"{self.function} does its work outside of its loops{where}: it returns the same loss and dW whatever"
            " numbers they see. Write the naive version with loops that compute the result."
        )


def _idle_parts(assignment: Assignment, evidence: Evidence) -> frozenset[str]:
    """The parts of what loops do that could be changed without making the loss or dW wrong."""
    return frozenset(
        trial.disturbed or ""
        for trial, seen in evidence
        if isinstance(seen, Returned) and core_fault(assignment, (trial, seen), needs_gradient=True) is None
    )


def _growths(
    assignment: Assignment, calls: Sequence[Call], counts: Sequence[Instructions]
) -> tuple[_Growth, _Growth]:
    """In samples and in classes."""
    cases = [case_of(trial)[0] for trial, _ in calls]
    axis = 1 if assignment.convention.layout == "DC" else 0
    samples, classes = [len(case.y) for case in cases], [case.W.shape[axis] for case in cases]
    return (
        _Growth("samples", samples[0], samples[1], counts[0], counts[1]),
        _Growth("classes", classes[0], classes[2], counts[0], counts[2]),
    )


def _grown_most(small: Mapping[_Key, int], great: Mapping[_Key, int]) -> tuple[_Key, int] | None:
    """The key whose count grew most, and by how much; None where nothing was counted."""
    grown = [(key, amount - small.get(key, 0)) for key, amount in great.items()]
    return max(grown, key=lambda each: each[1], default=None)
