"""Mistakes in the regularizer: its factor, the norm of W that it takes, and the weights that it leaves out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from reference.losses.problem import Array, Problem
from reference.losses.right import LossMistake, Part, in_both
from reference.mistakes import Mistake

_CORRECT = "It equals the correct {part} with "
_WHOLE_W = "this assignment regularizes all of W."


def _regularized_by(name: str, part: Part, message: str, term: Callable[[Problem], Any]) -> LossMistake:
    """The right data term with another regularizer."""
    return Mistake(name, part, _CORRECT + message, lambda right: right.data + term(right.problem))


def _regularizer_times(
    name: str, message: str, factor: Callable[[Problem], Any]
) -> tuple[LossMistake, LossMistake]:
    return in_both(
        name, _CORRECT + message, lambda right: right.data + factor(right.problem) * right.regularizer
    )


def _left_out(name: str, what: str, kept: tuple[slice, slice]) -> tuple[LossMistake, LossMistake]:
    def part_of(W: Array) -> Array:
        result = np.zeros_like(W)
        result[kept] = W[kept]
        return result

    message = f"the weights of {what} left out of {{term}}: {_WHOLE_W}"
    return (
        _regularized_by(
            name, "loss", message, lambda problem: problem.penalty * np.sum(part_of(problem.W) ** 2)
        ),
        _regularized_by(name, "gradient", message, lambda problem: 2 * problem.penalty * part_of(problem.W)),
    )


def _with_reg_of_one(problem: Problem) -> Problem:
    return dataclasses.replace(problem, reg=np.float64(1))


REGULARIZER: tuple[LossMistake, ...] = (
    Mistake(
        "no_regularizer",
        "loss",
        "It equals the correct loss without the term {term}: was the regularization left out of the loss?",
        lambda right: right.data,
    ),
    Mistake(
        "no_regularizer",
        "gradient",
        "It equals the correct gradient without the term {term}: was the regularization left out of dW?",
        lambda right: right.data,
    ),
    Mistake(
        "half_regularizer",
        "loss",
        "It equals the correct loss with half of the term {term}: "
        "compare the factor of the regularization with the one in the assignment.",
        lambda right: right.data + 0.5 * right.regularizer,
    ),
    Mistake(
        "half_regularizer",
        "gradient",
        "It equals the correct gradient with half of the regularizer's part: what is the derivative of {regularizer}?",
        lambda right: right.data + 0.5 * right.regularizer,
    ),
    Mistake(
        "double_regularizer",
        "loss",
        "It equals the correct loss with twice the term {term}: "
        "compare the factor of the regularization with the one in the assignment.",
        lambda right: right.data + 2 * right.regularizer,
    ),
    Mistake(
        "double_regularizer",
        "gradient",
        "It equals the correct gradient with twice the term {term}: what is the derivative of {regularizer}?",
        lambda right: right.data + 2 * right.regularizer,
    ),
    *_regularizer_times(
        "regularizer_divided_by_samples",
        "the term {term} divided by the number of samples: "
        "is the regularization added before the average is taken?",
        lambda problem: 1 / problem.num_samples,
    ),
    *_regularizer_times(
        "regularizer_subtracted",
        "the term {term} subtracted: look at the sign of the regularization.",
        lambda _: -1,
    ),
    Mistake(
        "regularizer_loss_added",
        "gradient",
        "It equals the correct gradient with the number {regularizer} added to every entry instead of {term}: "
        "what is the derivative of that number with respect to one entry of W?",
        lambda right: right.data + right.problem.regularizer,
    ),
    _regularized_by(
        "regularizer_is_norm",
        "loss",
        "the norm of W instead of its square, sum(W*W): does the norm you used take a square root?",
        lambda problem: problem.penalty * np.sqrt(np.sum(problem.W**2)),
    ),
    _regularized_by(
        "regularizer_is_norm",
        "gradient",
        "the derivative of the norm of W instead of that of sum(W*W): does your regularizer take a square root?",
        lambda problem: problem.penalty * problem.W / np.sqrt(np.sum(problem.W**2)),
    ),
    _regularized_by(
        "regularizer_is_sum",
        "loss",
        "sum(W) instead of sum(W*W): are the weights squared before they are summed?",
        lambda problem: problem.penalty * np.sum(problem.W),
    ),
    _regularized_by(
        "regularizer_is_sum",
        "gradient",
        "a constant instead of {term}: does the derivative of the regularization depend on W?",
        lambda problem: problem.penalty,
    ),
    *_left_out("last_feature_not_regularized", "the last feature", (slice(None, -1), slice(None))),
    _regularized_by(
        "regularizer_is_mean",
        "loss",
        "the mean of the squared weights instead of their sum: which does the assignment ask for?",
        lambda problem: problem.penalty * np.mean(problem.W**2),
    ),
    _regularized_by(
        "regularizer_is_mean",
        "gradient",
        "{term} divided by the number of weights: is their mean taken instead of their sum?",
        lambda problem: problem.regularizer_gradient / problem.W.size,
    ),
    _regularized_by(
        "regularizer_is_absolute",
        "loss",
        "the sum of the absolute weights instead of sum(W*W): are the weights squared?",
        lambda problem: problem.penalty * np.sum(np.abs(problem.W)),
    ),
    _regularized_by(
        "regularizer_is_absolute",
        "gradient",
        "the signs of the weights instead of {term}: what is the derivative of {regularizer}?",
        lambda problem: problem.penalty * np.sign(problem.W),
    ),
    _regularized_by(
        "regularizer_is_square_of_sum",
        "loss",
        "the square of sum(W) instead of sum(W*W): which comes first, the square or the sum?",
        lambda problem: problem.penalty * np.sum(problem.W) ** 2,
    ),
    _regularized_by(
        "regularizer_of_matrix_product",
        "loss",
        "the sum over a matrix product of W with itself instead of sum(W*W): "
        "which product of W with itself squares each weight?",
        lambda problem: problem.penalty * np.sum(problem.W.T @ problem.W),
    ),
    _regularized_by(
        "regularizer_is_column_norms",
        "loss",
        "the norms of the columns of W summed instead of sum(W*W): are the weights squared?",
        lambda problem: problem.penalty * np.sum(np.sqrt(np.sum(problem.W**2, axis=0))),
    ),
    _regularized_by(
        "regularizer_squared_in_gradient",
        "gradient",
        "the squares of the weights instead of {term}: what is the derivative of {regularizer}?",
        lambda problem: 2 * problem.penalty * problem.W**2,
    ),
    *in_both(
        "regularizer_without_strength",
        _CORRECT + "a regularization that ignores reg: where does its strength come in?",
        lambda right: (
            right.data + dataclasses.replace(right, problem=_with_reg_of_one(right.problem)).regularizer
        ),
    ),
    *_regularizer_times(
        "strength_squared",
        "the strength of the regularization squared: is reg multiplied in before the weights are squared?",
        lambda problem: problem.reg,
    ),
    *_regularizer_times(
        "half_regularizer_divided_by_samples",
        "half of the term {term}, divided by the number of samples: "
        "is the regularization added before the average is taken, and does it have the assignment's factor?",
        lambda problem: 0.5 / problem.num_samples,
    ),
    *_regularizer_times(
        "regularizer_for_each_sample",
        "the term {term} once for each sample: is it added inside the loop over the samples?",
        lambda problem: problem.num_samples,
    ),
    *_left_out("first_feature_not_regularized", "the first feature", (slice(1, None), slice(None))),
    *_left_out("last_class_not_regularized", "the last class", (slice(None), slice(None, -1))),
)
