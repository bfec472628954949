"""The trainer under a spy: the judge lends it a loss function, so its log can be checked step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from grader import formatting
from grader.assignment import Assignment
from grader.checks.call import failure_sentence, sentence
from grader.checks.check import CheckFields, Evidence, random_stream
from grader.observation import Raised, Received, Returned, SpyCall, Unexpected, Value
from grader.trial import Array, ArrayOutput, Scalar, SeriesOutput, Spy, Tensor, Trial
from grader.verdict import Finding, Verdict

SAMPLES, FEATURES, CLASSES = 53, 6, 4
GREATEST_START = 4.5
"""Of W from None, in units of 1/sqrt(D): a normal draw of that deviation exceeds it once in 6000 runs."""

UPDATE_BOUND = 1e-12
FLOAT32_BOUND = 1e-5

SHARES: Mapping[str, float] = {"batches": 0.4, "updates": 0.5, "history": 0.05, "start": 0.05}
"""What each part of the contract is worth. A trainer with neither right batches nor right updates gets nothing:
the rest is in the template."""


@dataclass(frozen=True, slots=True)
class SpyTrial:
    """The numbers of one training run."""

    num_iters: int
    batch_size: int
    from_none: bool
    verbose: bool


RUNS = (
    SpyTrial(num_iters=12, batch_size=20, from_none=False, verbose=False),
    SpyTrial(num_iters=7, batch_size=9, from_none=True, verbose=True),
)


def draw_data(rng: np.random.Generator, *, absent_class: bool = False) -> tuple[Array, Array]:
    """X (53, 6) float64 that carries the row's number in column 0, and y (53,) int64 with every class.

    absent_class: leave one class out, never the last: max(y) + 1 counts it, the number of different labels does not.
    """
    X = rng.normal(0, 1, (SAMPLES, FEATURES)).astype(np.float32).astype(np.float64)
    X[:, 0] = np.arange(SAMPLES)
    missing = int(rng.integers(0, CLASSES - 1)) if absent_class else CLASSES
    present = np.delete(np.arange(CLASSES), [missing] if absent_class else [])
    y = rng.permutation(present[np.arange(SAMPLES) % len(present)]).astype(np.int64)
    return X, y


def training_keywords(rng: np.random.Generator, run: SpyTrial) -> dict[str, Scalar]:
    """The keyword arguments in the order of the handout's signature; rate and reg are others in every run."""
    return {
        "learning_rate": Scalar(round(float(rng.uniform(0.02, 0.2)), 4)),
        "reg": Scalar(round(float(rng.uniform(0.1, 0.9)), 4)),
        "num_iters": Scalar(run.num_iters),
        "batch_size": Scalar(run.batch_size),
        "verbose": Scalar(run.verbose),
    }


def draw_spy(rng: np.random.Generator, run: SpyTrial) -> Spy:
    """Losses and gradients for three times as many steps as there should be."""
    steps = 3 * run.num_iters
    return Spy(
        losses=rng.uniform(0.5, 9.5, steps),
        gradients=rng.normal(0, 1, (steps, FEATURES, CLASSES)),
        batch=run.batch_size,
        columns=FEATURES,
    )


