"""The named mistakes of each classifier, and the search among them for what was seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.mistakes.combined import Explanation, Search
from reference.losses.mistakes.labels import LABELS
from reference.losses.mistakes.probabilities import PROBABILITIES
from reference.losses.mistakes.regularizer import REGULARIZER
from reference.losses.mistakes.shared import BATCH, DATA_TERM, WHOLE
from reference.losses.mistakes.softmax import SOFTMAX
from reference.losses.mistakes.svm import SVM
from reference.losses.problem import Array, Case
from reference.losses.right import Classifier, LossMistake, Part, RightAnswer
from reference.mistakes import Seen, distance, matching

LOSS_MISTAKES: Mapping[Classifier, tuple[LossMistake, ...]] = {
    "svm": (*WHOLE, *DATA_TERM, *SVM, *REGULARIZER, *BATCH),
    "softmax": (
        *(*WHOLE, *DATA_TERM, *SOFTMAX, *LABELS, *PROBABILITIES, *REGULARIZER),
        # This loss of the softmax is the logarithm of the sum of the shifted exponentials, which has its own entry.
        *(each for each in BATCH if (each.name, each.output) != ("prediction_as_label", "loss")),
    ),
}

LOSS_TOLERANCE = 1e-8
"""Relative to the largest entry of the mistake's outcome."""

CLEARANCE = 100.0
"""In tolerances for float32 arithmetic: how far from the right answer a value must be to be named within them."""

SEEN_EPSILONS = (1e-8, 1e-9)
"""Harmless epsilons inside the logarithm that move a loss by more than the tolerance."""

NEARLY_RIGHT = 1e-3
"""Relative. Values this near to the right ones are not several mistakes that cancel, nor a factor."""


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


def explain_loss(
    classifier: Classifier,
    part: Part,
    cases: Sequence[Case],
    values: Sequence[Array | float],
    convention: Convention,
    *,
    float32_tolerance: float = 0.0,
    preferred: Collection[str] = (),
) -> Explanation:
    """The mistake that explains what was seen in every case, or the two or three that explain it together.

    float32_tolerance: what arithmetic in float32 inside may add, relative to the largest entry.
    preferred: names of mistakes of the other part, which decide between mistakes that the cases do not tell apart.
    """
    seen = _seen(classifier, part, cases, values, convention)
    off = distance(seen, (each.right for each in seen), np.inf, _own_scale) if seen else 0.0
    if off <= LOSS_TOLERANCE:
        return ()
    own, search = _of(classifier, part), _search(classifier, part, seen)
    tolerances = [LOSS_TOLERANCE] + [float32_tolerance] * (off > CLEARANCE * float32_tolerance > 0)
    with np.errstate(all="ignore"):
        for tolerance in tolerances:
            if "other_margin" in preferred and (margin := search.margin(tolerance)):
                return margin
            if found := matching(own, seen, tolerance, _own_scale):
                likely = [each for each in found if each.name in preferred]
                return tuple((likely or found)[:1])
            if off > NEARLY_RIGHT and (several := search.one_number(tolerance) or search.several(tolerance)):
                return several
        if (classifier, part) != ("softmax", "loss"):
            return ()
        return next(filter(None, (_beside_epsilon(own, seen, each) for each in SEEN_EPSILONS)), ())


def _beside_epsilon(
    own: Sequence[LossMistake], seen: Sequence[Seen[RightAnswer]], epsilon: float
) -> Explanation:
    """The mistakes of a softmax's loss that has a harmless epsilon as well."""
    moved = [_with_epsilon(each, epsilon) for each in seen]
    found = matching(own, moved, 2 * epsilon, _own_scale)
    return tuple(found[:1]) or _search("softmax", "loss", moved).pair(2 * epsilon)


def _search(classifier: Classifier, part: Part, seen: Sequence[Seen[RightAnswer]]) -> Search:
    own = _of(classifier, part)
    in_data = [each for each in own if each not in WHOLE and each not in REGULARIZER]
    return Search(classifier, part, seen, in_data, [each for each in own if each in REGULARIZER], _own_scale)


def _with_epsilon(seen: Seen[RightAnswer], epsilon: float) -> Seen[RightAnswer]:
    """The call with the epsilon in the right answer."""
    problem = seen.given.problem
    other = problem.with_log_probabilities(np.log(problem.probabilities + epsilon))
    right = dataclasses.replace(seen.given, problem=other)
    return Seen(right, seen.value, right.value)


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
