"""The methods loss and predict of a network of two layers with a ReLU between them, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

REGULARIZER_COEFFICIENT = 1.0


def loss(self: Any, X: Any, y: Any = None, reg: Any = 0.0) -> Any:
    """The scores without labels, else the loss and the gradients by name."""
    W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
    hidden = np.maximum(X @ W1 + b1, 0)
    scores = hidden @ W2 + b2
    if y is None:
        return scores
    rows = np.arange(len(X))
    shifted = scores - scores.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    data_loss = (np.log(totals)[:, 0] - shifted[rows, y]).mean()
    penalty = REGULARIZER_COEFFICIENT * reg
    slopes = exponentials / totals
    slopes[rows, y] -= 1
    slopes /= len(X)
    back = (slopes @ W2.T) * (hidden > 0)
    gradients = {
        "W1": X.T @ back + 2 * penalty * W1,
        "b1": back.sum(axis=0).reshape(b1.shape),
        "W2": hidden.T @ slopes + 2 * penalty * W2,
        "b2": slopes.sum(axis=0).reshape(b2.shape),
    }
    return data_loss + penalty * ((W1 * W1).sum() + (W2 * W2).sum()), gradients


def predict(self: Any, X: Any) -> Any:
    """The class of the highest score of each row."""
    W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
    return (np.maximum(X @ W1 + b1, 0) @ W2 + b2).argmax(axis=1)
