"""Many linear classifiers trained at once: one product for all their scores, one for all their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array

Pair = tuple[float, float]
"""(learning_rate, reg)."""


def train_grid(
    classifier: Literal["svm", "softmax"],
    W: Array,
    X: Array,
    y: Array,
    pairs: Sequence[Pair],
    num_iters: int,
    batch_size: int,
    rng: np.random.Generator,
    convention: Convention,
) -> Array:
    """One classifier for each pair, all from the same W and on the same batches.

    W (D, C), X (N, D) or, in layout "CD", W (C, D), X (D, N), floats of one dtype, which everything is computed in;
    y (N,). None of them is changed. Each step draws its rows with rng.integers(N, size=batch_size).
    Returns (P, *W.shape). A pair whose weights overflow ends with inf or nan in its own weights only.
    The steps are W <- (1 - 2*c*reg*lr)*W - lr * X^T G / N with G of `losses.svm_data_term` and `softmax_data_term`;
    the models' columns stand side by side, so that W is one matrix (D, C*P) and X is read twice for all of them.
    """
    start, rows = (W, X) if convention.layout == "DC" else (W.T, X.T)
    (num_features, num_classes), num_pairs = start.shape, len(pairs)
    dtype = start.dtype
    rates, regs = (np.asarray(each, dtype=np.float64) for each in zip(*pairs, strict=True))
    weights = np.repeat(start[:, :, None], num_pairs, axis=2).reshape(num_features, -1)
    step = np.empty_like(weights)
    slopes = _svm_slopes if classifier == "svm" else _softmax_slopes
    with np.errstate(all="ignore"):
        shrink = 1 - 2 * convention.regularizer_coefficient * regs * rates
        decay, scale = np.tile(shrink, num_classes).astype(dtype), (rates / batch_size).astype(dtype)
        for _ in range(num_iters):
            drawn = rng.integers(len(rows), size=batch_size)
            batch = rows[drawn]
            scores = (batch @ weights).reshape(batch_size, num_classes, num_pairs)
            G = slopes(scores, y[drawn], convention.delta)
            G *= scale
            np.matmul(batch.T, G.reshape(batch_size, -1), out=step)
            weights *= decay
            weights -= step
    models = weights.reshape(num_features, num_classes, num_pairs)
    return np.ascontiguousarray(models.transpose((2, 0, 1) if convention.layout == "DC" else (2, 1, 0)))


def _svm_slopes(scores: Array, y: Array, delta: float) -> Array:
    """(N, C, P): one where the margin is positive, and at the true class minus their number."""
    samples = np.arange(len(y))
    G: Array = np.greater(scores, scores[samples, y][:, None] - delta).astype(scores.dtype)
    G[samples, y] = 0
    G[samples, y] = -G.sum(axis=1)
    return G


def _softmax_slopes(scores: Array, y: Array, _: float) -> Array:
    """(N, C, P): the probabilities, and at the true class one less. The scores are overwritten."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(len(y)), y] -= 1
    return scores


def grid_accuracies(models: Array, X: Array, y: Array, convention: Convention) -> Array:
    """(P,) float64: the share of correctly labelled samples for each model (P, *W.shape), 0 for one that is not finite."""
    weights, rows = (models, X) if convention.layout == "DC" else (models.transpose(0, 2, 1), X.T)
    num_pairs, num_features, num_classes = weights.shape
    is_finite = np.array([np.isfinite(each).all() for each in weights])
    finite = np.where(is_finite[:, None, None], weights, 0)
    with np.errstate(all="ignore"):
        scores = rows @ finite.transpose(1, 2, 0).reshape(num_features, -1)
    labels = scores.reshape(len(rows), num_classes, num_pairs).argmax(axis=1)
    return np.asarray(np.equal(labels, y[:, None]).mean(axis=0) * is_finite)
