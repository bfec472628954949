"""Observations made by hand: the answers of a right function, in which any value may be one that nobody would expect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.checks.questions.answer_tally import Tally
from grader.checks.questions.answers import AnswersCheck
from grader.checks.training.param_set import asked_of
from grader.checks.training.training_run import TrainingRun
from grader.model.assignment import ClassifierClass, LossFunction
from grader.model.observation import (
    Died,
    Instructions,
    Location,
    Missing,
    Observation,
    Raised,
    Received,
    Refused,
    Returned,
    SpyCall,
    TimedOut,
    Unexpected,
    Value,
)
from grader.model.trial import (
    Array,
    ArrayOutput,
    LabelsOutput,
    NumberOutput,
    Output,
    ResidentTensor,
    Scalar,
    SeriesOutput,
    Spy,
    Tensor,
    Trial,
)
from reference import predict, softmax_loss, svm_loss
from reference.questions import question_of
from reference.questions.inputs import Inputs
from tests.checks.students import SEARCHED, observe

LARGEST = float(np.finfo(np.float64).max)
NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 9.0, 0.5, np.nan, np.inf, -np.inf, LARGEST, -LARGEST, 1.7e308, 1e300, 1e155),
    *(5e-324, -5e-324, 1e-308, 3.5e38, 2.0**63, 2.0**53 + 1, 1e16, 4e37, 1e-38),
)
LABELS = (0, -1, 1, 9, 10, 2**31, 2**63 - 1, -(2**63))
WORDS = (
    *("None", "", "a", "{first}", "%s %d", "missing: the call returned None", "x" * 2000),
    *(
        "an array of shape (5, 6) and dtype float64",
        "an array of shape (99999999999999999999,) and dtype int64",
    ),
    *(
        "a tensor of shape () and dtype float32",
        "a value of type float",
        "an array of shape (, ) and dtype x",
    ),
    *(
        "a list of 3 (None, None, a value of type float)",
        "\ufffd \u0661\u0662",
        "a list of 99999999999 numbers",
    ),
)

Rng = np.random.Generator
_Choice = TypeVar("_Choice")


class Extremes:
    """Draws observations of trials. share: how many of the values are not what a right function returns."""

    def __init__(self, rng: Rng, check: AnyCheck, context: CheckContext, share: float) -> None:
        self._rng = rng
        self._check = check
        self._context = context
        self._share = share

    def observation(self, trial: Trial) -> Observation:
        """What the call gave; a search of the reference's own is not the student's to answer."""
        if trial.function in SEARCHED:
            return observe(trial, SEARCHED[trial.function])
        if trial.runner == "student" and self._rng.random() < self._share / 20:
            failures: tuple[Observation, ...] = (
                Raised("ValueError", "{no} %s", Location("hw.py", None, 3), 0.1, "x = {1}"),
                Raised("", "", None, 0.0),
                Raised("OverflowError", "math range error", None, 0.0, memory="4 GiB memory"),
                TimedOut(5.0),
                TimedOut(5.0, is_loading=True),
                Died("signal SIGSEGV"),
                Missing("it is not there"),
                Refused("stopped"),
            )
            return self._one_of(failures)
        values = self._right(trial)
        if trial.runner == "reference" and self._check.kind != "weights":  # no number of a student's
            return Returned(tuple(each for each in values if each is not None), 1e-3)
        spy = self._spied(trial)
        echoes = tuple(
            self._or_else(Received(given.array.copy(), given.array.dtype.name), _echo(given.array))
            for position in trial.echo
            if isinstance(given := trial.positional[position], Tensor)
        )
        seconds = float(self._one_of((0.0, 1e-9, 1e-3, 0.3, 1e9)))
        return Returned(
            tuple(map(self._or_else, values, trial.outputs)),
            seconds,
            fetched={
                name: self._or_else(self._learned(trial, each), each) for name, each in trial.fetch.items()
            },
            echoes=echoes,
            spy_calls=() if spy is None else self._spy_calls(trial, spy),
            earlier=tuple(map(self._or_else, values, trial.outputs)) if trial.is_again else (),
            operators=("x" * 100,) if trial.is_traced else (),
            instructions=self._instructions() if trial.is_counted else None,
        )

    def _or_else(self, right: Value | None, output: Output) -> Value:
        """The right value, or an extreme one of the same output."""
        is_right = right is not None and self._rng.random() >= self._share
        return right if is_right and right is not None else self.value(output)

    def value(self, output: Output) -> Value:
        """A value that fits the output, of any contents, or the description of another one."""
        if self._rng.random() < 0.15:
            return Unexpected(str(self._one_of(WORDS)))
        match output:
            case NumberOutput():
                dtype = str(
                    self._one_of(("float", "int", "float64", "float32", "longdouble", "bool", "float16"))
                )
                return Received(np.array(self._one_of(NUMBERS)), dtype)
            case ArrayOutput(shape=shape):
                dtype = str(self._one_of(("float64", "float32", "bfloat16", "int64", "bool")))
                code = "<f4" if dtype in {"float32", "bfloat16"} else "<f8"
                with np.errstate(all="ignore"):
                    return Received(self._array(shape).astype(code), dtype)
            case LabelsOutput(count=count):
                dtype = str(self._one_of(("int64", "uint8", "float64", "bool")))
                return Received(self._rng.choice(np.array(LABELS), count), dtype)
            case SeriesOutput(capacity=capacity):
                count = int(self._one_of((0, 1, 2, capacity, max(capacity - 1, 0))))
                return Received(self._array((min(count, capacity),)), "float")
        raise TypeError(output)

    def _array(self, shape: tuple[int, ...]) -> Array:
        match int(self._rng.integers(0, 4)):
            case 0:
                return np.full(shape, self._one_of(NUMBERS))
            case 1:  # signs that alternate
                signs = np.where(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2, 1.0, -1.0)
                return np.asarray(signs * self._one_of(NUMBERS))
            case 2:  # one strange entry among ordinary ones
                ordinary = self._rng.normal(size=shape)
                if ordinary.size:
                    ordinary.flat[int(self._rng.integers(0, ordinary.size))] = self._one_of(NUMBERS)
                return np.asarray(ordinary)
            case _:
                return self._rng.choice(np.array(NUMBERS), shape)

    def _spy_calls(self, trial: Trial, spy: Spy) -> tuple[SpyCall, ...]:
        """The log of a right trainer, or of a wrong one."""
        steps = trial.keywords["num_iters"]
        assert isinstance(steps, Scalar)
        assert steps.value is not None
        wanted = int(steps.value)
        count = wanted if self._rng.random() < 0.8 else int(self._one_of((0, 1, 2, wanted + 1)))
        X, y = trial.positional[-2:]
        assert isinstance(X, Tensor)
        assert isinstance(y, Tensor)
        calls = []
        run = TrainingRun.of(trial)
        start = np.zeros(spy.gradients.shape[1:]) if run.start is None else run.start
        gone = np.cumsum(spy.gradients, axis=0) - spy.gradients
        for step in range(min(count, len(spy.losses))):
            rows = self._rng.integers(0, len(X.array), spy.batch)
            weights = ArrayOutput(spy.gradients.shape[1:])
            calls.append(
                SpyCall(
                    self._or_else(Received(start - run.learning_rate * gone[step], "float64"), weights),
                    self._or_else(Received(X.array[rows], "float64"), ArrayOutput((spy.batch, spy.columns))),
                    self._or_else(Received(y.array[rows], "int64"), LabelsOutput(spy.batch)),
                    self._or_else(Received(np.array(run.reg), "float"), NumberOutput()),
                )
            )
        return tuple(calls)

    def _instructions(self) -> Instructions:
        most = 2**32 - 1
        counts = (0, 1, 40, most)
        place = Location("hw.py", 3, most)
        return Instructions(
            int(self._one_of(counts)),
            {place: int(self._one_of(counts))},
            {"x" * 100: int(self._one_of(counts))},
        )

    def _right(self, trial: Trial) -> Sequence[Value | None]:
        """What a right function returns, as far as it is known here."""
        spec = self._context.assignment.functions.get(trial.function)
        classifier = spec.classifier if isinstance(spec, LossFunction | ClassifierClass) else None
        if isinstance(self._check, AnswersCheck):
            return self._answers(self._check, trial)
        is_loss = len(trial.outputs) == 2 and isinstance(trial.outputs[-1], ArrayOutput)
        if is_loss and isinstance(trial.outputs[0], NumberOutput):
            name = classifier or ("svm" if trial.function.startswith("svm") else "softmax")
            own = [trial.state["W"]] if "W" in trial.state else []
            W, X, y = (
                each.array for each in (*own, *trial.positional) if isinstance(each, Tensor | ResidentTensor)
            )
            reg = trial.positional[-1]
            assert isinstance(reg, Scalar)
            loss_of = svm_loss if name == "svm" else softmax_loss
            found = loss_of(
                W.astype(np.float64),
                X.astype(np.float64),
                y,
                float(reg.value or 0),
                self._context.assignment.convention,
            )
            dtype = W.dtype.name
            return Received(np.array(float(found.loss)), dtype), Received(found.dW.astype(W.dtype), dtype)
        match self._check.kind:
            case "batches":
                return self._batches(trial)
            case "param_set":
                return self._param_set(trial)
            case "search" if trial.runner == "reference":
                return [Received(np.array(each), "float") for each in (0.0, 0.45)]
            case "search" if not trial.resident:
                return [Received(np.array(each), "float") for each in ([1e-3, 1e-2, 0.1], [0.0, 1e-3])]
        return [self._learned(trial, each) for each in trial.outputs]

    def _learned(self, trial: Trial, output: Output) -> Value | None:
        """Weights, a history and labels as a trainer and a predictor give them, whatever they learned from."""
        match output:
            case ArrayOutput(shape=shape):
                spied = self._spied(trial)
                if spied is not None:
                    run = TrainingRun.of(trial)
                    start = np.zeros(shape) if run.start is None else run.start
                    gone = spied.gradients[: run.num_iters].sum(axis=0)
                    return Received(start - run.learning_rate * gone, "float64")
                return Received(self._rng.normal(size=shape).astype(np.float32), "float32")
            case SeriesOutput(capacity=capacity):
                spied = self._spied(trial)
                steps = trial.keywords.get("num_iters", Scalar(capacity))
                assert isinstance(steps, Scalar)
                count = int(steps.value or 0)
                losses = np.linspace(9, 1, count) if spied is None else spied.losses[:count]
                return Received(np.asarray(losses), "float")
            case LabelsOutput(count=count):
                arrays = [
                    each.array
                    for each in (*trial.state.values(), *trial.positional)
                    if isinstance(each, Tensor)
                ]
                if len(arrays) == 2:
                    W, X = arrays
                    return Received(predict(W, X, self._context.assignment.convention), "int64")
                return Received(self._rng.integers(0, 10, count), "int64")
        return None

    def _spied(self, trial: Trial) -> Spy | None:
        given = (*trial.positional, *trial.state.values())
        return next((each for each in given if isinstance(each, Spy)), None)

    def _batches(self, trial: Trial) -> Sequence[Value]:
        X, y = (each.array for each in trial.positional if isinstance(each, Tensor))
        drawn = trial.outputs[0]
        assert isinstance(drawn, ArrayOutput)
        rows = self._rng.integers(0, len(X), drawn.shape[0])
        return Received(X[rows], X.dtype.name), Received(y[rows], "int64")

    def _param_set(self, trial: Trial) -> Sequence[Value]:
        asked = asked_of(trial)
        numbers = (
            3,
            1,
            *asked.accuracies[:2],
            1,
            asked.learning_rate,
            asked.reg,
            asked.num_iters or 2000,
            200,
            0,
        )
        rows = (asked.marks[0], asked.labels[0].astype(np.float64))
        return [Received(np.array(float(each)), "float") for each in numbers] + [
            Received(each, "float") for each in rows
        ]

    def _answers(self, check: AnswersCheck, trial: Trial) -> Sequence[Value]:
        question = question_of(check.question)
        tally = Tally(check.function, question, check.dtype)
        inputs = tally._case_of(trial).inputs
        answer = question.answer(Inputs(inputs, self._context.assignment.convention))
        found: list[Value] = []
        for name, kind in question.outputs.items():
            array = np.asarray(answer[name])
            found.append(Received(array.astype(np.int64 if kind == "labels" else np.float64), "float64"))
        return found

    def _one_of(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[int(self._rng.integers(0, len(choices)))]


def evidence_of(
    check: AnyCheck,
    context: CheckContext,
    observed: Callable[[Trial], Observation],
    first: tuple[Trial, ...],
    greatest: int,
) -> list[tuple[Trial, Observation]]:
    """The check's trials with what was observed, as grading asks for them, but at most so many."""
    evidence: list[tuple[Trial, Observation]] = []
    trials = first
    while trials and len(evidence) < greatest:
        seen = [(trial, observed(trial)) for trial in trials]
        evidence += check.digest(context, seen)
        trials = check.more_trials(context, evidence)
    return evidence


def with_few_steps(check: AnyCheck) -> AnyCheck:
    """The same check with short trainings."""
    names = [name for name in ("num_iters", "rank_iters") if name in type(check).model_fields]
    return check if check.kind == "param_set" else check.model_copy(update=dict.fromkeys(names, 12))


def _echo(array: Array) -> Output:
    return LabelsOutput(array.size) if array.dtype.kind == "i" else ArrayOutput(array.shape)
