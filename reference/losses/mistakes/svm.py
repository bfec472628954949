"""Mistakes in the hinge loss and its gradient."""

from __future__ import annotations

import numpy as np

from reference.losses.formulas import signed_active
from reference.losses.problem import Array, Problem
from reference.losses.right import LossMistake, of_terms


def _others(problem: Problem) -> Array:
    """(N, C): one except at the true class."""
    return 1 - problem.one_hot


def _differences(problem: Problem) -> Array:
    """(N, C): s_j - s_{y_i}, the margins without delta."""
    return np.asarray(problem.scores - problem.true_scores)


def _active(problem: Problem) -> Array:
    return np.asarray(problem.margins > 0)


def _count(problem: Problem) -> Array:
    """(N, 1): how many margins of the row are active."""
    return np.asarray(_active(problem).sum(axis=1, keepdims=True))


def _hinges(problem: Problem) -> Array:
    return np.maximum(problem.margins, 0)


def _largest_active(problem: Problem) -> Array:
    """(N, C) of bool: the first largest margin of each row, if it is active."""
    margins = problem.margins
    return np.asarray((np.arange(problem.num_classes) == margins.argmax(axis=1)[:, None]) & (margins > 0))


def _but_the_last(problem: Problem) -> Array:
    """(C,) of bool: every class but the last."""
    return np.asarray(np.arange(problem.num_classes) < problem.num_classes - 1)


def _kept(problem: Problem) -> Array:
    """(N, C): one for a positive margin, and a negative margin as it is."""
    return np.where(_active(problem), 1, problem.margins)


def _weighted(problem: Problem, weights: Array) -> Array:
    """(N, C): the weights of the other classes, and minus their sum at the true class."""
    return np.asarray(weights - problem.one_hot * weights.sum(axis=1, keepdims=True))


def _before_the_label(problem: Problem) -> Array:
    """(N, C) of bool: the classes before the true one."""
    return np.asarray(np.arange(problem.num_classes) < problem.y[:, None])


def _hinges_above(problem: Problem, compared: Array) -> Array:
    """(N, C): max(0, s_j - compared + delta) for the wrong classes; compared (N, 1)."""
    return np.asarray(np.maximum(problem.scores - compared + problem.convention.delta, 0) * _others(problem))


_LOSS = {
    "true_class_not_skipped": (
        "It equals the correct loss plus {delta}, the margin: which class of each sample should the sum leave out?",
        lambda problem: _hinges(problem) + problem.one_hot * problem.convention.delta,
    ),
    "delta_zero": (
        "It equals the loss with a margin of zero instead of {delta}: where does the margin enter?",
        lambda problem: np.maximum(_differences(problem), 0),
    ),
    "delta_subtracted": (
        "It equals the loss with a margin of minus {delta}: which way does the margin shift the scores?",
        lambda problem: np.maximum(_differences(problem) - problem.convention.delta, 0) * _others(problem),
    ),
    "not_clamped": (
        "It equals the sum of all margins, negative ones included: what does a class contribute once the true score beats it by more than the margin?",
        lambda problem: problem.margins,
    ),
    "squared_hinge": (
        "It equals the loss with each margin squared: the assignment asks for the hinge itself.",
        lambda problem: _hinges(problem) ** 2,
    ),
    "margin_doubled": (
        "It equals the loss with twice the margin of {delta}: where does the margin enter, and how often?",
        lambda problem: (
            np.maximum(_differences(problem) + 2 * problem.convention.delta, 0) * _others(problem)
        ),
    ),
    "absolute_margins": (
        "It equals the sum of the absolute margins: what does a class contribute once the true score beats it by more than the margin?",
        lambda problem: np.abs(problem.margins),
    ),
    "negative_margins": (
        "It equals the sum of the negative margins without the positive ones: which of them count toward the loss?",
        lambda problem: np.minimum(problem.margins, 0),
    ),
    "last_class_left_out": (
        "It equals the correct loss with the last class left out: which classes does the loop run over?",
        lambda problem: _hinges(problem)[:, :-1],
    ),
    "difference_reversed": (
        "It equals the loss with the score difference reversed: which score should be subtracted from which?",
        lambda problem: np.maximum(problem.convention.delta - _differences(problem), 0) * _others(problem),
    ),
    "greatest_margin_only": (
        "It equals the loss with only the largest margin of each sample: how many wrong classes contribute?",
        lambda problem: _hinges(problem).max(axis=1),
    ),
    "margins_counted": (
        "It equals the loss with the number of positive margins instead of their sum: do you sum a mask of ones where the margins should be?",
        lambda problem: _active(problem).astype(problem.scores.dtype),
    ),
    "not_clamped_nor_skipped": (
        "It equals the sum of all margins, negative ones and the true class's included: what does a class contribute once the true score beats it by more than the margin, and which class should be left out?",
        lambda problem: problem.margins + problem.one_hot * problem.convention.delta,
    ),
    "margin_outside_maximum": (
        "It equals the loss with the margin of {delta} added after the maximum with zero: does a class still add to the loss when its score is low enough?",
        lambda problem: (np.maximum(_differences(problem), 0) + problem.convention.delta) * _others(problem),
    ),
    "maximum_with_margin": (
        "It equals the loss with the maximum of {delta} and the difference of the scores: what should negative margins become?",
        lambda problem: np.maximum(_differences(problem), problem.convention.delta) * _others(problem),
    ),
    "scores_all_zero": (
        "It equals the loss of scores that are all zero: are the scores computed from W and X?",
        lambda problem: problem.convention.delta * _others(problem),
    ),
    "highest_score_for_true": (
        "It equals the loss with the highest score of each sample in place of its true class's: which score are the others compared with?",
        lambda problem: _hinges_above(problem, problem.scores.max(axis=1, keepdims=True)),
    ),
    "first_label_for_true_score": (
        "It equals the loss with the score of the first sample's class in place of each sample's own: how is the true score looked up?",
        lambda problem: _hinges_above(problem, problem.scores[:, problem.y[:1]]),
    ),
    "label_for_true_score": (
        "It equals the loss with the label itself in place of its score: how is the true score looked up?",
        lambda problem: _hinges_above(problem, problem.y[:, None]),
    ),
    "ends_at_true_class": (
        "It equals the correct loss with only the classes before the true one: does the loop stop there instead of continuing?",
        lambda problem: _hinges(problem) * _before_the_label(problem),
    ),
    "first_class_left_out": (
        "It equals the correct loss with the first class left out: which classes does the loop run over?",
        lambda problem: _hinges(problem)[:, 1:],
    ),
    "scores_summed": (
        "It equals the sum of the scores whose margins are positive: does a wrong class add its score, or its margin?",
        lambda problem: _active(problem) * problem.scores,
    ),
    "divided_by_active": (
        "It equals the correct loss divided by the number of positive margins, not of samples: what does the average of a batch divide by?",
        lambda problem: _hinges(problem) * problem.num_samples / max(1, _active(problem).sum()),
    ),
}

