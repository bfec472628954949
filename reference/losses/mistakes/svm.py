"""Misconceptions about the hinge loss and its gradient."""

from __future__ import annotations

from functools import partial

import numpy as np

from reference.losses.formulas import signed_active
from reference.losses.mistakes.misconception import Misconception, gradient_of_coefficients, loss_of_terms
from reference.losses.problem import Array, Problem

_loss = partial(loss_of_terms, "svm")
_gradient = partial(gradient_of_coefficients, "svm")


def _others(problem: Problem) -> Array:
    """(N, C): one but at the true class."""
    return 1 - problem.one_hot


def _differences(problem: Problem) -> Array:
    """(N, C): s_j - s_{y_i}, the margins without delta."""
    differences: Array = problem.scores - problem.true_scores
    return differences


def _active(problem: Problem) -> Array:
    active: Array = problem.margins > 0
    return active


def _count(problem: Problem) -> Array:
    """(N, 1): how many margins of the row are active."""
    count: Array = _active(problem).sum(axis=1, keepdims=True)
    return count


def _hinges(problem: Problem) -> Array:
    return np.maximum(problem.margins, 0)


def _greatest(problem: Problem) -> Array:
    """(N, C) of bool: the first greatest margin of each row, where it is active."""
    margins = problem.margins
    greatest: Array = (np.arange(problem.num_classes) == margins.argmax(axis=1)[:, None]) & (margins > 0)
    return greatest


def _but_the_last(problem: Problem) -> Array:
    """(C,) of bool: every class but the last."""
    kept: Array = np.arange(problem.num_classes) < problem.num_classes - 1
    return kept


def _weighted(problem: Problem, weights: Array) -> Array:
    """(N, C): the weights of the other classes, and minus their sum at the true class."""
    signed: Array = weights - problem.one_hot * weights.sum(axis=1, keepdims=True)
    return signed


SVM_LOSSES: tuple[Misconception, ...] = (
    _loss(
        "true_class_not_skipped",
        "It equals the correct loss plus {delta}, the margin: which class of each sample does the sum leave out?",
        lambda problem: _hinges(problem) + problem.one_hot * problem.convention.delta,
    ),
    _loss(
        "delta_zero",
        "It equals the loss with a margin of zero in place of {delta}: where does the margin enter?",
        lambda problem: np.maximum(_differences(problem), 0),
    ),
    _loss(
        "delta_subtracted",
        "It equals the loss with a margin of minus {delta}: which way does the margin shift the scores?",
        lambda problem: np.maximum(_differences(problem) - problem.convention.delta, 0) * _others(problem),
    ),
    _loss(
        "not_clamped",
        "It equals the sum of all margins, negative ones too: what does a class contribute that is beaten "
        "by more than the margin?",
        lambda problem: problem.margins,
    ),
    _loss(
        "squared_hinge",
        "It equals the loss with each margin squared: the assignment asks for the hinge itself.",
        lambda problem: _hinges(problem) ** 2,
    ),
    _loss(
        "margin_doubled",
        "It equals the loss with twice the margin of {delta}: where does the margin enter, and how often?",
        lambda problem: (
            np.maximum(_differences(problem) + 2 * problem.convention.delta, 0) * _others(problem)
        ),
    ),
    _loss(
        "absolute_margins",
        "It equals the sum of the absolute margins: what does a class contribute that is beaten by more than the margin?",
        lambda problem: np.abs(problem.margins),
    ),
    _loss(
        "negative_margins",
        "It equals the sum of the negative margins, without the positive ones: which of them make the loss?",
        lambda problem: np.minimum(problem.margins, 0),
    ),
    _loss(
        "last_class_left_out",
        "It equals the correct loss but that the last class is left out: "
        "which numbers does the loop over the classes run through?",
        lambda problem: _hinges(problem)[:, :-1],
    ),
    _loss(
        "difference_reversed",
        "It equals the loss with the difference of the scores reversed: "
        "which of the two scores is subtracted from the other?",
        lambda problem: np.maximum(problem.convention.delta - _differences(problem), 0) * _others(problem),
    ),
    _loss(
        "greatest_margin_only",
        "It equals the loss with only the greatest margin of each sample: how many wrong classes contribute?",
        lambda problem: _hinges(problem).max(axis=1),
    ),
    _loss(
        "margins_counted",
        "It equals the loss with the number of positive margins in place of their sum: "
        "is a mask of ones summed where the margins should be?",
        lambda problem: _active(problem).astype(problem.scores.dtype),
    ),
    _loss(
        "divided_by_active",
        "It equals the correct loss divided by the number of positive margins, not of samples: "
        "what is the average of a batch?",
        lambda problem: _hinges(problem) * problem.num_samples / max(1, _active(problem).sum()),
    ),
)

