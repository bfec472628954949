"""Plain stochastic gradient descent on a linear classifier."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from reference.conventions import Convention
from reference.losses.formulas import LossAndGradient
from reference.losses.problem import Array


class Loss(Protocol):
    """A loss as the trainer calls it; functools.partial(softmax_loss, dtype=np.float64) is the fast one."""

    def __call__(
        self, W: Array, X: Array, y: Array, reg: float, convention: Convention, /
    ) -> LossAndGradient:
        """Loss and gradient of one batch, in the layout of the convention."""


def train(
    loss: Loss,
    W: Array,
    X: Array,
    y: Array,
    learning_rate: float,
    reg: float,
    num_iters: int,
    batch_size: int,
    rng: np.random.Generator,
    convention: Convention,
) -> tuple[Array, list[float]]:
    """Take `num_iters` steps W <- W - learning_rate*dW, each on `batch_size` samples drawn with replacement.

    W (D, C), X (N, D) or, in layout "CD", W (C, D), X (D, N); y (N,). None of them is changed. The bias
    is kept in W: a convention with a separate bias raises ValueError.
    Returns the last W, in the float dtype of the W given, and the loss of each step before it was taken.
    """
    samples = 0 if convention.layout == "DC" else 1
    weights = np.array(W, dtype=np.result_type(W, np.float32))
    history = []
    for _ in range(num_iters):
        drawn = rng.integers(X.shape[samples], size=batch_size)
        step = loss(weights, X.take(drawn, axis=samples), y[drawn], reg, convention)
        weights = (weights - learning_rate * step.dW).astype(weights.dtype)
        history.append(float(step.loss))
    return weights, history