class TrainingCheck(CheckFields):
    """Batches from the data, W - learning_rate*dW at each step, the history of losses, a start from W = None."""

    kind: Literal["training"]
    function: str

    @property
    def functions(self) -> tuple[str, ...]:
        """The trainer."""
        return (self.function,)

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """One run from a given W, one from None, with different sizes."""
        rng = random_stream(seed, self.id)
        return tuple(self._trial(assignment, rng, run) for run in RUNS)

    def _trial(self, assignment: Assignment, rng: np.random.Generator, run: SpyTrial) -> Trial:
        X, y = draw_data(rng, absent_class=run.from_none)
        start = Scalar(None) if run.from_none else Tensor(rng.normal(0, 1, (FEATURES, CLASSES)))
        return Trial(
            label=f"{run.num_iters} steps, batches of {run.batch_size}, W = {'None' if run.from_none else 'given'}",
            function=self.function,
            positional=(draw_spy(rng, run), start, Tensor(X), Tensor(y)),
            keywords=training_keywords(rng, run),
            outputs=(ArrayOutput((FEATURES, CLASSES)), SeriesOutput(run.num_iters)),
            echo=(2, 3),
            backend=assignment.backend,
            seconds=assignment.limits.training_seconds,
        )

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:  # noqa: ARG002
        """Credit for each part of the contract that holds in both runs."""
        faults: dict[str, str] = {}
        for (trial, observation), run in zip(evidence, RUNS, strict=True):
            if isinstance(observation, Raised) and run.from_none:
                faults.setdefault("start", f"starting from W = None, {failure_sentence(trial, observation)}")
                continue
            if not isinstance(observation, Returned):
                words = sentence(failure_sentence(trial, observation))
                return Verdict(
                    "failed", 0.0, words, hint=self.hint, findings=(Finding(self.function, False),)
                )
            X, y = trial.positional[2], trial.positional[3]
            assert isinstance(X, Tensor)
            assert isinstance(y, Tensor)
            spy = trial.positional[0]
            start = trial.positional[1]
            assert isinstance(spy, Spy)
            audit = TrainingAudit(
                observation.spy_calls,
                spy,
                X.array,
                y.array,
                run,
                number_of(trial, "learning_rate"),
                number_of(trial, "reg"),
                start.array if isinstance(start, Tensor) else None,
            )
            found = audit.faults(observation.values[0], observation.values[1])
            if _changed(observation.echoes[0], X) or _changed(observation.echoes[1], y):
                found.setdefault("batches", "X or y is changed by the trainer")
            for part, words in found.items():
                faults.setdefault(part, f"{words} ({trial.label})")
        return conclude(self.function, faults, self.hint)


def number_of(trial: Trial, keyword: str) -> float:
    """The number that a trial hands over by keyword."""
    argument = trial.keywords[keyword]
    assert isinstance(argument, Scalar)
    return float(argument.value or 0.0)


def _changed(echo: Value, argument: Tensor) -> bool:
    return not isinstance(echo, Received) or not np.array_equal(echo.array, argument.array)


def conclude(function: str, faults: Mapping[str, str], hint: str | None) -> Verdict:
    """The verdict on a trainer's contract from its faults by part."""
    if not faults:
        message = f"{function} takes right batches, steps and notes at every iteration."
        return Verdict("passed", 1.0, message, findings=(Finding(function, True),))
    credit = sum(share for part, share in SHARES.items() if part not in faults)
    if {"batches", "updates"} <= faults.keys():
        credit = 0.0
    message = f"{function}: {'; '.join(faults.values())}."
    return Verdict("failed", credit, message, hint=hint, findings=(Finding(function, False),))


