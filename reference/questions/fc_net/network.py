"""A network of affine layers with a ReLU between them, forward and backward, right and wrong.

Its parameters travel as two vectors, of all weights and of all biases, with the widths: D, the hidden layers, C. The loss is the
mean cross-entropy plus 0.5*reg*sum over all W of sum(W*W); biases are not regularized. Backward by the chain rule: dL/ds = (P - Y)/N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from reference.losses.problem import Array, cross_entropies, softmax
from reference.questions.inputs import Inputs

Which = Literal["all", "but the last", "but the first", "the first", "the last"]


@dataclass(frozen=True, slots=True)
class Faults:
    """Ways to go wrong; the defaults are right."""

    penalty: float = 1.0
    """Multiplies the regularization."""
    regularized: Which = "all"
    """The weights that are regularized."""
    are_biases_regularized: bool = False
    norm: Literal["squares", "absolute"] = "squares"
    is_penalty_averaged: bool = False
    """Divided by N."""
    has_first_reg: bool = False
    """The strength that the object was made with, not the one it was given later."""
    average: Literal["mean", "sum", "twice"] = "mean"
    """Multiplies the data term by 1/N, 1, or 1/N^2."""
    relus: Literal["all", "none", "the first", "the last too"] = "all"
    is_masked: bool = True
    """Whether the ReLUs stop slopes on their way back."""
    has_biases: bool = True
    back: Literal[
        "chain",
        "scores' slopes",
        "masked slopes",
        "last slopes",
        "earlier input",
        "earlier cache",
        "earlier caches",
    ] = "chain"
    """What reaches a layer: the chain; the slopes of the scores, as they are or masked; those that leave the last layer; the chain
    with the input, with input and weights, or with input, weights and mask of the layer before it."""
    true_class: float = 1.0
    """Subtracted at the true class."""


RIGHT = Faults()


@dataclass(frozen=True, slots=True)
class Parameters:
    """The weights and biases of each layer."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The loss, and the gradients of each layer."""

    loss: float
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


def shapes_of(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Of the weights, in order."""
    return [(int(one), int(other)) for one, other in pairwise(widths)]


def parameters_of(inputs: Inputs) -> Parameters:
    """The parameters among the inputs."""
    widths, weights, biases = inputs.arrays("widths", "weights", "biases")
    shapes = shapes_of(widths.tolist())
    ends = np.cumsum([one * other for one, other in shapes])[:-1]
    parts = zip(np.split(weights, ends), shapes, strict=True)
    cuts = np.cumsum([other for _, other in shapes])[:-1]
    return Parameters(tuple(part.reshape(shape) for part, shape in parts), tuple(np.split(biases, cuts)))


def flat(arrays: Sequence[Array]) -> Array:
    """One vector of all entries."""
    return np.concatenate([each.reshape(-1) for each in arrays])


def scores(parameters: Parameters, X: Array, faults: Faults = RIGHT) -> Array:
    """(N, C)."""
    return _forward(parameters, X, faults)[-1]


def evaluate(
    parameters: Parameters, X: Array, y: Array, regs: tuple[float, float], faults: Faults = RIGHT
) -> Evaluated:
    """The loss and the gradients; nan where a fault gives no gradient of the right shape.

    regs: the strength that the object was made with, and the one that counts.
    """
    befores, layers = _layers(parameters, X, faults)
    outputs, N = befores[-1] if faults.relus != "the last too" else layers[-1], len(X)
    count = {"mean": N, "sum": 1, "twice": N**2}[faults.average]
    slopes = softmax(outputs)
    slopes[np.arange(N), y] -= faults.true_class
    slopes /= count
    at_scores = at_last = slopes
    depth = len(parameters.weights)
    reg = faults.penalty * regs[0 if faults.has_first_reg else 1] / (N if faults.is_penalty_averaged else 1)
    weights, biases = list(parameters.weights), list(parameters.biases)
    for i in reversed(range(depth)):
        if faults.back == "last slopes" and i < depth - 1:
            slopes = _fitting(at_last, befores[i])
        if faults.is_masked and _has_relu(i, depth, faults):
            masking = max(i - 1, 0) if faults.back == "earlier caches" else i
            slopes = slopes * (_fitting(befores[masking], slopes) > 0)
        if faults.back in {"scores' slopes", "masked slopes"}:
            slopes = at_scores
            if faults.back == "masked slopes" and i < depth - 1:
                slopes = at_scores * (befores[i] > 0) if at_scores.shape == befores[i].shape else at_scores
        is_earlier = faults.back.startswith("earlier cache") and i < depth - 1
        at = max(i - 1, 0) if is_earlier or faults.back == "earlier input" else i
        weights[i] = _fitting(layers[at].T @ slopes, parameters.weights[i])
        biases[i] = _fitting(slopes.sum(axis=0), parameters.biases[i])
        W = parameters.weights[at if is_earlier else i]
        if W.shape[1] != slopes.shape[1]:
            slopes = np.full((N, parameters.weights[i].shape[0]), np.nan)
        else:
            slopes = slopes @ W.T
        if i == depth - 1:
            at_last = slopes
    penalty = 0.0
    for i in _regularized(depth, faults.regularized):
        W = parameters.weights[i]
        is_square = faults.norm == "squares"
        penalty += float((W * W).sum() if is_square else np.abs(W).sum())
        weights[i] = weights[i] + reg * (W if is_square else 0.5 * np.sign(W))
    if faults.are_biases_regularized:
        penalty += sum(float((b * b).sum()) for b in parameters.biases)
        biases = [found + reg * b for found, b in zip(biases, parameters.biases, strict=True)]
    data_loss = float(cross_entropies(outputs, y).sum()) / count
    return Evaluated(data_loss + 0.5 * reg * penalty, tuple(weights), tuple(biases))


def _regularized(depth: int, which: Which) -> range:
    """The numbers of the layers whose weights are regularized."""
    return {
        "all": range(depth),
        "but the last": range(depth - 1),
        "but the first": range(1, depth),
        "the first": range(1),
        "the last": range(depth - 1, depth),
    }[which]


def _has_relu(layer: int, depth: int, faults: Faults) -> bool:
    match faults.relus:
        case "none":
            return False
        case "the first":
            return layer == 0
        case "the last too":
            return True
        case _:
            return layer < depth - 1


def _layers(parameters: Parameters, X: Array, faults: Faults) -> tuple[list[Array], list[Array]]:
    """The affine results of each layer; and its inputs, with the network's output at the end."""
    befores, layers = [], [X.reshape(len(X), -1)]
    depth = len(parameters.weights)
    for i, (W, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
        befores.append(layers[-1] @ W + (b if faults.has_biases else 0.0))
        layers.append(np.maximum(befores[-1], 0) if _has_relu(i, depth, faults) else befores[-1])
    return befores, layers


def _forward(parameters: Parameters, X: Array, faults: Faults) -> list[Array]:
    return _layers(parameters, X, faults)[1]


def _fitting(gradient: Array, parameter: Array) -> Array:
    return gradient if gradient.shape == parameter.shape else np.full(parameter.shape, np.nan)
