"""The student's gradient against central differences of the student's own loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from grader import formatting
from grader.assignment import Assignment
from grader.checks.call import case_of, first_failure, loss_trial, sentence
from grader.checks.cases import draw_small_case
from grader.checks.check import CheckFields, Evidence, random_stream
from grader.checks.comparison import unit_roundoff
from grader.checks.core import core_fault, not_credited
from grader.observation import Observation, Received, Returned, Value
from grader.trial import Array, Trial
from grader.verdict import Verdict

DIRECTIONS = 3
REGS = (0.0, 10.0)
FINE, COARSE = 1e-6, 1e-2
FINE_BOUND, COARSE_BOUND = 1e-6, 1e-3
"""Step and relative bound: right gradients stay below 3e-9 at the fine step in float64; arithmetic in float32 needs
the coarse one, whose error h**2 times the third derivative is below 1e-4."""

NOISE_UNITS = 16
"""Rounding of the two losses, in units of the roundoff: it weighs 1/h in their difference quotient."""

CLEARANCE = 0.06
"""No step of the coarse size crosses a kink of the hinge: |x.d| h stays below 0.03."""


@dataclass(frozen=True, slots=True)
class _Step:
    size: float
    bound: float
    roundoff: float

    def floor(self, loss: float) -> float:
        """The part of a difference quotient that is rounding of the loss."""
        return NOISE_UNITS * self.roundoff * (1.0 + abs(loss)) / self.size


class GradientCheck(CheckFields):
    """The gradient is the derivative of the function's own loss, along random directions."""

    kind: Literal["gradient"]
    function: str

    @property
    def functions(self) -> tuple[str, ...]:
        """The function whose gradient is judged."""
        return (self.function,)

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """At each reg: one call at W, then two for each direction and step."""
        rng = random_stream(seed, self.id)
        dtype = assignment.loss_function(self.function).main_dtype
        steps = _steps(dtype)
        trials: list[Trial] = []
        for reg in REGS:
            case = draw_small_case(rng, assignment.convention, reg, clearance=CLEARANCE)
            trials.append(loss_trial(assignment, self.function, case, dtype))
            for direction in _directions(rng, case.W.shape):
                for step in steps:
                    for sign in (1, -1):
                        moved = replace(case, W=case.W + sign * step.size * direction)
                        trials.append(loss_trial(assignment, self.function, moved, dtype))
        return tuple(trials)

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:
        """Passed when every directional derivative agrees and the loss is right at its core."""
        failure = first_failure(evidence)
        if failure is not None:
            return Verdict("failed", 0.0, sentence(failure), hint=self.hint)
        steps = _steps(assignment.loss_function(self.function).main_dtype)
        worst = 0.0
        per_reg = len(evidence) // len(REGS)
        for first in range(0, len(evidence), per_reg):
            group = evidence[first : first + per_reg]
            for start in range(1, per_reg, 2 * len(steps)):
                probe = group[start : start + 2 * len(steps)]
                error, words = _directional_error(group[0], probe, steps)
                if words is not None:
                    return Verdict("failed", 0.0, f"{self.function}: {words}", hint=self.hint)
                worst = max(worst, error)
        fault = core_fault(assignment, *evidence[0], with_gradient=False)
        if fault is not None:
            message = f"dW is the derivative of the function's own loss. {not_credited('That', fault)}"
            return Verdict("failed", 0.0, message, hint=self.hint)
        message = f"dW agrees with central differences of the loss along {DIRECTIONS * len(REGS)} random directions."
        return Verdict(
            "passed", 1.0, message, measured={"relative_error": worst}, allowed={"relative_error": FINE_BOUND}
        )


def _steps(dtype: str) -> tuple[_Step, ...]:
    fine = _Step(FINE, FINE_BOUND, unit_roundoff("float64"))
    coarse = _Step(COARSE, COARSE_BOUND, unit_roundoff("float32"))
    return (fine, coarse) if dtype == "float64" else (coarse,)


def _directions(rng: np.random.Generator, shape: tuple[int, ...]) -> list[Array]:
    """Unit vectors in all entries of W, so that no entry can hide."""
    drawn = (rng.normal(size=shape) for _ in range(DIRECTIONS))
    return [each / np.linalg.norm(each) for each in drawn]


def _number(value: Value) -> float:
    return float(value.array) if isinstance(value, Received) else float("nan")


def _directional_error(
    at: tuple[Trial, Observation], probe: Evidence, steps: tuple[_Step, ...]
) -> tuple[float, str | None]:
    """Relative error of one directional derivative at the best of the steps, and the sentence if none is in bounds."""
    trial, observation = at
    assert isinstance(observation, Returned)
    loss, gradient = observation.values
    if not isinstance(gradient, Received) or not isinstance(loss, Received):
        return np.inf, f"it does not return a loss and a gradient, on {trial.label}."
    if not np.isfinite(loss.array) or not np.isfinite(gradient.array).all():
        return np.inf, f"it does not return a finite loss and a finite gradient, on {trial.label}."
    best: tuple[float, float, float] | None = None
    for position, step in enumerate(steps):
        (up_trial, up), (down_trial, down) = probe[2 * position], probe[2 * position + 1]
        assert isinstance(up, Returned)
        assert isinstance(down, Returned)
        moved = _weights(up_trial) - _weights(down_trial)
        length = float(np.linalg.norm(moved))
        numeric = (_number(up.values[0]) - _number(down.values[0])) / length
        analytic = float(np.sum(gradient.array.astype(np.float64) * moved) / length)
        excess = abs(numeric - analytic) - step.floor(float(loss.array))
        error = max(0.0, excess) / (abs(numeric) + abs(analytic) or 1.0)
        if np.isfinite(error) and error <= step.bound:
            return error, None
        if np.isfinite(error):
            best = (error, numeric, analytic) if best is None else min(best, (error, numeric, analytic))
    if best is None:
        return np.inf, f"it does not return a finite loss at every step from W, on {trial.label}."
    error, numeric, analytic = best
    words = (
        f"along a random direction the loss changes by {formatting.number(numeric)} per unit, but dW says"
        f" {formatting.number(analytic)} (central differences, {trial.label})."
        " dW is not the derivative of the loss that the function returns."
    )
    return error, words


def _weights(trial: Trial) -> Array:
    case, _ = case_of(trial)
    return case.W
