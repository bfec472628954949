"""Trains a linear classifier for each pair of a learning rate and a strength, all at once, and finds the best pair.

Its numbers are a student's. None makes it slower than others: see LEAST_WEIGHT, LEAST_SCORE and REVIEWED_EVERY.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FINALISTS = 3
"""So many pairs are trained to the end; the others only until they are ranked."""

DEVIATION = 1e-4
"""Standard deviation of the weights that training starts from."""

SEED = 20190905
"""Of the start and the batches: the same pairs give the same accuracies in every run."""

LEAST_WEIGHT = 1e-30
"""Smaller weights become zero. A processor takes a hundred times as long for numbers below 1.2e-38, where float32 is denormal."""

LEAST_SCORE = -35.0
"""A score that is further below its row's greatest one counts as that far below: a probability of 1e-15, times a learning
rate of 1e-15 over a batch of 10,000, is still no denormal number."""

REVIEWED_EVERY = 16
"""After so many steps, small weights become zero, and pairs whose weights have overflowed are left out of the work."""


ROWS_AT_ONCE = 10
"""So few rows are still in the processor's cache when they are cast: faster than all at once."""

Slopes = Callable[[Array, Array, float], Array]
"""From scores (N, C, P), labels (N,) and the margin of the hinge: N times the gradient of the mean loss at the scores."""


def svm_best_pair(*given: Any) -> tuple[int, float, int, Array]:
    """See best_pair."""
    return best_pair(svm_slopes, *given)


def softmax_best_pair(*given: Any) -> tuple[int, float, int, Array]:
    """See best_pair."""
    return best_pair(softmax_slopes, *given)


def best_pair(
    slopes: Slopes,
    pairs: Array,
    X: Array,
    y: Array,
    X_val: Array,
    y_val: Array,
    ends: Array,
    rank_iters: int,
    batch_size: int,
    clear: float,
    regularizer_coefficient: float,
    delta: float,
) -> tuple[int, float, int, Array]:
    """The index of the pair with the highest validation accuracy, that accuracy, the iterations that it took, and all pairs' accuracies.

    The accuracies (P,) float64 are each pair's last: most pairs are not trained to the end.

    pairs (P, 2) float64; X (N, D), X_val (V, D) float32 or float64; y (N,), y_val (V,) integers from zero; ends: iterations,
    ascending. All is computed in float32.
    Of many pairs, only the few that lead after rank_iters are trained on. On the stand-in, 25 pairs with 400 iterations and
    three finalists end within 0.02 of the best of 25 with 1500. After each of `ends`, a pair with the accuracy `clear` ends
    the search.
    """
    rng = np.random.Generator(np.random.PCG64(SEED))
    models = (DEVIATION * rng.normal(size=(X.shape[1], int(y.max()) + 1))).astype(np.float32)
    X_val = X_val.astype(models.dtype, copy=False)
    chosen, latest = np.arange(len(pairs)), np.zeros(len(pairs))
    for done, end in pairwise((0, *map(int, ends))):
        models = train_grid(
            slopes,
            models,
            X,
            y,
            pairs[chosen],
            end - done,
            batch_size,
            rng,
            regularizer_coefficient,
            delta,
        )
        accuracies = grid_accuracies(models, X_val, y_val)
        latest[chosen] = accuracies
        order = np.argsort(-accuracies, kind="stable")
        best = int(chosen[order[0]]), float(accuracies[order[0]]), end
        if best[1] >= clear:
            break
        if end >= rank_iters:
            order = order[:FINALISTS]
        chosen, models = chosen[order], models[order]
    return *best, latest


