"""How a trainer draws its batches: from all rows, at random, a new batch at every step."""

from __future__ import annotations

from typing import ClassVar, Literal

from grader.checks.base.call import failure_sentence, name_of
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.calls import right_method
from grader.checks.training.draws import audit_draws, row_numbers
from grader.checks.training.training_run import (
    TrainingRun,
    draw_data,
    draw_keywords,
    draw_sizes,
    draw_weights,
    spied_trial,
)
from grader.model.assignment import Assignment
from grader.model.observation import Received, Returned
from grader.model.trial import Array, Replacement, Trial
from grader.model.verdict import Finding, Verdict


class SamplingCheck(CheckFields):
    """Batches are drawn uniformly from all rows."""

    roles: ClassVar[Roles] = {"function": ("trainer", "classifier")}

    kind: Literal["sampling"]
    function: str

    @property
    def asked_again(self) -> Literal["any"]:
        """Of any function."""
        return "any"

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right trainer."""
        return right_method(assignment, self.function, "train")

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Two runs of some 60 steps with batches of about half the rows, on the same data."""
        rng = random_stream(context.seed, self.id)
        sizes = draw_sizes(rng, num_iters=(58, 66), batch_size=(22, 28))
        data = draw_data(rng, sizes, is_skewed=True)
        return tuple(
            spied_trial(
                context.assignment,
                self.function,
                f"{sizes.num_iters} steps, batches of {sizes.batch_size} out of {sizes.samples} rows",
                rng,
                sizes,
                data,
                start=draw_weights(rng, sizes),
                keywords=draw_keywords(rng, sizes, verbose=False),
            )
            for _ in range(2)
        )

    def judge(self, _context: CheckContext, evidence: Evidence, /) -> Verdict:
        """Passed when the rows that the spy saw look uniform and change from step to step and from run to run."""
        name, samples = name_of(evidence[0][0]), len(TrainingRun.of(evidence[0][0]).X)
        runs: list[list[Array]] = []
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return self.failed(failure_sentence(trial, observation))
            batches = [
                row_numbers(call.X.array[:, 0], samples) if isinstance(call.X, Received) else None
                for call in observation.spy_calls
            ]
            runs.append([rows for rows in batches if rows is not None])
            if len(runs[-1]) < max(len(batches), TrainingRun.of(trial).num_iters):
                return self.failed(
                    f"{name} does not pass a batch of rows of X to the loss function at every step"
                )
        draws = audit_draws(runs, samples, each="step")
        is_even = draws.fault is None
        return self.scored(
            float(is_even),
            f"{name} draws its batches evenly from all {samples} rows"
            if is_even
            else f"{name}: {draws.fault}",
            measured={"chi_square": draws.chi_square},
            allowed={"chi_square": draws.allowed},
            findings=(Finding(self.function, None, notes=() if draws.note is None else (draws.note,)),)
            if is_even
            else (),
        )
