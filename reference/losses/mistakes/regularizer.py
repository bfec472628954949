"""Misconceptions about the regularizer: the norm that it takes of W, its strength, and which weights it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from reference.losses.mistakes.misconception import Classifier, Formula, Misconception, Part, data_term
from reference.losses.problem import Array, Problem

Term = Callable[[Problem], Any]


def _kept(problem: Problem, kept: tuple[slice, slice]) -> Array:
    """W with zeros but in the part that is kept."""
    result = np.zeros_like(problem.W)
    result[kept] = problem.W[kept]
    return result


def _in_both(name: str, template: str, loss: Term, gradient: Term) -> tuple[Misconception, ...]:
    """One mistake in the loss and in the gradient."""
    return (
        *_regularized_by(name, "loss", template, loss),
        *_regularized_by(name, "gradient", template, gradient),
    )


def _left_out(name: str, what: str, kept: tuple[slice, slice]) -> tuple[Misconception, ...]:
    return _in_both(
        name,
        _IN_PLACE + f"the weights of {what} left out of {{term}}: this assignment regularizes all of W.",
        lambda problem: problem.penalty * np.sum(_kept(problem, kept) ** 2),
        lambda problem: 2 * problem.penalty * _kept(problem, kept),
    )


def _scaled_penalty(
    name: str, template: str, factor: Callable[[Problem], float]
) -> tuple[Misconception, ...]:
    return _in_both(
        name,
        template,
        lambda problem: factor(problem) * problem.regularizer,
        lambda problem: factor(problem) * problem.regularizer_gradient,
    )


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
    *_regularized_by(
        "regularizer_is_column_norms",
        "loss",
        _IN_PLACE + "the norms of the columns of W summed in place of sum(W*W): are the weights squared?",
        lambda problem: problem.penalty * np.sum(np.sqrt(np.sum(problem.W**2, axis=0))),
    ),
    *_regularized_by(
        "regularizer_squared_in_gradient",
        "gradient",
        _IN_PLACE + "the squares of the weights in place of {term}: what is the derivative of {regularizer}?",
        lambda problem: 2 * problem.penalty * problem.W**2,
    ),
    *_in_both(
        "regularizer_without_strength",
        _IN_PLACE + "the regularization whatever reg is: where does its strength enter?",
        lambda problem: problem.convention.regularizer_coefficient * np.sum(problem.W**2),
        lambda problem: 2 * problem.convention.regularizer_coefficient * problem.W,
    ),
    *_scaled_penalty(
        "strength_squared",
        _IN_PLACE
        + "the strength of the regularization squared: is reg multiplied before the weights are squared?",
        lambda problem: float(problem.reg),
    ),
    *_scaled_penalty(
        "half_regularizer_divided_by_samples",
        _IN_PLACE + "half of the term {term}, divided by the number of samples: "
        "is the regularization added before the average is taken, and is its factor that of the assignment?",
        lambda problem: 0.5 / problem.num_samples,
    ),
    *_scaled_penalty(
        "regularizer_for_each_sample",
        _IN_PLACE + "the term {term} once for each sample: is it added within the loop over the samples?",
        lambda problem: problem.num_samples,
    ),
    *_left_out("first_feature_not_regularized", "the first feature", (slice(1, None), slice(None))),
    *_left_out("last_class_not_regularized", "the last class", (slice(None), slice(None, -1))),
)
