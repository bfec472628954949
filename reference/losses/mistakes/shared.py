"""Misconceptions that strike the SVM and the softmax alike: averaging, the regularizer, labels, signs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from reference.losses.mistakes.misconception import Classifier, Formula, Misconception, Part, data_term
from reference.losses.problem import Array, Problem

Factor = Callable[[Problem], float]
Term = Callable[[Problem], Any]


def _zero(_: Problem) -> float:
    return 0


def _one(_: Problem) -> float:
    return 1


def _two(_: Problem) -> float:
    return 2


def _half(_: Problem) -> float:
    return 0.5


def _minus_one(_: Problem) -> float:
    return -1


def _one_over_n(problem: Problem) -> float:
    return 1 / problem.num_samples


def _scaled(name: str, part: Part, template: str, data: Factor, penalty: Factor) -> list[Misconception]:
    """For both classifiers: the data term and the regularizer's term, each times a factor."""

    def formula(classifier: Classifier) -> Formula:
        return lambda problem: (
            data(problem) * data_term(classifier, part, problem)
            + penalty(problem) * _regularizer(part, problem)
        )

    return _for_both(name, part, template, formula)


def _regularized_by(name: str, part: Part, template: str, term: Term) -> list[Misconception]:
    """For both classifiers: the right data term, and another term in place of the regularizer's."""

    def formula(classifier: Classifier) -> Formula:
        return lambda problem: data_term(classifier, part, problem) + term(problem)

    return _for_both(name, part, template, formula)


def _labels_one_too_low(part: Part) -> list[Misconception]:
    """For both classifiers: y - 1 for y, where -1 means the last class, as a negative index does."""
    template = (
        "It equals the {part} for labels that are one too low. The labels count from zero: "
        "is one subtracted from them somewhere?"
    )

    def formula(classifier: Classifier) -> Formula:
        return lambda problem: (
            data_term(classifier, part, dataclasses.replace(problem, y=(problem.y - 1) % problem.num_classes))
            + _regularizer(part, problem)
        )

    return _for_both("labels_one_too_low", part, template, formula)


def _for_both(
    name: str, part: Part, template: str, formula: Callable[[Classifier], Formula]
) -> list[Misconception]:
    return [Misconception(name, part, each, template, formula(each)) for each in get_args(Classifier)]


def _regularizer(part: Part, problem: Problem) -> Array:
    return np.asarray(problem.regularizer) if part == "loss" else problem.regularizer_gradient


def _without_last_feature(problem: Problem) -> Array:
    kept = problem.W.copy()
    kept[-1] = 0
    return kept


def _in_either_part(part: Part) -> list[Misconception]:
    """What goes wrong in the loss and in the gradient in the same way."""
    correct = "It equals the correct {part} with "
    wrong_divisor = "which dimension does the divisor come from?"
    return [
        *_scaled(
            "sum_instead_of_mean",
            part,
            correct + "the data term not divided by the number of samples: "
            "does the assignment ask for the sum over the samples, or for their average?",
            lambda problem: problem.num_samples,
            _one,
        ),
        *_scaled(
            "regularizer_divided_by_samples",
            part,
            correct + "the term {term} divided by the number of samples: "
            "is the regularization added before the average is taken?",
            _one,
            _one_over_n,
        ),
        *_scaled(
            "divided_twice",
            part,
            correct + "the data term divided by the number of samples twice: where is the average taken?",
            _one_over_n,
            _one,
        ),
        *_scaled(
            "divided_by_classes",
            part,
            correct + "the data term divided by the number of classes, not of samples: " + wrong_divisor,
            lambda problem: problem.num_samples / problem.num_classes,
            _one,
        ),
        *_scaled(
            "divided_by_features",
            part,
            correct + "the data term divided by the number of features, not of samples: " + wrong_divisor,
            lambda problem: problem.num_samples / problem.num_features,
            _one,
        ),
        *_scaled(
            "divided_by_samples_and_classes",
            part,
            correct + "the data term divided by the number of classes as well as by the number of samples: "
            "is the average taken over samples only?",
            lambda problem: 1 / problem.num_classes,
            _one,
        ),
        *_scaled(
            "only_regularizer",
            part,
            "It equals the term {term} alone: does the data term reach the result?",
            _zero,
            _one,
        ),
        *_scaled(
            "regularizer_subtracted",
            part,
            correct + "the term {term} subtracted: look at the sign of the regularization.",
            _one,
            _minus_one,
        ),
        *_scaled(
            "data_sign_flipped",
            part,
            correct + "the opposite sign in the data term: is a minus missing, or one too many?",
            _minus_one,
            _one,
        ),
        *_scaled(
            "sign_flipped",
            part,
            correct + "the opposite sign throughout: is a minus missing, or one too many?",
            _minus_one,
            _minus_one,
        ),
        *_labels_one_too_low(part),
    ]


