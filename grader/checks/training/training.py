"""The trainer under a spy: the judge lends it a loss function, so its log can be checked step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.training_audit import TrainingAudit, changed_defaults, conclude
from grader.checks.training.training_run import (
    TrainingRun,
    TrainingSizes,
    as_asked_of,
    draw_data,
    draw_keywords,
    draw_sizes,
    draw_spy,
    draw_weights,
    name_of,
    weights_and_history,
)
from grader.model.assignment import Assignment, ClassifierClass, Role, TrainerDefaults, TrainerFunction
from grader.model.observation import Observation, Raised, Returned, Unexpected, Value
from grader.model.trial import Array, ArrayOutput, Scalar, SeriesOutput, Tensor, Trial
from grader.model.verdict import Finding, Verdict

_MORE_ROWS = 15
"""Than a batch of the default size has, so that one can be drawn without replacement."""


class TrainingCheck(CheckFields):
    """Batches from the data, W - learning_rate*dW at each step, the history of losses, a start from W = None."""

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
        {"function": ("trainer", "classifier")}
    )

    kind: Literal["training"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One run from a given W, one from None, with different sizes; one with the signature's defaults."""
        rng = random_stream(context.seed, self.id)
        given = draw_sizes(rng, num_iters=(10, 14), batch_size=(16, 24))
        none = draw_sizes(rng, num_iters=(6, 9), batch_size=(205, 240))
        trials = [
            self._trial(context.assignment, rng, given, draw_weights(rng, given)),
            self._trial(context.assignment, rng, none, None),
        ]
        defaults = self._defaults(context.assignment)
        if defaults is not None:
            trials.append(self._default_trial(context.assignment, rng, defaults))
        return tuple(as_asked_of(context.assignment, trial) for trial in trials)

    def _defaults(self, assignment: Assignment) -> TrainerDefaults | None:
        trainer = assignment.functions[self.function]
        assert isinstance(trainer, TrainerFunction | ClassifierClass)
        return trainer.defaults

    def _trial(
        self, assignment: Assignment, rng: np.random.Generator, sizes: TrainingSizes, start: Array | None
    ) -> Trial:
        from_none = start is None
        X, y = draw_data(rng, sizes, absent_class=from_none)
        words = f"{sizes.num_iters} steps, batches of {sizes.batch_size}"
        return Trial(
            label=f"{words}, W = {'None' if from_none else 'given'}",
            function=self.function,
            positional=(
                draw_spy(rng, sizes),
                Scalar(None) if start is None else Tensor(start),
                Tensor(X),
                Tensor(y),
            ),
            keywords=draw_keywords(rng, sizes, verbose=from_none),
            outputs=(ArrayOutput((sizes.features, sizes.classes)), SeriesOutput(sizes.num_iters)),
            echo=(2, 3),
            backend=assignment.backend,
            seconds=assignment.limits.training_seconds,
        )

    def _default_trial(
        self, assignment: Assignment, rng: np.random.Generator, defaults: TrainerDefaults
    ) -> Trial:
        sizes = TrainingSizes(defaults.batch_size + _MORE_ROWS, 6, 4, defaults.num_iters, defaults.batch_size)
        X, y = draw_data(rng, sizes)
        return Trial(
            label="the defaults of the signature",
            function=self.function,
            positional=(
                draw_spy(rng, sizes),
                Tensor(draw_weights(rng, sizes)),
                Tensor(X),
                Tensor(y),
            ),
            outputs=(ArrayOutput((sizes.features, sizes.classes)), SeriesOutput(sizes.num_iters)),
            backend=assignment.backend,
            seconds=assignment.limits.training_seconds,
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Credit for each part of the contract that holds in both runs; other defaults are a note."""
        faults: dict[str, str] = {}
        notes: list[str] = []
        for trial, observation in evidence:
            if not trial.keywords:
                notes += self._default_notes(context.assignment, trial, observation)
                continue
            run = TrainingRun.of(trial)
            if isinstance(observation, Raised) and run.start is None:
                faults.setdefault("start", f"starting from W = None, {failure_sentence(trial, observation)}")
                continue
            if not isinstance(observation, Returned):
                words = sentence(failure_sentence(trial, observation))
                return Verdict(
                    "failed", 0.0, words, hint=self.hint, findings=(Finding(self.function, False),)
                )
            audit = TrainingAudit(run, observation.spy_calls)
            found = audit.faults(*weights_and_history(observation))
            if _changed(observation.echoes[0], run.X) or _changed(observation.echoes[1], run.y):
                found.setdefault("batches", "X or y is changed by the trainer")
            for part, words in found.items():
                faults.setdefault(part, f"{words} ({trial.label})")
            notes += audit.notes()
        verdict = conclude(name_of(evidence[0][0]), faults, self.hint, tuple(notes))
        return replace(
            verdict, findings=tuple(replace(each, function=self.function) for each in verdict.findings)
        )

    def _default_notes(
        self, assignment: Assignment, trial: Trial, observation: Observation
    ) -> tuple[str, ...]:
        defaults = self._defaults(assignment)
        assert defaults is not None
        if isinstance(observation, Raised) and observation.kind == "TypeError":
            return (f"called without its optional arguments it raises TypeError: {observation.message}",)
        if not isinstance(observation, Returned):
            return ()
        run = TrainingRun.of(trial, defaults.model_dump())
        return changed_defaults(run, observation.spy_calls, weights_and_history(observation)[0])


def _changed(echo: Value, array: Array) -> bool:
    return isinstance(echo, Unexpected) or not np.array_equal(echo.array, array)
