"""Mistakes in softmax_forward and criterion_forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reference.losses.problem import Array, softmax
from reference.mistakes import Mistake, Table, mistakes_in
from reference.questions.inputs import Inputs
from reference.questions.lab import formulas
from reference.questions.question import QuestionMistake

MODEL = ("weight", "bias", "x")


def _transposed(inputs: Inputs) -> Array:
    weight, bias, x = inputs.arrays(*MODEL)
    if weight.shape[0] != weight.shape[1]:
        return np.full(len(bias), np.nan)
    return formulas.forward(weight.T, bias, x)


_SUM_TO_ONE = "do your probabilities sum to 1?"

_Y_HAT: Table[Callable[[Array], Array]] = {
    "no_softmax": (
        "It equals the scores W x + b themselves: what turns scores into probabilities?",
        np.asarray,
    ),
    "not_normalised": (f"It equals the exponentials of the scores: {_SUM_TO_ONE}", np.exp),
    "not_normalised_after_shift": (
        f"It equals the exponentials of the scores minus the largest: {_SUM_TO_ONE}",
        lambda a: np.exp(a - a.max()),
    ),
    "normalised_by_greatest": (
        "It equals the exponentials divided by the largest of them: what should they be divided by?",
        lambda a: np.exp(a) / np.exp(a).max(),
    ),
    "scores_divided_by_sum": (
        "It equals the scores divided by their sum: the exponentials are missing.",
        lambda a: a / a.sum(),
    ),
    "log_softmax": (
        "It equals the logarithms of the probabilities: where does this lab take the logarithm?",
        lambda a: np.log(softmax(a)),
    ),
    "softmax_twice": (
        "It equals the softmax of the softmax: is it applied twice?",
        lambda a: softmax(softmax(a)),
    ),
    "sigmoid": (
        "It equals the sigmoid of each score by itself: all classes must share one sum.",
        lambda a: 1 / (1 + np.exp(-a)),
    ),
    "negative_scores": (
        "It equals the softmax of the scores with the opposite sign: check what goes into exp.",
        lambda a: softmax(-a),
    ),
}

FORWARD: tuple[QuestionMistake, ...] = (
    *mistakes_in("y_hat", _Y_HAT, lambda inputs, rule: rule(formulas.scores(*inputs.arrays(*MODEL)))),
    Mistake(
        "no_bias",
        "y_hat",
        "It equals the probabilities without the bias.",
        lambda inputs: softmax(inputs.array("weight") @ inputs.array("x")),
    ),
    Mistake(
        "bias_subtracted",
        "y_hat",
        "It equals the probabilities with the bias subtracted instead of added.",
        lambda inputs: formulas.forward(inputs.array("weight"), -inputs.array("bias"), inputs.array("x")),
    ),
    Mistake(
        "transposed_weight",
        "y_hat",
        "It equals the product with the transposed weight: which axis of weight runs over the features?",
        _transposed,
    ),
)


_LOSS: Table[Callable[[Array, int], Any]] = {
    "sign": (
        "It equals the logarithm without the minus: this loss is never negative.",
        lambda p, k: np.log(p[k]),
    ),
    "label_from_one": (
        "It equals the loss of the class before the label: labels count from 0 here, not from 1 as in Lua.",
        lambda p, k: -np.log(p[k - 1]),
    ),
    "label_off_by_one": (
        "It equals the loss of the class after the label: labels count from 0 here.",
        lambda p, k: -np.log(p[(k + 1) % len(p)]),
    ),
    "most_probable_class": (
        "It equals the loss of the most probable class, whatever the label is.",
        lambda p, _: -np.log(p.max()),
    ),
    "all_classes": (
        "It equals the sum of -log over all classes: which of them does the true label select?",
        lambda p, _: -np.log(p).sum(),
    ),
    "mean_over_classes": (
        "It is the loss divided by the number of classes: do you take a mean over the one-hot vector?",
        lambda p, k: -np.log(p[k]) / len(p),
    ),
    "entropy": (
        "It equals the entropy of y_hat: the label is not used.",
        lambda p, _: -(p * np.log(p)).sum(),
    ),
    "binary_cross_entropy": (
        "It adds the terms -log(1 - y_hat) of the other classes: this loss has only one term.",
        lambda p, k: -np.log(1 - np.delete(p, k)).sum() - np.log(p[k]),
    ),
    "log_base_two": ("It equals the loss with a logarithm of base 2.", lambda p, k: -np.log2(p[k])),
    "log_base_ten": ("It equals the loss with a logarithm of base 10.", lambda p, k: -np.log10(p[k])),
    "no_log": (
        "It equals minus the probability of the label: the logarithm is missing.",
        lambda p, k: -p[k],
    ),
    "one_minus_probability": (
        "It equals 1 - y_hat at the label: the logarithm is missing.",
        lambda p, k: 1 - p[k],
    ),
    "log_of_one_minus": (
        "It equals -log(1 - y_hat) at the label: which probability should the logarithm take?",
        lambda p, k: -np.log(1 - p[k]),
    ),
    "mean_squared_error": (
        "It equals the mean squared difference from the one-hot label: that is a different loss.",
        lambda p, k: ((p - formulas.one_hot(k, len(p))) ** 2).mean(),
    ),
    "softmax_again": (
        "It applies softmax to y_hat again: y_hat already holds probabilities. (Is this a ready-made loss that expects scores?)",
        lambda p, k: -np.log(softmax(p)[k]),
    ),
}

CRITERION: tuple[QuestionMistake, ...] = mistakes_in(
    "loss", _LOSS, lambda inputs, rule: float(rule(inputs.array("y_hat"), inputs.integer("label")))
)
