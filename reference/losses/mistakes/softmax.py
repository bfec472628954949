"""Misconceptions about the cross-entropy of the softmax and its gradient."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from reference.losses.mistakes.misconception import Misconception, gradient_of_coefficients, loss_of_terms
from reference.losses.problem import Array, Problem, log_softmax

_loss = partial(loss_of_terms, "softmax")
_gradient = partial(gradient_of_coefficients, "softmax")


def _cross_entropy(problem: Problem, logarithms: Array) -> Array:
    """(N, C): minus the logarithm at the true class, else zero."""
    return np.where(problem.one_hot == 1, -logarithms, 0)


def _error(problem: Problem) -> Array:
    """P - Y (N, C), which the right gradient carries back."""
    return problem.probabilities - problem.one_hot


def _through_softmax(problem: Problem, slope: Array) -> Array:
    """(N, C): d(loss)/ds_j = p_j*(g_j - sum_k g_k*p_k), from the slope g = d(loss)/dp."""
    probabilities = problem.probabilities
    result: Array = probabilities * (slope - (slope * probabilities).sum(axis=1, keepdims=True))
    return result


def _shifted(problem: Problem) -> Array:
    """(N, C): the scores less the greatest of their row."""
    shifted: Array = problem.scores - problem.scores.max(axis=1, keepdims=True)
    return shifted


def _others_entropy(problem: Problem) -> Array:
    """(N, C): -log(1 - p_j) off the true class."""
    return np.where(problem.one_hot == 1, 0, -np.log1p(-problem.probabilities))


_WRONG_AXIS = (
    "with the exponentials divided by their sum over the samples, not over the classes: "
    "along which axis do the probabilities of one sample sum to one?"
)
_WHOLE_BATCH = "with the exponentials divided by their sum over the whole batch: what do the probabilities of one sample sum to?"
_SHIFTED_BY_CLASS = (
    "with each score lowered by the greatest score of its class in the batch: "
    "along which axis is the maximum of one sample's scores taken?"
)
_TWICE = "of a softmax taken twice: does the function that was called take scores, or probabilities?"

SOFTMAX_LOSSES: tuple[Misconception, ...] = (
    _loss(
        "no_logarithm",
        "It equals the loss with the probability of the true class in place of its logarithm: "
        "was the logarithm left out?",
        lambda problem: -problem.probabilities * problem.one_hot,
    ),
    _loss(
        "no_logarithm_no_minus",
        "It equals the average probability of the true class plus {term}: "
        "does the loss fall as that probability rises?",
        lambda problem: problem.probabilities * problem.one_hot,
    ),
    _loss(
        "logarithm_base_2",
        "It equals the loss with logarithms of base 2: which logarithm is the inverse of exp?",
        lambda problem: _cross_entropy(problem, problem.log_probabilities) / math.log(2),
    ),
    _loss(
        "logarithm_base_10",
        "It equals the loss with logarithms of base 10: which logarithm is the inverse of exp?",
        lambda problem: _cross_entropy(problem, problem.log_probabilities) / math.log(10),
    ),
    _loss(
        "wrong_axis",
        "It equals the loss " + _WRONG_AXIS,
        lambda problem: _cross_entropy(problem, log_softmax(problem.scores, axis=0)),
    ),
    _loss(
        "wrong_axis_of_shifted_scores",
        "It equals the loss " + _WRONG_AXIS,
        lambda problem: _cross_entropy(problem, log_softmax(_shifted(problem), axis=0)),
    ),
    _loss(
        "whole_batch",
        "It equals the loss " + _WHOLE_BATCH,
        lambda problem: _cross_entropy(problem, log_softmax(problem.scores, axis=None)),
    ),
    _loss(
        "whole_batch_of_shifted_scores",
        "It equals the loss " + _WHOLE_BATCH,
        lambda problem: _cross_entropy(problem, log_softmax(_shifted(problem), axis=None)),
    ),
    _loss(
        "maximum_over_samples",
        "It equals the loss " + _SHIFTED_BY_CLASS,
        lambda problem: _cross_entropy(problem, log_softmax(problem.scores - problem.scores.max(axis=0))),
    ),
    _loss(
        "shift_in_one_term",
        "It equals the correct loss less the average of the samples' greatest scores: "
        "is the shift for stability taken out of every score that enters?",
        lambda problem: np.log(np.exp(_shifted(problem)).sum(axis=1, keepdims=True)) - problem.true_scores,
    ),
    _loss(
        "no_normalization",
        "It equals the average of minus the true score plus {term}: where do the other classes enter?",
        lambda problem: -problem.true_scores,
    ),
    _loss(
        "no_true_score",
        "It equals the average logarithm of the sum of the exponentials plus {term}: where does the true class enter?",
        lambda problem: (
            problem.true_scores + _cross_entropy(problem, problem.log_probabilities).sum(1, keepdims=True)
        ),
    ),
    _loss(
        "all_classes_summed",
        "It equals the loss summed over all classes: of which class is the probability wanted?",
        lambda problem: -problem.log_probabilities,
    ),
    _loss(
        "softmax_twice",
        "It equals the loss " + _TWICE,
        lambda problem: _cross_entropy(problem, log_softmax(problem.probabilities)),
    ),
    _loss(
        "binary_cross_entropy",
        "It equals the binary cross-entropy summed over the classes: "
        "which terms does the softmax loss have for a wrong class?",
        lambda problem: _cross_entropy(problem, problem.log_probabilities) + _others_entropy(problem),
    ),
    _loss(
        "squared_error",
        "It equals the squared error of the probabilities: the assignment asks for the cross-entropy.",
        lambda problem: _error(problem) ** 2,
    ),
)

SOFTMAX_GRADIENTS: tuple[Misconception, ...] = (
    _gradient(
        "true_class_set_to_minus_one",
        "It equals the gradient with the probability of the true class replaced by -1: "
        "what is the derivative of a sample's loss with respect to its true score?",
        lambda problem: problem.probabilities * (1 - problem.one_hot) - problem.one_hot,
    ),
    _gradient(
        "minus_one_missing",
        "It equals the gradient with the true class treated like any other: "
        "what does the derivative have in addition for the true class?",
        lambda problem: problem.probabilities,
    ),
    _gradient(
        "minus_one_everywhere",
        "It equals the gradient with one subtracted for every class: for which class is it wanted?",
        lambda problem: problem.probabilities - 1,
    ),
    _gradient(
        "plus_one",
        "It equals the gradient with one added for the true class: does the loss rise or fall as the true score rises?",
        lambda problem: problem.probabilities + problem.one_hot,
    ),
    _gradient(
        "only_true_class",
        "It equals the correct gradient with only the columns of the true classes: "
        "the loss of a sample depends on all of its scores; do all reach dW?",
        lambda problem: _error(problem) * problem.one_hot,
    ),
    _gradient(
        "true_class_missing",
        "It equals the correct gradient without the columns of the true classes: "
        "the loss of a sample depends on all of its scores; do all reach dW?",
        lambda problem: problem.probabilities * (1 - problem.one_hot),
    ),
    _gradient(
        "no_normalization",
        "It equals the gradient with one subtracted for the true class and nothing else: "
        "where do the probabilities enter?",
        lambda problem: -problem.one_hot,
    ),
    _gradient(
        "exponentials_not_divided",
        "It equals the gradient with the exponentials of the shifted scores in place of the probabilities: "
        "what do the probabilities of one sample sum to?",
        lambda problem: np.exp(_shifted(problem)) - problem.one_hot,
    ),
    _gradient(
        "wrong_axis",
        "It equals the gradient " + _WRONG_AXIS,
        lambda problem: np.exp(log_softmax(problem.scores, axis=0)) - problem.one_hot,
    ),
    _gradient(
        "wrong_axis_of_shifted_scores",
        "It equals the gradient " + _WRONG_AXIS,
        lambda problem: np.exp(log_softmax(_shifted(problem), axis=0)) - problem.one_hot,
    ),
    _gradient(
        "whole_batch",
        "It equals the gradient " + _WHOLE_BATCH,
        lambda problem: np.exp(log_softmax(problem.scores, axis=None)) - problem.one_hot,
    ),
    _gradient(
        "whole_batch_of_shifted_scores",
        "It equals the gradient " + _WHOLE_BATCH,
        lambda problem: np.exp(log_softmax(_shifted(problem), axis=None)) - problem.one_hot,
    ),
    _gradient(
        "maximum_over_samples",
        "It equals the gradient " + _SHIFTED_BY_CLASS,
        lambda problem: np.exp(log_softmax(problem.scores - problem.scores.max(axis=0))) - problem.one_hot,
    ),
    _gradient(
        "logarithm_base_2",
        "It equals the gradient of the loss with logarithms of base 2: which logarithm is the inverse of exp?",
        lambda problem: _error(problem) / math.log(2),
    ),
    _gradient(
        "logarithm_base_10",
        "It equals the gradient of the loss with logarithms of base 10: which logarithm is the inverse of exp?",
        lambda problem: _error(problem) / math.log(10),
    ),
    _gradient(
        "no_logarithm",
        "It equals the gradient of the loss with the probability of the true class in place of its logarithm: "
        "was the logarithm left out?",
        lambda problem: _through_softmax(problem, -problem.one_hot),
    ),
    _gradient(
        "softmax_twice",
        "It equals the gradient of the loss " + _TWICE,
        lambda problem: _through_softmax(
            problem, np.exp(log_softmax(problem.probabilities)) - problem.one_hot
        ),
    ),
    _gradient(
        "binary_cross_entropy",
        "It equals the gradient of the binary cross-entropy summed over the classes: "
        "which terms does the softmax loss have for a wrong class?",
        lambda problem: (
            _error(problem) + _through_softmax(problem, (1 - problem.one_hot) / (1 - problem.probabilities))
        ),
    ),
    _gradient(
        "squared_error",
        "It equals the gradient of the squared error of the probabilities: the assignment asks for the cross-entropy.",
        lambda problem: _through_softmax(problem, 2 * _error(problem)),
    ),
)
