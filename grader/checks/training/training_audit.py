"""Checks the log of a spied training run: batches, updates, history and start, with the first fault of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from grader import formatting
from grader.checks.base.comparison import described
from grader.checks.training.draws import row_numbers
from grader.checks.training.training_run import TrainingRun
from grader.model.observation import Received, SpyCall, Unexpected, Value
from grader.model.trial import Array

GREATEST_START = 5.2
"""Of a start from None, in units of 1/sqrt(D): a normal draw with that deviation exceeds it once in 30,000 runs."""

UPDATE_BOUND = 1e-12
FLOAT32_BOUND = 1e-5

SHARES: Mapping[str, float] = {"batches": 0.4, "updates": 0.5, "history": 0.05, "start": 0.05}
"""The share of the points for each part of the contract."""


def credit_of(faults: Mapping[str, str]) -> float:
    """The shares of the parts without a fault; nothing with wrong batches and updates, as the template has the rest."""
    if not faults:
        return 1.0
    if {"batches", "updates"} <= faults.keys():
        return 0.0
    return sum(share for part, share in SHARES.items() if part not in faults)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingAudit:
    """Goes through the spy's log of one run and finds the faults, by part of the contract."""

    run: TrainingRun
    calls: Sequence[SpyCall]

    def faults(self, final_W: Value, history: Value) -> dict[str, str]:
        """Sentences by part; empty for a right run."""
        found = {
            "batches": self._batch_fault(),
            "updates": self._update_fault(final_W),
            "history": self._history_fault(history),
            "start": self._start_fault(),
        }
        return {part: words for part, words in found.items() if words is not None}

    def notes(self, history: Value) -> tuple[str, ...]:
        """Deviations that cost nothing because no call in the assignment's dtype shows them."""
        found = []
        if isinstance(history, Received) and history.dtype != "float":
            found.append(
                "loss_history holds tensors, not numbers: each one holds on to its memory; .item() gives the"
                " number"
            )
        if self.run.start is None and self.calls and isinstance(self.calls[0].W, Received):
            dtype = self.calls[0].W.dtype
            if dtype != self.run.X.dtype.name:
                found.append(f"with W = None it starts in {dtype} although X is {self.run.X.dtype.name}")
        return tuple(found)

    def _batch_fault(self) -> str | None:
        if len(self.calls) != self.run.num_iters:
            called = formatting.count(len(self.calls), "time")
            return f"the loss function is called {called}, expected num_iters = {self.run.num_iters}"
        for step, call in enumerate(self.calls):
            words = self._rows_fault(call)
            if words is not None:
                return f"{words}, at iteration {step}"
            if not isinstance(call.reg, Received) or float(call.reg.array) != self.run.reg:
                return f"reg is passed on as {described(call.reg)}, expected {self.run.reg:g}, at iteration {step}"
        return None

    def _rows_fault(self, call: SpyCall) -> str | None:
        expected = (self.run.batch_size, self.run.X.shape[1])
        if isinstance(call.X, Unexpected):
            return f"X_batch is {call.X.description}, expected shape {expected}"
        if isinstance(call.y, Unexpected):
            return f"y_batch is {call.y.description}, expected {self.run.batch_size} labels"
        numbers = row_numbers(call.X.array[:, 0], len(self.run.X))
        if numbers is None or not np.allclose(call.X.array, self.run.X[numbers], rtol=1e-6, atol=1e-7):
            return "X_batch holds rows that are not in X"
        if not np.array_equal(call.y.array, self.run.y[numbers]):
            return "y_batch does not hold the labels of the rows in X_batch"
        return None

    def _update_fault(self, final_W: Value) -> str | None:
        if not self.calls:
            return "W is never updated: the loss function is not called"
        weights: list[Array] = []
        for value in (*(call.W for call in self.calls), final_W):
            if isinstance(value, Unexpected):
                name = "the returned W" if value is final_W else "the W given to the loss function"
                return f"{name} is {value.description}, expected shape {self.run.spy.gradients.shape[1:]}"
            weights.append(value.array.astype(np.float64))
        if self.run.start is not None and not _close(weights[0], self.run.start):
            return "the first W given to the loss function is not the W that was passed in"
        for step, (before, after) in enumerate(pairwise(weights)):
            gradient = self.run.spy.gradients[step]
            if not _close(after, before - self.run.learning_rate * gradient):
                if step == len(self.calls) - 1 and any(_close(after, each) for each in weights[:step]):
                    return "the returned W is an earlier one, not the W after the last step"
                return f"{self._name_update(before, after, gradient)}, at iteration {step}"
        return None

    def _name_update(self, before: Array, after: Array, gradient: Array) -> str:
        """The wrong update by name, if it is a known one."""
        step = self.run.learning_rate * gradient
        known = (
            (before, "W is not changed"),
            (before + step, "W is moved up the gradient (W + learning_rate*dW), which increases the loss"),
            (before - gradient, "W is moved by the whole gradient: the learning rate is not used"),
            (-step, "W is replaced by -learning_rate*dW instead of being moved by it"),
            (
                before - step / self.run.batch_size,
                "the step is divided by batch_size, though dW is already an average",
            ),
        )
        named = (words for expected, words in known if _close(after, expected))
        return next(named, "W is not updated to W - learning_rate*dW")

    def _history_fault(self, history: Value) -> str | None:
        if isinstance(history, Unexpected):
            return f"loss_history is {history.description}, expected a list of {self.run.num_iters} numbers"
        if history.array.shape != (self.run.num_iters,):
            seen = formatting.count(len(history.array), "number")
            return f"loss_history holds {seen}, expected num_iters = {self.run.num_iters}"
        if not np.allclose(history.array, self.run.spy.losses[: self.run.num_iters], rtol=1e-6):
            return "loss_history does not hold the losses that the loss function returned"
        return None

    def _start_fault(self) -> str | None:
        if self.run.start is not None or not self.calls:
            return None
        first = self.calls[0].W
        if isinstance(first, Unexpected):
            return (
                f"with W = None the first W is {first.description}, expected shape (D, C) with C = max(y) + 1"
            )
        greatest = GREATEST_START / np.sqrt(len(first.array))
        if not np.isfinite(first.array).all() or np.max(np.abs(first.array)) > greatest:
            return "with W = None the first weights are not small"
        return None


def _close(seen: Array, expected: Array) -> bool:
    """Equal up to rounding; a trainer may work in float32 inside."""
    scale = max(1.0, float(np.max(np.abs(expected))))
    with np.errstate(over="ignore", invalid="ignore"):
        difference = float(np.max(np.abs(seen - expected)))
        is_float32 = np.array_equal(seen, seen.astype(np.float32))
    return difference <= (FLOAT32_BOUND if is_float32 else UPDATE_BOUND) * scale
