"""The ReLU layer: out = max(x, 0), dx = dout*[x > 0]; the slope at x = 0 is left open, and no input is 0.

x and dout of any shape. Formulas of CS231n assignment 1, layers.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Table
from reference.questions.inputs import Value
from reference.questions.layers.layer import (
    TURNED,
    UNCHANGED,
    Formula,
    arrays_of,
    cache_question,
    change_rules,
    formulas,
)
from reference.questions.question import Misshapen, Question, QuestionCase

_SHAPES = ((4, 5), (7,), (3, 2, 4), (1, 6), (2, 3, 2, 3), (6, 4))


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for number, shape in enumerate(_SHAPES):
        is_turned = number == len(_SHAPES) - 1
        inputs: dict[str, Value] = {
            "x": _clear_of_zero(rng, shape),
            "dout": _clear_of_zero(rng, shape),
            TURNED: int(is_turned),
        }
        order = " in Fortran's memory order" if is_turned else ""
        cases.append(QuestionCase(f"x of shape {shape}{order}", inputs))
    return cases


def _clear_of_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Entries of either sign, some beyond 1, none of them near 0."""
    size, sign = 0.05 + np.abs(rng.normal(size=shape)), np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    return np.asarray(size * sign)


def _draw_forward(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        QuestionCase(each.label, {name: value for name, value in each.inputs.items() if name != "dout"})
        for each in _draw(rng)
    ]


def _relu(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0))


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


_WHICH = "which nonlinearity does the assignment ask for?"
_MASK = "which entries does the layer let through in the backward pass, and what decides that?"
_UPSTREAM = "is dout used?"
_FILLED = "It is zero everywhere: is it ever filled in?"

_FORWARD: Table[Formula] = {
    "absolute": ("It is the absolute value: what should happen to negative entries?", np.abs),
    "leaky": (f"It is a leaky ReLU: {_WHICH}", lambda x: np.where(x > 0, x, 0.01 * x)),
    "sigmoid": (f"It is the sigmoid: {_WHICH}", _sigmoid),
    "tanh": (f"It is the tanh: {_WHICH}", np.tanh),
    "minimum": ("It is min(x, 0): which part of x should be kept?", lambda x: np.minimum(x, 0)),
    "mask_only": ("It is 1 where x is positive: what should a positive entry become?", lambda x: x > 0),
    "identity": ("It is x as it is: what should happen to negative entries?", lambda x: x),
    "largest": ("It is the largest entry everywhere: do you take the maximum entry by entry?", lambda x: np.full(x.shape, max(float(x.max()), 0.0))),
    "all_zero": (_FILLED, lambda x: 0 * x),
}  # fmt: skip

_BACKWARD: Table[Formula] = {
    "mask_from_dout": (f"It is dout where dout is positive: {_MASK}", lambda x, dout: dout * (dout > 0)),
    "no_mask": ("It is dout as it is: what should the layer do to it where its unit is off?", lambda x, dout: dout),
    "mask_only": (f"It is the mask alone: {_UPSTREAM}", lambda x, dout: x > 0),
    "reversed": (f"It is dout where x is not positive: {_MASK}", lambda x, dout: dout * (x <= 0)),
    "times_x": ("It is dout times x: what is the derivative of the ReLU?", lambda x, dout: dout * x),
    "times_relu": ("It is dout times the layer's output: what is the derivative of the ReLU?", lambda x, dout: dout * _relu(x)),
    "relu_of_product": ("It is the ReLU of dout times x: what is the derivative of the ReLU?", lambda x, dout: _relu(dout * x)),
    "relu_of_x": (f"It is the layer's output: {_UPSTREAM}", lambda x, dout: _relu(x)),
    "sign": ("It is dout times the sign of x: what is the slope where x is negative?", lambda x, dout: dout * np.sign(x)),
    "leaky": ("It is the gradient of a leaky ReLU: what is the slope where x is negative?", lambda x, dout: dout * np.where(x > 0, 1, 0.01)),
    "sigmoid": (f"It is the gradient of a sigmoid: {_WHICH}", lambda x, dout: dout * _sigmoid(x) * (1 - _sigmoid(x))),
    "tanh": (f"It is the gradient of a tanh: {_WHICH}", lambda x, dout: dout * (1 - np.tanh(x) ** 2)),
    "elu": (f"It is the gradient of an ELU: {_WHICH}", lambda x, dout: dout * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))),
    "threshold_one": ("It is dout where x is above 1: at what x does the ReLU's slope change?", lambda x, dout: dout * (x > 1)),
    "clip_at_one": ("It is dout where x lies between 0 and 1: does the ReLU have an upper bound?", lambda x, dout: dout * ((x > 0) & (x < 1))),
    "both_masks": (f"It is dout where x and dout are positive: {_MASK}", lambda x, dout: dout * (x > 0) * (dout > 0)),
    "mean": ("It is the correct gradient divided by N: the averaging belongs in the loss, and dout already includes its 1/N.", lambda x, dout: dout * (x > 0) / len(x)),
    "sign_flipped": ("It is the correct gradient with the opposite sign.", lambda x, dout: -dout * (x > 0)),
    "all_zero": (_FILLED, lambda x, dout: 0 * x),
}  # fmt: skip

RELU_QUESTIONS = (
    Question(
        name="relu_forward",
        parameters=("x", TURNED),
        outputs={"out": "array", UNCHANGED: "number"},
        draw=_draw_forward,
        answer=lambda inputs: {"out": _relu(*arrays_of(inputs)), UNCHANGED: np.zeros(())},
        driver=("layers", "forward"),
        right=("layers", "relu_forward"),
        mistakes=formulas("out", _FORWARD),
        misshapen=(
            Misshapen(
                "largest",
                "out",
                "It is one number: do you take the maximum entry by entry?",
                lambda _: (),
            ),
        ),
        free=(UNCHANGED,),
        rules=change_rules(("x",)),
        needs={UNCHANGED: ("out",)},
        aside=(UNCHANGED,),
        unchanged=(),
    ),
    Question(
        name="relu_backward",
        parameters=("x", "dout", TURNED),
        outputs={"dx": "array", UNCHANGED: "number"},
        draw=_draw,
        answer=lambda inputs: {
            "dx": inputs.array("dout") * (inputs.array("x") > 0),
            UNCHANGED: np.zeros(()),
        },
        driver=("layers", "backward"),
        right=("layers", "relu_backward"),
        mistakes=formulas("dx", _BACKWARD),
        misshapen=(
            Misshapen(
                "batch_sum",
                "dx",
                "It is summed over the samples: each sample has its own gradient.",
                lambda inputs: inputs.array("x").shape[1:],
            ),
        ),
        free=(UNCHANGED,),
        rules=change_rules(("x", "dout")),
        needs={UNCHANGED: ("dx",)},
        aside=(UNCHANGED,),
        unchanged=(),
    ),
    cache_question("relu_cache", ("x", "dout"), _draw, lambda x, dout: (_relu(x), dout * (x > 0))),
)
