"""Known wrong gradients, analytic and numeric, in a student's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from reference.losses.problem import Array
from reference.questions.lab import formulas
from reference.questions.lab.given import array, epsilon_of, label_of, mistake, model_of
from reference.questions.question import Inputs, Mistake

# --- criterion_softmax_backward --------------------------------------------------------------------------------------

Slope = Callable[[Array, int], Array]


def _others_minus(p: Array, k: int) -> Array:
    return np.asarray(p - formulas.one_hot((k + 1) % len(p), len(p)))


_SLOPES: tuple[tuple[str, str, Slope], ...] = (
    (
        "no_minus_one",
        "It equals the gradient with y_hat in the place of y_hat - y: what does the true label contribute?",
        lambda p, _: p,
    ),
    (
        "sign",
        "It equals the gradient with the opposite sign.",
        lambda p, k: formulas.one_hot(k, len(p)) - p,
    ),
    (
        "minus_one_after_label",
        "It takes 1 off the class after the label: labels count from 0 here.",
        _others_minus,
    ),
    (
        "minus_one_before_label",
        "It takes 1 off the class before the label: labels count from 0 here, not from 1 as in Lua.",
        lambda p, k: p - formulas.one_hot(k - 1, len(p)),
    ),
    ("minus_one_everywhere", "It takes 1 off every class: which of them is the label's?", lambda p, _: p - 1),
    (
        "plus_one",
        "It adds 1 at the label: look at the sign there.",
        lambda p, k: p + formulas.one_hot(k, len(p)),
    ),
    (
        "equals_minus_one",
        "It has -1 itself at the label, not y_hat - 1 (an `=` for a `-=`?).",
        lambda p, k: np.where(formulas.one_hot(k, len(p)) > 0, -1.0, p),
    ),
    (
        "label_only",
        "It is zero but at the label: the other classes have a gradient too.",
        lambda p, k: (p - 1) * formulas.one_hot(k, len(p)),
    ),
    (
        "of_log_only",
        "It equals the gradient with respect to y_hat, -1/y_hat at the label: the softmax has a derivative too.",
        lambda p, k: -formulas.one_hot(k, len(p)) / p,
    ),
    (
        "of_squared_error",
        "It equals the gradient of a squared error behind the softmax: this loss is a logarithm.",
        lambda p, k: _through_softmax(p, 2 * (p - formulas.one_hot(k, len(p)))),
    ),
    (
        "divided_by_classes",
        "It is the gradient divided by the number of classes.",
        lambda p, k: (p - formulas.one_hot(k, len(p))) / len(p),
    ),
    (
        "of_probability",
        "It equals the gradient of the label's probability, not of its logarithm.",
        lambda p, k: _through_softmax(p, -formulas.one_hot(k, len(p))),
    ),
)


def _through_softmax(p: Array, of_p: Array) -> Array:
    """The gradient at the scores from that at the probabilities: p*(g - sum(g*p))."""
    return np.asarray(p * (of_p - (of_p * p).sum()))


def _backward() -> Iterator[Mistake]:
    for name, message, slope in _SLOPES:

        def of_bias(inputs: Inputs, slope: Slope = slope) -> Array:
            return slope(array(inputs, "y_hat"), label_of(inputs))

        def of_weight(inputs: Inputs, of_bias: Callable[[Inputs], Array] = of_bias) -> Array:
            return np.outer(of_bias(inputs), array(inputs, "x"))

        yield mistake(name, "grad_weight", message, of_weight)
        yield mistake(name, "grad_bias", message, of_bias)


def _right(inputs: Inputs) -> tuple[Array, Array]:
    return formulas.backward(array(inputs, "x"), label_of(inputs), array(inputs, "y_hat"))


def _transposed_gradient(inputs: Inputs) -> Array:
    gradient = _right(inputs)[0]
    return gradient.T if gradient.shape[0] == gradient.shape[1] else np.full(gradient.shape, np.nan)


BACKWARD = (
    *_backward(),
    mistake(
        "bias_gradient_missing",
        "grad_bias",
        "It is zero: the bias shifts a score as a weight on a feature of 1 would.",
        lambda inputs: np.zeros_like(_right(inputs)[1]),
    ),
    mistake(
        "bias_gradient_summed",
        "grad_bias",
        "Each entry is the sum over all classes: on one sample there is nothing to sum over.",
        lambda inputs: np.full_like(_right(inputs)[1], _right(inputs)[1].sum()),
    ),
    mistake(
        "bias_gradient_times_bias",
        "grad_bias",
        "It is the gradient times the bias: the bias itself has no part in it.",
        lambda inputs: _right(inputs)[1] * array(inputs, "bias"),
    ),
    mistake(
        "weight_gradient_without_x",
        "grad_weight",
        "Each row holds the slope of its score alone: by what does a weight multiply?",
        lambda inputs: np.outer(_right(inputs)[1], np.ones_like(array(inputs, "x"))),
    ),
    mistake(
        "weight_gradient_times_weight",
        "grad_weight",
        "It is the slope of each score times the weight: which factor stands beside the weight in the score?",
        lambda inputs: _right(inputs)[1][:, None] * array(inputs, "weight"),
    ),
    mistake(
        "transposed_gradient",
        "grad_weight",
        "It equals the transposed gradient: which axis of weight runs over the classes?",
        _transposed_gradient,
    ),
)

# --- compute_numerical_gradients -------------------------------------------------------------------------------------

GRADIENTS = ("grad_weight", "grad_bias")


def _scaled(rule: formulas.Differences, step: float, factor: float) -> formulas.Differences:
    """The differences with `step` times epsilon, times a factor."""

    def scaled(weight: Array, bias: Array, x: Array, label: int, epsilon: float) -> tuple[Array, Array]:
        of_weight, of_bias = rule(weight, bias, x, label, step * epsilon)
        return factor * of_weight, factor * of_bias

    return scaled


def _analytic(weight: Array, bias: Array, x: Array, label: int, epsilon: float) -> tuple[Array, Array]:
    del epsilon
    return formulas.backward(x, label, formulas.forward(weight, bias, x))


_DIFFERENCES: tuple[tuple[str, str, formulas.Differences], ...] = (
    (
        "forward_difference",
        "It equals a difference on one side only, upwards: the lab asks for the one that is symmetric about the weight.",
        formulas.one_sided,
    ),
    (
        "backward_difference",
        "It equals a difference on one side only, downwards: the lab asks for the one that is symmetric about the weight.",
        _scaled(formulas.one_sided, -1, 1),
    ),
    (
        "half_a_difference",
        "It equals half of a difference on one side: is the lower loss taken at w - epsilon, or at w again?",
        _scaled(formulas.one_sided, 1, 0.5),
    ),
    (
        "not_divided_by_two",
        "It is twice the numeric gradient: how far apart are the two points whose losses you subtract?",
        _scaled(formulas.central, 1, 2),
    ),
    (
        "sign",
        "It equals the numeric gradient with the opposite sign: which of the two losses is taken from which?",
        _scaled(formulas.central, 1, -1),
    ),
    (
        "half_a_step",
        "It takes half of epsilon on either side.",
        _scaled(formulas.central, 0.5, 1),
    ),
    (
        "half_a_step_undivided",
        "It takes half of epsilon on either side and divides by twice of it.",
        _scaled(formulas.central, 0.5, 0.5),
    ),
    (
        "step_not_taken_back",
        "Each weight stays at w - epsilon while the next ones are moved: the step has to be taken back before.",
        formulas.never_taken_back,
    ),
    (
        "epsilon_not_used",
        "It does not depend on epsilon: are the losses at w + epsilon and at w - epsilon compared?",
        _analytic,
    ),
)


def _numeric() -> Iterator[Mistake]:
    for name, message, rule in _DIFFERENCES:
        for position, output in enumerate(GRADIENTS):

            def outcome(inputs: Inputs, rule: formulas.Differences = rule, position: int = position) -> Array:
                return rule(*model_of(inputs), label_of(inputs), epsilon_of(inputs))[position]

            yield mistake(name, output, message, outcome)


def _moved(by: float) -> Iterator[Mistake]:
    for name in ("weight", "bias"):

        def outcome(inputs: Inputs, name: str = name) -> Array:
            return array(inputs, name) + by * epsilon_of(inputs)

        yield mistake(
            "step_not_taken_back",
            f"{name}_afterwards",
            f"After the call every entry of {name} is off by {'epsilon' if abs(by) == 1 else '2*epsilon'}:"
            " each step has to be taken back.",
            outcome,
        )


NUMERIC = (
    *_numeric(),
    *(each for by in (-1, 1, -2, 2) for each in _moved(by)),
)
