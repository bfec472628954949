"""The questions on the lab's functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.lab import cases, formulas, forward_mistakes, gradient_mistakes, reached, training
from reference.questions.lab.descent import accuracy, arrays, histogram
from reference.questions.lab.given import array, epsilon_of, label_of, model_of, number
from reference.questions.question import Answer, Inputs, Mistake, Question, Rule


def _forward(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    return {"y_hat": formulas.forward(*model_of(inputs))}


def _criterion(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    return {"loss": np.asarray(formulas.cross_entropy(array(inputs, "y_hat"), label_of(inputs)))}


def _backward(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    gradients = formulas.backward(array(inputs, "x"), label_of(inputs), array(inputs, "y_hat"))
    return dict(zip(gradient_mistakes.GRADIENTS, gradients, strict=True))


def _numeric(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    gradients = formulas.central(*model_of(inputs), label_of(inputs), epsilon_of(inputs))
    found = dict(zip(gradient_mistakes.GRADIENTS, gradients, strict=True))
    return {**found, **{f"{name}_afterwards": array(inputs, name) for name in training.PARAMETERS}}


def _all_zero(gradient: str) -> Callable[[Inputs, Answer, Convention], Mapping[str, float] | None]:
    def broken(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
        del inputs, convention
        return None if outputs[gradient].any() else {}

    return broken


_NUMERIC_RULES = tuple(
    Rule(
        "nothing_computed",
        f"{parameter}_afterwards",
        "While the gradient is zero everywhere, unchanged parameters show nothing.",
        _all_zero(gradient),
    )
    for parameter, gradient in zip(training.PARAMETERS, gradient_mistakes.GRADIENTS, strict=True)
)


def _evaluate(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    return {"accuracy": np.asarray(accuracy(*arrays(inputs)))}


def _histogram(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    return {"features": histogram(array(inputs, "images"), int(number(inputs, "bins", 8)))}


# --- Accuracy --------------------------------------------------------------------------------------------------------


def _accuracies(rule: Callable[[Array, Array, Array, Array], float]) -> Callable[[Inputs, Convention], float]:
    def outcome(inputs: Inputs, convention: Convention) -> float:
        del convention
        return float(rule(*arrays(inputs)))

    return outcome


_EVALUATION_MISTAKES = tuple(
    Mistake(name, "accuracy", message, _accuracies(rule))
    for name, message, rule in (
        (
            "count",
            "It equals the number of samples that are right: a fraction is asked for.",
            lambda weight, bias, X, y: accuracy(weight, bias, X, y) * len(y),
        ),
        (
            "error_rate",
            "It equals the share of the samples that are wrong.",
            lambda weight, bias, X, y: 1 - accuracy(weight, bias, X, y),
        ),
        (
            "no_bias",
            "It equals the accuracy without the bias.",
            lambda weight, bias, X, y: accuracy(weight, 0 * bias, X, y),
        ),
        (
            "least_score",
            "It equals the accuracy where the least score decides.",
            lambda weight, bias, X, y: accuracy(-weight, -bias, X, y),
        ),
        (
            "labels_from_one",
            "It equals the accuracy where labels count from 1, as in Lua: here they count from 0.",
            lambda weight, bias, X, y: accuracy(weight, bias, X, y - 1),
        ),
    )
)


def _in_percent(inputs: Inputs, convention: Convention) -> Sequence[Answer]:
    return [{"accuracy": 100 * _evaluate(inputs, convention)["accuracy"]}]


def _histogram_mistake(name: str, message: str, rule: Callable[[Array, Array, int], Array]) -> Mistake:
    def outcome(inputs: Inputs, convention: Convention) -> Array:
        del convention
        images, bins = array(inputs, "images"), int(number(inputs, "bins", 8))
        return rule(histogram(images, bins), images, bins)

    return Mistake(name, "features", message, outcome)


def _shares(inputs: Inputs, convention: Convention) -> Sequence[Answer]:
    """Counts as shares of a channel's pixels, and of all of an image's bytes."""
    counts, pixels = _histogram(inputs, convention)["features"], array(inputs, "images")[0, 0].size
    return [{"features": counts / pixels}, {"features": counts / (3 * pixels)}]


_HISTOGRAM_MISTAKES = (
    _histogram_mistake(
        "channels_reversed",
        "It holds the channels in the order blue, green, red.",
        lambda counts, images, bins: counts.reshape(-1, 3, bins)[:, ::-1].reshape(len(images), -1),
    ),
    _histogram_mistake(
        "channels_interleaved",
        "It holds the three channels of each bin side by side: the bins of one channel belong together.",
        lambda counts, images, bins: counts.reshape(-1, 3, bins).transpose(0, 2, 1).reshape(len(images), -1),
    ),
    _histogram_mistake(
        "greatest_left_out",
        "It leaves out the bytes of 255: does the last bin hold its upper end?",
        lambda counts, images, bins: (
            counts - ((images == 255).sum((2, 3))[:, :, None] * np.eye(bins)[-1]).reshape(len(images), -1)
        ),
    ),
    _histogram_mistake(
        "all_images_together",
        "Each row counts all images together: an image has a row of its own.",
        lambda counts, images, _: np.tile(counts.sum(axis=0), (len(images), 1)),
    ),
)

QUESTIONS = (
    *training.QUESTIONS,
    *reached.QUESTIONS,
    Question(
        "lab_forward",
        ("weight", "bias", "x"),
        {"y_hat": "array"},
        cases.forward_cases,
        _forward,
        mistakes=forward_mistakes.FORWARD,
    ),
    Question(
        "lab_forward_large",
        ("weight", "bias", "x"),
        {"y_hat": "array"},
        cases.large_score_cases,
        _forward,
        mistakes=forward_mistakes.FORWARD,
    ),
    Question(
        "lab_criterion",
        ("y_hat", "label"),
        {"loss": "number"},
        cases.loss_cases,
        _criterion,
        mistakes=forward_mistakes.CRITERION,
    ),
    Question(
        "lab_backward",
        ("weight", "bias", "x", "label", "y_hat"),
        dict.fromkeys(gradient_mistakes.GRADIENTS, "array"),
        cases.backward_cases,
        _backward,
        mistakes=gradient_mistakes.BACKWARD,
    ),
    Question(
        "lab_numeric",
        ("weight", "bias", "x", "label", "epsilon"),
        dict.fromkeys((*gradient_mistakes.GRADIENTS, "weight_afterwards", "bias_afterwards"), "array"),
        cases.numeric_cases,
        _numeric,
        driver=("lab", "numeric"),
        tolerance=1e-6,
        mistakes=gradient_mistakes.NUMERIC,
        rules=_NUMERIC_RULES,
    ),
    Question(
        "lab_evaluate",
        ("weight", "bias", "X", "y"),
        {"accuracy": "number"},
        cases.evaluation_cases,
        _evaluate,
        mistakes=_EVALUATION_MISTAKES,
        accepted=_in_percent,
    ),
    Question(
        "lab_histogram",
        ("images", "bins"),
        {"features": "array"},
        cases.histogram_cases,
        _histogram,
        tolerance=1e-6,
        mistakes=_HISTOGRAM_MISTAKES,
        accepted=_shares,
    ),
)
