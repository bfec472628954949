"""Misconceptions about the softmax's probabilities on their way into loss and gradient."""

from __future__ import annotations

from functools import partial

import numpy as np

from reference.losses.mistakes.misconception import (
    Misconception,
    Part,
    gradient_of_coefficients,
    loss_of_terms,
)
from reference.losses.problem import Array, Problem

POWERS = range(1, 7)
"""Of ten, of the epsilons that are named: far greater than the harmless ones, and than what matching cannot see."""


_SIGMOID = "with the sigmoid of each score in the place of its probability: what do the probabilities of one sample sum to?"
_NEVER_RESET = (
    "with the sum of the exponentials carried on from sample to sample: where is it set back to zero?"
)

_loss = partial(loss_of_terms, "softmax")
_gradient = partial(gradient_of_coefficients, "softmax")


def _at_label(problem: Problem, table: Array) -> Array:
    """(N,): the entry of each row at its label."""
    entries: Array = np.take_along_axis(table, problem.y[:, None], axis=1)[:, 0]
    return entries


def _shifted(problem: Problem) -> Array:
    shifted: Array = problem.scores - problem.scores.max(axis=1, keepdims=True)
    return shifted


def _sigmoid(problem: Problem) -> Array:
    """(N, C): 1/(1 + exp(-s)), without overflow."""
    half: Array = np.tanh(problem.scores / 2) / 2
    return half + 0.5


def _without_true_class(problem: Problem) -> Array:
    """(N, C): the exponentials over the sum of those of the wrong classes."""
    exponentials = np.exp(_shifted(problem))
    return np.asarray(exponentials / (exponentials * (1 - problem.one_hot)).sum(axis=1, keepdims=True))


def _epsilon_words(part: Part, power: int, where: str) -> str:
    return (
        f"It equals the {part} with an epsilon of 1e-{power} added {where}: "
        "is it needed once the greatest score of each row is subtracted?"
    )


def _epsilon_in_logarithm(power: int) -> Misconception:
    return _loss(
        f"epsilon_of_1e_{power}_in_logarithm",
        _epsilon_words("loss", power, "inside the logarithm"),
        lambda problem: -np.log(_at_label(problem, problem.probabilities) + 10.0**-power),
    )


def _total(problem: Problem, epsilon: float) -> Array:
    """(N, 1): the sum of the shifted exponentials and the epsilon."""
    total: Array = np.exp(_shifted(problem)).sum(axis=1, keepdims=True) + epsilon
    return total


def _epsilon_in_denominator(power: int) -> tuple[Misconception, Misconception]:
    name, where = f"epsilon_of_1e_{power}_in_denominator", "to the sum of the exponentials"
    return (
        _loss(
            name,
            _epsilon_words("loss", power, where),
            lambda problem: (
                np.log(_total(problem, 10.0**-power))[:, 0] - _at_label(problem, _shifted(problem))
            ),
        ),
        _gradient(
            name,
            _epsilon_words("gradient", power, where),
            lambda problem: np.exp(_shifted(problem)) / _total(problem, 10.0**-power) - problem.one_hot,
        ),
    )


PROBABILITY_MISCONCEPTIONS: tuple[Misconception, ...] = (
    _loss(
        "one_minus_probability",
        "It equals the average of one minus the probability of the true class plus {term}: was the logarithm left out?",
        lambda problem: 1 - _at_label(problem, problem.probabilities),
    ),
    _loss(
        "logarithm_of_the_mean",
        "It equals minus the logarithm of the average probability plus {term}: which comes first, the logarithm or the average?",
        lambda problem: np.full(
            problem.num_samples, -np.log(_at_label(problem, problem.probabilities).mean())
        ),
    ),
    _loss(
        "true_class_not_in_sum",
        "It equals the loss with the true class left out of the sum of the exponentials: "
        "what do the probabilities of one sample sum to?",
        lambda problem: (
            np.log(1 - _at_label(problem, problem.probabilities))
            - _at_label(problem, problem.log_probabilities)
        ),
    ),
    _loss(
        "no_normalization_of_shifted_scores",
        "It equals the average of minus the shifted true score plus {term}: where do the other classes enter?",
        lambda problem: -_at_label(problem, _shifted(problem)),
    ),
    _loss(
        "no_true_score_of_shifted_scores",
        "It equals the average logarithm of the sum of the shifted exponentials plus {term}: "
        "where does the true class enter?",
        lambda problem: np.log(_total(problem, 0.0)),
    ),
    _gradient(
        "minus_one_for_other_classes",
        "It equals the gradient with one subtracted for every class but the true one: for which class is it wanted?",
        lambda problem: problem.probabilities - (1 - problem.one_hot),
    ),
    _gradient(
        "through_sigmoid",
        "It equals the correct gradient with each probability's error times p*(1 - p): "
        "is the derivative of a sigmoid taken once more?",
        lambda problem: (
            (problem.probabilities - problem.one_hot) * problem.probabilities * (1 - problem.probabilities)
        ),
    ),
    _gradient(
        "true_class_not_in_sum",
        "It equals the gradient with the true class left out of the sum of the exponentials: "
        "what do the probabilities of one sample sum to?",
        lambda problem: _without_true_class(problem) - problem.one_hot,
    ),
    _gradient(
        "minus_one_not_averaged",
        "It equals the gradient with the probabilities averaged before one is subtracted for the true class: "
        "which of the two terms is divided by the number of samples?",
        lambda problem: problem.probabilities - problem.num_samples * problem.one_hot,
    ),
    _gradient(
        "true_class_reversed",
        "It equals the correct gradient with the opposite sign in the columns of the true classes: "
        "does the loss rise or fall as the true score rises?",
        lambda problem: (problem.probabilities - problem.one_hot) * (1 - 2 * problem.one_hot),
    ),
    _loss(
        "sigmoid_for_softmax",
        "It equals the loss " + _SIGMOID,
        lambda problem: -np.log(_at_label(problem, _sigmoid(problem))),
    ),
    _gradient(
        "sigmoid_for_softmax",
        "It equals the gradient " + _SIGMOID,
        lambda problem: _sigmoid(problem) - problem.one_hot,
    ),
    _loss(
        "sum_never_reset",
        "It equals the loss " + _NEVER_RESET,
        lambda problem: (
            np.log(np.cumsum(_total(problem, 0.0), axis=0))[:, 0] - _at_label(problem, _shifted(problem))
        ),
    ),
    _gradient(
        "sum_never_reset",
        "It equals the gradient " + _NEVER_RESET,
        lambda problem: np.exp(_shifted(problem)) / np.cumsum(_total(problem, 0.0), axis=0) - problem.one_hot,
    ),
    *(_epsilon_in_logarithm(power) for power in POWERS),
    *(entry for power in POWERS for entry in _epsilon_in_denominator(power)),
)