def train_grid(
    slopes: Slopes,
    W: Array,
    X: Array,
    y: Array,
    pairs: Array,
    num_iters: int,
    batch_size: int,
    rng: np.random.Generator,
    regularizer_coefficient: float,
    delta: float,
) -> Array:
    """One classifier for each pair (P, 2), all on the same batches: (P, D, C).

    W (D, C) to start from, or (P, D, C), one for each; X (N, D), floats; y (N,). None of them is changed. Everything is
    computed in W's dtype: of X in another one, the rows of a batch are cast, so the data that the student's functions get
    need no copy in float32.
    Each step draws its rows with rng.integers(N, size=batch_size). A pair whose weights overflow ends as nan.
    The steps are W <- (1 - 2*c*reg*lr)*W - lr * X^T G / N, where G (N, C, P) are the slopes; the models' columns
    stand side by side, so that W is one matrix (D, C*P) and X is read twice for all of them.
    """
    (num_features, num_classes), kept = W.shape[-2:], np.arange(len(pairs))
    models = np.full((len(pairs), num_features, num_classes), np.nan, W.dtype)
    weights = np.array(np.broadcast_to(W, models.shape).transpose(1, 2, 0).reshape(num_features, -1))
    step, batch = np.empty_like(weights), np.empty((batch_size, num_features), W.dtype)
    with np.errstate(all="ignore"):
        shrink, scales = 1 - 2 * regularizer_coefficient * pairs[:, 1] * pairs[:, 0], pairs[:, 0] / batch_size
        decay, scale = np.tile(shrink, num_classes).astype(W.dtype), scales.astype(W.dtype)
        for done in range(1, num_iters + 1):
            drawn = rng.integers(len(X), size=batch_size)
            for first in range(0, batch_size, ROWS_AT_ONCE):
                batch[first : first + ROWS_AT_ONCE] = X[drawn[first : first + ROWS_AT_ONCE]]
            scores = (batch @ weights).reshape(batch_size, num_classes, len(kept))
            G = slopes(scores, y[drawn], delta)
            G *= scale
            np.matmul(batch.T, G.reshape(batch_size, -1), out=step)
            weights *= decay
            weights -= step
            if done % REVIEWED_EVERY == 0 or done == num_iters:
                weights[np.abs(weights) < LEAST_WEIGHT] = 0
                by_pair = weights.reshape(num_features, num_classes, len(kept))
                is_finite = np.isfinite(by_pair).all(axis=(0, 1))
                if not is_finite.all():
                    by_pair, kept, scale = by_pair[:, :, is_finite], kept[is_finite], scale[is_finite]
                    weights, decay = by_pair.reshape(num_features, -1), np.tile(shrink[kept], num_classes)
                    decay, step = decay.astype(W.dtype), np.empty_like(weights)
                if not len(kept):
                    break
    models[kept] = weights.reshape(num_features, num_classes, len(kept)).transpose(2, 0, 1)
    return models


def svm_slopes(scores: Array, y: Array, delta: float) -> Array:
    """(N, C, P): one where the margin is positive, and at the true class minus their number."""
    samples = np.arange(len(y))
    G: Array = np.greater(scores, scores[samples, y][:, None] - delta).astype(scores.dtype)
    G[samples, y] = 0
    G[samples, y] = -G.sum(axis=1)
    return G


def softmax_slopes(scores: Array, y: Array, _: float) -> Array:
    """(N, C, P): the probabilities, and at the true class one less. The scores are overwritten."""
    scores -= scores.max(axis=1, keepdims=True)
    np.maximum(scores, LEAST_SCORE, out=scores)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(len(y)), y] -= 1
    return scores


def grid_accuracies(models: Array, X: Array, y: Array) -> Array:
    """(P,) float64: the share of correctly labelled samples for each model (P, D, C), 0 for one that is not finite."""
    num_pairs, num_features, num_classes = models.shape
    is_finite = np.asarray(np.isfinite(models).all(axis=(1, 2)))
    finite = np.where(is_finite[:, None, None], models, 0)
    with np.errstate(all="ignore"):
        scores = X @ finite.transpose(1, 2, 0).reshape(num_features, -1)
    labels = scores.reshape(len(X), num_classes, num_pairs).argmax(axis=1)
    return np.asarray(np.equal(labels, y[:, None]).mean(axis=0) * is_finite)