_GRADIENT = {
    "all_margins_active": (
        "It equals the gradient with every wrong class counted, positive margin or not: when does a class contribute?",
        lambda problem: signed_active(problem, _others(problem) > 0),
    ),
    "true_class_missing": (
        "It equals the correct gradient without the columns of the true classes: a margin depends on two scores; does dW include both?",
        lambda problem: _active(problem).astype(problem.scores.dtype),
    ),
    "only_true_class": (
        "It equals the correct gradient with only the columns of the true classes: a margin depends on two scores; does dW include both?",
        lambda problem: -problem.one_hot * _count(problem),
    ),
    "true_class_once": (
        "It equals the correct gradient with each sample counted exactly once in the column of its true class: how many margins of a sample contain the true score?",
        lambda problem: _active(problem) - problem.one_hot,
    ),
    "true_class_once_if_active": (
        "It equals the correct gradient with a sample counted at most once in the column of its true class: how many margins of a sample contain the true score?",
        lambda problem: _active(problem) - problem.one_hot * (_count(problem) > 0),
    ),
    "true_class_for_every_margin": (
        "It equals the correct gradient with every margin counted in the column of the true class, positive or not: when does a margin contribute?",
        lambda problem: _active(problem) - problem.one_hot * (problem.num_classes - 1),
    ),
    "true_class_counts_itself": (
        "It equals the correct gradient with each sample counted one time too many in the column of its true class: is the true class among the margins you count?",
        lambda problem: _active(problem) - problem.one_hot * (_count(problem) + 1),
    ),
    "true_class_added": (
        "It equals the correct gradient with the opposite sign in the columns of the true classes: does the loss rise or fall as the true score rises?",
        lambda problem: _active(problem) + problem.one_hot * _count(problem),
    ),
    "delta_zero": (
        "It equals the gradient with a margin of zero instead of {delta}: is the margin part of the test for whether a class contributes?",
        lambda problem: signed_active(problem, _differences(problem) > 0),
    ),
    "margin_doubled": (
        "It equals the gradient with twice the margin of {delta}: where does the margin enter, and how often?",
        lambda problem: signed_active(
            problem, (_differences(problem) + 2 * problem.convention.delta) * _others(problem) > 0
        ),
    ),
    "negative_margins": (
        "It equals the gradient that counts the classes with a negative margin, not those with a positive one: which of them count toward the loss?",
        lambda problem: signed_active(problem, problem.margins < 0),
    ),
    "last_class_left_out": (
        "It equals the correct gradient with the last class left out: which classes does the loop run over?",
        lambda problem: signed_active(problem, _active(problem) & _but_the_last(problem)),
    ),
    "difference_reversed": (
        "It equals the gradient that counts a class where the true score plus {delta} beats its own: which score should be subtracted from which?",
        lambda problem: signed_active(
            problem, (problem.convention.delta - _differences(problem)) * _others(problem) > 0
        ),
    ),
    "ends_at_true_class": (
        "It equals the correct gradient with only the classes before the true one: does the loop stop there instead of continuing?",
        lambda problem: signed_active(problem, _active(problem) & _before_the_label(problem)),
    ),
    "first_class_left_out": (
        "It equals the correct gradient with the first class left out: which classes does the loop run over?",
        lambda problem: signed_active(problem, _active(problem) & (np.arange(problem.num_classes) > 0)),
    ),
    "negative_margins_kept": (
        "It equals the gradient in which negative margins stay as weights and only the positive ones become one: what should a class with a negative margin contribute?",
        lambda problem: _weighted(problem, _kept(problem)),
    ),
    "negative_margins_kept_off_true_class": (
        "It equals the gradient in which negative margins stay as weights of the wrong classes: what should a class with a negative margin contribute?",
        lambda problem: _kept(problem) - problem.one_hot * _count(problem),
    ),
    "negative_margins_kept_with_true_class": (
        "It equals the gradient in which negative margins stay as weights and the true class counts itself: what should a class with a negative margin contribute?",
        lambda problem: _weighted(problem, _kept(problem)) - problem.one_hot,
    ),
    "weighted_by_all_margins": (
        "It equals the gradient with each class weighted by its margin, negative ones included: how does the hinge change with the score, above zero and below?",
        lambda problem: _weighted(problem, problem.margins),
    ),
    "wrong_class_weighted": (
        "It equals the correct gradient with the wrong classes weighted by their margins: how does the hinge change with the score once it is positive?",
        lambda problem: _hinges(problem) - problem.one_hot * _count(problem),
    ),
    "true_class_weighted_by_all": (
        "It equals the correct gradient with all margins, negative ones too, summed in the columns of the true classes: what is counted there?",
        lambda problem: _active(problem) - problem.one_hot * problem.margins.sum(axis=1, keepdims=True),
    ),
    "true_class_counts_batch": (
        "It equals the correct gradient with the positive margins of the whole batch counted in the column of every true class: along which axis do you sum the mask?",
        lambda problem: _active(problem) - problem.one_hot * _active(problem).sum(),
    ),
    "true_class_averaged": (
        "It equals the correct gradient with the share of positive margins in the columns of the true classes, not their number: do you take a mean where there should be a sum?",
        lambda problem: _active(problem) - problem.one_hot * _count(problem) / problem.num_classes,
    ),
    "true_class_plus_one": (
        "It equals the correct gradient with one added for each sample in the column of its true class: how does the loss change with the true score, and in how many terms?",
        lambda problem: _active(problem) + problem.one_hot,
    ),
    "true_class_as_flag": (
        "It equals the correct gradient with at most one added for a sample in the column of its true class: can the mask's type hold a negative count?",
        lambda problem: _active(problem) + problem.one_hot * (_count(problem) > 0),
    ),
    "true_class_wraps": (
        "It equals the correct gradient with negative counts wrapped around to 255 and below: can the mask's type hold a negative count?",
        lambda problem: _active(problem) + problem.one_hot * (-_count(problem) % 256),
    ),
    "all_classes_active": (
        "It equals the gradient with every class counted, the true one too: when does a class contribute?",
        lambda problem: 1 - problem.one_hot * (1 + problem.num_classes),
    ),
    "weighted_by_margin": (
        "It equals the gradient with each class weighted by its margin: how does the hinge change with the score once it is positive?",
        lambda problem: _weighted(problem, _hinges(problem)),
    ),
    "squared_hinge": (
        "It equals the gradient of the squared hinge: the assignment asks for the hinge itself.",
        lambda problem: _weighted(problem, 2 * _hinges(problem)),
    ),
    "true_class_weighted": (
        "It equals the correct gradient with the margins summed in the columns of the true classes, not counted: how does the hinge change with the true score once it is positive?",
        lambda problem: _active(problem) - problem.one_hot * _hinges(problem).sum(axis=1, keepdims=True),
    ),
    "greatest_margin_only": (
        "It equals the gradient with only the largest margin of each sample: how many wrong classes contribute?",
        lambda problem: signed_active(problem, _largest_active(problem)),
    ),
}

SVM: tuple[LossMistake, ...] = (
    *of_terms("loss", _LOSS),
    *of_terms("gradient", _GRADIENT),
)
