"""The lab's stochastic gradient descent where every draw gives the same step, and the colour histogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reference.losses.problem import Array
from reference.questions.inputs import Inputs
from reference.questions.lab import formulas

GIVEN = ("weight", "bias", "X", "y")
"""The inputs of every descent: (C, D), (C,), (N, D) and (N,)."""

Parameters = tuple[Array, Array]
Slopes = Callable[[Parameters, Array, int], Parameters]
"""weight and bias, x (D,), label -> their gradients."""


def slopes(parameters: Parameters, x: Array, label: int) -> Parameters:
    """The right gradients."""
    return formulas.backward(x, label, formulas.forward(*parameters, x))


@dataclass(frozen=True, slots=True)
class Descent:
    """How a descent goes; the defaults are right."""

    slopes: Slopes = slopes
    coefficient: float = 1.0
    """c in the penalty c*reg*sum(W*W), whose gradient is 2*c*reg*W."""
    is_bias_penalised: bool = False
    is_damped: bool = False
    """Whether the velocity takes the gradient times 1 - momentum."""

    def run(
        self, inputs: Inputs, steps: int, learning_rate: float, reg: float = 0.0, momentum: float = 0.0
    ) -> Parameters:
        """The weight (C, D) and the bias (C,) after `steps` steps on the first sample.

        velocity = momentum*velocity - learning_rate*gradient; the parameters move by it.
        """
        weight, bias, X, y = inputs.arrays(*GIVEN)
        parameters = [weight, bias]
        velocity = [np.zeros_like(weight), np.zeros_like(bias)]
        penalties = (2 * self.coefficient * reg, 2 * self.coefficient * reg * self.is_bias_penalised)
        scale = 1 - momentum if self.is_damped else 1.0
        for _ in range(steps):
            gradients = self.slopes((parameters[0], parameters[1]), X[0], int(y[0]))
            for each in (0, 1):
                slope = gradients[each] + penalties[each] * parameters[each]
                velocity[each] = momentum * velocity[each] - learning_rate * scale * slope
                parameters[each] = parameters[each] + velocity[each]
        return parameters[0], parameters[1]


def sequential(inputs: Inputs, learning_rate: float, epochs: int) -> Parameters:
    """The weight and the bias after `epochs` passes over the samples in their order."""
    weight, bias, X, y = inputs.arrays(*GIVEN)
    parameters = weight, bias
    for _ in range(epochs):
        for row, label in zip(X, y, strict=True):
            of_weight, of_bias = slopes(parameters, row, int(label))
            parameters = (
                parameters[0] - learning_rate * of_weight,
                parameters[1] - learning_rate * of_bias,
            )
    return parameters


def accuracy(weight: Array, bias: Array, X: Array, y: Array) -> float:
    """Share of the samples whose highest score is that of their label."""
    return float(np.mean(np.argmax(X @ weight.T + bias, axis=1) == y))


def histogram(images: Array, bins: int) -> Array:
    """Counts (N, 3*bins) of bytes (N, 3, H, W) in `bins` equal ranges of 0..255, red first, then green, then blue."""
    of_byte = images.astype(np.int64) * bins // 256
    counts = [[np.bincount(channel.ravel(), minlength=bins) for channel in image] for image in of_byte]
    return np.asarray(counts, dtype=np.float64).reshape(len(images), -1)
