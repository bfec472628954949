"""The table of known misconceptions, and the search in it for what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reference.batch_misconceptions import BATCH_MISCONCEPTIONS
from reference.conventions import Convention
from reference.misconception import Classifier, Misconception, Part, right_answer
from reference.probability_misconceptions import PROBABILITY_MISCONCEPTIONS
from reference.problem import Array, Problem
from reference.regularizer_misconceptions import REGULARIZER_MISCONCEPTIONS
from reference.shared_misconceptions import SHARED_GRADIENTS, SHARED_LOSSES
from reference.softmax_misconceptions import SOFTMAX_GRADIENTS, SOFTMAX_LOSSES
from reference.svm_misconceptions import SVM_GRADIENTS, SVM_LOSSES

MISCONCEPTIONS: tuple[Misconception, ...] = (
    *SHARED_LOSSES,
    *SVM_LOSSES,
    *SOFTMAX_LOSSES,
    *SHARED_GRADIENTS,
    *SVM_GRADIENTS,
    *SOFTMAX_GRADIENTS,
    *PROBABILITY_MISCONCEPTIONS,
    *REGULARIZER_MISCONCEPTIONS,
    *BATCH_MISCONCEPTIONS,
)

RELATIVE_TOLERANCE = 1e-8


class Case(NamedTuple):
    """One set of inputs, in the layout of the convention; b only with a separate bias."""

    W: Array
    X: Array
    y: Array
    reg: float
    b: Array | None = None


def match(
    classifier: Classifier,
    part: Part,
    cases: Sequence[Case | tuple[Array, Array, Array, float]],
    seen: Sequence[float | Array],
    convention: Convention,
) -> tuple[Misconception, ...]:
    """The misconceptions that explain what was seen on every one of the cases, in the order of the table.

    seen: one loss, or one gradient shaped like W, for each case, in float64. An entry explains a value
    that lies within 1e-8 of its own outcome, relative to the greatest entry of that outcome. Empty where
    the right answer agrees with all that was seen, so what is named was wrong on at least one case.
    Several are returned where the cases do not tell them apart: N = 1, reg = 0 or W = 0 make many coincide.
    Raises ValueError where cases and seen differ in number.
    """
    if len(cases) != len(seen):
        raise ValueError(f"seen must hold one value per case (got {len(seen)} for {len(cases)} cases)")
    problems = [
        Problem.of(case.W, case.X, case.y, case.reg, convention, case.b)
        for case in (Case(*each) for each in cases)
    ]
    rights = [right_answer(classifier, part, problem) for problem in problems]
    values = [_value(each, part) for each in seen]
    if all(_agrees(value, right, right) for value, right in zip(values, rights, strict=True)):
        return ()
    return tuple(
        entry
        for entry in MISCONCEPTIONS
        if (entry.classifier, entry.part) == (classifier, part)
        and all(
            _agrees(value, entry.outcome(problem), right)
            for value, problem, right in zip(values, problems, rights, strict=True)
        )
    )


def _value(seen: float | Array, part: Part) -> Array:
    """What was seen as an array; a loss of shape (1,) or (1, 1) counts as a number."""
    value = np.asarray(seen, dtype=np.float64)
    return value.reshape(()) if part == "loss" and value.size == 1 else value


def _agrees(seen: Array, outcome: Array, right: Array) -> bool:
    """Whether seen is the outcome; an outcome of zero is measured by the size of the right answer."""
    if seen.shape != outcome.shape or not np.isfinite(seen).all() or not np.isfinite(outcome).all():
        return False
    scale = np.max(np.abs(outcome)) or np.max(np.abs(right))
    return bool(np.max(np.abs(seen - outcome)) <= RELATIVE_TOLERANCE * scale)
