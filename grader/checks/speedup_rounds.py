"""One round of timed calls: what is called, in which order, and whether every output is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader import formatting
from grader.assignment import Assignment, ClassifierName
from grader.checks.check import Evidence
from grader.checks.timing import Rounds
from grader.observation import Received, Returned
from grader.trial import Array, ArrayOutput, DTypeName, Kept, NumberOutput, Party, Scalar, Tensor, Trial
from reference import Convention, LossAndGradient, softmax_loss, svm_loss

WARM_UPS = 2
"""The first calls of a process are up to 10 times as slow as later ones."""

REPEATS = 7
REG = 0.05
TOLERANCE = 5e-5
"""Relative, of the loss and of dW by the Frobenius norm: arithmetic in float32 stays below 2e-6, in 16 bits above 3e-4."""

_CLEARANCE = 1e-4
_ATTEMPTS = 20
_NAIVE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Size:
    """N samples of D features in C classes; how often each vectorized function is called in a round."""

    name: str
    N: int
    C: int
    D: int
    repeats: int


MAIN = Size("main", 128, 10, 3073, REPEATS)
"""The handout's."""

FEW_SAMPLES = Size("few", 32, 10, 3073, 1)
"""For the naive functions, whose time is that of their samples one by one: a quarter of the handout's."""

MANY_SAMPLES = Size("many", 600, 10, 40, 3)
"""Little to compute for each sample, so that a loop over them in Python shows, whatever it does in each step."""

NULL = "null_call"


def draw_round(
    assignment: Assignment, naive: str, vectorized: str, number: int, rng: np.random.Generator
) -> tuple[Trial, ...]:
    """The calls of one round: fresh X and y, a fresh W in each call, both parties in shuffled order.

    The first round calls the naive functions at the handout's size, as its notebook does.
    """
    draw = _RoundDraw(assignment, naive, vectorized, number, rng)
    main = [
        draw.trial(MAIN, party, function)
        for _ in range(MAIN.repeats)
        for party, function in draw.vectorized_calls
    ]
    if number == 0:
        main += [draw.trial(MAIN, *call, _NAIVE_SECONDS) for call in draw.naive_calls]
    few = [draw.trial(FEW_SAMPLES, *call) for call in draw.naive_calls if number >= WARM_UPS]
    many = [
        draw.trial(MANY_SAMPLES, party, function)
        for _ in range(MANY_SAMPLES.repeats)
        for party, function in draw.vectorized_calls
    ]
    return (*_shuffled(main, rng), *_shuffled(many, rng), *_shuffled(few, rng))


def _shuffled(trials: Sequence[Trial], rng: np.random.Generator) -> list[Trial]:
    return [trials[position] for position in rng.permutation(len(trials))]


class _RoundDraw:
    """Draws the inputs of one round, each size's X and y once."""

    def __init__(
        self, assignment: Assignment, naive: str, vectorized: str, number: int, rng: np.random.Generator
    ) -> None:
        self._assignment = assignment
        self._convention = assignment.convention
        self._classifier = assignment.loss_function(vectorized).classifier
        self._dtype = timed_dtype(assignment, vectorized)
        self._number = number
        self._rng = rng
        style = f"{self._classifier}_loss"
        self.naive_calls: list[tuple[Party, str]] = [
            ("reference", f"{style}_naive"),
            ("student", naive),
        ]
        self.vectorized_calls: list[tuple[Party, str]] = [
            ("reference", f"{style}_vectorized"),
            ("student", vectorized),
            ("reference", NULL),
        ]
        self._data = {size.name: self._draw_data(size) for size in (MAIN, FEW_SAMPLES, MANY_SAMPLES)}

    def _draw_data(self, size: Size) -> tuple[Kept, Kept]:
        X = self._rng.standard_normal((size.N, size.D), dtype=np.float32).astype(self._dtype)
        y = self._rng.integers(0, size.C, size.N)
        key = f"{self._number}:{size.name}"
        return Kept(f"X:{key}", self._in_layout(X)), Kept(f"y:{key}", y)

    def trial(self, size: Size, party: Party, function: str, seconds: float | None = None) -> Trial:
        """One timed call, with a W of its own."""
        X, y = self._data[size.name]
        W = self._draw_weights(size, X.array, y.array)
        return Trial(
            label=f"a timed call (N={size.N}, C={size.C}, D={size.D}, {self._dtype})",
            function=function,
            positional=(Tensor(W), X, y, Scalar(REG)),
            outputs=(NumberOutput(), ArrayOutput(W.shape)),
            backend=self._assignment.backend,
            seconds=self._assignment.limits.call_seconds if seconds is None else seconds,
            party=party,
        )

    def _draw_weights(self, size: Size, X: Array, y: Array) -> Array:
        """Scores of unit deviation; no margin so near to the kink that rounding decides which side it is on."""
        for _ in range(_ATTEMPTS):
            drawn = self._rng.standard_normal((size.D, size.C), dtype=np.float32) / np.sqrt(size.D)
            W = self._in_layout(drawn.astype(self._dtype))
            if self._classifier == "softmax" or _clearance(W, X, y, self._convention) > _CLEARANCE:
                break
        return W

    def _in_layout(self, array: Array) -> Array:
        return np.ascontiguousarray(array.T) if self._convention.layout == "CD" else array


