"""Mistakes with one unknown number that is the same in every case, such as "4 times the correct gradient"."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reference.losses.formulas import signed_active, svm_data_term
from reference.losses.problem import Problem
from reference.losses.right import Classifier, LossMistake, Part, RightAnswer
from reference.mistakes import (
    MATCH_TOLERANCE,
    Mistake,
    Outcome,
    Seen,
    is_factor,
    number_in_words,
    times,
)

_CORRECT = "It equals the correct {part} with "
_FACTOR = "where does that factor come from?"
_DEPENDS = "does it depend on W and X?"
_OTHER_MARGIN = "where does the margin enter?"
_TRUE_CLASS = "what is the derivative of a sample's loss with respect to its true score?"

_MARGINS = (0.001, 0.01, 0.1, 0.2, 0.25, 0.5, 1.5, 2, 3, 5, 10, 20, 50, 100)
"""Margins that are tried in the SVM's gradient, which shows only which classes are active."""
_NEWTON_STEPS = 100


LEAST_ADDED = 1e-3
"""A number nearer to zero is not what a student added."""


def _is_count(number: float) -> bool:
    """Whether it is one over a whole number."""
    divisor = 1 / number
    return 1.5 < divisor < np.inf and abs(divisor - round(divisor)) <= MATCH_TOLERANCE * divisor


def _is_visible(number: float) -> bool:
    return abs(number) > LEAST_ADDED


@dataclass(frozen=True, slots=True)
class Family:
    """The wrong answers base + number*slope."""

    name: str
    message: Callable[[float], str]
    base: Callable[[RightAnswer], Outcome]
    slope: Callable[[RightAnswer], Outcome]
    parts: tuple[Part, ...] = ("loss", "gradient")
    classifiers: tuple[Classifier, ...] = ("svm", "softmax")
    is_member: Callable[[float], bool] = is_factor
    """Whether the number makes a mistake, and a likely one."""

    def member(self, part: Part, number: float) -> LossMistake:
        """The mistake with this number."""
        return Mistake(
            self.name,
            part,
            self.message(number),
            lambda right: self.base(right) + number * self.slope(right),
        )


def _without_true_class(right: RightAnswer) -> Outcome:
    """The gradient without the columns of the true classes."""
    problem = right.problem
    if right.classifier == "svm":
        return right.with_terms((problem.margins > 0).astype(problem.scores.dtype))
    return right.with_terms(problem.probabilities)


def _of_true_class(right: RightAnswer) -> Outcome:
    """The gradient with one subtracted for the true class of each sample, and nothing else."""
    return right.problem.pull_back(-right.problem.one_hot)


def _of_strength_one(right: RightAnswer) -> Outcome:
    problem = dataclasses.replace(right.problem, reg=np.float64(1))
    return dataclasses.replace(right, problem=problem).regularizer


def _ones(right: RightAnswer) -> Outcome:
    return np.ones_like(right.value)


