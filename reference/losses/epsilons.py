"""Harmless epsilons beside the probabilities of a cross-entropy, and the losses that come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reference.losses.problem import Array, cross_entropies, softmax

GREATEST_EPSILON = 1e-8
_MACHINE_EPSILON = 2.0**-52
BENIGN_EPSILONS = (
    GREATEST_EPSILON,
    *(digit * 10.0**-power for power in (9, 10, 11) for digit in range(9, 0, -1)),
    *(1e-12, 1e-13, 1e-14, 1e-15, _MACHINE_EPSILON, _MACHINE_EPSILON / 2),
    *(1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-24, 1e-25, 1e-30),
)
"""Epsilons that are a note and cost nothing; greater ones are wrong."""

_MODERATE = (1e-5, 1e-6, 1e-7)
"""On scores of order one these are as good as float32, so a layer or a network may have them too."""

LOSS_NOTE = "it keeps the logarithm away from zero by an epsilon, which hides very small probabilities"


def losses_with_epsilons(scores: Array, labels: Array) -> Array:
    """(F,): for each epsilon of at most 1e-5 the mean of -log(p + epsilon), and of -log p with p clipped from below or at both ends."""
    p = softmax(scores)[np.arange(len(labels)), labels]
    each = np.array((*_MODERATE, *BENIGN_EPSILONS))[:, None]
    forms = (p + each, np.maximum(p, each), np.clip(p, each, 1 - each))
    return np.concatenate([-np.log(form).mean(axis=1) for form in forms])


def with_epsilons(right: Mapping[str, Array], scores: Array, labels: Array) -> Sequence[Mapping[str, Array]]:
    """The right outputs with each loss that a harmless epsilon inside the logarithm leads to; the regularizer stays."""
    regularizer = right["loss"] - cross_entropies(scores, labels).mean()
    return [{**right, "loss": loss + regularizer} for loss in losses_with_epsilons(scores, labels)]
