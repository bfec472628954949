"""The right answers: SVM and softmax losses with their gradients, in closed form and extended precision.

The formulas are those of the CS231n notes "Linear classification" (the losses) and "Optimization" (the
gradient of the hinge); the gradient of the cross-entropy follows from dL_i/ds_j = p_j - [j = y_i].

Extended precision is np.longdouble: 80 bits with a 64-bit mantissa on x86. Where it is no wider than
float64 (macOS on arm64, Windows) everything holds, with float64 rounding in the reference as well: then
float64 submissions are compared with an answer no better than their own, which the bounds of
reference.losses.condition still cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array, Precision, Problem, canonical


@dataclass(frozen=True, slots=True, eq=False)
class LossAndGradient:
    """A loss with its gradient, in extended precision unless another was asked for."""

    loss: np.floating[Any]
    dW: Array
    """Shaped like W as it was given."""


def svm_loss(
    W: Array, X: Array, y: Array, reg: float, convention: Convention, *, dtype: Precision = np.longdouble
) -> LossAndGradient:
    """Multiclass hinge loss: mean_i sum_{j != y_i} max(0, s_j - s_{y_i} + delta) + c*reg*sum(W*W).

    W (D, C), X (N, D) or, in layout "CD", W (C, D), X (D, N), of any float dtype; y (N,) of any integer
    dtype. A margin of exactly zero is not active. Everything is computed and returned in `dtype`; float64 is
    for training, where speed counts. Raises ValueError for a shape or a label that does not fit.
    """
    problem = Problem.of(W, X, y, reg, convention, dtype=dtype)
    return _assemble(problem, *svm_data_term(problem))


def softmax_loss(
    W: Array, X: Array, y: Array, reg: float, convention: Convention, *, dtype: Precision = np.longdouble
) -> LossAndGradient:
    """Cross-entropy of the softmax: mean_i (log sum_j exp(s_j) - s_{y_i}) + c*reg*sum(W*W).

    Shapes, dtypes and errors as in svm_loss. The row's maximum is taken out before exp, so no finite
    scores overflow, and the loss is never the logarithm of a probability that has underflowed.
    """
    problem = Problem.of(W, X, y, reg, convention, dtype=dtype)
    return _assemble(problem, *softmax_data_term(problem))


def scores(W: Array, X: Array, convention: Convention) -> Array:
    """(N, C) in either layout, in extended precision: one row per sample, X W."""
    weights, rows = canonical(W, X, convention, np.longdouble)
    return np.asarray(rows @ weights)


def predict(W: Array, X: Array, convention: Convention) -> Array:
    """(N,) labels of dtype int64: the class with the highest score, the first of several equal ones."""
    return np.asarray(scores(W, X, convention).argmax(axis=1).astype(np.int64))


def svm_data_term(problem: Problem) -> tuple[Any, Array]:
    """The mean hinge without regularizer, and M (N, C): active margins, and minus their number at y."""
    margins = problem.margins
    return np.maximum(margins, 0).sum() / problem.num_samples, signed_active(problem, margins > 0)


def softmax_data_term(problem: Problem) -> tuple[Any, Array]:
    """The mean cross-entropy without regularizer, and P - Y (N, C)."""
    logarithms, one_hot = problem.log_probabilities, problem.one_hot
    return -(logarithms * one_hot).sum() / problem.num_samples, np.exp(logarithms) - one_hot


def signed_active(problem: Problem, active: Array) -> Array:
    """M (N, C): one where active, and minus the row's number of active ones at the true class.

    active: (N, C) of bool, False at the true class.
    """
    one_hot = problem.one_hot
    return np.asarray(active - one_hot * active.sum(axis=1, keepdims=True, dtype=one_hot.dtype))


def _assemble(problem: Problem, data_loss: Any, coefficients: Array) -> LossAndGradient:
    dW = problem.pull_back(coefficients) + problem.regularizer_gradient
    return LossAndGradient(loss=data_loss + problem.regularizer, dW=problem.in_layout(dW))
