"""Mistakes in the cross-entropy of the softmax and its gradient."""

from __future__ import annotations

import math

import numpy as np

from reference.losses.mistakes.probabilities import SUM_TO, at_label, cross_entropy, total
from reference.losses.problem import Array, Problem, log_softmax, softmax, through_softmax
from reference.losses.right import LossMistake, of_terms


def _right(problem: Problem) -> Array:
    """(N, C): the losses of the samples at their true classes."""
    return cross_entropy(problem, problem.log_probabilities)


def _error(problem: Problem) -> Array:
    """P - Y (N, C), the right coefficients of the gradient."""
    return problem.probabilities - problem.one_hot


def _others_entropy(problem: Problem) -> Array:
    """(N, C): -log(1 - p_j) off the true class."""
    return np.where(problem.one_hot == 1, 0, -np.log1p(-problem.probabilities))


_INVERSE_OF_EXP = "which logarithm is the inverse of exp?"
_TWICE = "of a softmax applied twice: does the function you call expect scores or probabilities?"
_WRONG_CLASS_TERMS = "which terms does the softmax loss have for a wrong class?"
_ALL_REACH = "a sample's loss depends on all of its scores; does dW include them all?"
_RISE_OR_FALL = "does the loss rise or fall as the true score rises?"
_OTHERS_ENTER = "where do the other classes enter?"
_WHICH_CLASSES = "which classes does the loop run over?"
_TRUE_ENTERS = "where does the true class enter?"

_LOSS = {
    "no_logarithm": (
        "It equals the loss with the probability of the true class instead of its logarithm: was the logarithm left out?",
        lambda problem: -problem.probabilities * problem.one_hot,
    ),
    "no_logarithm_no_minus": (
        "It equals the average probability of the true class plus {term}: does the loss fall as that probability rises?",
        lambda problem: problem.probabilities * problem.one_hot,
    ),
    "one_minus_probability": (
        "It equals the average of one minus the probability of the true class plus {term}: was the logarithm left out?",
        lambda problem: 1 - at_label(problem, problem.probabilities),
    ),
    "logarithm_of_the_mean": (
        "It equals minus the logarithm of the average probability plus {term}: which comes first, the logarithm or the average?",
        lambda problem: np.full(
            problem.num_samples, -np.log(at_label(problem, problem.probabilities).mean())
        ),
    ),
    "logarithm_base_2": (
        f"It equals the loss with logarithms of base 2: {_INVERSE_OF_EXP}",
        lambda problem: _right(problem) / math.log(2),
    ),
    "logarithm_base_10": (
        f"It equals the loss with logarithms of base 10: {_INVERSE_OF_EXP}",
        lambda problem: _right(problem) / math.log(10),
    ),
    "shift_in_one_term": (
        "It equals the correct loss minus the average of the samples' largest scores: is the stability shift applied to every score in the formula?",
        lambda problem: np.log(total(problem)) - problem.true_scores,
    ),
    "shift_in_true_score_only": (
        "It equals the correct loss plus the average of the samples' largest scores: is the stability shift applied to every score in the formula?",
        lambda problem: (
            _right(problem).sum(axis=1, keepdims=True) + problem.scores.max(axis=1, keepdims=True)
        ),
    ),
    "shift_of_batch_in_one_term": (
        "It equals the correct loss minus the largest score of the batch: is the stability shift applied to every score in the formula?",
        lambda problem: _right(problem).sum(axis=1, keepdims=True) - problem.scores.max(),
    ),
    "shift_of_batch_in_true_score_only": (
        "It equals the correct loss plus the largest score of the batch: is the stability shift applied to every score in the formula?",
        lambda problem: _right(problem).sum(axis=1, keepdims=True) + problem.scores.max(),
    ),
    "probabilities_divided_before_logarithm": (
        "It equals the correct loss plus the logarithm of the number of samples: did you divide the probabilities by it before taking the logarithm?",
        lambda problem: _right(problem).sum(axis=1) + math.log(problem.num_samples),
    ),
    "logarithm_of_one_minus": (
        "It equals the loss with the logarithm of one minus the true class's probability: did you subtract one from it before taking the logarithm?",
        lambda problem: -np.log1p(-at_label(problem, problem.probabilities)),
    ),
    "logarithm_of_the_sum": (
        "It equals minus the logarithm of the summed probabilities plus {term}: which comes first, the logarithm or the sum?",
        lambda problem: np.full(problem.num_samples, -np.log(at_label(problem, problem.probabilities).sum())),
    ),
    "entropy": (
        "It equals the entropy of the probabilities plus {term}: where are the labels used?",
        lambda problem: -problem.probabilities * problem.log_probabilities,
    ),
    "no_normalization": (
        f"It equals the average of minus the true score plus {{term}}: {_OTHERS_ENTER}",
        lambda problem: -problem.true_scores,
    ),
    "no_normalization_of_shifted_scores": (
        f"It equals the average of minus the shifted true score plus {{term}}: {_OTHERS_ENTER}",
        lambda problem: -at_label(problem, problem.shifted_scores),
    ),
    "no_true_score": (
        f"It equals the average logarithm of the sum of the exponentials plus {{term}}: {_TRUE_ENTERS}",
        lambda problem: problem.true_scores + _right(problem).sum(1, keepdims=True),
    ),
    "no_true_score_of_shifted_scores": (
        f"It equals the average logarithm of the sum of the shifted exponentials plus {{term}}: {_TRUE_ENTERS}",
        lambda problem: np.log(total(problem)),
    ),
    "all_classes_summed": (
        "It equals the loss summed over all classes: which class's probability does the loss need?",
        lambda problem: -problem.log_probabilities,
    ),
    "softmax_twice": (
        "It equals the loss " + _TWICE,
        lambda problem: cross_entropy(problem, log_softmax(problem.probabilities)),
    ),
    "binary_cross_entropy": (
        f"It equals the binary cross-entropy summed over the classes: {_WRONG_CLASS_TERMS}",
        lambda problem: _right(problem) + _others_entropy(problem),
    ),
    "squared_error": (
        "It equals the squared error of the probabilities: the assignment asks for the cross-entropy.",
        lambda problem: _error(problem) ** 2,
    ),
}

