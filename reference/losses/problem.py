"""One evaluation of a linear classifier, in one layout and one precision whatever the convention."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reference.conventions import Convention

Array = npt.NDArray[Any]
Precision = type[np.floating[Any]]


class Case(NamedTuple):
    """One set of inputs, in the layout of the convention."""

    W: Array
    X: Array
    y: Array
    reg: float


@dataclass(frozen=True, eq=False)
class Problem:
    """Inputs and scores in the layout W (D, C), X (N, D), all in one floating dtype.

    Every formula of the package is written once, on this layout; `in_layout` turns a gradient back into
    the layout of the convention.
    """

    W: Array
    X: Array
    y: Array
    reg: np.floating[Any]
    scores: Array
    convention: Convention

    @classmethod
    def of(
        cls,
        W: Array,
        X: Array,
        y: Array,
        reg: float,
        convention: Convention,
        *,
        dtype: Precision = np.longdouble,
    ) -> Problem:
        """Widen and check the inputs, given in the layout of the convention; y (N,) of any integer dtype.

        Raises ValueError for a shape or a label that does not fit.
        """
        weights, rows = canonical(W, X, convention, dtype)
        labels = _labels(y, rows.shape[0], weights.shape[1])
        return cls(weights, rows, labels, dtype(reg), rows @ weights, convention)

    @property
    def num_samples(self) -> int:
        """N."""
        return int(self.X.shape[0])

    @property
    def num_features(self) -> int:
        """D, with the feature of ones where the bias trick is used."""
        return int(self.W.shape[0])

    @property
    def num_classes(self) -> int:
        """C."""
        return int(self.W.shape[1])

    @cached_property
    def one_hot(self) -> Array:
        """Y (N, C): one at the true class, else zero."""
        result = np.zeros_like(self.scores)
        result[np.arange(self.num_samples), self.y] = 1
        return result

    @cached_property
    def true_scores(self) -> Array:
        """(N, 1): the score of the true class of each row."""
        return np.asarray(self.scores[np.arange(self.num_samples), self.y][:, None])

    @cached_property
    def margins(self) -> Array:
        """(N, C): s_j - s_y + delta, and zero at the true class, which the hinge leaves out."""
        return np.asarray((self.scores - self.true_scores + self.convention.delta) * (1 - self.one_hot))

    @cached_property
    def shifted_scores(self) -> Array:
        """(N, C): the scores minus the largest of their row."""
        return np.asarray(self.scores - self.scores.max(axis=1, keepdims=True))

    @cached_property
    def log_probabilities(self) -> Array:
        """(N, C): s_j - log(sum_k exp(s_k)), with the row's maximum taken out first."""
        return log_softmax(self.scores)

    def with_log_probabilities(self, logarithms: Array) -> Problem:
        """The same problem with other logarithms of its probabilities (N, C)."""
        other = dataclasses.replace(self)
        other.__dict__["log_probabilities"] = logarithms  # where the cached property keeps its value
        return other

    @cached_property
    def probabilities(self) -> Array:
        """P (N, C), rows summing to one."""
        return np.exp(self.log_probabilities)

    @property
    def penalty(self) -> Any:
        """c*reg, as a scalar of the problem's dtype."""
        return self.reg * self.convention.regularizer_coefficient

    @property
    def regularizer(self) -> Any:
        """c*reg*sum(W*W), as a scalar of the problem's dtype."""
        return self.penalty * np.sum(self.W * self.W)

    @property
    def regularizer_gradient(self) -> Array:
        """(D, C): 2*c*reg*W."""
        return np.asarray(2 * self.penalty * self.W)

    def pull_back(self, coefficients: Array) -> Array:
        """(D, C): X^T G / N, where row i of the coefficients G (N, C) is dL_i/ds_i."""
        return np.asarray(self.X.T @ coefficients / self.num_samples)

    def in_layout(self, gradient: Array) -> Array:
        """The (D, C) array in the layout of the convention's W."""
        return gradient.T if self.convention.layout == "CD" else gradient


def canonical(W: Array, X: Array, convention: Convention, dtype: Precision) -> tuple[Array, Array]:
    """W (D, C) and X (N, D) in `dtype`, from the layout of the convention.

    Raises ValueError for a shape that does not fit.
    """
    weights, rows = np.asarray(W, dtype=dtype), np.asarray(X, dtype=dtype)
    for name, array in (("W", weights), ("X", rows)):
        if array.ndim != 2:
            raise ValueError(f"{name} must have two dimensions (got shape {array.shape})")
    if convention.layout == "CD":
        weights, rows = weights.T, rows.T
    if rows.shape[0] == 0 or rows.shape[1] != weights.shape[0]:
        raise ValueError(
            f"X must hold samples of {weights.shape[0]} features, as W does "
            f"(got {rows.shape[0]} samples of {rows.shape[1]} features in layout {convention.layout})"
        )
    return weights, rows


def log_softmax(scores: Array, axis: int | None = -1) -> Array:
    """log(exp(s) / sum(exp(s))) along the axis, safe for any finite scores: the maximum is taken out first."""
    shifted = scores - scores.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def softmax(scores: Array) -> Array:
    """The probabilities along the last axis."""
    return np.exp(log_softmax(scores))


def cross_entropies(scores: Array, labels: Array) -> Array:
    """(N,): the loss of each row of scores (N, C); log-probabilities have the same losses as their scores."""
    return np.asarray(-log_softmax(scores)[np.arange(len(labels)), labels])


def cross_entropy_slopes(scores: Array, labels: Array) -> Array:
    """(N, C): P - Y, the gradient of the sum of the cross-entropies at the scores."""
    return softmax(scores) - np.eye(scores.shape[1])[labels]


def through_softmax(probabilities: Array, slope: Array) -> Array:
    """The gradient at the scores, p_j*(g_j - sum_k g_k*p_k), from the gradient g at the probabilities."""
    return np.asarray(probabilities * (slope - (slope * probabilities).sum(axis=-1, keepdims=True)))


def _labels(y: Array, num_samples: int, num_classes: int) -> Array:
    labels = np.asarray(y)
    if labels.shape != (num_samples,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"y must hold {num_samples} integers (got shape {labels.shape} of {labels.dtype})")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(f"y must lie in 0..{num_classes - 1} (got {labels.min()}..{labels.max()})")
    return labels.astype(np.intp)
