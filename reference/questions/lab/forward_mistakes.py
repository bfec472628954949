"""Mistakes in softmax_forward and criterion_forward."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs
from reference.questions.lab import formulas
from reference.questions.question import QuestionMistake

MODEL = ("weight", "bias", "x")


def _of_scores(name: str, message: str, rule: Callable[[Array], Array]) -> QuestionMistake:
    return Mistake(name, "y_hat", message, lambda inputs: rule(formulas.scores(*inputs.arrays(*MODEL))))


def _transposed(inputs: Inputs) -> Array:
    weight, bias, x = inputs.arrays(*MODEL)
    if weight.shape[0] != weight.shape[1]:
        return np.full(len(bias), np.nan)
    return formulas.forward(weight.T, bias, x)


_SUM_TO_ONE = "do your probabilities sum to 1?"

FORWARD: tuple[QuestionMistake, ...] = (
    _of_scores(
        "no_softmax",
        "It equals the scores W x + b themselves: what turns scores into probabilities?",
        np.asarray,
    ),
    _of_scores("not_normalised", f"It equals the exponentials of the scores: {_SUM_TO_ONE}", np.exp),
    _of_scores(
        "not_normalised_after_shift",
        f"It equals the exponentials of the scores minus the largest: {_SUM_TO_ONE}",
        lambda a: np.exp(a - a.max()),
    ),
    _of_scores(
        "normalised_by_greatest",
        "It equals the exponentials divided by the largest of them: what should they be divided by?",
        lambda a: np.exp(a) / np.exp(a).max(),
    ),
    _of_scores(
        "scores_divided_by_sum",
        "It equals the scores divided by their sum: the exponentials are missing.",
        lambda a: a / a.sum(),
    ),
    _of_scores(
        "log_softmax",
        "It equals the logarithms of the probabilities: where is the logarithm taken in this lab?",
        lambda a: np.log(formulas.softmax(a)),
    ),
    _of_scores(
        "softmax_twice",
        "It equals the softmax of the softmax: is it applied twice?",
        lambda a: formulas.softmax(formulas.softmax(a)),
    ),
    _of_scores(
        "sigmoid",
        "It equals the sigmoid of each score by itself: the classes must share one sum.",
        lambda a: 1 / (1 + np.exp(-a)),
    ),
    _of_scores(
        "negative_scores",
        "It equals the softmax of the scores with the opposite sign: look at what goes into exp.",
        lambda a: formulas.softmax(-a),
    ),
    Mistake(
        "no_bias",
        "y_hat",
        "It equals the probabilities without the bias.",
        lambda inputs: formulas.softmax(inputs.array("weight") @ inputs.array("x")),
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


def _of_y_hat(name: str, message: str, rule: Callable[[Array, int], float]) -> QuestionMistake:
    return Mistake(
        name, "loss", message, lambda inputs: float(rule(inputs.array("y_hat"), inputs.integer("label")))
    )


CRITERION = (
    _of_y_hat(
        "sign",
        "It equals the logarithm without the minus: a loss is never negative here.",
        lambda p, k: np.log(p[k]),
    ),
    _of_y_hat(
        "label_from_one",
        "It equals the loss of the class before the label: labels count from 0 here, not from 1 as in Lua.",
        lambda p, k: -np.log(p[k - 1]),
    ),
    _of_y_hat(
        "label_off_by_one",
        "It equals the loss of the class after the label: labels count from 0 here.",
        lambda p, k: -np.log(p[(k + 1) % len(p)]),
    ),
    _of_y_hat(
        "most_probable_class",
        "It equals the loss of the most probable class, whatever the label is.",
        lambda p, _: -np.log(p.max()),
    ),
    _of_y_hat(
        "all_classes",
        "It equals the sum of -log over all classes: which of them does the true label select?",
        lambda p, _: -np.log(p).sum(),
    ),
    _of_y_hat(
        "mean_over_classes",
        "It is the loss divided by the number of classes: is a mean taken over the one-hot vector?",
        lambda p, k: -np.log(p[k]) / len(p),
    ),
    _of_y_hat(
        "entropy",
        "It equals the entropy of y_hat: the label is not used.",
        lambda p, _: -(p * np.log(p)).sum(),
    ),
    _of_y_hat(
        "binary_cross_entropy",
        "It adds the terms -log(1 - y_hat) of the other classes: this loss has only one term.",
        lambda p, k: -np.log(1 - np.delete(p, k)).sum() - np.log(p[k]),
    ),
    _of_y_hat(
        "log_base_two",
        "It equals the loss with a logarithm of base 2.",
        lambda p, k: -np.log2(p[k]),
    ),
    _of_y_hat(
        "log_base_ten",
        "It equals the loss with a logarithm of base 10.",
        lambda p, k: -np.log10(p[k]),
    ),
    _of_y_hat(
        "no_log",
        "It equals the probability of the label with a minus: the logarithm is missing.",
        lambda p, k: -p[k],
    ),
    _of_y_hat(
        "one_minus_probability",
        "It equals 1 - y_hat at the label: the logarithm is missing.",
        lambda p, k: 1 - p[k],
    ),
    _of_y_hat(
        "log_of_one_minus",
        "It equals -log(1 - y_hat) at the label: which probability should the logarithm take?",
        lambda p, k: -np.log(1 - p[k]),
    ),
    _of_y_hat(
        "mean_squared_error",
        "It equals the mean squared difference from the one-hot label: that is another loss.",
        lambda p, k: ((p - formulas.one_hot(k, len(p))) ** 2).mean(),
    ),
    _of_y_hat(
        "softmax_again",
        "It takes the softmax of y_hat once more: y_hat already holds probabilities. (Is this a ready-made loss on scores?)",
        lambda p, k: -np.log(formulas.softmax(p)[k]),
    ),
)
