"""One round of timed calls: what is called, in which order, and which of the calls belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.checks.base.call import failure_sentence
from grader.checks.base.check import Evidence
from grader.checks.speed.speedup_truth import fault_of_calls
from grader.checks.speed.timing import Rounds
from grader.model.assignment import Assignment
from grader.model.observation import Returned
from grader.model.trial import (
    Array,
    ArrayOutput,
    DTypeName,
    NumberOutput,
    ResidentTensor,
    RunnerName,
    Scalar,
    Tensor,
    Trial,
)

WARM_UPS = 2
"""The first calls of a process are up to 10 times as slow as later ones."""

REG = 0.05
_NAIVE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Size:
    """N samples of D features in C classes; how often each function is called with it in a round."""

    name: str
    N: int
    C: int
    D: int
    repeats: int


MAIN = Size("main", 128, 10, 3073, 7)
"""The handout's."""

FEW_SAMPLES = Size("few", 4, 10, 3073, 8)
"""For the naive functions, whose time is that of their samples one by one: a few of the handout's, so that some of the
calls run within one turn of the processor's on a busy machine."""

MANY_SAMPLES = Size("many", 600, 10, 40, 5)
"""Little to compute for each sample, so that a loop over them in Python shows, whatever it does in each step."""

NULL = "null_call"


def draw_round(
    assignment: Assignment, naive: str | None, vectorized: str, number: int, rng: np.random.Generator
) -> tuple[Trial, ...]:
    """The calls of one round: fresh X and y, a fresh W in each call of a function, both sessions in shuffled order.

    The sessions share what is drawn, which neither can see of the other. The first round calls the naive functions at
    the handout's size, as its notebook does. naive: None where the student's is not to be called.
    """
    draw = _RoundDraw(assignment, vectorized, number, rng)
    style = f"{assignment.loss_function(vectorized).classifier}_loss"
    naive_calls: list[tuple[RunnerName, str]] = [("reference", f"{style}_naive")]
    naive_calls += [] if naive is None else [("student", naive)]
    vectorized_calls: list[tuple[RunnerName, str]] = [
        ("reference", f"{style}_vectorized"),
        ("student", vectorized),
        ("reference", NULL),
    ]
    main = draw.trials(MAIN, vectorized_calls)
    if number == 0:
        main += draw.trials(MAIN, naive_calls, 1, _NAIVE_SECONDS)
    few = draw.trials(FEW_SAMPLES, naive_calls) if number >= WARM_UPS else []
    many = draw.trials(MANY_SAMPLES, vectorized_calls)
    return (*_shuffled(main, rng), *_shuffled(many, rng), *_shuffled(few, rng))


def _shuffled(trials: Sequence[Trial], rng: np.random.Generator) -> list[Trial]:
    return [trials[position] for position in rng.permutation(len(trials))]


class _RoundDraw:
    """Draws the inputs of one round, each size's X and y once. Numbers of float32, which both dtypes hold."""

    def __init__(
        self, assignment: Assignment, vectorized: str, number: int, rng: np.random.Generator
    ) -> None:
        self._assignment = assignment
        self._dtype = timed_dtype(assignment, vectorized)
        self._number = number
        self._rng = rng
        self._data: dict[str, tuple[ResidentTensor, ResidentTensor]] = {}

    def trials(
        self,
        size: Size,
        calls: Sequence[tuple[RunnerName, str]],
        repeats: int | None = None,
        seconds: float | None = None,
    ) -> list[Trial]:
        """Timed calls, as often as the size says: the k-th of each function with the same W."""
        X, y = self._data_of(size)
        made = []
        for _ in range(size.repeats if repeats is None else repeats):
            W = self._numbers(size.D, size.C) / np.float32(np.sqrt(size.D))  # scores of unit deviation
            given = (Tensor(self._in_layout(W)), X, y, Scalar(REG))
            made += [
                Trial(
                    label=f"a timed call (N={size.N}, C={size.C}, D={size.D}, {self._dtype})",
                    function=function,
                    positional=given,
                    outputs=(NumberOutput(), ArrayOutput(given[0].array.shape)),
                    backend=self._assignment.backend,
                    seconds=self._assignment.limits.call_seconds if seconds is None else seconds,
                    runner=runner,
                )
                for runner, function in calls
            ]
        return made

    def _data_of(self, size: Size) -> tuple[ResidentTensor, ResidentTensor]:
        if size.name not in self._data:
            X = self._numbers(size.N, size.D)
            y = self._rng.integers(0, size.C, size.N)
            key = f"{self._number}:{size.name}"
            self._data[size.name] = (
                ResidentTensor(f"X:{key}", self._in_layout(X)),
                ResidentTensor(f"y:{key}", y),
            )
        return self._data[size.name]

    def _numbers(self, rows: int, columns: int) -> Array:
        """Uniform, of mean 0 and deviation 1, which takes a third of the time that normal ones do."""
        drawn: Array = self._rng.random((rows, columns), dtype=np.float32)
        drawn -= np.float32(0.5)
        drawn *= np.float32(np.sqrt(12))
        return drawn

    def _in_layout(self, array: Array) -> Array:
        turned = array.T if self._assignment.convention.layout == "CD" else array
        return np.ascontiguousarray(turned, dtype=self._dtype)


