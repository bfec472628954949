"""The lab's softmax classifier on single samples: y_hat = softmax(W x + b), loss -log(y_hat[label]), and its gradients.

weight (C, D), bias (C,), x (D,), label counted from 0. Formulas: the lab's sections 3 to 6 and its appendix.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.losses.problem import Array, softmax


def scores(weight: Array, bias: Array, x: Array) -> Array:
    """The scores a = W x + b, (C,)."""
    return np.asarray(weight @ x + bias)


def forward(weight: Array, bias: Array, x: Array) -> Array:
    """y_hat (C,)."""
    return softmax(scores(weight, bias, x))


def cross_entropy(y_hat: Array, label: int) -> float:
    """-log(y_hat[label])."""
    return float(-np.log(y_hat[label]))


def backward(x: Array, label: int, y_hat: Array) -> tuple[Array, Array]:
    """The slope at the scores, y_hat - e_label: its outer product with x, (C, D), and itself, (C,)."""
    slope = y_hat - one_hot(label, len(y_hat))
    return np.outer(slope, x), slope


def one_hot(label: int, classes: int) -> Array:
    """e_label, (C,)."""
    return np.asarray(np.eye(classes)[label])


Differences = Callable[[Array, Array, Array, int, float], tuple[Array, Array]]
"""weight, bias, x, label, epsilon -> grad_weight (C, D), grad_bias (C,)."""


def central(weight: Array, bias: Array, x: Array, label: int, epsilon: float) -> tuple[Array, Array]:
    """(loss(w + epsilon) - loss(w - epsilon)) / (2*epsilon) for each weight and each bias."""
    above, below = (_changes(weight, bias, x, label, step) for step in (epsilon, -epsilon))
    return _combined(lambda up, down: (up - down) / (2 * epsilon), above, below)


def one_sided(weight: Array, bias: Array, x: Array, label: int, epsilon: float) -> tuple[Array, Array]:
    """(loss(w + epsilon) - loss(w)) / epsilon, a difference downwards for a negative epsilon."""
    change = _changes(weight, bias, x, label, epsilon)
    return _combined(lambda up, _: up / epsilon, change, change)


def never_taken_back(weight: Array, bias: Array, x: Array, label: int, epsilon: float) -> tuple[Array, Array]:
    """Central differences row by row, weights before biases, that leave each entry at w - epsilon."""
    W, b = weight.astype(np.float64), bias.astype(np.float64)

    def along(parameters: Array) -> Array:
        gradient = np.zeros(parameters.shape)
        for position in np.ndindex(*parameters.shape):
            parameters[position] += epsilon
            above = cross_entropy(forward(W, b, x), label)
            parameters[position] -= 2 * epsilon
            gradient[position] = (above - cross_entropy(forward(W, b, x), label)) / (2 * epsilon)
        return gradient

    return along(W), along(b)


def _combined(
    rule: Callable[[Array, Array], Array], first: tuple[Array, Array], second: tuple[Array, Array]
) -> tuple[Array, Array]:
    of_weight, of_bias = (rule(*each).astype(np.float64) for each in zip(first, second, strict=True))
    return of_weight, of_bias


def _changes(weight: Array, bias: Array, x: Array, label: int, step: float) -> tuple[Array, Array]:
    """loss(w + step) - loss(w) for each weight, (C, D), and each bias, (C,), in extended precision.

    A weight (i, j) shifts the score i by step*x_j: the loss log(sum exp a) - a_label changes by
    log(1 + y_hat_i*(exp(step*x_j) - 1)), less step*x_j where i is the label.
    """
    wide = np.longdouble
    y_hat = softmax(scores(weight.astype(wide), bias.astype(wide), x.astype(wide)))
    at_label = one_hot(label, len(y_hat)).astype(wide)

    def of(shifts: Array) -> Array:
        return np.asarray(
            np.log1p(np.outer(y_hat, np.expm1(shifts))) - np.outer(at_label, shifts), dtype=wide
        )

    return of(wide(step) * x.astype(wide)), of(np.asarray([step], dtype=wide))[:, 0]
