"""A function that draws one batch: rows with their own labels, drawn evenly from all rows and anew in every call."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader.checks.base.call import failure_sentence
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.calls import right_sampler
from grader.checks.training.draws import audit_draws, row_numbers
from grader.checks.training.training_run import TrainingSizes, draw_data, draw_sizes
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Received, Returned, Unexpected
from grader.model.trial import (
    Array,
    ArrayOutput,
    Driver,
    DTypeName,
    FunctionArgument,
    LabelsOutput,
    Replacement,
    Scalar,
    Tensor,
    Trial,
)
from grader.model.verdict import Finding, Verdict
from reference import driver_source

PAIRS_SHARE = 0.5
"""Of the points, for batches of the right shape whose rows have their own labels; the rest for how they are drawn."""

_SHORT = "the first rows only"
"""Tag of the run with a num_train smaller than len(X), which the course's own trainer never passes."""


class BatchesCheck(CheckFields):
    """(X, y, num_train, batch_size) returns rows of X with their labels, drawn uniformly and anew in every call."""

    roles: ClassVar[Roles] = {"function": ("sampler",)}

    kind: Literal["batches"]
    function: str
    dtype: DTypeName = Field(default="float64", description="Dtype of X.")

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """A right sampler."""
        return right_sampler(assignment, self.function)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Two runs of some 60 calls on the same data, and one with a num_train smaller than len(X)."""
        rng = random_stream(context.seed, self.id)
        sizes = draw_sizes(rng, num_iters=(58, 66), batch_size=(22, 28))
        X, y = draw_data(rng, sizes, is_skewed=True)
        whole = self._trial(context.assignment, sizes, X, y, sizes.samples, sizes.num_iters)
        short = self._trial(context.assignment, sizes, X, y, sizes.batch_size + 7, 4)
        return (whole, whole, short)

    def _trial(
        self, assignment: Assignment, sizes: TrainingSizes, X: Array, y: Array, num_train: int, calls: int
    ) -> Trial:
        label = f"{calls} calls, batches of {sizes.batch_size} out of {sizes.samples} rows"
        if num_train < sizes.samples:
            label += f", num_train {num_train}"
        numbers = (Scalar(num_train), Scalar(sizes.batch_size), Scalar(calls))
        drawn = calls * sizes.batch_size
        return Trial(
            label=label,
            function=self.function,
            positional=(FunctionArgument(self.function), Tensor(X.astype(self.dtype)), Tensor(y), *numbers),
            outputs=(ArrayOutput((drawn, sizes.features)), LabelsOutput(drawn)),
            echo=(1, 2),
            backend=assignment.backend,
            seconds=assignment.limits.call_seconds,
            driver=Driver("draw", driver_source("batches")),
            tag=_SHORT if num_train < sizes.samples else "",
        )

    def judge(self, _context: CheckContext, evidence: Evidence, /) -> Verdict:
        """Half of the points for rows with their labels, if any are drawn, and half for how they are drawn."""
        runs: list[list[Array]] = []
        notes: tuple[str, ...] = ()
        for trial, observation in evidence:
            batches = self._batches(trial, observation)
            if trial.tag == _SHORT:
                notes = _notes_on(trial, batches)
            elif isinstance(batches, str):
                return self.failed(batches, findings=(Finding(self.function, False),))
            else:
                runs.append(batches)
        rows = len(_arguments(evidence[0][0])[0])
        draws = audit_draws(runs, rows, each="call")
        is_even = draws.fault is None
        share, words = PAIRS_SHARE, f"{self.function}: {draws.fault}"
        if is_even:
            share, words = 1.0, f"{self.function} draws rows with their labels evenly from all {rows} rows"
        elif draws.is_slice:
            share, words = (
                0.0,
                f"{words}, a slice of X and y. No points for their labels until rows are drawn",
            )
        return self.scored(
            share,
            words,
            measured={"chi_square": draws.chi_square},
            allowed={"chi_square": draws.allowed},
            findings=(
                Finding(self.function, is_even, (), notes if draws.note is None else (*notes, draws.note)),
            ),
        )

    def _batches(self, trial: Trial, observation: Observation) -> list[Array] | str:
        """The row numbers of each batch, or a sentence on the first fault."""
        if not isinstance(observation, Returned):
            return failure_sentence(trial, observation)
        X, y, _, size, calls = _arguments(trial)
        rows, labels = observation.values
        shapes = f"X_batch of shape ({size}, {X.shape[1]}) and y_batch of shape ({size},)"
        for name, value in (("X_batch", rows), ("y_batch", labels)):
            if isinstance(value, Unexpected):
                return f"{self.function}: {name} is {value.description}; expected {shapes}, on {trial.label}"
        assert isinstance(rows, Received)
        assert isinstance(labels, Received)
        numbers = row_numbers(rows.array[:, 0].astype(np.float64), len(X))
        if numbers is None or not np.array_equal(rows.array.astype(np.float64), X[numbers]):
            return f"{self.function}: X_batch holds rows that are not in X, on {trial.label}"
        if not np.array_equal(labels.array, y[numbers]):
            wrong = float(np.mean(labels.array != y[numbers]))
            return (
                f"{self.function}: y_batch does not hold the labels of the rows in X_batch ({wrong:.0%} are wrong):"
                " are both taken with the same indices?"
            )
        for position, echo, given in zip(trial.echo, observation.echoes, (X, y), strict=True):
            if not isinstance(echo, Received) or not np.array_equal(echo.array.astype(np.float64), given):
                return f"{self.function} changes its input {'X' if position == 1 else 'y'}, on {trial.label}"
        return list(numbers.reshape(calls, size))


def _notes_on(trial: Trial, batches: list[Array] | str) -> tuple[str, ...]:
    """A clause where rows beyond the first num_train are drawn."""
    if isinstance(batches, str):
        return ("it cannot draw from the first num_train rows of a longer X",)
    is_beyond = np.concatenate(batches).max() >= _arguments(trial)[2]
    return ("it draws from all rows of X and ignores num_train",) if is_beyond else ()


def _arguments(trial: Trial) -> tuple[Array, Array, int, int, int]:
    """X (N, D) float64, y (N,) int64, num_train, batch_size, and the number of calls."""
    X, y = (each.array for each in trial.positional if isinstance(each, Tensor))
    num_train, batch_size, calls = (
        int(each.value) for each in trial.positional if isinstance(each, Scalar) and each.value is not None
    )
    return X.astype(np.float64), y, num_train, batch_size, calls