_GRADIENT = {
    "true_class_set_to_minus_one": (
        "It equals the gradient with the probability of the true class replaced by -1: what is the derivative of a sample's loss with respect to its true score?",
        lambda problem: problem.probabilities * (1 - problem.one_hot) - problem.one_hot,
    ),
    "minus_one_missing": (
        "It equals the gradient with the true class treated like any other: what else does the derivative have for the true class?",
        lambda problem: problem.probabilities,
    ),
    "minus_one_everywhere": (
        "It equals the gradient with one subtracted for every class: which class should it be?",
        lambda problem: problem.probabilities - 1,
    ),
    "minus_one_for_other_classes": (
        "It equals the gradient with one subtracted for every class but the true one: which class should it be?",
        lambda problem: problem.probabilities - (1 - problem.one_hot),
    ),
    "minus_one_not_averaged": (
        "It equals the gradient with the probabilities averaged before one is subtracted for the true class: which of the two terms is divided by the number of samples?",
        lambda problem: problem.probabilities - problem.num_samples * problem.one_hot,
    ),
    "plus_one": (
        f"It equals the gradient with one added for the true class: {_RISE_OR_FALL}",
        lambda problem: problem.probabilities + problem.one_hot,
    ),
    "true_class_reversed": (
        f"It equals the correct gradient with the opposite sign in the columns of the true classes: {_RISE_OR_FALL}",
        lambda problem: _error(problem) * (1 - 2 * problem.one_hot),
    ),
    "only_true_class": (
        f"It equals the correct gradient with only the columns of the true classes: {_ALL_REACH}",
        lambda problem: _error(problem) * problem.one_hot,
    ),
    "true_class_missing": (
        f"It equals the correct gradient without the columns of the true classes: {_ALL_REACH}",
        lambda problem: problem.probabilities * (1 - problem.one_hot),
    ),
    "no_normalization": (
        "It equals the gradient with one subtracted for the true class and nothing else: where do the probabilities enter?",
        lambda problem: -problem.one_hot,
    ),
    "minus_one_alone_averaged": (
        "It equals the gradient with only the subtracted one averaged: which of the two terms is divided by the number of samples?",
        lambda problem: problem.num_samples * problem.probabilities - problem.one_hot,
    ),
    "exponentials_of_scores_not_divided": (
        f"It equals the gradient with the exponentials of the scores instead of the probabilities: {SUM_TO}",
        lambda problem: np.exp(problem.scores) - problem.one_hot,
    ),
    "scores_for_probabilities": (
        "It equals the gradient with the scores instead of the probabilities: what does the softmax turn the scores into?",
        lambda problem: problem.scores - problem.one_hot,
    ),
    "shifted_scores_for_probabilities": (
        "It equals the gradient with the shifted scores instead of the probabilities: what does the softmax turn the scores into?",
        lambda problem: problem.shifted_scores - problem.one_hot,
    ),
    "logarithms_for_probabilities": (
        "It equals the gradient with the logarithms of the probabilities instead of the probabilities: does the logarithm belong in the loss or in dW?",
        lambda problem: problem.log_probabilities - problem.one_hot,
    ),
    "logarithm_alone_derived": (
        "It equals the gradient with minus one over the true class's probability and nothing else: how does that probability depend on the scores?",
        lambda problem: -problem.one_hot / problem.probabilities,
    ),
    "times_probabilities": (
        "It equals the correct gradient with each error multiplied by its probability: what is the derivative of the loss with respect to a score?",
        lambda problem: _error(problem) * problem.probabilities,
    ),
    "derivative_of_sigmoid": (
        "It equals the gradient with p*(1 - p) for every class: where are the labels used?",
        lambda problem: problem.probabilities * (1 - problem.probabilities),
    ),
    "true_class_negated": (
        "It equals the gradient with minus the probability for the true class: what else does the derivative have there?",
        lambda problem: problem.probabilities * (1 - 2 * problem.one_hot),
    ),
    "true_probability_for_all": (
        "It equals the gradient with the true class's probability used for every class: which class does each column belong to?",
        lambda problem: at_label(problem, problem.probabilities)[:, None] - problem.one_hot,
    ),
    "first_class_left_out": (
        f"It equals the correct gradient with the first class left out: {_WHICH_CLASSES}",
        lambda problem: _error(problem) * (np.arange(problem.num_classes) > 0),
    ),
    "last_class_left_out": (
        f"It equals the correct gradient with the last class left out: {_WHICH_CLASSES}",
        lambda problem: _error(problem) * (np.arange(problem.num_classes) < problem.num_classes - 1),
    ),
    "through_sigmoid": (
        "It equals the correct gradient with each probability's error times p*(1 - p): do you multiply by the derivative of a sigmoid?",
        lambda problem: _error(problem) * problem.probabilities * (1 - problem.probabilities),
    ),
    "logarithm_base_2": (
        f"It equals the gradient of the loss with logarithms of base 2: {_INVERSE_OF_EXP}",
        lambda problem: _error(problem) / math.log(2),
    ),
    "logarithm_base_10": (
        f"It equals the gradient of the loss with logarithms of base 10: {_INVERSE_OF_EXP}",
        lambda problem: _error(problem) / math.log(10),
    ),
    "no_logarithm": (
        "It equals the gradient of the loss with the probability of the true class instead of its logarithm: was the logarithm left out?",
        lambda problem: through_softmax(problem.probabilities, -problem.one_hot),
    ),
    "softmax_twice": (
        "It equals the gradient of the loss " + _TWICE,
        lambda problem: through_softmax(
            problem.probabilities, softmax(problem.probabilities) - problem.one_hot
        ),
    ),
    "binary_cross_entropy": (
        f"It equals the gradient of the binary cross-entropy summed over the classes: {_WRONG_CLASS_TERMS}",
        lambda problem: (
            _error(problem)
            + through_softmax(problem.probabilities, (1 - problem.one_hot) / (1 - problem.probabilities))
        ),
    ),
    "squared_error": (
        "It equals the gradient of the squared error of the probabilities: the assignment asks for the cross-entropy.",
        lambda problem: through_softmax(problem.probabilities, 2 * _error(problem)),
    ),
}

SOFTMAX: tuple[LossMistake, ...] = (
    *of_terms("loss", _LOSS),
    *of_terms("gradient", _GRADIENT),
)
