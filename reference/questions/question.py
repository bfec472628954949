"""What any one function is asked: inputs drawn afresh, the right answer, and wrong ones that are known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array

Inputs = Mapping[str, Array | float | int | None]
"""By parameter, in the order of the call: arrays in float64 or int64, plain numbers, None."""

Answer = Mapping[str, Array]
"""By name of the output: float64, shape () for a number; int64 for labels."""

Kind = Literal["number", "array", "labels", "series"]


@dataclass(frozen=True, slots=True, eq=False)
class QuestionCase:
    """One call. label: what is special about it. is_noted: where a wrong answer is a note and costs nothing.

    note: the words of that note, which must then be given.
    """

    label: str
    inputs: Inputs
    is_noted: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A known wrong answer: which output it shows in, what it is on given inputs, and what the student is told.

    message: names what the result equals and where to look, and does not give the solution away.
    """

    name: str
    output: str
    message: str
    outcome: Callable[[Inputs, Convention], Array | float]


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of the outputs of one call, where many answers are right: a trained classifier, a random start.

    output: the output that is wrong where it does not hold. message: what the student is told, in which {name} stands for
    a number of `broken`. broken: those numbers by name where it does not hold, None where it does; it is asked only about
    outputs that have their shapes, but a series may be of any length and numbers need not be finite. Its name is that of a mistake,
    unless it is a symptom, which many mistakes have: then it is told and not named.
    """

    name: str
    output: str
    message: str
    broken: Callable[[Inputs, Answer, Convention], Mapping[str, float] | None]
    is_symptom: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    parameters: names of the inputs in the order of the call. outputs: kind of each output by name, in the order in which they are returned. draw: the cases, from a generator of
    the run. answer: the right outputs; its float64 must be good to `tolerance` of the largest entry. tolerance: relative
    to the largest entry of the output, in float64; in float32 `tolerance32`. driver: the module of reference.in_worker.drivers and
    the function in it that makes the call, None where the function is called as it is. mistakes: told apart by name and output.
    tolerances: in place of both for single outputs. accepted: further answers that are as right, each output by itself.
    free: outputs that have no one answer: of those in `answer` only the shape counts, and what the rules say of them.
    unchanged: the inputs that must be as they were after the call; when left out, all arrays where there is no driver.
    is_training: whether a call may take as long as one of a trainer.
    """

    name: str
    parameters: tuple[str, ...]
    outputs: Mapping[str, Kind]
    draw: Callable[[np.random.Generator, Convention], Sequence[QuestionCase]]
    answer: Callable[[Inputs, Convention], Answer]
    driver: tuple[str, str] | None = None
    tolerance: float = 1e-8
    tolerance32: float = 2e-4
    mistakes: tuple[Mistake, ...] = field(default=())
    tolerances: Mapping[str, float] = field(default_factory=dict)
    accepted: Callable[[Inputs, Convention], Sequence[Answer]] | None = None
    free: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    unchanged: tuple[str, ...] | None = None
    is_training: bool = False

    def answers(self, inputs: Inputs, convention: Convention) -> tuple[Answer, ...]:
        """The answer, and all others that are as right."""
        more = () if self.accepted is None else self.accepted(inputs, convention)
        return (self.answer(inputs, convention), *more)

    def tolerance_of(self, output: str, *, is_float32: bool = False) -> float:
        """Relative to the largest entry of that output."""
        return self.tolerances.get(output, self.tolerance32 if is_float32 else self.tolerance)


MATCH_TOLERANCE = 1e-7
"""Relative, of an outcome that explains what was seen, where the question's own tolerance is no wider."""


def match_mistakes(
    question: Question,
    output: str,
    cases: Sequence[tuple[Inputs, Array]],
    convention: Convention,
    tolerance: float = MATCH_TOLERANCE,
) -> Mistake | None:
    """The known mistake that explains this output best on all cases, where it is not the right answer on all.

    cases: inputs with the output that was seen, in float64. tolerance: relative to the largest entry. Of mistakes that
    explain it equally well, or within MATCH_TOLERANCE, the first.
    """
    rights = [np.asarray(question.answer(inputs, convention)[output]) for inputs, _ in cases]
    if all(
        _relative(seen, right, right) <= tolerance for (_, seen), right in zip(cases, rights, strict=True)
    ):
        return None
    best, least = None, np.inf
    for mistake in question.mistakes:
        if mistake.output == output:
            distance = _distance_of(mistake, cases, rights, convention, max(tolerance, MATCH_TOLERANCE))
            if distance < least:
                best, least = mistake, distance
    return best


def _distance_of(
    mistake: Mistake,
    cases: Sequence[tuple[Inputs, Array]],
    rights: Sequence[Array],
    convention: Convention,
    tolerance: float,
) -> float:
    """The greatest distance on any case, no less than MATCH_TOLERANCE; infinite as soon as one is above the tolerance."""
    greatest = MATCH_TOLERANCE
    for (inputs, seen), right in zip(cases, rights, strict=True):
        greatest = max(greatest, _relative(seen, _outcome(mistake, inputs, convention), right))
        if greatest > tolerance:
            return np.inf
    return greatest


def _outcome(mistake: Mistake, inputs: Inputs, convention: Convention) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(mistake.outcome(inputs, convention))


def _relative(seen: Array, expected: Array, right: Array) -> float:
    if seen.shape != expected.shape or not np.isfinite(seen).all() or not np.isfinite(expected).all():
        return np.inf
    greatest = [float(np.max(np.abs(each), initial=0.0)) for each in (expected, right)]
    scale = max(*greatest, 1e-300)
    return float(np.max(np.abs(seen - expected), initial=0.0)) / scale
