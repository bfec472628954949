"""One round of timed calls: its calls, their order, and the ratios of its times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.checks.base.check import Evidence
from grader.model.assignment import Assignment
from grader.model.observation import Checked
from grader.model.trial import (
    Array,
    ArrayOutput,
    NumberOutput,
    ResidentTensor,
    RunnerName,
    Scalar,
    Tensor,
    Trial,
)

WARM_UPS = 1
"""Rounds that do not count: the first calls of a process are up to 10 times as slow as later ones."""

NAIVE_CAP = 1.5
"""A naive function that dawdles counts as this many times the reference's."""

LEAST_SHARE = 0.02
"""The least net time, as a share of the whole: less the call that does nothing, a time can come out negative."""

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


MAIN = Size("main", 128, 10, 3073, 5)
"""The handout's."""

FEW_SAMPLES = Size("few", 4, 10, 3073, 4)
"""For the naive functions, whose time is proportional to the samples: short enough that some of the calls run within
one time slice on a busy machine."""

MANY_SAMPLES = Size("many", 2400, 10, 80, 4)
"""Little to compute for each sample, so a Python loop over the samples shows, whatever its body does."""

NULL = "null_call"


def draw_round(
    assignment: Assignment, naive: str | None, vectorized: str, number: int, rng: np.random.Generator
) -> tuple[Trial, ...]:
    """The calls of one round: fresh X and y, a fresh W for each call of a function, in shuffled order.

    Student and reference get the same inputs. The first round calls the naive functions at the handout's size, as its
    notebook does. naive: None to leave the student's out.
    """
    spec = assignment.loss_function(vectorized)
    reference = f"{spec.classifier}_loss"
    fast: list[tuple[RunnerName, str]] = [
        ("reference", f"{reference}_vectorized"),
        ("student", vectorized),
        ("reference", NULL),
    ]
    slow: list[tuple[RunnerName, str]] = [("reference", f"{reference}_naive"), ("reference", NULL)]
    slow += [] if naive is None else [("student", naive)]

    def in_layout(array: Array) -> Array:
        turned = array.T if assignment.convention.layout == "CD" else array
        return np.ascontiguousarray(turned, dtype=spec.main_dtype)

    trials: list[Trial] = []
    for size, calls in ((MAIN, fast), (MANY_SAMPLES, fast), (FEW_SAMPLES, slow)):
        if size is FEW_SAMPLES and number < WARM_UPS:
            continue
        turns = [(calls, assignment.limits.call_seconds)] * size.repeats
        if size is MAIN and number == 0:
            turns.append((slow, _NAIVE_SECONDS))
        tag = f"{number}:{size.name}"
        X = ResidentTensor(f"X:{tag}", in_layout(_numbers(rng, size.N, size.D)))
        y = ResidentTensor(f"y:{tag}", rng.integers(0, size.C, size.N))
        of_size: list[Trial] = []
        for functions, seconds in turns:
            # Scores of unit deviation.
            W = in_layout(_numbers(rng, size.D, size.C) / np.float32(np.sqrt(size.D)))
            of_size += [
                Trial(
                    label=f"a timed call (N={size.N}, C={size.C}, D={size.D})",
                    function=function,
                    positional=(Tensor(W), X, y, Scalar(REG)),
                    outputs=(NumberOutput(), ArrayOutput(W.shape)),
                    backend=assignment.backend,
                    seconds=seconds,
                    runner=runner,
                    tag=tag,
                )
                for runner, function in functions
            ]
        trials += [of_size[position] for position in rng.permutation(len(of_size))]
    return tuple(trials)


def _numbers(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform float32 of mean 0 and deviation 1: both dtypes hold them, and normal ones take three times as long."""
    drawn: Array = rng.random((rows, columns), dtype=np.float32)
    drawn -= np.float32(0.5)
    drawn *= np.float32(np.sqrt(12))
    return drawn


def round_and_size(trial: Trial) -> tuple[int, str]:
    """The number of the round in which a timed call is made, and the name of its size."""
    number, size = trial.tag.split(":")
    return int(number), size


@dataclass(frozen=True, slots=True)
class Round:
    """The ratios of one round.

    Attributes:
        slowdown, many_samples: the student's vectorized function's time over the reference's, at two sizes.
        speedup: the student's naive function's time over the vectorized one's.
        reference_speedup: the same of the reference's.
    """

    slowdown: float
    many_samples: float
    speedup: float
    reference_speedup: float


def seconds_of(evidence: Evidence) -> float:
    """The judge's time in the calls of all rounds that count, waiting included."""
    return sum(
        seen.seconds
        for trial, seen in evidence
        if isinstance(seen, Checked) and round_and_size(trial)[0] >= WARM_UPS
    )


def rounds_of(evidence: Evidence) -> list[Round]:
    """The rounds that count, in order.

    The time of the call that does nothing is the shortest of all rounds: one that is too long, taken off both sides,
    makes any ratio of the rest.
    """
    found: dict[int, dict[tuple[str, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    nothing: dict[str, float] = {}
    for trial, observation in evidence:
        number, size = round_and_size(trial)
        if number >= WARM_UPS and isinstance(observation, Checked):
            who = NULL if trial.function == NULL else trial.runner
            found[number][size, who].append(observation.own_seconds)
            if who == NULL:
                sent = MAIN.name if size == FEW_SAMPLES.name else size  # W has the same size in both
                nothing[sent] = min(observation.own_seconds, nothing.get(sent, np.inf))
    nothing[FEW_SAMPLES.name] = nothing.get(MAIN.name, 0.0)
    return [round_of(times, nothing) for _, times in sorted(found.items())]


def round_of(times: Mapping[tuple[str, str], Sequence[float]], nothing: Mapping[str, float]) -> Round:
    """The ratios of one round from the seconds of its calls, by the size's name and the runner's, or NULL.

    nothing: the seconds of a call that does nothing, by the size's name.

    Of several calls the shortest counts: other programs only ever add time. Without calls of the student's naive
    function the reference's counts in its place.
    """

    def net(size: Size, who: str) -> float:
        shortest = min(times[size.name, who])
        return max(shortest - nothing[size.name], LEAST_SHARE * max(shortest, nothing[size.name]))

    share = MAIN.N / FEW_SAMPLES.N
    reference, student = net(MAIN, "reference"), net(MAIN, "student")
    reference_naive = naive = share * net(FEW_SAMPLES, "reference")
    if (FEW_SAMPLES.name, "student") in times:
        naive = share * net(FEW_SAMPLES, "student")
    return Round(
        slowdown=student / reference,
        many_samples=net(MANY_SAMPLES, "student") / net(MANY_SAMPLES, "reference"),
        speedup=min(naive, NAIVE_CAP * reference_naive) / student,
        reference_speedup=reference_naive / reference,
    )
