"""Mistakes in the gradients, analytic and numeric."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from reference.losses.problem import Array, through_softmax
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs
from reference.questions.lab import formulas
from reference.questions.question import Answer, QuestionMistake, in_outputs

GRADIENTS = ("grad_weight", "grad_bias")

# --- criterion_softmax_backward --------------------------------------------------------------------------------------


def _from_slope(inputs: Inputs, slope: Callable[[Array, Array], Array]) -> Answer:
    """Both gradients from a wrong slope at the scores: of y_hat and the one-hot label."""
    p, x = inputs.arrays("y_hat", "x")
    of_bias = slope(p, formulas.one_hot(inputs.integer("label"), len(p)))
    return {"grad_weight": np.outer(of_bias, x), "grad_bias": of_bias}


def _right(inputs: Inputs) -> tuple[Array, Array]:
    return formulas.backward(inputs.array("x"), inputs.integer("label"), inputs.array("y_hat"))


def _transposed_gradient(inputs: Inputs) -> Array:
    gradient = _right(inputs)[0]
    return gradient.T if gradient.shape[0] == gradient.shape[1] else np.full(gradient.shape, np.nan)


_SLOPES = {
    "no_minus_one": (
        "It equals the gradient with y_hat instead of y_hat - y: what does the true label contribute?",
        lambda p, _: p,
    ),
    "sign": ("It equals the gradient with the opposite sign.", lambda p, y: y - p),
    "minus_one_after_label": (
        "It subtracts 1 from the class after the label: labels count from 0 here.",
        lambda p, y: p - np.roll(y, 1),
    ),
    "minus_one_before_label": (
        "It subtracts 1 from the class before the label: labels count from 0 here, not from 1 as in Lua.",
        lambda p, y: p - np.roll(y, -1),
    ),
    "minus_one_everywhere": (
        "It subtracts 1 from every class: which of them is the label's?",
        lambda p, _: p - 1,
    ),
    "plus_one": ("It adds 1 at the label: check the sign there.", lambda p, y: p + y),
    "equals_minus_one": (
        "It has -1 at the label instead of y_hat - 1 (`=` instead of `-=`?).",
        lambda p, y: np.where(y > 0, -1.0, p),
    ),
    "label_only": (
        "It is zero except at the label: the other classes have a gradient too.",
        lambda p, y: (p - 1) * y,
    ),
    "of_log_only": (
        "It equals the gradient with respect to y_hat, -1/y_hat at the label: the softmax has a derivative too.",
        lambda p, y: -y / p,
    ),
    "of_squared_error": (
        "It equals the gradient of a squared error after the softmax: this loss is a logarithm.",
        lambda p, y: through_softmax(p, 2 * (p - y)),
    ),
    "divided_by_classes": (
        "It is the gradient divided by the number of classes.",
        lambda p, y: (p - y) / len(p),
    ),
    "of_probability": (
        "It equals the gradient of the label's probability, not of its logarithm.",
        lambda p, y: through_softmax(p, -y),
    ),
}

BACKWARD = (
    *in_outputs(GRADIENTS, _SLOPES, _from_slope),
    Mistake(
        "bias_gradient_missing",
        "grad_bias",
        "It is zero: the bias shifts a score just as a weight on a feature of 1 would.",
        lambda inputs: np.zeros_like(_right(inputs)[1]),
    ),
    Mistake(
        "bias_gradient_summed",
        "grad_bias",
        "Each entry is the sum over all classes: with one sample there is nothing to sum over.",
        lambda inputs: np.full_like(_right(inputs)[1], _right(inputs)[1].sum()),
    ),
    Mistake(
        "bias_gradient_times_bias",
        "grad_bias",
        "It is the gradient times the bias: should the bias itself be in it?",
        lambda inputs: _right(inputs)[1] * inputs.array("bias"),
    ),
    Mistake(
        "weight_gradient_without_x",
        "grad_weight",
        "Each row holds only the slope of its score: what is a weight multiplied by?",
        lambda inputs: np.outer(_right(inputs)[1], np.ones_like(inputs.array("x"))),
    ),
    Mistake(
        "weight_gradient_times_weight",
        "grad_weight",
        "It is the slope of each score times the weight: what is the weight multiplied by in the score?",
        lambda inputs: _right(inputs)[1][:, None] * inputs.array("weight"),
    ),
    Mistake(
        "transposed_gradient",
        "grad_weight",
        "It equals the transposed gradient: which axis of weight runs over the classes?",
        _transposed_gradient,
    ),
)

# --- compute_numerical_gradients -------------------------------------------------------------------------------------


def differences(inputs: Inputs, way: tuple[formulas.Differences, float, float]) -> Answer:
    """Both gradients. way: the rule, what epsilon is multiplied by, what the gradients are multiplied by."""
    rule, step, factor = way
    weight, bias, x = inputs.arrays("weight", "bias", "x")
    epsilon = step * inputs.number("epsilon")
    gradients = rule(weight, bias, x, inputs.integer("label"), epsilon)
    return {name: factor * gradient for name, gradient in zip(GRADIENTS, gradients, strict=True)}


def _analytic(weight: Array, bias: Array, x: Array, label: int, _: float) -> tuple[Array, Array]:
    return formulas.backward(x, label, formulas.forward(weight, bias, x))


def _moved(by: float) -> Iterator[QuestionMistake]:
    for name in ("weight", "bias"):
        yield Mistake(
            "step_not_taken_back",
            f"{name}_afterwards",
            f"After the call every entry of {name} is off by {'epsilon' if abs(by) == 1 else '2*epsilon'}:"
            " undo each step.",
            lambda inputs, name=name: inputs.array(name) + by * inputs.number("epsilon"),  # type: ignore[misc]
        )


_SYMMETRIC = "the lab asks for the difference that is symmetric about the weight."

_DIFFERENCES = {
    "forward_difference": (
        f"It equals the one-sided difference upwards: {_SYMMETRIC}",
        (formulas.one_sided, 1, 1),
    ),
    "backward_difference": (
        f"It equals the one-sided difference downwards: {_SYMMETRIC}",
        (formulas.one_sided, -1, 1),
    ),
    "half_a_difference": (
        "It equals half of a one-sided difference: do you take the lower loss at w - epsilon, or at w again?",
        (formulas.one_sided, 1, 0.5),
    ),
    "not_divided_by_two": (
        "It is twice the numeric gradient: how far apart are the two points whose losses you subtract?",
        (formulas.central, 1, 2),
    ),
    "sign": (
        "It equals the numeric gradient with the opposite sign: which loss is subtracted from which?",
        (formulas.central, 1, -1),
    ),
    "half_a_step": ("It steps by half of epsilon on either side.", (formulas.central, 0.5, 1)),
    "half_a_step_undivided": (
        "It steps by half of epsilon on either side but divides by 2*epsilon.",
        (formulas.central, 0.5, 0.5),
    ),
    "step_not_taken_back": (
        "Each weight stays at w - epsilon while the next ones are moved: undo each step first.",
        (formulas.never_taken_back, 1, 1),
    ),
    "epsilon_not_used": (
        "It does not depend on epsilon: do you compare the losses at w + epsilon and at w - epsilon?",
        (_analytic, 1, 1),
    ),
}

NUMERIC = (
    *in_outputs(GRADIENTS, _DIFFERENCES, differences),
    *(mistake for by in (-1, 1, -2, 2) for mistake in _moved(by)),
)
