"""Plain stochastic gradient descent on a linear classifier, one model at a time: what the grid is held against."""

from typing import Protocol

import numpy as np

from reference import Convention, LossAndGradient, predict
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
) -> Array:
    """W after `num_iters` steps W <- W - learning_rate*dW, each on `batch_size` samples drawn with replacement."""
    samples = 0 if convention.layout == "DC" else 1
    weights = np.array(W, dtype=np.result_type(W, np.float32))
    for _ in range(num_iters):
        drawn = rng.integers(X.shape[samples], size=batch_size)
        step = loss(weights, X.take(drawn, axis=samples), y[drawn], reg, convention)
        weights = (weights - learning_rate * step.dW).astype(weights.dtype)
    return weights


def accuracy(W: Array, X: Array, y: Array, convention: Convention) -> float:
    """Fraction of the samples, 0 to 1, whose prediction is their label."""
    return float(np.mean(predict(W, X, convention) == y))
