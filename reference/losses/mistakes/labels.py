"""Mistakes in how the softmax's labels are used: gathered N x N, looked up as rows, taken as numbers."""

from __future__ import annotations

import numpy as np

from reference.losses.mistakes.probabilities import at_label, total
from reference.losses.problem import Array, Problem
from reference.losses.right import LossMistake, of_terms


def _gathered(table: Array, problem: Problem) -> Array:
    """(N, N): the entries of every row of table (N, C) at the labels of all samples."""
    return np.asarray(table[:, problem.y])


def _rows_of_labels(problem: Problem) -> Array:
    """(N, C): the rows of the log-probabilities whose numbers are the labels, where there are so many."""
    if problem.y.max() >= problem.num_samples:
        return np.full_like(problem.scores, np.nan)
    return np.asarray(problem.log_probabilities[problem.y])


def _label_numbers(problem: Problem) -> Array:
    """(N, 1): the labels as numbers."""
    return np.asarray(problem.y[:, None].astype(problem.scores.dtype))


_HOW_MANY = "indexing with [:, y] gives N x N numbers; how many does the loss need?"
_NUMBER = "should the label enter the formula as a number, or as an index?"

_LOSS = {
    "labels_gathered_for_all": (
        f"It equals the loss with every sample's probabilities looked up at the labels of all samples: {_HOW_MANY}",
        lambda problem: -_gathered(problem.log_probabilities, problem),
    ),
    "labels_gathered_for_all_averaged": (
        f"It equals the average loss of every sample at the labels of all samples: {_HOW_MANY}",
        lambda problem: -_gathered(problem.log_probabilities, problem) / problem.num_samples,
    ),
    "labels_gathered_for_all_scores": (
        f"It equals the loss with every sample's scores summed at the labels of all samples: {_HOW_MANY}",
        lambda problem: (
            problem.true_scores
            - at_label(problem, problem.log_probabilities)[:, None]
            - _gathered(problem.scores, problem).sum(axis=1, keepdims=True)
        ),
    ),
    "labels_gathered_for_all_shifted_scores": (
        f"It equals the loss with every sample's shifted scores summed at the labels of all samples: {_HOW_MANY}",
        lambda problem: (
            np.log(total(problem)) - _gathered(problem.shifted_scores, problem).sum(axis=1, keepdims=True)
        ),
    ),
    "probabilities_of_all_labels_summed": (
        f"It equals the loss with the probabilities at the labels of all samples summed inside the logarithm: {_HOW_MANY}",
        lambda problem: -np.log(_gathered(problem.probabilities, problem).sum(axis=1)),
    ),
    "labels_as_rows": (
        "It equals the loss of the rows whose numbers are the labels, over all classes: which index picks the sample, and which the class?",
        lambda problem: -_rows_of_labels(problem),
    ),
    "label_as_weight": (
        f"It equals the loss with each sample's logarithm multiplied by its label: {_NUMBER}",
        lambda problem: -at_label(problem, problem.log_probabilities) * problem.y,
    ),
    "label_as_weight_of_all_classes": (
        f"It equals the loss with the logarithms of all classes multiplied by the label: {_NUMBER}",
        lambda problem: -problem.log_probabilities * _label_numbers(problem),
    ),
}

_GRADIENT = {
    "label_subtracted": (
        f"It equals the gradient with the label subtracted from the probabilities of all classes: {_NUMBER}",
        lambda problem: problem.probabilities - _label_numbers(problem),
    ),
    "label_subtracted_for_true_class": (
        f"It equals the gradient with the label subtracted for the true class, not one: {_NUMBER}",
        lambda problem: problem.probabilities - problem.one_hot * _label_numbers(problem),
    ),
    "label_subtracted_from_exponentials": (
        f"It equals the gradient with the label subtracted from the exponentials of the scores: {_NUMBER}",
        lambda problem: np.exp(problem.scores) - _label_numbers(problem),
    ),
    "label_subtracted_from_shifted_exponentials": (
        f"It equals the gradient with the label subtracted from the exponentials of the shifted scores: {_NUMBER}",
        lambda problem: np.exp(problem.shifted_scores) - _label_numbers(problem),
    ),
    "label_subtracted_from_scores": (
        f"It equals the gradient with the label subtracted from the scores: {_NUMBER}",
        lambda problem: problem.scores - _label_numbers(problem),
    ),
}

LABELS: tuple[LossMistake, ...] = (*of_terms("loss", _LOSS), *of_terms("gradient", _GRADIENT))
