"""The named mistakes of each classifier, and the search among them for what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.mistakes.probabilities import PROBABILITIES
from reference.losses.mistakes.regularizer import REGULARIZER
from reference.losses.mistakes.shared import BATCH, DATA_TERM, WHOLE
from reference.losses.mistakes.softmax import SOFTMAX
from reference.losses.mistakes.svm import SVM
from reference.losses.problem import Array
from reference.losses.right import Case, Classifier, LossMistake, Part, RightAnswer
from reference.mistakes import Seen, distance, matching

LOSS_MISTAKES: Mapping[Classifier, tuple[LossMistake, ...]] = {
    "svm": (*WHOLE, *DATA_TERM, *SVM, *REGULARIZER, *BATCH),
    "softmax": (
        *(*WHOLE, *DATA_TERM, *SOFTMAX, *PROBABILITIES, *REGULARIZER),
        # This loss of the softmax is the logarithm of the sum of the shifted exponentials, which has its own entry.
        *(each for each in BATCH if (each.name, each.output) != ("prediction_as_label", "loss")),
    ),
}

LOSS_TOLERANCE = 1e-8
"""Relative to the largest entry of the mistake's outcome."""


def match_loss(
    classifier: Classifier,
    part: Part,
    cases: Sequence[Case],
    values: Sequence[Array | float],
    convention: Convention,
) -> list[LossMistake]:
    """The mistakes that explain the loss or gradient seen in every case, in the order of LOSS_MISTAKES.

    values: one loss, or one gradient shaped like W, for each case, in float64. Empty where the right answer agrees
    with all of them. Several mistakes are found where the cases do not tell them apart: with N = 1, reg = 0 or
    W = 0 many coincide. Raises ValueError for cases and values of different number.
    """
    return matching(
        _of(classifier, part), _seen(classifier, part, cases, values, convention), LOSS_TOLERANCE, _own_scale
    )


def match_loss_pair(
    classifier: Classifier,
    part: Part,
    cases: Sequence[Case],
    values: Sequence[Array | float],
    convention: Convention,
) -> tuple[LossMistake, ...]:
    """Two mistakes that together explain what was seen, one in the data term and one in the regularizer; or none."""
    seen = _seen(classifier, part, cases, values, convention)
    with np.errstate(all="ignore"):
        changes = [
            (mistake, [mistake.outcome(each.given) - each.right for each in seen])
            for mistake in _of(classifier, part)
            if mistake not in WHOLE
        ]
    for second, of_regularizer in changes:
        if second not in REGULARIZER:
            continue
        for first, of_data in changes:
            if first in REGULARIZER:
                continue
            expected = [
                each.right + one + other
                for each, one, other in zip(seen, of_data, of_regularizer, strict=True)
            ]
            if distance(seen, expected, LOSS_TOLERANCE, _own_scale) <= LOSS_TOLERANCE:
                return first, second
    return ()


def _of(classifier: Classifier, part: Part) -> list[LossMistake]:
    return [each for each in LOSS_MISTAKES[classifier] if each.output == part]


def _seen(
    classifier: Classifier,
    part: Part,
    cases: Sequence[Case],
    values: Sequence[Array | float],
    convention: Convention,
) -> list[Seen[RightAnswer]]:
    """The values seen with the right answers, in the layout of Problem; a loss of shape (1,) or (1, 1) is a number."""
    if len(cases) != len(values):
        raise ValueError(f"there must be one value per case (got {len(values)} for {len(cases)} cases)")
    seen = []
    for case, value in zip(cases, values, strict=True):
        right = RightAnswer.of(classifier, part, case, convention)
        array = np.asarray(value, dtype=np.float64)
        is_number = part == "loss" and array.size == 1
        turned = array.reshape(()) if is_number else right.problem.in_layout(array)
        seen.append(Seen(right, turned, right.value))
    return seen


def _own_scale(outcome: float, right: float) -> float:
    """A mistake's own size; the right answer's for an outcome of zero."""
    return outcome or right
