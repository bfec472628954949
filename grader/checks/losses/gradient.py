"""The student's gradient against central differences of the student's own loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import Call, returned_calls
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import number_of, unit_roundoff
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of, loss_trial, unusable
from grader.checks.losses.cases import SMALL, Draw
from grader.checks.losses.core import core_fault, no_points_yet
from grader.model.observation import Received
from grader.model.trial import Array, Trial
from grader.model.verdict import Verdict

DIRECTIONS = 2
REGS = (0.0, 10.0)

NOISE_UNITS = 16
"""Rounding of the two losses, in units of the roundoff; the difference quotient divides it by the step."""

GREATEST_NOISE = 0.01
"""Relative to the length of dW: rounding of a right loss explains less, while that of a huge one would explain anything."""

ENTRIES = 10
ENTRY_BOUND = 1e-4
"""Single entries are shown to the student and decide nothing; no right gradient exceeds this bound at any of them."""

CLEARANCE = 0.06
"""No step of the coarse size crosses a kink of the hinge: |x.d| h stays below 0.03."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A step size h with its relative bound. The name is the tag of the trials."""

    name: str
    size: float
    bound: float
    roundoff: float

    def error(self, numeric: float, analytic: float, loss: float, length: float) -> float:
        """The relative error |n - a| / (|n| + |a|), less what rounding of the loss explains. length: that of dW."""
        noise = min(NOISE_UNITS * self.roundoff * (1.0 + abs(loss)) / self.size, GREATEST_NOISE * length)
        excess = max(0.0, abs(numeric - analytic) - noise)
        return excess / (abs(numeric) + abs(analytic) or 1.0)


_FINE = _Step("fine", 1e-6, 1e-6, unit_roundoff("float64"))
_COARSE = _Step("coarse", 1e-2, 1e-3, unit_roundoff("float32"))
"""Right gradients stay below 3e-9 at the fine step in float64; arithmetic in float32 needs the coarse one, whose error
h**2 times the third derivative is below 1e-4."""

_AT_W, _ENTRY = "at W", "entry"
"""Tags of the other trials: the call at W itself, and a fine step in a single entry of W."""


@dataclass(frozen=True, slots=True, eq=False)
class _Slope:
    """The derivative of the loss along one direction: by central differences, and as dW has it."""

    direction: Array
    numeric: float
    analytic: float
    error: float
    is_right: bool


