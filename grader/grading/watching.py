"""Which calls of a submission are traced, and the operators that ran in any of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from grader.checks import Evidence
from grader.checks.base.check import random_stream
from grader.grading.layouts import Runner
from grader.model.assignment import (
    Assignment,
    LossFunction,
    ParamSetFunction,
    SearchParamsFunction,
    TrainerFunction,
)
from grader.model.observation import Died, Observation, Returned, TimedOut
from grader.model.trial import ResidentTensor, Tensor, Trial
from grader.restrictions import shows_in_trace

_MOST_TRACED = 3
_TRACED_SECONDS = 0.01
"""Traced calls of one function, and their time, after which no more are drawn."""
_SOON, _LATER = 3, 16
"""The first traced call is among this many, a later one among that many after the one before."""
_CHEAP = 12
"""Scores, samples times classes, up to which each due call of a naive function is traced; of greater ones a share."""
_SHORT = 1 / 20
"""The share of its deadline that the call before may have taken: a trace slows down small operators several times."""


Seen = Mapping[str, tuple[tuple[str, ...], frozenset[str]]]
"""By function, the operators that ran in some calls, and the functions that it was passed."""

_TRAINING = ParamSetFunction | SearchParamsFunction | TrainerFunction


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

    def is_due(self, scores: float) -> bool:
        """Whether to trace this call, whose time grows with so many scores."""
        if not self.is_short or self.traced == _MOST_TRACED or self.seconds > _TRACED_SECONDS:
            return False
        self.left -= 1
        return self.left < 0 and self.draw.random() < (_CHEAP / max(scores, 1)) ** 2

    def count(self, seen: Observation) -> None:
        """Take note of a traced call. None follows one that ended its process or never returned."""
        self.traced = _MOST_TRACED if isinstance(seen, TimedOut | Died) else self.traced + 1
        self.seconds += seen.seconds if isinstance(seen, Returned) else 0.0
        self.left = int(self.draw.integers(_LATER))


@dataclass(slots=True, eq=False)
class Watch:
    """Draws the calls to trace among a submission's ordinary ones, so that none can be told beforehand."""

    seed: int
    assignment: Assignment
    lent: dict[str, set[str]] = field(default_factory=dict)
    """By function, the other functions of the student's that were passed to it."""
    _operators: dict[str, dict[str, None]] = field(default_factory=dict)
    _plans: dict[str, _Plan] = field(default_factory=dict)
    _traced: list[Trial] = field(default_factory=list)
    """Since the last check began."""
    _latest: dict[str, tuple[dict[str, None], set[str]]] = field(default_factory=dict)
    """What was seen since then."""

    @property
    def latest(self) -> Seen:
        """What was seen since the last check began."""
        return {name: (tuple(operators), frozenset(lent)) for name, (operators, lent) in self._latest.items()}

    def recall(self, seen: Seen) -> None:
        """Take note of what an earlier grading saw, in calls that are not made again."""
        for name, (operators, lent) in seen.items():
            self._note(name, operators, lent)

    @property
    def seen(self) -> Mapping[str, tuple[str, ...]]:
        """By function, the operators that ran in its calls."""
        return {name: tuple(operators) for name, operators in self._operators.items()}

    def over(self, run: Runner, *, is_timed: bool) -> Runner:
        """The runner, with some calls traced. is_timed: none is, because a check measures time or trains."""
        self._traced.clear()
        self._latest.clear()
        may_trace = not is_timed and shows_in_trace(self.assignment)
        return lambda trial: self._run(trial, run, may_trace=may_trace)

    def untraced(self, evidence: Evidence, run: Runner) -> Evidence | None:
        """The evidence with the calls that were traced made once more without; None if none was."""
        traced = list(map(id, self._traced))
        if not any(id(trial) in traced for trial, _ in evidence):
            return None
        return [(trial, run(trial) if id(trial) in traced else seen) for trial, seen in evidence]

    def _run(self, trial: Trial, run: Runner, *, may_trace: bool) -> Observation:
        if trial.runner != "student":
            return run(trial)
        plan = self._plans.get(trial.function)
        if plan is None:
            plan = self._plans[trial.function] = _Plan.of(self.seed, trial.function)
        if may_trace and self._is_ordinary(trial) and plan.is_due(self._scores(trial)):
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

    def _is_ordinary(self, trial: Trial) -> bool:
        """Whether a trace disturbs neither the call nor the grader's speed. Training has too many steps for one."""
        function = self.assignment.functions[trial.function]
        trains = isinstance(function, _TRAINING) or trial.method == "train"
        is_alone = not trial.replaced and set(trial.lent) <= {trial.function}
        return is_alone and not (trains or trial.is_counted or trial.is_again)

    def _scores(self, trial: Trial) -> float:
        """Samples times classes of a naive function's call, which computes each score by itself; 0 for others."""
        function = self.assignment.functions[trial.function]
        shapes = [each.array.shape for each in trial.positional if isinstance(each, Tensor | ResidentTensor)]
        if not (isinstance(function, LossFunction) and function.style == "naive" and len(shapes) == 3):
            return 0.0
        weights, data, labels = map(math.prod, shapes)
        return weights * labels * labels / max(data, 1)

    def _remember(self, trial: Trial, operators: Sequence[str]) -> None:
        self._note(trial.function, operators, trial.lent)
        latest, lent = self._latest.setdefault(trial.function, ({}, set()))
        latest.update(dict.fromkeys(operators))
        lent.update(trial.lent)

    def _note(self, function: str, operators: Sequence[str], lent: Iterable[str]) -> None:
        self._operators.setdefault(function, {}).update(dict.fromkeys(operators))
        self.lent.setdefault(function, set()).update(lent)
