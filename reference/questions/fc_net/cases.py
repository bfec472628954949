"""Networks to ask about: parameters of size one, biases that are not zero, unlike widths, rows with two axes and with four."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference.losses.problem import Array
from reference.questions.fc_net.network import flat, shapes_of
from reference.questions.inputs import Inputs, Value
from reference.questions.question import QuestionCase

FIRST_REG = 0.21
"""The regularization strength that objects are made with, before they get another one."""

PARAMETERS = ("widths", "weights", "biases")
_WITH_LABELS = ("y", "first_reg", "reg")

Case = tuple[int, tuple[int, ...], tuple[int, ...], int, float]
"""N, the axes of a row, the hidden widths, C, and reg."""

SHALLOW: Sequence[Case] = (
    (7, (6,), (5,), 4, 0.37),
    (5, (3, 2, 2), (9,), 3, 1.4),
    (1, (5,), (7,), 6, 0.0),
    (9, (6,), (6,), 6, 0.8),
    (4, (2, 2, 2), (5,), 2, 0.6),
)
"""For TwoLayerNet. In the fourth all widths are alike, where mixed-up layers raise no error."""

DEEP: Sequence[Case] = (
    (5, (3, 2, 2), (6,), 3, 0.37),
    (6, (7,), (5, 8), 4, 0.9),
    (9, (6,), (6, 6, 6), 6, 0.7),
    (8, (2, 2, 3), (9, 5, 7), 4, 1.1),
    (7, (8,), (6, 9, 5, 7, 4), 5, 0.5),
    (1, (6,), (4, 5), 2, 0.0),
)
"""For FullyConnectedNet, of 1, 2, 3 and 5 hidden layers. In the third all widths are alike."""


def described(widths: Sequence[int]) -> str:
    """The widths in words."""
    *hidden, C = list(widths)[1:]
    words = ", ".join(map(str, hidden))
    kind = "1 hidden layer" if len(hidden) == 1 else f"{len(hidden)} hidden layers"
    return f"{kind} ({words}), D={widths[0]}, C={C}"


def drawn_parameters(rng: np.random.Generator, widths: Sequence[int]) -> tuple[Array, Array]:
    """The vectors of all weights and of all biases, with which the scores are of order one at any depth."""
    weights = [1.6 * rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes_of(widths)]
    biases = [0.5 * rng.normal(size=width) for width in widths[1:]]
    return flat(weights), flat(biases)


def drawn(cases: Sequence[Case]) -> Callable[[np.random.Generator], Sequence[QuestionCase]]:
    """Draws those cases with labels."""

    def draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
        found = []
        for N, axes, hidden, C, reg in cases:
            widths = (int(np.prod(axes)), *hidden, C)
            weights, biases = drawn_parameters(rng, widths)
            inputs: dict[str, Value] = {
                "widths": np.asarray(widths),
                "weights": weights,
                "biases": biases,
                "X": rng.normal(size=(N, *axes)),
                "y": rng.integers(0, C, size=N),
                "first_reg": FIRST_REG,
                "reg": reg,
            }
            label = f"{described(widths)}, X of shape {(N, *axes)}, reg={reg:g}"
            found.append(QuestionCase(label, inputs))
        return found

    return draw


def without_labels(cases: Sequence[Case]) -> Callable[[np.random.Generator], Sequence[QuestionCase]]:
    """Draws those cases without labels and strengths."""

    def draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
        return [
            QuestionCase(
                each.label.rpartition(", reg=")[0],
                {name: value for name, value in each.inputs.items() if name not in _WITH_LABELS},
            )
            for each in drawn(cases)(rng)
        ]

    return draw


def widths_of(inputs: Inputs) -> list[int]:
    """D, the hidden widths, C."""
    return [int(each) for each in inputs.array("widths")]
