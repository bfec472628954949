"""The layers of a network, forward and backward, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


def affine_forward(x: Any, w: Any, b: Any) -> Any:
    """Rows of x times w plus b, and the cache."""
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def affine_backward(dout: Any, cache: Any) -> Any:
    """The gradients of x, w and b; the cache begins with x and w."""
    x, w, *_ = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


def relu_forward(x: Any) -> Any:
    """Positive entries of x, zero elsewhere, and the cache."""
    return np.maximum(x, 0), x


def relu_backward(dout: Any, cache: Any) -> Any:
    """The gradient of x."""
    return dout * (cache > 0)


def softmax_loss(x: Any, y: Any) -> Any:
    """The mean cross-entropy of scores, and its gradient."""
    rows = np.arange(len(x))
    shifted = x - x.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    slopes = exponentials / totals
    slopes[rows, y] -= 1
    return (np.log(totals)[:, 0] - shifted[rows, y]).mean(), slopes / len(x)


def svm_loss(x: Any, y: Any) -> Any:
    """The mean hinge loss of scores with margin 1, and its gradient."""
    rows = np.arange(len(x))
    margins = np.maximum(x - x[rows, y][:, None] + 1, 0)
    margins[rows, y] = 0
    slopes = (margins > 0) * 1.0
    slopes[rows, y] = -slopes.sum(axis=1)
    return margins.sum() / len(x), slopes / len(x)
