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
from reference.losses.problem import Array, Precision, Problem, canonical, score_matrix


@dataclass(frozen=True, slots=True, eq=False)
class LossAndGradient:
    """A loss with its gradient, in extended precision unless another was asked for.

    dW: shaped like W as it was given. db: shaped like b, or None where the convention has no b.
    """

    loss: np.floating[Any]
    dW: Array
    db: Array | None


def svm_loss(
    W: Array,
    X: Array,
    y: Array,
    reg: float,
    convention: Convention,
    b: Array | None = None,
    *,
    dtype: Precision = np.longdouble,
) -> LossAndGradient:
    """Multiclass hinge loss: mean_i sum_{j != y_i} max(0, s_j - s_{y_i} + delta) + c*reg*sum(W*W).

    W (D, C), X (N, D) or, in layout "CD", W (C, D), X (D, N), of any float dtype; y (N,) of any integer
    dtype; b (C,) or (1, C) with a separate bias, else None. A margin of exactly zero is not active.
    All is computed and returned in `dtype`; float64 is for training, where speed counts.
    Raises ValueError where a shape or a label does not fit.
    """
    problem = Problem.of(W, X, y, reg, convention, b, dtype=dtype)
    return _assemble(problem, *svm_data_term(problem), b)


def softmax_loss(
    W: Array,
    X: Array,
    y: Array,
    reg: float,
    convention: Convention,
    b: Array | None = None,
    *,
    dtype: Precision = np.longdouble,
) -> LossAndGradient:
    """Cross-entropy of the softmax: mean_i (log sum_j exp(s_j) - s_{y_i}) + c*reg*sum(W*W).

    Shapes, dtypes and errors as in svm_loss. The row's maximum is taken out before exp, so no finite
    scores overflow, and the loss is never the logarithm of a probability that has underflowed.
    """
    problem = Problem.of(W, X, y, reg, convention, b, dtype=dtype)
    return _assemble(problem, *softmax_data_term(problem), b)


def scores(W: Array, X: Array, convention: Convention, b: Array | None = None) -> Array:
    """(N, C) in either layout, in extended precision: one row per sample, X W + b."""
    return score_matrix(*canonical(W, X, convention, b, np.longdouble))


def predict(W: Array, X: Array, convention: Convention, b: Array | None = None) -> Array:
    """(N,) labels of dtype int64: the class of the highest score, the first of several equal ones."""
    labels: Array = scores(W, X, convention, b).argmax(axis=1).astype(np.int64)
    return labels


def accuracy(W: Array, X: Array, y: Array, convention: Convention, b: Array | None = None) -> float:
    """Fraction of the samples, 0 to 1, whose prediction is the label in y (N,).

    Raises ValueError where y does not hold one label per sample.
    """
    predicted = predict(W, X, convention, b)
    if np.shape(y) != predicted.shape:
        raise ValueError(f"y must hold {len(predicted)} labels (got shape {np.shape(y)})")
    return float(np.mean(predicted == y))


def svm_data_term(problem: Problem) -> tuple[Any, Array]:
    """The mean hinge without regularizer, and M (N, C): active margins, and minus their number at y."""
    margins = problem.margins
    return np.maximum(margins, 0).sum() / problem.num_samples, signed_active(problem, margins > 0)


def softmax_data_term(problem: Problem) -> tuple[Any, Array]:
    """The mean cross-entropy without regularizer, and P - Y (N, C)."""
    logarithms, one_hot = problem.log_probabilities, problem.one_hot
    return -(logarithms * one_hot).sum() / problem.num_samples, np.exp(logarithms) - one_hot


def signed_active(problem: Problem, active: Array) -> Array:
    """M (N, C): one where active, and at the true class minus the number of active ones in the row.

    active: (N, C) of bool, False at the true class.
    """
    one_hot = problem.one_hot
    mask: Array = active - one_hot * active.sum(axis=1, keepdims=True, dtype=one_hot.dtype)
    return mask


def _assemble(problem: Problem, data_loss: Any, coefficients: Array, b: Array | None) -> LossAndGradient:
    dW = problem.pull_back(coefficients) + problem.regularizer_gradient
    db = None if b is None else (coefficients.sum(axis=0) / problem.num_samples).reshape(np.shape(b))
    return LossAndGradient(loss=data_loss + problem.regularizer, dW=problem.in_layout(dW), db=db)
