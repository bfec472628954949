"""Mistakes in the regularizer: its factor, the norm of W that it takes, and the weights that it leaves out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from reference.losses.problem import Array, Problem
from reference.losses.right import LossMistake, Part, RightAnswer, in_both
from reference.mistakes import Mistake, Table, mistakes_in

_CORRECT = "It equals the correct {part} with "
_COMPARE_FACTOR = "compare the factor of the regularization with the one in the assignment."
_DERIVATIVE = "what is the derivative of {regularizer}?"
_WHICH_PRODUCT = "which product of W with itself squares each weight?"
_WHOLE_W = "this assignment regularizes all of W."


def _times(right: RightAnswer, factor: float) -> Array:
    """The right regularizer times a factor."""
    return right.data + factor * right.regularizer


def _of_weights(part: Part, table: Table[Callable[[Array], Any]]) -> tuple[LossMistake, ...]:
    """Another function of W, times c*reg, in place of the regularizer."""
    return mistakes_in(
        part,
        table,
        lambda right, term: right.data + right.problem.penalty * term(right.problem.W),
        _CORRECT,
    )


def _regularized(right: RightAnswer, **changes: Any) -> Array:
    """The right data term with the regularizer of another W or reg."""
    return (
        right.data
        + dataclasses.replace(right, problem=dataclasses.replace(right.problem, **changes)).regularizer
    )


def _left_out(right: RightAnswer, kept: tuple[slice, slice]) -> Array:
    W = np.zeros_like(right.problem.W)
    W[kept] = right.problem.W[kept]
    return _regularized(right, W=W)


_LOSS_FACTORS: Table[float] = {
    "no_regularizer": (
        "It equals the correct loss without the term {term}: was the regularization left out of the loss?",
        0,
    ),
    "half_regularizer": (f"{_CORRECT}half the term {{term}}: {_COMPARE_FACTOR}", 0.5),
    "double_regularizer": (f"{_CORRECT}twice the term {{term}}: {_COMPARE_FACTOR}", 2),
}

_GRADIENT_FACTORS: Table[float] = {
    "no_regularizer": (
        "It equals the correct gradient without the term {term}: was the regularization left out of dW?",
        0,
    ),
    "half_regularizer": (f"{_CORRECT}half the regularizer's part: {_DERIVATIVE}", 0.5),
    "double_regularizer": (f"{_CORRECT}twice the term {{term}}: {_DERIVATIVE}", 2),
}

_LOSS: Table[Callable[[Array], Any]] = {
    "regularizer_is_norm": (
        "the norm of W instead of its square, sum(W*W): does the norm you used take a square root?",
        lambda W: np.sqrt(np.sum(W**2)),
    ),
    "regularizer_is_sum": (
        "sum(W) instead of sum(W*W): are the weights squared before they are summed?",
        np.sum,
    ),
    "regularizer_is_mean": (
        "the mean of the squared weights instead of their sum: which one does the assignment ask for?",
        lambda W: np.mean(W**2),
    ),
    "regularizer_is_absolute": (
        "the sum of the absolute weights instead of sum(W*W): are the weights squared?",
        lambda W: np.sum(np.abs(W)),
    ),
    "regularizer_is_square_of_sum": (
        "the square of sum(W) instead of sum(W*W): which comes first, the square or the sum?",
        lambda W: np.sum(W) ** 2,
    ),
    "regularizer_of_matrix_product": (
        f"the sum over a matrix product of W with itself instead of sum(W*W): {_WHICH_PRODUCT}",
        lambda W: np.sum(W.T @ W),
    ),
    "regularizer_of_other_matrix_product": (
        f"the sum over a matrix product of W with its transpose instead of sum(W*W): {_WHICH_PRODUCT}",
        lambda W: np.sum(W @ W.T),
    ),
    "regularizer_is_half_norm": (
        "half the norm of W instead of sum(W*W): does the norm you used take a square root?",
        lambda W: np.sqrt(np.sum(W**2)) / 2,
    ),
    "regularizer_is_half_square_of_sum": (
        "half the square of sum(W) instead of sum(W*W): which comes first, the square or the sum?",
        lambda W: np.sum(W) ** 2 / 2,
    ),
    "regularizer_is_largest_weight": (
        "the largest weight instead of sum(W*W): which weights does the assignment regularize?",
        np.max,
    ),
    "regularizer_is_root_of_mean": (
        "the root of the mean squared weight instead of sum(W*W): which one does the assignment ask for?",
        lambda W: np.sqrt(np.mean(W**2)),
    ),
    "regularizer_is_column_norms": (
        "the norms of the columns of W summed instead of sum(W*W): are the weights squared?",
        lambda W: np.sum(np.sqrt(np.sum(W**2, axis=0))),
    ),
}

_GRADIENT: Table[Callable[[Array], Any]] = {
    "regularizer_is_norm": (
        "the derivative of the norm of W instead of the derivative of sum(W*W): does your regularizer take a square root?",
        lambda W: W / np.sqrt(np.sum(W**2)),
    ),
    "regularizer_is_sum": (
        "a constant instead of {term}: does the derivative of the regularization depend on W?",
        lambda _: 1,
    ),
    "regularizer_is_mean": (
        "{term} divided by the number of weights: do you take their mean instead of their sum?",
        lambda W: 2 * W / W.size,
    ),
    "regularizer_is_absolute": (f"the signs of the weights instead of {{term}}: {_DERIVATIVE}", np.sign),
    "regularizer_is_constant": (
        "2 instead of the derivative of sum(W*W): does the derivative of the regularization depend on W?",
        lambda _: 2,
    ),
    "regularizer_is_sum_of_weights": (
        "the sum of the weights added to every entry instead of {term}: what is the derivative with respect to one entry of W?",
        np.sum,
    ),
    "regularizer_is_twice_sum_of_weights": (
        "twice the sum of the weights added to every entry instead of {term}: what is the derivative with respect to one entry of W?",
        lambda W: 2 * np.sum(W),
    ),
    "regularizer_is_half_square": (
        f"half the squared weights instead of {{term}}: {_DERIVATIVE}",
        lambda W: W**2,
    ),
    "regularizer_of_absolute_weights": (
        f"the absolute weights instead of {{term}}: {_DERIVATIVE}",
        lambda W: 2 * np.abs(W),
    ),
    "regularizer_squared_in_gradient": (
        f"the squares of the weights instead of {{term}}: {_DERIVATIVE}",
        lambda W: 2 * W**2,
    ),
}

_FACTORS: Table[Callable[[Problem], Any]] = {
    "regularizer_divided_by_samples": (
        "the term {term} divided by the number of samples: is the regularization added before you take the average?",
        lambda problem: 1 / problem.num_samples,
    ),
    "regularizer_subtracted": (
        "the term {term} subtracted: check the sign of the regularization.",
        lambda _: -1,
    ),
    "strength_squared": (
        "the strength of the regularization squared: is reg multiplied in before the weights are squared?",
        lambda problem: problem.reg,
    ),
    "half_regularizer_divided_by_samples": (
        "half the term {term}, divided by the number of samples: is the regularization added before you take the average, and does it have the assignment's factor?",
        lambda problem: 0.5 / problem.num_samples,
    ),
    "regularizer_for_each_class": (
        "the term {term} once for each class: is it added inside the loop over the classes?",
        lambda problem: problem.num_classes,
    ),
    "regularizer_for_each_sample_and_class": (
        "the term {term} once for each class of each sample: is it added inside both loops?",
        lambda problem: problem.num_samples * problem.num_classes,
    ),
    "regularizer_divided_by_classes": (
        "the term {term} divided by the number of classes: do you take a mean where the assignment has a sum?",
        lambda problem: 1 / problem.num_classes,
    ),
    "regularizer_divided_by_features": (
        "the term {term} divided by the number of features: do you take a mean where the assignment has a sum?",
        lambda problem: 1 / problem.num_features,
    ),
    "regularizer_for_each_margin": (
        "the term {term} once for each positive margin, and averaged with them: is it added inside the loops?",
        lambda problem: np.sum(problem.margins > 0) / problem.num_samples,
    ),
    "regularizer_for_each_sample": (
        "the term {term} once for each sample: is it added inside the loop over the samples?",
        lambda problem: problem.num_samples,
    ),
}

_LEFT_OUT: Table[tuple[slice, slice]] = {
    f"{name}_not_regularized": (
        f"the weights of the {name.replace('_', ' ')} left out of {{term}}: {_WHOLE_W}",
        kept,
    )
    for name, kept in (
        ("last_feature", (slice(None, -1), slice(None))),
        ("first_feature", (slice(1, None), slice(None))),
        ("last_class", (slice(None), slice(None, -1))),
    )
}

REGULARIZER: tuple[LossMistake, ...] = (
    *mistakes_in("loss", _LOSS_FACTORS, _times),
    *mistakes_in("gradient", _GRADIENT_FACTORS, _times),
    *in_both(_FACTORS, lambda right, factor: _times(right, factor(right.problem)), _CORRECT),
    Mistake(
        "regularizer_loss_added",
        "gradient",
        "It equals the correct gradient with the number {regularizer} added to every entry instead of {term}: "
        "what is the derivative of that number with respect to one entry of W?",
        lambda right: right.data + right.problem.regularizer,
    ),
    Mistake(
        "regularizer_of_data",
        "loss",
        "It equals the correct loss with X in the regularization instead of W: what does the regularization keep small?",
        lambda right: right.data + right.problem.penalty * np.sum(right.problem.X**2),
    ),
    *_of_weights("loss", _LOSS),
    *_of_weights("gradient", _GRADIENT),
    *in_both(
        {
            "regularizer_without_strength": (
                "a regularization that ignores reg: where is its strength used?",
                1,
            ),
            "half_regularizer_without_strength": (
                "half a regularization that ignores reg: where is its strength used?",
                0.5,
            ),
        },
        lambda right, reg: _regularized(right, reg=np.float64(reg)),
        _CORRECT,
    ),
    *in_both(_LEFT_OUT, _left_out, _CORRECT),
)
