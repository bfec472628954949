"""The student's gradient against central differences of the student's own loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import case_of, first_failure, loss_trial, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import unit_roundoff
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import SMALL, draw_small_case
from grader.checks.losses.core import core_fault, not_credited
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Received, Returned, Value
from grader.model.trial import Array, Trial
from grader.model.verdict import Verdict

DIRECTIONS = 2
REGS = (0.0, 10.0)
FINE, COARSE = 1e-6, 1e-2
FINE_BOUND, COARSE_BOUND = 1e-6, 1e-3
"""Step and relative bound: right gradients stay below 3e-9 at the fine step in float64; arithmetic in float32 needs
the coarse one, whose error h**2 times the third derivative is below 1e-4."""

NOISE_UNITS = 16
"""Rounding of the two losses, in units of the roundoff: it weighs 1/h in their difference quotient."""

COORDINATES, SHOWN = 10, 2
COORDINATE_BOUND = 1e-4
"""Single entries are shown to the student and decide nothing; no right gradient exceeds this bound at any of them."""

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

    def error(self, numeric: float, analytic: float, loss: float) -> float:
        """The relative error |n - a| / (|n| + |a|), less what rounding of the loss explains."""
        excess = max(0.0, abs(numeric - analytic) - self.floor(loss))
        return excess / (abs(numeric) + abs(analytic) or 1.0)


_Call = tuple[Trial, Observation]


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """Two calls, a step up and a step down from W along one direction."""

    step: _Step
    up: _Call
    down: _Call


class GradientCheck(CheckFields):
    """The gradient is the derivative of the function's own loss, along random directions."""

    kind: Literal["gradient"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """At each reg: one call at W, then two for each direction, at the first step."""
        rng = random_stream(context.seed, self.id)
        dtype = context.assignment.loss_function(self.function).main_dtype
        step = _steps(dtype)[0]
        trials: list[Trial] = []
        for reg in REGS:
            case = draw_small_case(rng, context.assignment.convention, reg, clearance=CLEARANCE)
            at = loss_trial(context.assignment, self.function, case, dtype)
            directions = _directions(rng, case.W.shape)
            trials += [at, *self._moved(context.assignment, at, directions, step)]
        return tuple(trials)

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """Where a direction is out of bounds: the coarse step for all, then single entries to show to the student."""
        steps = _steps(context.assignment.loss_function(self.function).main_dtype)
        if first_failure(evidence) is not None:
            return ()
        wrong = next((each for each in _probes(evidence, steps) if _directional_error(*each)[1]), None)
        if wrong is None or _not_numbers(wrong[0]) is not None:
            return ()
        if len(steps) > 1 and len(evidence) == _FIRST_CALLS:
            return tuple(
                trial
                for at, directions in _asked_directions(evidence)
                for trial in self._moved(context.assignment, at, directions, steps[1])
            )
        if _coordinate_probes(evidence, steps):
            return ()
        at = wrong[0][0]
        rng = random_stream(context.seed, self.id, "coordinates")
        return self._moved(context.assignment, at, _coordinates(rng, _weights(at).shape), steps[0])

    def _moved(
        self, assignment: Assignment, at: Trial, directions: Sequence[Array], step: _Step
    ) -> tuple[Trial, ...]:
        """Two calls for each direction, a step up and a step down from where `at` was made."""
        case, dtype = case_of(at)
        return tuple(
            loss_trial(
                assignment,
                self.function,
                replace(case, name=SMALL, W=case.W + sign * step.size * direction),
                dtype,
            )
            for direction in directions
            for sign in (1, -1)
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every directional derivative agrees and the loss is right at its core."""
        failure = first_failure(evidence)
        if failure is not None:
            return Verdict("failed", 0.0, sentence(failure), hint=self.hint)
        steps = _steps(context.assignment.loss_function(self.function).main_dtype)
        worst = 0.0
        for at, probes in _probes(evidence, steps):
            error, words = _directional_error(at, probes)
            if words is not None:
                shown = _shown_coordinates(at, _coordinate_probes(evidence, steps))
                return Verdict("failed", 0.0, f"{self.function}: {words}{shown}", hint=self.hint)
            worst = max(worst, error)
        fault = core_fault(context.assignment, *evidence[0], with_gradient=False)
        if fault is not None:
            message = f"dW is the derivative of the function's own loss. {not_credited('That', fault)}"
            return Verdict("failed", 0.0, message, hint=self.hint)
        message = f"dW agrees with central differences of the loss along {DIRECTIONS * len(REGS)} random directions."
        return Verdict(
            "passed", 1.0, message, measured={"relative_error": worst}, allowed={"relative_error": FINE_BOUND}
        )


def _steps(dtype: str) -> tuple[_Step, ...]:
    """The steps in the order in which they are tried; a direction is right when it is so at one of them."""
    fine = _Step(FINE, FINE_BOUND, unit_roundoff("float64"))
    coarse = _Step(COARSE, COARSE_BOUND, unit_roundoff("float32"))
    return (fine, coarse) if dtype == "float64" else (coarse,)


_PER_REG = 1 + 2 * DIRECTIONS
_FIRST_CALLS = len(REGS) * _PER_REG
_LATER_CALLS = len(REGS) * 2 * DIRECTIONS


def _probes(evidence: Evidence, steps: tuple[_Step, ...]) -> Iterator[tuple[_Call, list[_Probe]]]:
    """For each reg and direction the call at W, and the pairs of calls at each step that was tried."""
    has_second = len(steps) > 1 and len(evidence) > _FIRST_CALLS
    for reg in range(len(REGS)):
        for direction in range(DIRECTIONS):
            first = reg * _PER_REG + 1 + 2 * direction
            probes = [_Probe(steps[0], evidence[first], evidence[first + 1])]
            if has_second:
                second = _FIRST_CALLS + 2 * (reg * DIRECTIONS + direction)
                probes.append(_Probe(steps[1], evidence[second], evidence[second + 1]))
            yield evidence[reg * _PER_REG], probes


def _asked_directions(evidence: Evidence) -> Iterator[tuple[Trial, list[Array]]]:
    """For each reg the call at W and the unit vectors that it was moved along."""
    for reg in range(len(REGS)):
        start = reg * _PER_REG
        moved = [
            _weights(evidence[up][0]) - _weights(evidence[up + 1][0])
            for up in range(start + 1, start + _PER_REG, 2)
        ]
        yield evidence[start][0], [each / np.linalg.norm(each) for each in moved]


def _coordinate_probes(evidence: Evidence, steps: tuple[_Step, ...]) -> list[_Probe]:
    """The pairs of calls that move a single entry of W; none where none were asked for."""
    rest = evidence[_FIRST_CALLS + (_LATER_CALLS if len(steps) > 1 else 0) :]
    return [_Probe(steps[0], rest[up], rest[up + 1]) for up in range(0, len(rest), 2)]


def _directions(rng: np.random.Generator, shape: tuple[int, ...]) -> list[Array]:
    """Unit vectors in all entries of W, so that no entry can hide."""
    drawn = (rng.normal(size=shape) for _ in range(DIRECTIONS))
    return [each / np.linalg.norm(each) for each in drawn]


def _coordinates(rng: np.random.Generator, shape: tuple[int, ...]) -> list[Array]:
    """Unit vectors in single entries of W, no entry twice."""
    size = int(np.prod(shape))
    chosen = rng.permutation(size)[:COORDINATES]
    return [np.eye(1, size, k=int(entry)).reshape(shape) for entry in chosen]


def _number(value: Value) -> float:
    return float(value.array) if isinstance(value, Received) else float("nan")


def _not_numbers(at: _Call) -> str | None:
    """The words for a call at W that gave no loss and gradient to work with."""
    trial, observation = at
    assert isinstance(observation, Returned)
    loss, gradient = observation.values
    if not isinstance(gradient, Received) or not isinstance(loss, Received):
        return f"it does not return a loss and a gradient, on {trial.label}."
    if not np.isfinite(loss.array) or not np.isfinite(gradient.array).all():
        return f"it does not return a finite loss and a finite gradient, on {trial.label}."
    return None


def _slopes(at: _Call, probe: _Probe) -> tuple[float, float]:
    """The difference quotient of the loss along a probe, and what dW says it is."""
    _, observation = at
    (up_trial, up), (down_trial, down) = probe.up, probe.down
    assert isinstance(observation, Returned)
    assert isinstance(up, Returned)
    assert isinstance(down, Returned)
    gradient = observation.values[1]
    assert isinstance(gradient, Received)
    moved = _weights(up_trial) - _weights(down_trial)
    length = float(np.linalg.norm(moved))
    numeric = (_number(up.values[0]) - _number(down.values[0])) / length
    return numeric, float(np.sum(gradient.array.astype(np.float64) * moved) / length)


def _directional_error(at: _Call, probes: Sequence[_Probe]) -> tuple[float, str | None]:
    """Relative error of one directional derivative at the best of the steps, and the sentence if none is in bounds."""
    trial, observation = at
    words = _not_numbers(at)
    if words is not None:
        return np.inf, words
    assert isinstance(observation, Returned)
    loss = _number(observation.values[0])
    best: tuple[float, float, float] | None = None
    for probe in probes:
        numeric, analytic = _slopes(at, probe)
        error = probe.step.error(numeric, analytic, loss)
        if np.isfinite(error) and error <= probe.step.bound:
            return error, None
        if np.isfinite(error):
            best = (error, numeric, analytic) if best is None else min(best, (error, numeric, analytic))
    if best is None:
        return np.inf, f"it does not return a finite loss at every step from W, on {trial.label}."
    error, numeric, analytic = best
    return error, (
        f"along a random direction the loss changes by {formatting.number(numeric)} per unit, but dW says"
        f" {formatting.number(analytic)} (central differences, {trial.label})."
        " dW is not the derivative of the loss that the function returns."
    )


def _shown_coordinates(at: _Call, probes: Sequence[_Probe]) -> str:
    """A sentence on single entries of W, as the handout's own check prints them; empty where none were tried."""
    _, observation = at
    if not probes or _not_numbers(at) is not None:
        return ""
    assert isinstance(observation, Returned)
    loss = _number(observation.values[0])
    wrong: list[str] = []
    for probe in probes:
        numeric, analytic = _slopes(at, probe)
        if not probe.step.error(numeric, analytic, loss) <= max(COORDINATE_BOUND, probe.step.bound):
            moved = _weights(probe.up[0]) - _weights(probe.down[0])
            entry = np.unravel_index(int(np.abs(moved).argmax()), moved.shape)
            wrong.append(
                f"dW{formatting.index(entry)} is {formatting.number(analytic)},"
                f" its quotient {formatting.number(numeric)}"
            )
    if not wrong:
        return f" At {len(probes)} single entries it is."
    shown = "; ".join(wrong[:SHOWN])
    return f" So it is at {len(wrong)} of {len(probes)} single entries: {shown}."


def _weights(trial: Trial) -> Array:
    case, _ = case_of(trial)
    return case.W
