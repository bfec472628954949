"""The method loss of a network of affine layers with a ReLU between them, of any depth, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


def loss(self: Any, X: Any, y: Any = None) -> Any:
    """The scores without labels, else the loss with half of the regularization and the gradients by name."""
    depth = sum(name[0] == "W" and name[1:].isdigit() for name in self.params)
    W = [self.params[f"W{i}"] for i in range(1, depth + 1)]
    layers = [X.reshape(len(X), -1).astype(W[0].dtype)]
    for i in range(depth):
        out = layers[-1] @ W[i] + self.params[f"b{i + 1}"]
        layers.append(np.maximum(out, 0) if i < depth - 1 else out)
    scores = layers.pop()
    if y is None:
        return scores
    rows = np.arange(len(X))
    shifted = scores - scores.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    slopes = exponentials / totals
    slopes[rows, y] -= 1
    slopes /= len(X)
    gradients = {}
    for i in reversed(range(depth)):
        gradients[f"W{i + 1}"] = layers[i].T @ slopes + self.reg * W[i]
        gradients[f"b{i + 1}"] = slopes.sum(axis=0)
        slopes = (slopes @ W[i].T) * (layers[i] > 0)
    data_loss = (np.log(totals)[:, 0] - shifted[rows, y]).mean()
    return data_loss + 0.5 * self.reg * sum((each * each).sum() for each in W), gradients
