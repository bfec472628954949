"""How a trainer draws its batches: every row within reach, at random, another batch at every step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.draws import are_the_same, judge_draws, row_numbers
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
)
from grader.model.assignment import Assignment, Role
from grader.model.observation import Received, Returned, SpyCall
from grader.model.trial import Array, ArrayOutput, SeriesOutput, Tensor, Trial
from grader.model.verdict import Finding, Verdict


class SamplingCheck(CheckFields):
    """Batches are drawn uniformly from all rows."""

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
        {"function": ("trainer", "classifier")}
    )

    kind: Literal["sampling"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Two runs of some 60 steps with batches of about half the rows, on the same data."""
        rng = random_stream(context.seed, self.id)
        sizes = draw_sizes(rng, num_iters=(58, 66), batch_size=(22, 28))
        X, y = draw_data(rng, sizes, is_skewed=True)
        return tuple(
            as_asked_of(context.assignment, self._trial(context.assignment, rng, sizes, X, y))
            for _ in range(2)
        )

    def _trial(
        self, assignment: Assignment, rng: np.random.Generator, sizes: TrainingSizes, X: Array, y: Array
    ) -> Trial:
        return Trial(
            label=f"{sizes.num_iters} steps, batches of {sizes.batch_size} out of {sizes.samples} rows",
            function=self.function,
            positional=(draw_spy(rng, sizes), Tensor(draw_weights(rng, sizes)), Tensor(X), Tensor(y)),
            keywords=draw_keywords(rng, sizes, verbose=False),
            outputs=(ArrayOutput((sizes.features, sizes.classes)), SeriesOutput(sizes.num_iters)),
            backend=assignment.backend,
            seconds=assignment.limits.training_seconds,
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:  # noqa: ARG002
        """Passed when the rows that the spy saw look uniform and change from step to step and from run to run."""
        name = name_of(evidence[0][0])
        runs: list[list[Array]] = []
        samples = 0
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return Verdict("failed", 0.0, sentence(failure_sentence(trial, observation)), hint=self.hint)
            run = TrainingRun.of(trial)
            samples = len(run.X)
            rows = [_rows(call, samples) for call in observation.spy_calls]
            seen = [row for row in rows if row is not None]
            if len(seen) < run.num_iters or len(seen) != len(rows):
                message = f"{name} does not hand a batch of rows of X to the loss function at every step."
                return Verdict("failed", 0.0, message, hint=self.hint)
            runs.append(seen)
        draws = judge_draws(runs[0], samples, each="step")
        fault = draws.fault
        if fault is None and are_the_same(*runs):
            fault = "it draws the same batches in every run: is its generator set to a fixed seed?"
        measured, allowed = {"chi_square": draws.chi_square}, {"chi_square": draws.allowed}
        if fault is not None:
            return Verdict("failed", 0.0, sentence(f"{name}: {fault}"), self.hint, measured, allowed)
        message = f"{name} draws its batches from all {samples} rows, evenly."
        return Verdict(
            "passed", 1.0, message, None, measured, allowed, findings=(Finding(self.function, None),)
        )


def _rows(call: SpyCall, samples: int) -> Array | None:
    """The numbers of the rows in a batch, from column 0; None where it is no batch of X."""
    if not isinstance(call.X, Received):
        return None
    return row_numbers(call.X.array[:, 0], samples)
