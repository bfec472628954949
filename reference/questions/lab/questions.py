"""The questions on the lab's functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Table, mistakes_in
from reference.questions.inputs import Inputs
from reference.questions.lab import cases, formulas, reached, training
from reference.questions.lab.descent import GIVEN, accuracy, histogram
from reference.questions.lab.forward_mistakes import CRITERION, FORWARD, MODEL
from reference.questions.lab.gradient_mistakes import BACKWARD, GRADIENTS, NUMERIC, differences
from reference.questions.question import Answer, Question, QuestionMistake, Rule

_OVERFLOW = "Exponentials of scores of this size overflow, or are all zero: what can you subtract from all scores without changing the probabilities?"


def _forward(inputs: Inputs) -> Answer:
    return {"y_hat": formulas.forward(*inputs.arrays(*MODEL))}


def _criterion(inputs: Inputs) -> Answer:
    return {"loss": np.asarray(formulas.cross_entropy(inputs.array("y_hat"), inputs.integer("label")))}


def _backward(inputs: Inputs) -> Answer:
    gradients = formulas.backward(inputs.array("x"), inputs.integer("label"), inputs.array("y_hat"))
    return dict(zip(GRADIENTS, gradients, strict=True))


def _numeric(inputs: Inputs) -> Answer:
    afterwards = {f"{name}_afterwards": inputs.array(name) for name in training.PARAMETERS}
    return {**differences(inputs, (formulas.central, 1, 1)), **afterwards}


def _is_zero(gradient: str) -> Callable[[Inputs, Answer], Mapping[str, float] | None]:
    return lambda _, outputs: None if outputs[gradient].any() else {}


_NUMERIC_RULES = tuple(
    Rule(
        "nothing_computed",
        f"{parameter}_afterwards",
        "While the gradient is zero everywhere, unchanged parameters do not count.",
        _is_zero(gradient),
    )
    for parameter, gradient in zip(training.PARAMETERS, GRADIENTS, strict=True)
)

# --- Accuracy --------------------------------------------------------------------------------------------------------


def _evaluate(inputs: Inputs) -> Answer:
    return {"accuracy": np.asarray(accuracy(*inputs.arrays(*GIVEN)))}


def _in_percent(inputs: Inputs) -> Sequence[Answer]:
    return [{"accuracy": 100 * _evaluate(inputs)["accuracy"]}]


_ACCURACIES: Table[Callable[[Array, Array, Array, Array], float]] = {
    "count": (
        "It equals the number of samples that are right: the assignment asks for a fraction.",
        lambda weight, bias, X, y: accuracy(weight, bias, X, y) * len(y),
    ),
    "error_rate": (
        "It equals the share of the samples that are wrong.",
        lambda weight, bias, X, y: 1 - accuracy(weight, bias, X, y),
    ),
    "no_bias": (
        "It equals the accuracy without the bias.",
        lambda weight, bias, X, y: accuracy(weight, 0 * bias, X, y),
    ),
    "least_score": (
        "It equals the accuracy with the lowest score as the prediction.",
        lambda weight, bias, X, y: accuracy(-weight, -bias, X, y),
    ),
    "labels_from_one": (
        "It equals the accuracy for labels that count from 1, as in Lua: here they count from 0.",
        lambda weight, bias, X, y: accuracy(weight, bias, X, y - 1),
    ),
}

_EVALUATION: tuple[QuestionMistake, ...] = mistakes_in(
    "accuracy", _ACCURACIES, lambda inputs, rule: rule(*inputs.arrays(*GIVEN))
)

# --- Colour histogram ------------------------------------------------------------------------------------------------


def _images_and_bins(inputs: Inputs) -> tuple[Array, int]:
    return inputs.array("images"), inputs.integer("bins")


def _histogram(inputs: Inputs) -> Answer:
    return {"features": histogram(*_images_and_bins(inputs))}


def _shares(inputs: Inputs) -> Sequence[Answer]:
    """Counts as shares of a channel's pixels, and of all of an image's bytes."""
    counts, pixels = _histogram(inputs)["features"], inputs.array("images")[0, 0].size
    return [{"features": counts / pixels}, {"features": counts / (3 * pixels)}]


_COUNTS: Table[Callable[[Array, Array, int], Array]] = {
    "channels_reversed": (
        "It holds the channels in the order blue, green, red.",
        lambda counts, images, bins: counts.reshape(-1, 3, bins)[:, ::-1].reshape(len(images), -1),
    ),
    "channels_interleaved": (
        "It holds the three channels of each bin side by side: the bins of one channel belong together.",
        lambda counts, images, bins: counts.reshape(-1, 3, bins).transpose(0, 2, 1).reshape(len(images), -1),
    ),
    "greatest_left_out": (
        "It leaves out the bytes equal to 255: does the last bin include its upper end?",
        lambda counts, images, bins: (
            counts - ((images == 255).sum((2, 3))[:, :, None] * np.eye(bins)[-1]).reshape(len(images), -1)
        ),
    ),
    "all_images_together": (
        "Each row counts all images together: there should be one row per image.",
        lambda counts, images, _: np.tile(counts.sum(axis=0), (len(images), 1)),
    ),
}

_HISTOGRAMS: tuple[QuestionMistake, ...] = mistakes_in(
    "features",
    _COUNTS,
    lambda inputs, rule: rule(_histogram(inputs)["features"], *_images_and_bins(inputs)),
)

QUESTIONS = (
    *training.QUESTIONS,
    *reached.QUESTIONS,
    Question(
        "lab_forward",
        MODEL,
        {"y_hat": "array"},
        cases.forward_cases,
        _forward,
        mistakes=FORWARD,
        right=("lab", "softmax_forward"),
    ),
    Question(
        "lab_forward_large",
        MODEL,
        {"y_hat": "array"},
        cases.large_score_cases,
        _forward,
        mistakes=FORWARD,
        right=("lab", "softmax_forward"),
        overflow=_OVERFLOW,
    ),
    Question(
        "lab_criterion",
        ("y_hat", "label"),
        {"loss": "number"},
        cases.loss_cases,
        _criterion,
        mistakes=CRITERION,
        right=("lab", "criterion_forward"),
    ),
    Question(
        "lab_backward",
        (*MODEL, "label", "y_hat"),
        dict.fromkeys(GRADIENTS, "array"),
        cases.backward_cases,
        _backward,
        mistakes=BACKWARD,
        right=("lab", "criterion_softmax_backward"),
    ),
    Question(
        "lab_numeric",
        (*MODEL, "label", "epsilon"),
        dict.fromkeys((*GRADIENTS, "weight_afterwards", "bias_afterwards"), "array"),
        cases.numeric_cases,
        _numeric,
        driver=("lab", "numeric"),
        tolerance=1e-6,
        mistakes=NUMERIC,
        rules=_NUMERIC_RULES,
        needs={"weight_afterwards": ("grad_weight",), "bias_afterwards": ("grad_bias",)},
    ),
    Question(
        "lab_evaluate",
        GIVEN,
        {"accuracy": "number"},
        cases.evaluation_cases,
        _evaluate,
        mistakes=_EVALUATION,
        accepted=_in_percent,
    ),
    Question(
        "lab_histogram",
        ("images", "bins"),
        {"features": "array"},
        cases.histogram_cases,
        _histogram,
        tolerance=1e-6,
        mistakes=_HISTOGRAMS,
        accepted=_shares,
    ),
)
