"""How a trainer draws its batches: every row within reach, at random, another batch at every step."""

from __future__ import annotations

from typing import Literal

import numpy as np

from grader import formatting
from grader.assignment import Assignment
from grader.checks.call import failure_sentence, sentence
from grader.checks.check import CheckFields, Evidence, random_stream
from grader.checks.training_run import (
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
from grader.observation import Received, Returned, SpyCall
from grader.trial import Array, ArrayOutput, SeriesOutput, Tensor, Trial
from grader.verdict import Finding, Verdict

DEVIATIONS = 10.6
"""Of the chi-square statistic above its mean: at 53 rows chance alone exceeds that less than once in 1e11 runs."""


class SamplingCheck(CheckFields):
    """Batches are drawn uniformly from all rows."""

    kind: Literal["sampling"]
    function: str

    @property
    def functions(self) -> tuple[str, ...]:
        """The trainer, or the class that trains."""
        return (self.function,)

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """Two runs of some 60 steps with batches of about half the rows, on the same data."""
        rng = random_stream(seed, self.id)
        sizes = draw_sizes(rng, num_iters=(58, 66), batch_size=(22, 28))
        X, y = draw_data(rng, sizes, is_skewed=True)
        return tuple(as_asked_of(assignment, self._trial(assignment, rng, sizes, X, y)) for _ in range(2))

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

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:  # noqa: ARG002
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
        seen = runs[0]
        counts = np.bincount(np.concatenate(seen), minlength=samples)
        expected = counts.sum() / samples
        chi_square = float(np.sum((counts - expected) ** 2) / expected)
        greatest = greatest_chi_square(samples)
        fault = _fault(seen, counts, is_even=chi_square <= greatest)
        if fault is None and _are_the_same(*runs):
            fault = "it draws the same batches in every run: is its generator set to a fixed seed?"
        measured, allowed = {"chi_square": chi_square}, {"chi_square": greatest}
        if fault is not None:
            return Verdict("failed", 0.0, sentence(f"{name}: {fault}"), self.hint, measured, allowed)
        message = f"{name} draws its batches from all {samples} rows, evenly."
        return Verdict(
            "passed", 1.0, message, None, measured, allowed, findings=(Finding(self.function, None),)
        )


def greatest_chi_square(rows: int) -> float:
    """The bound on the statistic of uniform draws from so many rows: 160 at 53 (52 degrees of freedom)."""
    freedom = rows - 1
    return float(round(freedom + DEVIATIONS * np.sqrt(2 * freedom)))


def _rows(call: SpyCall, samples: int) -> Array | None:
    """The numbers of the rows in a batch, from column 0; None where it is no batch of X."""
    if not isinstance(call.X, Received):
        return None
    rows = np.rint(call.X.array[:, 0])
    return rows.astype(np.int64) if np.all((rows >= 0) & (rows < samples)) else None  # nan is neither


def _are_the_same(first: list[Array], second: list[Array]) -> bool:
    """Whether two runs got the same rows at every step; a step of 25 rows has them by chance once in 1e14."""
    pairs = zip(first, second, strict=False)
    return all(np.array_equal(np.sort(one), np.sort(other)) for one, other in pairs)


def _fault(seen: list[Array], counts: Array, *, is_even: bool) -> str | None:
    if all(np.array_equal(rows, seen[0]) for rows in seen):
        return "every step gets the same batch"
    steps = [np.diff(np.sort(rows)) for rows in seen]  # in whatever order a batch has its rows
    if all(np.mean(step == 1) > 0.8 for step in steps):
        return "the batches are consecutive rows, not drawn at random"
    never = np.flatnonzero(counts == 0)
    if len(never) == 1 and never[0] == len(counts) - 1:
        return "the last row is never drawn: is the greatest index one too small? (randint excludes its upper bound)"
    if len(never) > 0:
        return f"{formatting.count(len(never), 'row')} of {len(counts)} {'is' if len(never) == 1 else 'are'} never drawn"
    if not is_even:
        return "some rows are drawn far more often than others"
    return None