SHARED_LOSSES: tuple[Misconception, ...] = (
    *_scaled(
        "all_zero",
        "loss",
        "It is zero: is this part still as the template left it, or is the result overwritten?",
        _zero,
        _zero,
    ),
    *_scaled(
        "no_regularizer",
        "loss",
        "It equals the correct loss without the term {term}: was the regularization left out of the loss?",
        _one,
        _zero,
    ),
    *_scaled(
        "half_regularizer",
        "loss",
        "It equals the correct loss with half of the term {term}: "
        "compare the factor of the regularization with the one in the assignment.",
        _one,
        _half,
    ),
    *_scaled(
        "double_regularizer",
        "loss",
        "It equals the correct loss with twice the term {term}: "
        "compare the factor of the regularization with the one in the assignment.",
        _one,
        _two,
    ),
    *_in_either_part("loss"),
    *_regularized_by(
        "regularizer_is_norm",
        "loss",
        "It equals the correct loss with the norm of W in place of its square, sum(W*W): "
        "does the norm that was used take a square root?",
        lambda problem: problem.penalty * np.sqrt(np.sum(problem.W**2)),
    ),
    *_regularized_by(
        "regularizer_is_sum",
        "loss",
        "It equals the correct loss with sum(W) in place of sum(W*W): are the weights squared before they are summed?",
        lambda problem: problem.penalty * np.sum(problem.W),
    ),
    *_regularized_by(
        "last_feature_not_regularized",
        "loss",
        "It equals the correct loss with the weights of the last feature left out of {term}: "
        "this assignment regularizes all of W.",
        lambda problem: problem.penalty * np.sum(_without_last_feature(problem) ** 2),
    ),
)

SHARED_GRADIENTS: tuple[Misconception, ...] = (
    *_scaled(
        "all_zero",
        "gradient",
        "It is zero throughout: is dW still as the template left it, or is the result overwritten?",
        _zero,
        _zero,
    ),
    *_scaled(
        "half_regularizer",
        "gradient",
        "It equals the correct gradient with half of the regularizer's part: what is the derivative of {regularizer}?",
        _one,
        _half,
    ),
    *_scaled(
        "double_regularizer",
        "gradient",
        "It equals the correct gradient with twice the term {term}: what is the derivative of {regularizer}?",
        _one,
        _two,
    ),
    *_scaled(
        "no_regularizer",
        "gradient",
        "It equals the correct gradient without the term {term}: was the regularization left out of dW?",
        _one,
        _zero,
    ),
    *_in_either_part("gradient"),
    *_scaled(
        "regularizer_of_gradient",
        "gradient",
        "It equals the data term's gradient with 2*reg times itself added: whose derivative is {term}?",
        lambda problem: float(1 + 2 * problem.penalty),
        _zero,
    ),
    *_regularized_by(
        "regularizer_loss_added",
        "gradient",
        "It equals the correct gradient with the number {regularizer} added to every entry in place of {term}: "
        "what is the derivative of that number with respect to one entry of W?",
        lambda problem: problem.regularizer,
    ),
    *_regularized_by(
        "regularizer_is_norm",
        "gradient",
        "It equals the correct gradient with the derivative of the norm of W in place of that of sum(W*W): "
        "does the regularizer take a square root?",
        lambda problem: problem.penalty * problem.W / np.sqrt(np.sum(problem.W**2)),
    ),
    *_regularized_by(
        "regularizer_is_sum",
        "gradient",
        "It equals the correct gradient with a constant in place of {term}: "
        "does the derivative of the regularization depend on W?",
        lambda problem: problem.penalty,
    ),
    *_regularized_by(
        "last_feature_not_regularized",
        "gradient",
        "It equals the correct gradient with the last feature left out of {term}: "
        "this assignment regularizes all of W.",
        lambda problem: 2 * problem.penalty * _without_last_feature(problem),
    ),
)