class GradientCheck(CheckFields):
    """The gradient is the derivative of the function's own loss, along random directions."""

    kind: Literal["gradient"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """At each reg: one call at W, then two for each direction, at the first step."""
        step = self._steps(context)[0]
        return tuple(
            trial
            for at, directions in self._points(context)
            for trial in (at, *self._moved(context, at, directions, step))
        )

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """Where a direction is out of bounds: the coarse step for all, then single entries to show to the student."""
        calls = returned_calls(evidence)
        if isinstance(calls, str):
            return ()
        at = next((at for at in _at_each_reg(calls) if self._is_wrong(context, at, calls)), None)
        if at is None or unusable(at[1]) is not None:
            return ()
        tags = {trial.tag for trial, _ in calls}
        steps = self._steps(context)
        for step in steps:
            if step.name not in tags:
                return tuple(
                    trial
                    for point, directions in self._points(context)
                    for trial in self._moved(context, point, directions, step)
                )
        if _ENTRY in tags:
            return ()
        shape = case_of(at[0])[0].W.shape
        size = int(np.prod(shape))
        chosen = random_stream(context.seed, self.id, "coordinates").permutation(size)[:ENTRIES]
        entries = [np.eye(1, size, k=int(entry)).reshape(shape) for entry in chosen]
        return self._moved(context, at[0], entries, dataclasses.replace(steps[0], name=_ENTRY))

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every directional derivative agrees and the loss is right at its core."""
        calls = returned_calls(evidence)
        if isinstance(calls, str):
            return self._fails(calls)
        worst = 0.0
        for at in _at_each_reg(calls):
            label = at[0].label
            if words := unusable(at[1]):
                return self._fails(f"{self.function} {words}, on {label}")
            for slope in self._slopes(context, at, calls):
                if slope is None:
                    return self._fails(
                        f"{self.function} does not return a finite loss at every point near W, on {label}"
                    )
                if not slope.is_right:
                    return self._fails(
                        f"{self.function}: dW is not the derivative of the loss that it returns, on {label}."
                        f" Along a random direction dW gives {formatting.number(slope.analytic)}, but the"
                        f" numeric gradient is {formatting.number(slope.numeric)}."
                        f"{self._shown_entries(context, at, calls)}",
                    )
                worst = max(worst, slope.error)
        if fault := core_fault(context.assignment, calls[0]):
            return self._fails(no_points_yet("the numeric gradient", fault))
        message = f"dW agrees with central differences of the loss along {DIRECTIONS * len(REGS)} random directions."
        return self.passed(
            message, measured={"relative_error": worst}, allowed={"relative_error": _FINE.bound}
        )

    def _fails(self, message: str) -> Verdict:
        """Failed because of what the function returns, which is for the values check to explain."""
        return self.failed(message, blames=(self.function,))

    def _steps(self, context: CheckContext) -> tuple[_Step, ...]:
        """The steps in the order in which they are tried; a direction is right when it is so at one of them."""
        dtype = context.assignment.loss_function(self.function).main_dtype
        return (_FINE, _COARSE) if dtype == "float64" else (_COARSE,)

    def _points(self, context: CheckContext) -> Iterator[tuple[Trial, list[Array]]]:
        """For each reg the call at W, and unit vectors in all entries of W, so that no entry can hide."""
        rng = random_stream(context.seed, self.id)
        dtype = context.assignment.loss_function(self.function).main_dtype
        for reg in REGS:
            case = Draw(rng, context.assignment.convention).small(reg, CLEARANCE)
            at = loss_trial(context.assignment, self.function, case, dtype)
            drawn = [rng.normal(size=case.W.shape) for _ in range(DIRECTIONS)]
            yield dataclasses.replace(at, tag=_AT_W), [each / np.linalg.norm(each) for each in drawn]

    def _moved(
        self, context: CheckContext, at: Trial, directions: Iterable[Array], step: _Step
    ) -> tuple[Trial, ...]:
        """Two calls for each direction, a step up and a step down from W."""
        case, dtype = case_of(at)
        moved = (
            dataclasses.replace(case, name=SMALL, W=case.W + sign * step.size * direction)
            for direction in directions
            for sign in (1, -1)
        )
        return tuple(
            dataclasses.replace(loss_trial(context.assignment, self.function, each, dtype), tag=step.name)
            for each in moved
        )

    def _is_wrong(self, context: CheckContext, at: Call, calls: Sequence[Call]) -> bool:
        if unusable(at[1]) is not None:
            return True
        return not all(slope and slope.is_right for slope in self._slopes(context, at, calls))

    def _slopes(self, context: CheckContext, at: Call, calls: Sequence[Call]) -> Iterator[_Slope | None]:
        """Each random direction at one reg, at the best of the steps tried; None where no loss is finite."""
        tried = [_slopes_of(at, calls, step, step.name) for step in self._steps(context)]
        for slopes in zip(*filter(None, tried), strict=True):
            finite = [slope for slope in slopes if np.isfinite(slope.error)]
            right = (slope for slope in finite if slope.is_right)
            yield next(right, min(finite, key=lambda slope: slope.error, default=None))

    def _shown_entries(self, context: CheckContext, at: Call, calls: Sequence[Call]) -> str:
        """A sentence on single entries of W, as the handout's own check prints them; empty where none were tried."""
        step = self._steps(context)[0]
        entries = _slopes_of(at, calls, step, _ENTRY)
        wrong = [each for each in entries if not each.error <= max(ENTRY_BOUND, step.bound)]
        if not entries:
            return ""
        if not wrong:
            return f" The {len(entries)} individual entries checked agree."
        first = wrong[0]
        entry = np.unravel_index(int(np.abs(first.direction).argmax()), first.direction.shape)
        return (
            f" dW{formatting.index(entry)} is {formatting.number(first.analytic)}, but the numeric gradient is"
            f" {formatting.number(first.numeric)} ({len(wrong)} of {len(entries)} entries differ)."
        )


def _at_each_reg(calls: Sequence[Call]) -> list[Call]:
    return [call for call in calls if call[0].tag == _AT_W]


def _slopes_of(at: Call, calls: Sequence[Call], step: _Step, tag: str) -> list[_Slope]:
    """The slopes at one reg along all directions with that tag."""
    reg = at[0].positional[-1]
    moved = [call for call in calls if call[0].tag == tag and call[0].positional[-1] == reg]
    return [_slope(at, up, down, step) for up, down in zip(moved[::2], moved[1::2], strict=True)]


def _slope(at: Call, up: Call, down: Call, step: _Step) -> _Slope:
    loss, gradient = at[1].values
    assert isinstance(gradient, Received)
    difference = case_of(up[0])[0].W - case_of(down[0])[0].W
    length = float(np.linalg.norm(difference))
    numeric = (number_of(up[1].values[0]) - number_of(down[1].values[0])) / length
    dW = gradient.array.astype(np.float64)
    analytic = float(np.sum(dW * difference) / length)
    error = step.error(numeric, analytic, number_of(loss), float(np.linalg.norm(dW)))
    return _Slope(difference, numeric, analytic, error, error <= step.bound)
