"""Training and prediction of a linear classifier, as functions and as methods, on arrays and on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def sample_batch(X: Any, y: Any, num_train: Any, batch_size: Any) -> tuple[Any, Any]:
    """Rows drawn from the first num_train, with their labels."""
    rows = np.random.choice(int(num_train), int(batch_size))  # noqa: NPY002  as the handout draws
    return X[rows], y[rows]


def train_linear_classifier(
    loss_func: Callable[..., Any],
    W: Any,
    X: Any,
    y: Any,
    learning_rate: Any = 1e-3,
    reg: Any = 1e-5,
    num_iters: Any = 100,
    batch_size: Any = 200,
    verbose: Any = False,  # noqa: ARG001  part of the handout's signature
) -> tuple[Any, list[float]]:
    """Gradient descent on random batches; the final W and the loss of every step."""
    if W is None:
        W = _small_weights(X, int(y.max()) + 1)
    history = []
    for _ in range(num_iters):
        loss, dW = loss_func(W, *sample_batch(X, y, len(X), batch_size), reg)
        history.append(float(loss))
        W = W - learning_rate * dW
    return W, history


def train_with_given_weights(self: Any, X: Any, y: Any, *numbers: Any, **named: Any) -> list[float]:
    """The method train of a class whose loss is loss(W, X, y, reg)."""
    self.W, history = train_linear_classifier(self.loss, self.W, X, y, *numbers, **named)
    return history


def train_with_own_weights(self: Any, X: Any, y: Any, *numbers: Any, **named: Any) -> list[float]:
    """The method train of a class whose loss is loss(X, y, reg) at self.W."""
    if self.W is None:
        self.W = _small_weights(X, int(y.max()) + 1)

    def loss_at(W: Any, *batch: Any) -> Any:
        self.W = W
        return self.loss(*batch)

    self.W, history = train_linear_classifier(loss_at, self.W, X, y, *numbers, **named)
    return history


def predict_linear_classifier(W: Any, X: Any) -> Any:
    """The class of the highest score of each row."""
    return (X @ W).argmax(1)


def predict(self: Any, X: Any) -> Any:
    """The method predict of a class."""
    return predict_linear_classifier(self.W, X)


def _small_weights(X: Any, classes: int) -> Any:
    weights = 1e-3 * np.random.randn(X.shape[1], classes)  # noqa: NPY002  as the handout draws
    return X.new_tensor(weights) if hasattr(X, "new_tensor") else weights.astype(X.dtype)
