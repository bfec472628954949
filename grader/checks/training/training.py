"""The trainer under a spy: it calls a loss function lent by the judge, whose log is checked step by step."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from grader.checks.base.call import failure_sentence, name_of
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.calls import right_method, weights_and_history
from grader.checks.training.training_audit import TrainingAudit, credit_of
from grader.checks.training.training_run import (
    TrainingRun,
    draw_data,
    draw_keywords,
    draw_sizes,
    draw_weights,
    spied_trial,
)
from grader.model.assignment import Assignment
from grader.model.observation import Raised, Returned, Unexpected, Value
from grader.model.trial import Array, Replacement, Trial
from grader.model.verdict import Finding, Verdict


class TrainingCheck(CheckFields):
    """Batches from the data, W - learning_rate*dW at each step, the history of losses, a start from W = None."""

    roles: ClassVar[Roles] = {"function": ("trainer", "classifier")}

    kind: Literal["training"]
    function: str

    @property
    def asked_again(self) -> Literal["any"]:
        """Of any function."""
        return "any"

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right trainer."""
        return right_method(assignment, self.function, "train")

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One run from a given W, one from None, with different sizes."""
        assignment, rng = context.assignment, random_stream(context.seed, self.id)
        given = draw_sizes(rng, num_iters=(10, 14), batch_size=(16, 24))
        none = draw_sizes(rng, num_iters=(6, 9), batch_size=(205, 240))
        return tuple(
            spied_trial(
                assignment,
                self.function,
                f"{sizes.num_iters} steps, batches of {sizes.batch_size}, W = {'None' if is_none else 'given'}",
                rng,
                sizes,
                draw_data(rng, sizes, absent_class=is_none),
                start=None if is_none else draw_weights(rng, sizes),
                keywords=draw_keywords(rng, sizes, verbose=is_none),
            )
            for sizes, is_none in ((given, False), (none, True))
        )

    def judge(self, _context: CheckContext, evidence: Evidence, /) -> Verdict:
        """Credit for each part of the contract that holds in both runs."""
        faults: dict[str, str] = {}
        notes: list[str] = []
        for trial, observation in evidence:
            run = TrainingRun.of(trial)
            if isinstance(observation, Raised) and run.start is None:
                faults.setdefault("start", f"starting from W = None, {failure_sentence(trial, observation)}")
                continue
            if not isinstance(observation, Returned):
                words = failure_sentence(trial, observation)
                return self.failed(words, findings=(Finding(self.function, False),))
            audit = TrainingAudit(run, observation.spy_calls)
            final_W, history = weights_and_history(observation)
            found = audit.faults(final_W, history)
            if _is_changed(observation.echoes[0], run.X) or _is_changed(observation.echoes[1], run.y):
                found.setdefault("batches", "the trainer changes X or y")
            for part, words in found.items():
                faults.setdefault(part, f"{words} ({trial.label})")
            notes += audit.notes(history)
        name = name_of(evidence[0][0])
        right = f"{name} draws its batches, updates W and records the loss as it should at every step"
        return self.scored(
            credit_of(faults),
            f"{name}: {'; '.join(faults.values())}" if faults else right,
            findings=(Finding(self.function, not faults, notes=tuple(dict.fromkeys(notes))),),
        )


def _is_changed(echo: Value, array: Array) -> bool:
    return isinstance(echo, Unexpected) or not np.array_equal(echo.array, array)