def _clearance(W: Array, X: Array, y: Array, convention: Convention) -> float:
    """The least distance of a margin from the kink, in the arrays' own precision."""
    rows, columns = (X.T, W.T) if convention.layout == "CD" else (X, W)
    scores = rows @ columns
    at = np.arange(len(y))
    margins = scores - scores[at, y][:, None] + convention.delta
    margins[at, y] = np.inf
    return float(np.abs(margins).min())


def timed_dtype(assignment: Assignment, vectorized: str) -> DTypeName:
    """The main dtype of the vectorized function, which is what the handout times."""
    return assignment.loss_function(vectorized).main_dtype


def is_reference(trial: Trial) -> bool:
    """Whether a timed call was one of the reference's."""
    return trial.party == "reference"


def _round_and_size(trial: Trial) -> tuple[int, str]:
    _, number, size = trial.kept[0].key.split(":")
    return int(number), size


def rounds_of(evidence: Evidence, naive: str) -> list[tuple[int, tuple[Rounds, Rounds]]]:
    """By number the rounds that count, each as one row of medians at the handout's size and with many samples."""
    seconds: dict[int, dict[tuple[str, str], list[float]]] = {}
    for trial, observation in evidence:
        number, size = _round_and_size(trial)
        if number >= WARM_UPS and isinstance(observation, Returned):
            role = _role(trial, naive)
            seconds.setdefault(number, {}).setdefault((size, role), []).append(observation.seconds)
    return [(number, _rows(found)) for number, found in sorted(seconds.items())]


def _role(trial: Trial, naive: str) -> str:
    if not is_reference(trial):
        return "student naive" if trial.function == naive else "student vectorized"
    if trial.function == NULL:
        return "null"
    return "reference naive" if trial.function.endswith("_naive") else "reference vectorized"


def _rows(found: dict[tuple[str, str], list[float]]) -> tuple[Rounds, Rounds]:
    def row(size: Size) -> Rounds:
        def median(role: str, of: Size = size) -> Array:
            return np.array([np.median(found[of.name, role])])

        scale = size.N / FEW_SAMPLES.N
        return Rounds(
            reference_naive=scale * median("reference naive", FEW_SAMPLES),
            student_naive=scale * median("student naive", FEW_SAMPLES),
            reference=median("reference vectorized"),
            student=median("student vectorized"),
            null=median("null"),
        )

    return row(MAIN), row(MANY_SAMPLES)


def seconds_of(evidence: Evidence, number: int) -> float:
    """All calls of one round together."""
    return sum(
        observation.seconds
        for trial, observation in evidence
        if isinstance(observation, Returned) and _round_and_size(trial)[0] == number
    )


def timed_fault(assignment: Assignment, vectorized: str, evidence: Evidence) -> str | None:
    """What is wrong with an output of the student's in a timed call, the calls that warm up among them; else None."""
    classifier = assignment.loss_function(vectorized).classifier
    widened: dict[str, Array] = {}
    for trial, observation in evidence:
        if is_reference(trial) or not isinstance(observation, Returned):
            continue
        X = trial.kept[0]
        if X.key not in widened:
            widened = {X.key: X.array.astype(np.float64)}  # that of one round is enough
        expected = _expected(trial, widened[X.key], classifier, assignment.convention)
        loss, gradient = observation.values
        for name, value, truth in (("loss", loss, expected.loss), ("dW", gradient, expected.dW)):
            if not isinstance(value, Received):
                return f"{trial.function} returns {value.description} for its {name}, on {trial.label}"
            difference = float(np.linalg.norm(value.array - truth))
            scale = float(np.linalg.norm(truth))
            if not difference <= TOLERANCE * scale:
                return (
                    f"{trial.function}: {name} differs from the reference by"
                    f" {formatting.number(difference / scale)} of its size, on {trial.label}"
                )
    return None


def _expected(trial: Trial, X: Array, classifier: ClassifierName, convention: Convention) -> LossAndGradient:
    W, _, y, reg = trial.positional
    assert isinstance(W, Tensor)
    assert isinstance(y, Kept)
    assert isinstance(reg, Scalar)
    loss_of = svm_loss if classifier == "svm" else softmax_loss
    return loss_of(W.array, X, y.array, float(reg.value or 0.0), convention, dtype=np.float64)
