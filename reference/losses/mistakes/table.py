"""The table of known misconceptions, and the search in it for what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from reference.conventions import Convention
from reference.losses.mistakes.batch import BATCH_MISCONCEPTIONS
from reference.losses.mistakes.misconception import Classifier, Misconception, Part, right_answer
from reference.losses.mistakes.probabilities import PROBABILITY_MISCONCEPTIONS
from reference.losses.mistakes.regularizer import REGULARIZER_MISCONCEPTIONS
from reference.losses.mistakes.shared import SHARED_GRADIENTS, SHARED_LOSSES
from reference.losses.mistakes.softmax import SOFTMAX_GRADIENTS, SOFTMAX_LOSSES
from reference.losses.mistakes.svm import SVM_GRADIENTS, SVM_LOSSES
from reference.losses.problem import Array, Problem

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

_OF_BOTH = frozenset({"all_zero", "only_regularizer", "regularizer_of_gradient", "sign_flipped"})
"""What changes the data term and the regularizer's at once, or leaves one of them out."""

OF_REGULARIZER = frozenset(
    {"double_regularizer", "half_regularizer", "last_feature_not_regularized", "no_regularizer"}
    | {
        "regularizer_divided_by_samples",
        "regularizer_is_norm",
        "regularizer_is_sum",
        "regularizer_loss_added",
    }
    | {"regularizer_subtracted", *(entry.name for entry in REGULARIZER_MISCONCEPTIONS)}
)
"""What leaves the data term as it should be."""

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
    problems, values = _problems(cases, seen, convention), [_value(each, part) for each in seen]
    rights = [right_answer(classifier, part, problem) for problem in problems]
    if _all_agree(values, rights, rights):
        return ()
    return tuple(
        entry
        for entry in _table(classifier, part)
        if _all_agree(values, (entry.outcome(problem) for problem in problems), rights)
    )


def match_pair(
    classifier: Classifier,
    part: Part,
    cases: Sequence[Case | tuple[Array, Array, Array, float]],
    seen: Sequence[float | Array],
    convention: Convention,
) -> tuple[Misconception, ...]:
    """Two misconceptions that together explain what was seen: one of the data term, one of the regularizer; or none.

    Arguments, tolerance and errors as in match. Each term is a summand, so what the second changes of the right answer
    is taken off what was seen before the first is looked for.
    """
    problems, values = _problems(cases, seen, convention), [_value(each, part) for each in seen]
    rights = [right_answer(classifier, part, problem) for problem in problems]
    if any(value.shape != right.shape for value, right in zip(values, rights, strict=True)):
        return ()
    entries = [
        (entry, [entry.outcome(problem) for problem in problems]) for entry in _table(classifier, part)
    ]
    of_regularizer = [(entry, found) for entry, found in entries if entry.name in OF_REGULARIZER]
    of_data = [(entry, found) for entry, found in entries if entry.name not in OF_REGULARIZER | _OF_BOTH]
    for second, changed in of_regularizer:
        for first, outcomes in of_data:
            expected = [
                one + other - right for one, other, right in zip(outcomes, changed, rights, strict=True)
            ]
            if _all_agree(values, expected, rights):
                return first, second
    return ()


def _table(classifier: Classifier, part: Part) -> list[Misconception]:
    return [entry for entry in MISCONCEPTIONS if (entry.classifier, entry.part) == (classifier, part)]


def _problems(
    cases: Sequence[Case | tuple[Array, Array, Array, float]],
    seen: Sequence[float | Array],
    convention: Convention,
) -> list[Problem]:
    if len(cases) != len(seen):
        raise ValueError(f"seen must hold one value per case (got {len(seen)} for {len(cases)} cases)")
    return [
        Problem.of(case.W, case.X, case.y, case.reg, convention, case.b)
        for case in (Case(*each) for each in cases)
    ]


def _all_agree(values: Iterable[Array], outcomes: Iterable[Array], rights: Iterable[Array]) -> bool:
    return all(_agrees(*each) for each in zip(values, outcomes, rights, strict=True))


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