FAMILIES: tuple[Family, ...] = (
    Family(
        "constant_result",
        lambda number: f"It is {number_in_words(number)} for every input: {_DEPENDS}",
        lambda right: 0 * right.value,
        _ones,
        parts=("loss",),
        is_member=_is_visible,
    ),
    Family(
        "constant_factor",
        lambda number: f"It equals {times(number, 'the correct {part}')}: {_FACTOR}",
        lambda right: 0 * right.value,
        lambda right: right.value,
    ),
    Family(
        "data_term_times_constant",
        lambda number: f"{_CORRECT}{times(number, 'the data term')}: {_FACTOR}",
        lambda right: right.regularizer,
        lambda right: right.data,
    ),
    Family(
        "regularizer_times_constant",
        lambda number: (
            f"{_CORRECT}{times(number, 'the term {term}')}: compare its factor with the assignment's."
        ),
        lambda right: right.data,
        lambda right: right.regularizer,
    ),
    Family(
        "regularizer_of_constant_strength",
        lambda number: (
            f"{_CORRECT}a regularization of strength {number_in_words(number)}, whatever reg is: "
            "where is its strength used?"
        ),
        lambda right: right.data,
        _of_strength_one,
        is_member=_is_visible,
    ),
    Family(
        "divided_by_constant",
        lambda number: (
            f"{_CORRECT}the data term divided by {number_in_words(1 / number)}, however many samples there are: "
            "where does the number of samples come from?"
        ),
        lambda right: right.regularizer,
        lambda right: right.problem.num_samples * right.data,
        is_member=_is_count,
    ),
    Family(
        "constant_data_term",
        lambda number: f"It equals {number_in_words(number)} plus {{term}} for all inputs: {_DEPENDS}",
        lambda right: right.regularizer,
        _ones,
        parts=("loss",),
        is_member=_is_visible,
    ),
    Family(
        "constant_added",
        lambda number: (
            f"It equals the correct loss {'plus' if number > 0 else 'minus'} {number_in_words(abs(number))} "
            "for all inputs: what do you add that does not depend on W?"
        ),
        lambda right: right.value,
        _ones,
        parts=("loss",),
        is_member=_is_visible,
    ),
    Family(
        "true_class_counted_constantly",
        lambda number: (
            f"It equals the correct gradient with each sample counted {times(number, '')} in the column of its true class, "
            "however many margins are positive: is the number of classes hard-coded there?"
        ),
        _without_true_class,
        _of_true_class,
        parts=("gradient",),
        classifiers=("svm",),
    ),
    Family(
        "constant_subtracted_for_true_class",
        lambda number: (
            f"It equals the gradient with {number_in_words(number)} subtracted for the true class, not one: {_TRUE_CLASS}"
        ),
        _without_true_class,
        _of_true_class,
        parts=("gradient",),
        classifiers=("softmax",),
    ),
)


def other_margins(
    classifier: Classifier, part: Part, seen: Sequence[Seen[RightAnswer]]
) -> Iterator[LossMistake]:
    """The right formula of the SVM with other margins that may explain what was seen."""
    if classifier == "softmax" or not seen:
        return
    if part == "gradient":
        margins: Sequence[float] = _MARGINS
    else:
        first = seen[0]
        margins = _margins_with(float(first.value - first.given.regularizer), first.given.problem)
    for delta in margins:
        if delta != seen[0].given.problem.convention.delta:
            yield _with_margin(part, delta)


def _with_margin(part: Part, delta: float) -> LossMistake:
    which = f"a margin of {number_in_words(delta)} instead of" if part == "loss" else "a margin other than"
    message = f"It equals the {{part}} with {which} {{delta}}: {_OTHER_MARGIN}"
    return Mistake("other_margin", part, message, lambda right: _at_margin(right, delta))


def _at_margin(right: RightAnswer, delta: float) -> Outcome:
    problem = _problem_with(right.problem, delta)
    if right.part == "loss":
        return np.asarray(svm_data_term(problem)[0] + right.regularizer)
    return right.with_terms(signed_active(problem, problem.margins > 0))


def _problem_with(problem: Problem, delta: float) -> Problem:
    convention = dataclasses.replace(problem.convention, delta=delta)
    return dataclasses.replace(problem, convention=convention)


def _margins_with(loss: float, problem: Problem) -> Sequence[float]:
    """The positive margin with which the hinges average to this loss, if any.

    The average is a convex function of the margin, so Newton's method comes down to it from the right, in steps that
    jump from one piece of it to the next.
    """
    differences = np.asarray(problem.scores - problem.true_scores, np.float64)[problem.one_hot == 0]
    if loss <= 0 or not differences.size:
        return ()
    delta = loss * problem.num_samples - float(differences.min())
    for _ in range(_NEWTON_STEPS):
        hinges = differences + delta
        active = hinges > 0
        if not active.any():
            return ()
        moved = delta - (hinges[active].sum() - loss * problem.num_samples) / active.sum()
        if abs(moved - delta) <= 1e-14 * max(1.0, abs(delta)):
            break
        delta = float(moved)
    return (_rounded(delta),) if delta > 0 else ()


def _rounded(number: float) -> float:
    """The number that a student wrote: the one with twelve digits."""
    return float(f"{number:.12g}")
