"""What any one function is asked: inputs drawn afresh, the right answer, and wrong ones that are known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from reference.conventions import Convention
from reference.problem import Array

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
class Question:
    """One question.

    parameters: names of the inputs in the order of the call. outputs: kind of each output by name, in the order in which they are returned. draw: the cases, from a generator of
    the run. answer: the right outputs; its float64 must be good to `tolerance` of the largest entry. tolerance: relative
    to the largest entry of the output, in float64; in float32 `tolerance32`. driver: the module of reference.drivers and
    the function in it that makes the call, None where the function is called as it is. mistakes: told apart by name.
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


MATCH_TOLERANCE = 1e-7
"""Relative, of an outcome that explains what was seen."""


def match_mistakes(
    question: Question,
    output: str,
    cases: Sequence[tuple[Inputs, Array]],
    convention: Convention,
) -> Mistake | None:
    """The first known mistake that explains this output on all cases, and that is not the right answer on all.

    cases: inputs with the output that was seen, in float64.
    """
    rights = [np.asarray(question.answer(inputs, convention)[output]) for inputs, _ in cases]
    if not cases or all(_agree(seen, right, right) for (_, seen), right in zip(cases, rights, strict=True)):
        return None
    for mistake in question.mistakes:
        if mistake.output == output and all(
            _agree(seen, np.asarray(mistake.outcome(inputs, convention)), right)
            for (inputs, seen), right in zip(cases, rights, strict=True)
        ):
            return mistake
    return None


def _agree(seen: Array, expected: Array, right: Array) -> bool:
    if seen.shape != expected.shape or not np.isfinite(seen).all() or not np.isfinite(expected).all():
        return False
    scale = max(
        float(np.max(np.abs(expected), initial=0.0)), float(np.max(np.abs(right), initial=0.0)), 1e-300
    )
    return bool(np.max(np.abs(seen - expected), initial=0.0) <= MATCH_TOLERANCE * scale)
