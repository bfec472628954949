"""The inputs of the lab's questions by name, and mistakes that do not depend on the convention."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.question import Inputs, Mistake

Model = tuple[Array, Array, Array]


def array(inputs: Inputs, name: str) -> Array:
    """An input that is an array."""
    return np.asarray(inputs[name])


def number(inputs: Inputs, name: str, default: float = 0.0) -> float:
    """An input that is a plain number; the handout's default where it is None."""
    value = inputs[name]
    assert not isinstance(value, np.ndarray)
    return default if value is None else float(value)


def label_of(inputs: Inputs) -> int:
    """The label, counted from 0."""
    return int(number(inputs, "label"))


def epsilon_of(inputs: Inputs) -> float:
    """The step of the numeric gradient."""
    return number(inputs, "epsilon", 1e-4)


def model_of(inputs: Inputs) -> Model:
    """The weight (C, D), the bias (C,) and x (D,)."""
    return array(inputs, "weight"), array(inputs, "bias"), array(inputs, "x")


def mistake(name: str, output: str, message: str, outcome: Callable[[Inputs], Array | float]) -> Mistake:
    """A known wrong answer, the same in every convention."""

    def on(inputs: Inputs, convention: Convention) -> Array | float:
        del convention
        return outcome(inputs)

    return Mistake(name, output, message, on)
