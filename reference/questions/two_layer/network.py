"""Forward and backward pass of the network, right and wrong: scores = relu(X W1 + b1) W2 + b2.

W1 (D, H), b1 (H,), W2 (H, C), b2 (C,), X (N, D), y (N,), float64. The loss is the mean cross-entropy plus
c*reg*(sum(W1*W1) + sum(W2*W2)), c of the convention; biases are not regularized. Backward by the chain rule: dL/ds = (P - Y)/N.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array, cross_entropies, softmax
from reference.questions.inputs import Inputs

PARAMETERS = ("W1", "b1", "W2", "b2")
WEIGHTS = ("W1", "W2")


@dataclass(frozen=True, slots=True)
class Faults:
    """Ways to go wrong; the defaults are right."""

    activation: Literal["relu", "none", "sigmoid", "leaky", "tanh"] = "relu"
    """Of the hidden layer."""
    slope: Literal["mask", "none", "activation", "reversed", "relu"] = "mask"
    """Multiplies the hidden gradient: the ReLU's mask, nothing, the activations, or the mask of the units that are off; or a ReLU of the gradient."""
    added: tuple[str, ...] = ("b1", "b2")
    """The biases that are added."""
    average: Literal["mean", "sum", "twice", "classes"] = "mean"
    """Multiplies the slopes and the data loss: 1/N, 1, 1/N^2 or 1/(N*C)."""
    penalty_factor: float = 1.0
    """Of the regularization, in the loss and in the gradients."""
    regularized: tuple[str, ...] = WEIGHTS
    norm: Literal["squares", "absolute"] = "squares"
    is_penalty_averaged: bool = False
    """Divided by N."""
    true_class: float = 1.0
    """Subtracted at the true class."""
    at_true: Literal["subtracted", "set", "columns"] = "subtracted"
    """Whether the slopes at the true class lose it, have its negative value, or lose it in whole columns."""
    back: Literal["W2", "dW2", "none"] = "W2"
    """Carries the slopes back to the hidden layer."""
    hidden: Literal["activation", "pre"] = "activation"
    """The hidden layer in W2's gradient: after or before its activation."""
    is_relu_of_scores: bool = False


RIGHT = Faults()


def parameters_of(inputs: Inputs) -> dict[str, Array]:
    """The four parameters among the inputs."""
    return dict(zip(PARAMETERS, inputs.arrays(*PARAMETERS), strict=True))


def scores(parameters: Mapping[str, Array], X: Array, faults: Faults = RIGHT) -> Array:
    """(N, C)."""
    return _forward(parameters, X, faults)[2]


def evaluate(
    parameters: Mapping[str, Array],
    X: Array,
    y: Array,
    reg: float,
    convention: Convention,
    faults: Faults = RIGHT,
) -> dict[str, Array]:
    """The loss, under "loss", and the gradients, under "dW1", "db1", "dW2", "db2"."""
    before, hidden, outputs = _forward(parameters, X, faults)
    count = {"mean": y.size, "sum": 1, "twice": y.size**2, "classes": y.size * outputs.shape[1]}[
        faults.average
    ]
    slopes = _slopes(outputs, y, faults) / count
    if faults.is_relu_of_scores:
        slopes *= outputs > 0
    dW2 = (hidden if faults.hidden == "activation" else before).T @ slopes
    carrier = {"W2": parameters["W2"], "dW2": dW2, "none": np.ones_like(dW2)}[faults.back]
    carried = slopes @ carrier.T
    back = np.maximum(carried, 0) if faults.slope == "relu" else carried * _slope(before, hidden, faults)
    penalty = faults.penalty_factor * reg * convention.regularizer_coefficient
    if faults.is_penalty_averaged:
        penalty /= y.size
    is_square = faults.norm == "squares"
    size = sum(
        np.sum(parameters[name] ** 2 if is_square else np.abs(parameters[name]))
        for name in faults.regularized
    )
    found = {
        "loss": np.asarray(cross_entropies(outputs, y).sum() / count + penalty * size),
        "dW1": X.T @ back,
        "db1": back.sum(axis=0),
        "dW2": dW2,
        "db2": slopes.sum(axis=0),
    }
    for name in faults.regularized:
        derived = 2 * parameters[name] if is_square else np.sign(parameters[name])
        found[f"d{name}"] = found[f"d{name}"] + penalty * derived
    return found


def _slopes(outputs: Array, y: Array, faults: Faults) -> Array:
    """Of each sample's loss, by its scores."""
    slopes, rows = softmax(outputs), np.arange(y.size)
    match faults.at_true:
        case "set":
            slopes[rows, y] = -faults.true_class
        case "columns":
            slopes[:, y] -= faults.true_class
        case _:
            slopes[rows, y] -= faults.true_class
    return slopes


def _forward(parameters: Mapping[str, Array], X: Array, faults: Faults) -> tuple[Array, Array, Array]:
    """Hidden layer before and after its activation, and the scores."""
    before = X @ parameters["W1"] + (parameters["b1"] if "b1" in faults.added else 0.0)
    hidden = _ACTIVATIONS[faults.activation][0](before)
    outputs = hidden @ parameters["W2"] + (parameters["b2"] if "b2" in faults.added else 0.0)
    return before, hidden, np.maximum(outputs, 0) if faults.is_relu_of_scores else outputs


_Slope = Callable[[Array, Array], Array]
_ACTIVATIONS: Mapping[str, tuple[Callable[[Array], Array], _Slope]] = {
    "none": (np.asarray, lambda before, _: np.ones_like(before)),
    "relu": (lambda before: np.maximum(before, 0), lambda before, _: before > 0),
    "leaky": (
        lambda before: np.where(before > 0, before, 0.01 * before),
        lambda before, _: np.where(before > 0, 1.0, 0.01),
    ),
    "sigmoid": (lambda before: 1 / (1 + np.exp(-before)), lambda _, hidden: hidden * (1 - hidden)),
    "tanh": (np.tanh, lambda _, hidden: 1 - hidden**2),
}
"""Each activation, and its derivative from the layer before and after it."""


def _slope(before: Array, hidden: Array, faults: Faults) -> Array:
    match faults.slope:
        case "none":
            return np.ones_like(before)
        case "activation":
            return hidden
        case "reversed":
            return before <= 0
        case _:
            return _ACTIVATIONS[faults.activation][1](before, hidden)