def timed_dtype(assignment: Assignment, vectorized: str) -> DTypeName:
    """The main dtype of the vectorized function, which is what the handout times."""
    return assignment.loss_function(vectorized).main_dtype


def is_reference(trial: Trial) -> bool:
    """Whether a timed call was one of the reference's."""
    return trial.runner == "reference"


def round_and_size(trial: Trial) -> tuple[int, str]:
    """The number of the round in which a timed call is made, and the name of its size."""
    _, number, size = trial.resident[0].key.split(":")
    return int(number), size


# --- The seconds of rounds -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One round that counts: as a row at the handout's size, as one with many samples, and the seconds of all its calls."""

    number: int
    main: Rounds
    many: Rounds
    seconds: float


def rounds_of(evidence: Evidence, naive: str) -> list[Measured]:
    """The rounds that count, in order."""
    found: dict[int, dict[tuple[str, str], list[float]]] = {}
    for trial, observation in evidence:
        number, size = round_and_size(trial)
        if number >= WARM_UPS and isinstance(observation, Returned):
            times = found.setdefault(number, {}).setdefault((size, _role(trial, naive)), [])
            times.append(observation.seconds)
    return [
        Measured(number, _row(times, MAIN), _row(times, MANY_SAMPLES), sum(map(sum, times.values())))
        for number, times in sorted(found.items())
    ]


def _role(trial: Trial, naive: str) -> str:
    if not is_reference(trial):
        return "student naive" if trial.function == naive else "student vectorized"
    if trial.function == NULL:
        return "null"
    return "reference naive" if trial.function.endswith("_naive") else "reference vectorized"


def _row(found: Mapping[tuple[str, str], Sequence[float]], size: Size) -> Rounds:
    """The least of the times of each: what comes on top is the machine's, which takes turns and never gives time.

    Where the student's naive function gives nothing, the reference's stands for it.
    """

    def least(role: str, of: Size = size) -> Array:
        return np.array([min(found[of.name, role])])

    is_lost = (FEW_SAMPLES.name, "student naive") not in found

    def of_all_samples(role: str) -> Array:
        return null + size.N / FEW_SAMPLES.N * (least(role, FEW_SAMPLES) - null)

    null = least("null")
    return Rounds(
        reference_naive=of_all_samples("reference naive"),
        student_naive=of_all_samples("reference naive" if is_lost else "student naive"),
        reference=least("reference vectorized"),
        student=least("student vectorized"),
        null=null,
    )


# --- The outputs of rounds -------------------------------------------------------------------------------------------


def timed_fault(assignment: Assignment, function: str, evidence: Evidence) -> str | None:
    """What is wrong with an output of this function of the student's in a timed call, or with a call that gave none.

    The calls that warm up are among them. None where all is right.
    """
    for trial, observation in evidence:
        if trial.function == function and not is_reference(trial) and not isinstance(observation, Returned):
            return failure_sentence(trial, observation)
    classifier = assignment.loss_function(function).classifier
    faults = (
        fault_of_calls(calls, classifier, assignment.convention)
        for calls in _calls_by_data(evidence, function)
    )
    return next((fault for fault in faults if fault is not None), None)


def _calls_by_data(evidence: Evidence, function: str) -> Iterator[list[tuple[Trial, Returned]]]:
    """The student's calls of one function that returned, those on the same X together."""
    groups: dict[str, list[tuple[Trial, Returned]]] = {}
    for trial, observation in evidence:
        is_own = trial.function == function and not is_reference(trial)
        if is_own and isinstance(observation, Returned):
            groups.setdefault(trial.resident[0].key, []).append((trial, observation))
    yield from groups.values()
