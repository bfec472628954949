"""One epoch of training, and one of testing, of a linear classifier with log-probabilities, batch by batch in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from reference.losses.problem import Array, cross_entropies, cross_entropy_slopes, softmax, through_softmax
from reference.questions.inputs import Inputs

BATCH = 64

Slope = Callable[[Array, Array], Array]
"""Logits (B, C) and labels (B,) -> the gradient of the batch's loss at the logits."""


def mean_slope(logits: Array, labels: Array) -> Array:
    """Of the mean cross-entropy."""
    return cross_entropy_slopes(logits, labels) / len(labels)


def twice_softmax_slope(logits: Array, labels: Array) -> Array:
    """Of the mean cross-entropy that takes probabilities for logits."""
    p = softmax(logits)
    return through_softmax(p, mean_slope(p, labels))


@dataclass(frozen=True, slots=True)
class Epoch:
    """How an epoch goes; the defaults are right."""

    slope: Slope = mean_slope
    keeps_gradients: bool = False
    """Whether gradients are never set to zero."""
    is_late: bool = False
    """Whether a step comes before the gradient of its own batch."""
    steps: int | None = None
    """At most this many batches."""
    is_last_dropped: bool = False

    def run(self, inputs: Inputs) -> tuple[Array, Array]:
        """The weight (C, D) and the bias (C,) afterwards."""
        weight, bias = inputs.arrays("weight", "bias")
        of_weight, of_bias = np.zeros_like(weight), np.zeros_like(bias)
        rate = inputs.number("learning_rate")
        parts = list(batches(inputs))[: self.steps]
        for images, labels in parts[:-1] if self.is_last_dropped else parts:
            slope = self.slope(images @ weight.T + bias, labels)
            kept = 1.0 if self.keeps_gradients else 0.0
            new = kept * of_weight + slope.T @ images, kept * of_bias + slope.sum(axis=0)
            step = (of_weight, of_bias) if self.is_late else new
            weight, bias = weight - rate * step[0], bias - rate * step[1]
            of_weight, of_bias = new
        return weight, bias


def batches(inputs: Inputs) -> Iterator[tuple[Array, Array]]:
    """Rows (B, D) and labels (B,) in turn."""
    images, labels = inputs.arrays("images", "labels")
    rows = images.reshape(len(images), -1)
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH], labels[start : start + BATCH]


def batch_losses(inputs: Inputs, epoch: Epoch) -> Array:
    """The mean loss of each batch, with the parameters the epoch has reached by then."""
    found = []
    for number, (images, labels) in enumerate(batches(inputs)):
        steps = number if epoch.steps is None else min(number, epoch.steps)
        weight, bias = replace(epoch, steps=steps, is_last_dropped=False).run(inputs)
        found.append(cross_entropies(images @ weight.T + bias, labels).mean())
    return np.asarray(found)


def evaluated(inputs: Inputs) -> tuple[list[Array], list[Array]]:
    """For each batch the losses and whether each row is right, with the given parameters."""
    weight, bias = inputs.arrays("weight", "bias")
    parts = [(images @ weight.T + bias, labels) for images, labels in batches(inputs)]
    return (
        [cross_entropies(logits, labels) for logits, labels in parts],
        [np.argmax(logits, axis=1) == labels for logits, labels in parts],
    )
