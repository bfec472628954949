"""The softmax loss of a linear classifier with a bias, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

REGULARIZER_COEFFICIENT = 0.5


def softmax_loss(W: Any, b: Any, X: Any, y: Any, reg: Any) -> tuple[Any, Any, Any]:
    """Loss, dW and db in the shape of b."""
    rows = np.arange(len(X))
    scores = X @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    exponentials = np.exp(scores)
    totals = exponentials.sum(axis=1, keepdims=True)
    loss = (np.log(totals)[:, 0] - scores[rows, y]).mean() + REGULARIZER_COEFFICIENT * reg * (W * W).sum()
    slopes = exponentials / totals
    slopes[rows, y] -= 1
    slopes /= len(X)
    return loss, X.T @ slopes + 2 * REGULARIZER_COEFFICIENT * reg * W, slopes.sum(axis=0).reshape(b.shape)