SVM_GRADIENTS: tuple[Misconception, ...] = (
    _gradient(
        "all_margins_active",
        "It equals the gradient with every wrong class counted, positive margin or not: "
        "under which condition does a class contribute?",
        lambda problem: signed_active(problem, _others(problem) > 0),
    ),
    _gradient(
        "true_class_missing",
        "It equals the correct gradient without the columns of the true classes: "
        "a margin depends on two scores; do both reach dW?",
        lambda problem: _active(problem).astype(problem.scores.dtype),
    ),
    _gradient(
        "only_true_class",
        "It equals the correct gradient with only the columns of the true classes: "
        "a margin depends on two scores; do both reach dW?",
        lambda problem: -problem.one_hot * _count(problem),
    ),
    _gradient(
        "true_class_once",
        "It equals the correct gradient with each sample counted exactly once in the column of its true class: "
        "in how many margins of a sample does the true score stand?",
        lambda problem: _active(problem) - problem.one_hot,
    ),
    _gradient(
        "true_class_once_if_active",
        "It equals the correct gradient with a sample counted at most once in the column of its true class: "
        "in how many margins of a sample does the true score stand?",
        lambda problem: _active(problem) - problem.one_hot * (_count(problem) > 0),
    ),
    _gradient(
        "true_class_for_every_margin",
        "It equals the correct gradient with every margin counted in the column of the true class, "
        "positive or not: under which condition does a margin contribute?",
        lambda problem: _active(problem) - problem.one_hot * (problem.num_classes - 1),
    ),
    _gradient(
        "true_class_counts_itself",
        "It equals the correct gradient with each sample counted once too often in the column of its true class: "
        "is the true class among the margins that are counted?",
        lambda problem: _active(problem) - problem.one_hot * (_count(problem) + 1),
    ),
    _gradient(
        "true_class_added",
        "It equals the correct gradient with the opposite sign in the columns of the true classes: "
        "does the loss rise or fall as the true score rises?",
        lambda problem: _active(problem) + problem.one_hot * _count(problem),
    ),
    _gradient(
        "delta_zero",
        "It equals the gradient with a margin of zero in place of {delta}: "
        "is the margin part of the condition under which a class contributes?",
        lambda problem: signed_active(problem, _differences(problem) > 0),
    ),
    _gradient(
        "margin_doubled",
        "It equals the gradient with twice the margin of {delta}: where does the margin enter, and how often?",
        lambda problem: signed_active(
            problem, (_differences(problem) + 2 * problem.convention.delta) * _others(problem) > 0
        ),
    ),
    _gradient(
        "negative_margins",
        "It equals the gradient with the classes of negative margin counted, not those of positive margin: "
        "which of them make the loss?",
        lambda problem: signed_active(problem, problem.margins < 0),
    ),
    _gradient(
        "last_class_left_out",
        "It equals the correct gradient but that the last class is left out: "
        "which numbers does the loop over the classes run through?",
        lambda problem: signed_active(problem, _active(problem) & _but_the_last(problem)),
    ),
    _gradient(
        "weighted_by_margin",
        "It equals the gradient with each class weighted by its margin: "
        "how does the hinge change with the score once it is positive?",
        lambda problem: _weighted(problem, _hinges(problem)),
    ),
    _gradient(
        "squared_hinge",
        "It equals the gradient of the squared hinge: the assignment asks for the hinge itself.",
        lambda problem: _weighted(problem, 2 * _hinges(problem)),
    ),
    _gradient(
        "true_class_weighted",
        "It equals the correct gradient with the margins summed in the columns of the true classes, not counted: "
        "how does the hinge change with the true score once it is positive?",
        lambda problem: _active(problem) - problem.one_hot * _hinges(problem).sum(axis=1, keepdims=True),
    ),
    _gradient(
        "greatest_margin_only",
        "It equals the gradient with only the greatest margin of each sample: how many wrong classes contribute?",
        lambda problem: signed_active(problem, _greatest(problem)),
    ),
)
