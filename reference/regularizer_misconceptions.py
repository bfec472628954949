"""Misconceptions about the norm that the regularizer takes of W."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from reference.misconception import Classifier, Formula, Misconception, Part, data_term
from reference.problem import Problem

Term = Callable[[Problem], Any]


def _regularized_by(name: str, part: Part, template: str, term: Term) -> list[Misconception]:
    """For both classifiers: the right data term, and another term in place of the regularizer's."""

    def formula(classifier: Classifier) -> Formula:
        return lambda problem: data_term(classifier, part, problem) + term(problem)

    return [Misconception(name, part, each, template, formula(each)) for each in get_args(Classifier)]


_IN_PLACE = "It equals the correct {part} with "

REGULARIZER_MISCONCEPTIONS: tuple[Misconception, ...] = (
    *_regularized_by(
        "regularizer_is_mean",
        "loss",
        _IN_PLACE
        + "the mean of the squared weights in place of their sum: what does the assignment ask for?",
        lambda problem: problem.penalty * np.mean(problem.W**2),
    ),
    *_regularized_by(
        "regularizer_is_mean",
        "gradient",
        _IN_PLACE + "{term} divided by the number of weights: is their mean taken instead of their sum?",
        lambda problem: problem.regularizer_gradient / problem.W.size,
    ),
    *_regularized_by(
        "regularizer_is_absolute",
        "loss",
        _IN_PLACE + "the sum of the absolute weights in place of sum(W*W): are the weights squared?",
        lambda problem: problem.penalty * np.sum(np.abs(problem.W)),
    ),
    *_regularized_by(
        "regularizer_is_absolute",
        "gradient",
        _IN_PLACE + "the signs of the weights in place of {term}: what is the derivative of {regularizer}?",
        lambda problem: problem.penalty * np.sign(problem.W),
    ),
    *_regularized_by(
        "regularizer_is_square_of_sum",
        "loss",
        _IN_PLACE + "the square of sum(W) in place of sum(W*W): which comes first, the square or the sum?",
        lambda problem: problem.penalty * np.sum(problem.W) ** 2,
    ),
    *_regularized_by(
        "regularizer_of_matrix_product",
        "loss",
        _IN_PLACE + "the entries of a matrix product of W with itself summed in place of sum(W*W): "
        "which product of W with itself squares each weight?",
        lambda problem: problem.penalty * np.sum(problem.W.T @ problem.W),
    ),
)