@dataclass(frozen=True, slots=True, eq=False)
class TrainingAudit:
    """Goes through the spy's log of one run and says what does not hold, by part of the contract."""

    calls: Sequence[SpyCall]
    spy: Spy
    X: Array
    y: Array
    run: SpyTrial
    learning_rate: float
    reg: float
    start: Array | None

    def faults(self, final_W: Value, history: Value) -> dict[str, str]:
        """Sentences by part; empty for a right run."""
        found = {
            "batches": self._batch_fault(),
            "updates": self._update_fault(final_W),
            "history": self._history_fault(history),
            "start": self._start_fault(),
        }
        return {part: words for part, words in found.items() if words is not None}

    def _batch_fault(self) -> str | None:
        if len(self.calls) != self.run.num_iters:
            called = formatting.count(len(self.calls), "time")
            return f"the loss function is called {called}, expected num_iters = {self.run.num_iters}"
        for step, call in enumerate(self.calls):
            words = self._rows_fault(call)
            if words is not None:
                return f"{words}, at iteration {step}"
            if not isinstance(call.reg, Received) or float(call.reg.array) != self.reg:
                seen = (
                    formatting.number(float(call.reg.array))
                    if isinstance(call.reg, Received)
                    else "no number"
                )
                return f"reg is handed on as {seen}, expected {self.reg:g}, at iteration {step}"
        return None

    def _rows_fault(self, call: SpyCall) -> str | None:
        expected = (self.run.batch_size, self.X.shape[1])
        if isinstance(call.X, Unexpected):
            return f"X_batch is {call.X.description}, expected shape {expected}"
        if isinstance(call.y, Unexpected):
            return f"y_batch is {call.y.description}, expected {self.run.batch_size} labels"
        rows = np.rint(call.X.array[:, 0].astype(np.float64))
        if not np.all((rows >= 0) & (rows < len(self.X))):
            return "X_batch holds rows that are not in X"
        numbers = rows.astype(np.int64)
        if not np.allclose(call.X.array, self.X[numbers], rtol=1e-6, atol=1e-7):
            return "X_batch holds rows that are not in X"
        if not np.array_equal(call.y.array, self.y[numbers]):
            return "y_batch does not hold the labels of the rows in X_batch"
        return None

    def _update_fault(self, final_W: Value) -> str | None:
        if not self.calls:
            return "W is never updated: the loss function is not called"
        weights: list[Array] = []
        for value in (*(call.W for call in self.calls), final_W):
            if isinstance(value, Unexpected):
                name = "the returned W" if value is final_W else "the W given to the loss function"
                return f"{name} is {value.description}, expected shape {self.spy.gradients.shape[1:]}"
            weights.append(value.array.astype(np.float64))
        if self.start is not None and not _close(weights[0], self.start):
            return "the first W given to the loss function is not the W that was passed in"
        for step, (before, after) in enumerate(pairwise(weights)):
            gradient = self.spy.gradients[step]
            if not _close(after, before - self.learning_rate * gradient):
                words = _name_update(
                    before, after, gradient, self.learning_rate * gradient, self.run.batch_size
                )
                return f"{words}, at iteration {step}"
        return None

    def _history_fault(self, history: Value) -> str | None:
        if isinstance(history, Unexpected):
            return f"loss_history is {history.description}, expected a list of {self.run.num_iters} numbers"
        if history.array.shape != (self.run.num_iters,):
            seen = formatting.count(len(history.array), "number")
            return f"loss_history holds {seen}, expected num_iters = {self.run.num_iters}"
        if not np.allclose(history.array, self.spy.losses[: self.run.num_iters], rtol=1e-6):
            return "loss_history does not hold the losses that the loss function returned"
        return None

    def _start_fault(self) -> str | None:
        if self.start is not None or not self.calls:
            return None
        first = self.calls[0].W
        if isinstance(first, Unexpected):
            return f"W = None starts as {first.description}, expected shape (D, C) with C = max(y) + 1"
        greatest = GREATEST_START / np.sqrt(len(first.array))
        if not np.isfinite(first.array).all() or np.max(np.abs(first.array)) > greatest:
            return "W = None does not start with small weights"
        return None


def _close(seen: Array, expected: Array) -> bool:
    """Equal to rounding; a trainer that works in float32 inside is right too."""
    scale = max(1.0, float(np.max(np.abs(expected))))
    with np.errstate(over="ignore", invalid="ignore"):
        difference = float(np.max(np.abs(seen - expected)))
        is_float32 = np.array_equal(seen, seen.astype(np.float32))
    if difference <= UPDATE_BOUND * scale:
        return True
    return bool(is_float32 and difference <= FLOAT32_BOUND * scale)


def _name_update(before: Array, after: Array, gradient: Array, step: Array, batch_size: int) -> str:
    """What a wrong update was, where it is a known one."""
    known = (
        (before, "W is not changed"),
        (before + step, "W is moved up the gradient (W + learning_rate*dW), which makes the loss grow"),
        (before - gradient, "W is moved by the whole gradient: the learning rate is not used"),
        (-step, "W is replaced by -learning_rate*dW instead of being moved by it"),
        (before - step / batch_size, "the step is divided by batch_size, though dW is an average already"),
    )
    for expected, words in known:
        if _close(after, expected):
            return words
    return "W does not become W - learning_rate*dW"
