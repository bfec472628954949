"""Which calls of a submission are traced, and the operators that ran in any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from grader.checks import Evidence
from grader.checks.base.check import random_stream
from grader.grading.layouts import Runner
from grader.model.observation import Died, Observation, Returned, TimedOut
from grader.model.trial import Trial

_MOST_TRACED = 4
_TRACED_SECONDS = 0.015
"""Traced calls of one function, and their time, after which no more are drawn."""
_SOON, _LATER = 3, 16
"""The first traced call is among this many, a later one among that many after the one before."""
_SHORT = 1 / 20
"""The share of its deadline that the call before may have taken: a trace slows down small operators several times."""


@dataclass(slots=True)
class _Plan:
    """The traced calls of one function."""

    draw: np.random.Generator
    left: int
    """Calls until the next traced one."""
    traced: int = 0
    seconds: float = 0.0
    is_short: bool = False
    """Whether the call before returned in a small part of its deadline."""

    @classmethod
    def of(cls, seed: int, function: str) -> _Plan:
        draw = random_stream(seed, "traced calls", function)
        return cls(draw, int(draw.integers(_SOON)))

    def is_due(self) -> bool:
        """Whether to trace this call."""
        if not self.is_short or self.traced == _MOST_TRACED or self.seconds > _TRACED_SECONDS:
            return False
        self.left -= 1
        return self.left < 0

    def count(self, seen: Observation) -> None:
        """Take note of a traced call. None follows one that ended its process or never returned."""
        self.traced = _MOST_TRACED if isinstance(seen, TimedOut | Died) else self.traced + 1
        self.seconds += seen.seconds if isinstance(seen, Returned) else 0.0
        self.left = int(self.draw.integers(_LATER))


@dataclass(slots=True, eq=False)
class Watch:
    """Draws the calls to trace among a submission's ordinary ones, so that none can be told beforehand."""

    seed: int
    is_tracing: bool
    """Whether the assignment restricts something that a trace can show."""
    lent: dict[str, set[str]] = field(default_factory=dict)
    """By function, the other functions of the student's that were passed to it."""
    _operators: dict[str, dict[str, None]] = field(default_factory=dict)
    _plans: dict[str, _Plan] = field(default_factory=dict)
    _traced: list[Trial] = field(default_factory=list)
    """Since the last check began."""

    @property
    def seen(self) -> Mapping[str, tuple[str, ...]]:
        """By function, the operators that ran in its calls."""
        return {name: tuple(operators) for name, operators in self._operators.items()}

    def over(self, run: Runner, *, is_timed: bool) -> Runner:
        """The runner, with some calls traced. is_timed: none is, because a check measures time or trains."""
        self._traced.clear()
        return lambda trial: self._run(trial, run, may_trace=self.is_tracing and not is_timed)

    def untraced(self, evidence: Evidence, run: Runner) -> Evidence | None:
        """The evidence with the calls that were traced made once more without; None if none was."""
        traced = list(map(id, self._traced))
        if not any(id(trial) in traced for trial, _ in evidence):
            return None
        return [(trial, run(trial) if id(trial) in traced else seen) for trial, seen in evidence]

    def _run(self, trial: Trial, run: Runner, *, may_trace: bool) -> Observation:
        if trial.runner != "student":
            return run(trial)
        plan = self._plans.setdefault(trial.function, _Plan.of(self.seed, trial.function))
        is_ordinary = not (trial.is_counted or trial.is_again or trial.lent or trial.replaced)
        if may_trace and is_ordinary and plan.is_due():
            seen = run(replace(trial, is_traced=True))
            plan.count(seen)
            if isinstance(seen, TimedOut | Died):
                seen = run(trial)
            else:
                self._traced.append(trial)
        else:
            seen = run(trial)
        plan.is_short = isinstance(seen, Returned) and seen.seconds < _SHORT * trial.seconds
        if isinstance(seen, Returned):
            self._remember(trial, seen.operators)
        return seen

    def _remember(self, trial: Trial, operators: Sequence[str]) -> None:
        self._operators.setdefault(trial.function, {}).update(dict.fromkeys(operators))
        self.lent.setdefault(trial.function, set()).update(trial.lent)
