"""Known wrong answers of softmax_forward and criterion_forward, in a student's words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.losses.problem import Array
from reference.questions.lab import formulas
from reference.questions.lab.given import array, label_of, mistake, model_of
from reference.questions.question import Inputs

# --- softmax_forward -------------------------------------------------------------------------------------------------


def _of_scores(rule: Callable[[Array], Array]) -> Callable[[Inputs], Array]:
    return lambda inputs: rule(formulas.scores(*model_of(inputs)))


def _transposed(inputs: Inputs) -> Array:
    weight, bias, x = model_of(inputs)
    if weight.shape[0] != weight.shape[1]:
        return np.full(len(bias), np.nan)
    return formulas.forward(weight.T, bias, x)


def _log_softmax(a: Array) -> Array:
    return np.asarray(np.log(formulas.softmax(a)))


FORWARD = tuple(
    mistake(name, "y_hat", message, outcome)
    for name, message, outcome in (
        (
            "no_softmax",
            "It equals the scores W x + b themselves: what turns scores into probabilities?",
            _of_scores(np.asarray),
        ),
        (
            "not_normalised",
            "It equals the exponentials of the scores: do your probabilities sum to 1?",
            _of_scores(np.exp),
        ),
        (
            "not_normalised_after_shift",
            "It equals the exponentials of the scores less the greatest: do your probabilities sum to 1?",
            _of_scores(lambda a: np.exp(a - a.max())),
        ),
        (
            "normalised_by_greatest",
            "It equals the exponentials divided by the greatest of them: by what do they have to be divided?",
            _of_scores(lambda a: np.exp(a) / np.exp(a).max()),
        ),
        (
            "scores_divided_by_sum",
            "It equals the scores divided by their sum: the exponentials were left out.",
            _of_scores(lambda a: a / a.sum()),
        ),
        (
            "log_softmax",
            "It equals the logarithms of the probabilities: where is the logarithm taken in this lab?",
            _of_scores(_log_softmax),
        ),
        (
            "softmax_twice",
            "It equals the softmax of the softmax: is it applied twice?",
            _of_scores(lambda a: formulas.softmax(formulas.softmax(a))),
        ),
        (
            "sigmoid",
            "It equals the sigmoid of each score by itself: the classes have to share one sum.",
            _of_scores(lambda a: 1 / (1 + np.exp(-a))),
        ),
        (
            "negative_scores",
            "It equals the softmax of the scores with the opposite sign: look at what goes into exp.",
            _of_scores(lambda a: formulas.softmax(-a)),
        ),
        (
            "no_bias",
            "It equals the probabilities without the bias.",
            lambda inputs: formulas.softmax(array(inputs, "weight") @ array(inputs, "x")),
        ),
        (
            "bias_subtracted",
            "It equals the probabilities with the bias taken away in place of added.",
            lambda inputs: formulas.forward(
                array(inputs, "weight"), -array(inputs, "bias"), array(inputs, "x")
            ),
        ),
        (
            "transposed_weight",
            "It equals the product with the transposed weight: which axis of weight runs over the features?",
            _transposed,
        ),
    )
)

# --- criterion_forward -----------------------------------------------------------------------------------------------


def _of_y_hat(rule: Callable[[Array, int], float]) -> Callable[[Inputs], float]:
    return lambda inputs: float(rule(array(inputs, "y_hat"), label_of(inputs)))


CRITERION = tuple(
    mistake(name, "loss", message, outcome)
    for name, message, outcome in (
        (
            "sign",
            "It equals the logarithm without the minus: a loss is never negative here.",
            _of_y_hat(lambda p, k: np.log(p[k])),
        ),
        (
            "label_from_one",
            "It equals the loss of the class before the label: labels count from 0 here, not from 1 as in Lua.",
            _of_y_hat(lambda p, k: -np.log(p[k - 1])),
        ),
        (
            "label_off_by_one",
            "It equals the loss of the class after the label: labels count from 0 here.",
            _of_y_hat(lambda p, k: -np.log(p[(k + 1) % len(p)])),
        ),
        (
            "most_probable_class",
            "It equals the loss of the most probable class, whatever the label is.",
            _of_y_hat(lambda p, _: -np.log(p.max())),
        ),
        (
            "all_classes",
            "It equals the sum of -log over all classes: which of them does the true label leave?",
            _of_y_hat(lambda p, _: -np.log(p).sum()),
        ),
        (
            "mean_over_classes",
            "It is the loss divided by the number of classes: is a mean taken over the one-hot vector?",
            _of_y_hat(lambda p, k: -np.log(p[k]) / len(p)),
        ),
        (
            "entropy",
            "It equals the entropy of y_hat: the label was not used.",
            _of_y_hat(lambda p, _: -(p * np.log(p)).sum()),
        ),
        (
            "binary_cross_entropy",
            "It adds the terms -log(1 - y_hat) of the other classes: this loss has one term only.",
            _of_y_hat(lambda p, k: -np.log(1 - np.delete(p, k)).sum() - np.log(p[k])),
        ),
        (
            "log_base_two",
            "It equals the loss with a logarithm of base 2.",
            _of_y_hat(lambda p, k: -np.log2(p[k])),
        ),
        (
            "log_base_ten",
            "It equals the loss with a logarithm of base 10.",
            _of_y_hat(lambda p, k: -np.log10(p[k])),
        ),
        (
            "no_log",
            "It equals the probability of the label with a minus: the logarithm is missing.",
            _of_y_hat(lambda p, k: -p[k]),
        ),
        (
            "one_minus_probability",
            "It equals 1 - y_hat at the label: the logarithm is missing.",
            _of_y_hat(lambda p, k: 1 - p[k]),
        ),
        (
            "log_of_one_minus",
            "It equals -log(1 - y_hat) at the label: of which probability is the logarithm taken?",
            _of_y_hat(lambda p, k: -np.log(1 - p[k])),
        ),
        (
            "mean_squared_error",
            "It equals the mean squared difference from the one-hot label: that is another loss.",
            _of_y_hat(lambda p, k: ((p - formulas.one_hot(k, len(p))) ** 2).mean()),
        ),
        (
            "softmax_again",
            "It takes the softmax of y_hat once more: y_hat holds probabilities already (as for a ready-made loss on scores).",
            _of_y_hat(lambda p, k: -np.log(formulas.softmax(p)[k])),
        ),
    )
)
