"""Forward pass, loss with gradients, and labels: the questions. Formulas and most mistakes are those of two_layer.

What EECS 498 asks besides: the hidden layer comes back too, biases and their gradients are vectors, scores near 1000 must
not overflow, and a mistake in the forward pass is one of nn_forward_pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from reference.losses.epsilons import LOSS_NOTE, with_epsilons
from reference.losses.problem import Array, softmax
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs, Value
from reference.questions.question import (
    Answer,
    Misshapen,
    Question,
    QuestionCase,
    QuestionMistake,
    Rule,
)
from reference.questions.two_layer.loss import (
    FAULTS_BY_NAME,
    GRADIENTS,
    LABEL_MISTAKES,
    LOSS_MISTAKES,
    SCORE_MISTAKES,
    drawn_parameters,
)
from reference.questions.two_layer.network import PARAMETERS, Faults, evaluate, parameters_of, scores

_SIZES = (
    (7, 6, 5, 4, 0.37),
    (13, 4, 9, 3, 0.0),
    (5, 3, 4, 2, 1.5),
    (1, 5, 7, 4, 0.6),
    (24, 12, 18, 10, 1.1),
    (6, 6, 6, 6, 0.8),
)
"""N, D, H, C and reg of the cases; in the last all sizes are alike, where mixed-up axes raise no error."""

_WITH_ROWS = (*PARAMETERS, "X")
_HIGH, _UP = 40.0, 25.0
"""A hidden unit's value and its weight in every class, where some rows have scores 1000 higher."""


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N, D, H, C, reg in _SIZES:
        parameters = drawn_parameters(rng, D, H, C)
        X, y = rng.normal(size=(N, D)), rng.integers(0, C, size=N)
        inputs: dict[str, Value] = {**parameters, "X": X, "y": y, "reg": reg}
        cases.append(QuestionCase(f"N={N}, D={D}, H={H}, C={C}, reg={reg:g}", inputs))
    return cases


def _draw_large(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [_all_near_1000(rng), _some_near_1000(rng)]


def _all_near_1000(rng: np.random.Generator) -> QuestionCase:
    parameters = drawn_parameters(rng, 5, 8, 4)
    inputs: dict[str, Value] = {
        **parameters,
        "b2": parameters["b2"] + 1000.0,
        "X": rng.normal(size=(6, 5)),
        "y": rng.integers(0, 4, size=6),
        "reg": 0.0,
    }
    return QuestionCase("all scores near 1000", inputs)


def _some_near_1000(rng: np.random.Generator) -> QuestionCase:
    """A feature of half of the rows turns on one hidden unit, which adds 1000 to the scores of all classes."""
    N, D, H, C = 8, 6, 9, 5
    parameters = drawn_parameters(rng, D, H, C)
    X = rng.normal(size=(N, D))
    X[:, -1] = np.arange(N) % 2
    parameters["W1"][-1] = 0.0
    parameters["W1"][:, -1] = 0.0
    parameters["W1"][-1, -1] = _HIGH
    parameters["b1"][-1] = 0.0
    parameters["W2"][-1] = _UP
    inputs: dict[str, Value] = {**parameters, "X": X, "y": rng.integers(0, C, size=N), "reg": 0.0}
    return QuestionCase("scores near 1000 in every other row", inputs)


def _draw_rows(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        QuestionCase(
            case.label.rpartition(", reg=")[0] or case.label,
            {name: case.inputs[name] for name in _WITH_ROWS},
        )
        for case in _draw(rng)
    ]


def _before(inputs: Inputs) -> Array:
    X, W1, b1 = inputs.arrays("X", "W1", "b1")
    return np.asarray(X @ W1 + b1)


def _forward(inputs: Inputs) -> Answer:
    return {
        "scores": scores(parameters_of(inputs), inputs.array("X")),
        "hidden": np.maximum(_before(inputs), 0),
    }


def _backward(inputs: Inputs) -> Answer:
    X, y = inputs.arrays("X", "y")
    found = evaluate(parameters_of(inputs), X, y, inputs.number("reg"), inputs.convention)
    return {
        "scores": scores(parameters_of(inputs), X),
        "loss": found["loss"],
        "loss_item": np.asarray(1.0),
        **{name: found[name] for name in GRADIENTS},
    }


def _with_epsilons(inputs: Inputs) -> Sequence[Answer]:
    right = _backward(inputs)
    return with_epsilons(right, right["scores"], inputs.array("y"))


# --- Mistakes of the forward pass ------------------------------------------------------------------------------------


def _hidden_mistake(
    name: str, message: str, outcome: Callable[[Array, Array, Array], Array]
) -> QuestionMistake:
    """outcome: of X W1, b1 and their sum."""

    def wrong(inputs: Inputs) -> Array:
        X, W1, b1 = inputs.arrays("X", "W1", "b1")
        return outcome(X @ W1, b1, X @ W1 + b1)

    return Mistake(name, "hidden", message, wrong)


_HIDDEN_MISTAKES = (
    _hidden_mistake(
        "hidden_before_relu",
        "It is the layer before its ReLU, with negative values: the hidden layer is what W2 multiplies.",
        lambda _product, _b1, before: before,
    ),
    _hidden_mistake(
        "first_bias_left_out",
        "It comes from a first layer without its bias: which terms does a layer have?",
        lambda product, _b1, _before: np.maximum(product, 0),
    ),
    _hidden_mistake(
        "bias_after_relu",
        "It comes from a bias added after the ReLU: what does the ReLU act on?",
        lambda product, b1, _before: np.maximum(product, 0) + b1,
    ),
    _hidden_mistake(
        "sigmoid_for_relu",
        "It comes from a sigmoid: which nonlinearity does the assignment ask for?",
        lambda _product, _b1, before: 1 / (1 + np.exp(-before)),
    ),
    _hidden_mistake(
        "tanh_for_relu",
        "It comes from a tanh: which nonlinearity does the assignment ask for?",
        lambda _product, _b1, before: np.tanh(before),
    ),
    _hidden_mistake(
        "leaky_relu",
        "It comes from a leaky ReLU: which nonlinearity does the assignment ask for?",
        lambda _product, _b1, before: np.where(before > 0, before, 0.01 * before),
    ),
    _hidden_mistake(
        "absolute_for_relu",
        "It is the layer's absolute values: what does a ReLU do with a negative value?",
        lambda _product, _b1, before: np.abs(before),
    ),
    _hidden_mistake(
        "relu_reversed",
        "It keeps the negative values and drops the others: which ones does a ReLU keep?",
        lambda _product, _b1, before: np.minimum(before, 0),
    ),
    _hidden_mistake(
        "mask_for_hidden",
        "It is 1 where a unit is on and 0 where it is off: a ReLU lets the value itself through.",
        lambda _product, _b1, before: (before > 0) * 1.0,
    ),
    _hidden_mistake("all_zero", "It is zero everywhere: is it ever filled in?", lambda *each: 0 * each[-1]),
)


def _scores_of_hidden(name: str, message: str) -> QuestionMistake:
    """The scores that a wrong hidden layer leads to."""
    hidden = next(each for each in _HIDDEN_MISTAKES if each.name == name)

    def wrong(inputs: Inputs) -> Array:
        W2, b2 = inputs.arrays("W2", "b2")
        return np.asarray(hidden.outcome(inputs)) @ W2 + b2

    return Mistake(name, "scores", message, wrong)


_MORE_SCORE_MISTAKES = (
    *(
        _scores_of_hidden(name, "They come from a hidden layer that is itself wrong.")
        for name in ("bias_after_relu", "absolute_for_relu", "relu_reversed", "mask_for_hidden")
    ),
    Mistake(
        "all_zero",
        "scores",
        "They are zero everywhere: are they ever filled in?",
        lambda inputs: 0 * _forward(inputs)["scores"],
    ),
)

_FORWARD_MISTAKES = (*_HIDDEN_MISTAKES, *SCORE_MISTAKES, *_MORE_SCORE_MISTAKES)


def _rows_and(name: str) -> Callable[[Inputs], tuple[int, ...]]:
    """N and the length of a vector among the inputs."""
    return lambda inputs: (len(inputs.array("X")), inputs.array(name).size)


_EXCHANGED = "It has the shape of the other output: do you return (scores, hidden), in this order?"
_FORWARD_MISSHAPEN = (
    Misshapen("outputs_exchanged", "scores", _EXCHANGED, _rows_and("b1")),
    Misshapen("outputs_exchanged", "hidden", _EXCHANGED, _rows_and("b2")),
)

# --- Mistakes of the backward pass -----------------------------------------------------------------------------------

_NAMES = {"relu_mask_missing": "mask_of_preactivation_missing"}
"""Mistakes of two_layer under the name that this family has for them."""


def _gradient_over_n(output: str) -> QuestionMistake:
    return Mistake(
        "bias_gradient_mean",
        output,
        "It is the correct gradient divided by N once more: the gradient of a mean already has its 1/N, so what is left to do over the samples?",
        lambda inputs: _backward(inputs)[output] / len(inputs.array("X")),
    )


_BACKWARD_MISTAKES = (
    *(_gradient_over_n(name) for name in ("db1", "db2")),
    *(replace(each, name=_NAMES.get(each.name, each.name)) for each in LOSS_MISTAKES),
    *(each for each in SCORE_MISTAKES if each.name in {"probabilities_for_scores", "shifted_scores"}),
    Mistake(
        "only_regularizer",
        "loss",
        "It is the regularization alone: where is the loss of the scores added?",
        lambda inputs: (
            inputs.convention.regularizer_coefficient
            * inputs.number("reg")
            * sum(float((inputs.array(name) ** 2).sum()) for name in ("W1", "W2"))
        ),
    ),
)

_KEPT = "It has the shape (1, {}): a bias is a vector, and so is its gradient. Which axis does your sum over the samples keep?"
_NOT_THERE = "It is not in grads: every parameter needs a gradient there, under the parameter's own name (W1, b1, W2, b2)."
_BACKWARD_MISSHAPEN = (
    Misshapen(
        "bias_gradient_kept_dim", "db1", _KEPT.format("H"), lambda inputs: (1, inputs.array("b1").size)
    ),
    Misshapen(
        "bias_gradient_kept_dim", "db2", _KEPT.format("C"), lambda inputs: (1, inputs.array("b2").size)
    ),
    *(Misshapen("keys_missing", name, _NOT_THERE, None) for name in GRADIENTS),
    Misshapen(
        "loss_of_each_sample",
        "loss",
        "It has one number per sample: the loss is their mean.",
        lambda inputs: (len(inputs.array("X")),),
    ),
)


_RETURNS = {
    "LossAndGradientsMissing": (
        "loss_and_gradients_missing",
        "does not return a loss and a dict of gradients when it gets labels",
        "nn_train takes both, in this order, and looks for the gradients under the parameters' names.",
    )
}


def _overflows(name: str, output: str, is_everywhere: bool, message: str) -> Rule:
    """Not finite where all scores of the batch, or those of some rows, are near 1000."""

    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        if np.isfinite(seen[output]).all():
            return None
        highest = scores(parameters_of(inputs), inputs.array("X")).max(axis=1)
        is_high = highest > _BETWEEN
        return {} if is_high.any() and bool(is_high.all()) is is_everywhere else None

    return Rule(name, output, message, broken)


_BETWEEN = 500.0
"""Above the scores of one kind of rows, below those of the other."""

_LARGE_OUTPUTS = ("loss", "db2")
"""What scores near 1000 are judged by: what comes after them on the way back is the other question's."""

_OVERFLOWS = tuple(
    rule
    for output in _LARGE_OUTPUTS
    for rule in (
        _overflows(
            "no_maximum",
            output,
            True,
            "It is not finite when all scores are near 1000: exp() overflows. What can you subtract from a row of scores without changing its softmax?",
        ),
        _overflows(
            "global_maximum",
            output,
            False,
            "It is not finite when only some rows have scores near 1000: do you subtract the largest score of the whole batch from every row? Which maximum should it be?",
        ),
    )
)


def _with_faults(faults: Faults, inputs: Inputs) -> Sequence[Answer]:
    X, y = inputs.arrays("X", "y")
    found = evaluate(parameters_of(inputs), X, y, inputs.number("reg"), inputs.convention, faults)
    return [{name: found[name] for name in _LARGE_OUTPUTS}]


def _with_loss_of(mistake: QuestionMistake, inputs: Inputs) -> Sequence[Answer]:
    return [{"loss": np.asarray(mistake.outcome(inputs)), "db2": _backward(inputs)["db2"]}]


_BESIDE = {
    **{name: partial(_with_faults, faults) for name, faults in FAULTS_BY_NAME.items()},
    **{
        each.name: partial(_with_loss_of, each)
        for each in LOSS_MISTAKES
        if each.output == "loss" and each.name in {"sign_flipped", "no_log"}
    },
}
"""What is right where the loss has a mistake that the other question names."""


def _has_no_item(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    return None if float(seen["loss_item"]) == 1 else {}


# --- Labels ----------------------------------------------------------------------------------------------------------


def _labels(inputs: Inputs) -> Array:
    return np.asarray(scores(parameters_of(inputs), inputs.array("X")).argmax(axis=1), dtype=np.int64)


_PREDICT_MISTAKES = (
    *LABEL_MISTAKES,
    Mistake(
        "predict_axis_0",
        "labels",
        "It is the row with the highest score of each class: along which axis are the classes?",
        lambda inputs: _forward(inputs)["scores"].argmax(axis=0),
    ),
    Mistake(
        "predict_values",
        "labels",
        "They are the highest scores as whole numbers: the class is their index.",
        lambda inputs: np.trunc(_forward(inputs)["scores"].max(axis=1)),
    ),
    Mistake(
        "labels_from_one",
        "labels",
        "They are too high by one: the first class is 0.",
        lambda inputs: _labels(inputs) + 1,
    ),
    Mistake(
        "softmax_over_samples",
        "labels",
        "They come from a softmax over the samples: a softmax sums over the classes of one row.",
        lambda inputs: softmax(_forward(inputs)["scores"].T).T.argmax(axis=1),
    ),
)

_PREDICT_MISSHAPEN = (
    Misshapen(
        "predict_axis_0",
        "labels",
        "It has one entry per class: along which axis are the classes?",
        lambda inputs: (inputs.array("b2").size,),
    ),
    Misshapen(
        "predict_probabilities",
        "labels",
        "They are numbers for all classes, scores or probabilities: the label is the class with the highest one.",
        _rows_and("b2"),
    ),
    Misshapen(
        "labels_kept_dim",
        "labels",
        "They are a column of shape (N, 1); one label per row makes a vector.",
        lambda inputs: (len(inputs.array("X")), 1),
    ),
)

PASS_QUESTIONS = (
    Question(
        name="nn_forward_pass",
        is_left_to_students=True,
        parameters=_WITH_ROWS,
        outputs={"scores": "array", "hidden": "array"},
        draw=_draw_rows,
        answer=_forward,
        driver=("net_functions", "forward"),
        right=("net_functions", "nn_forward_pass"),
        mistakes=_FORWARD_MISTAKES,
        misshapen=_FORWARD_MISSHAPEN,
        unchanged=_WITH_ROWS,
    ),
    Question(
        name="nn_forward_backward",
        is_left_to_students=True,
        parameters=(*_WITH_ROWS, "y", "reg"),
        outputs={
            "scores": "array",
            "loss": "number",
            "loss_item": "number",
            **dict.fromkeys(GRADIENTS, "array"),
        },
        draw=_draw,
        answer=_backward,
        accepted=_with_epsilons,
        accepted_note=LOSS_NOTE,
        driver=("net_functions", "backward"),
        right=("net_functions", "nn_forward_backward"),
        mistakes=_BACKWARD_MISTAKES,
        misshapen=_BACKWARD_MISSHAPEN,
        rules=(
            Rule(
                "loss_is_no_tensor",
                "loss_item",
                "Its loss is a plain number: nn_train calls loss.item(), so it must be a tensor.",
                _has_no_item,
            ),
        ),
        aside=("loss_item",),
        needs=dict.fromkeys(("scores", "loss_item"), ("loss", *GRADIENTS)),
        raised=_RETURNS,
        unchanged=(*_WITH_ROWS, "y"),
    ),
    Question(
        name="nn_large_scores",
        is_left_to_students=True,
        parameters=(*_WITH_ROWS, "y", "reg"),
        outputs={"loss": "number", "db2": "array"},
        draw=_draw_large,
        answer=lambda inputs: {name: _backward(inputs)[name] for name in _LARGE_OUTPUTS},
        driver=("net_functions", "large"),
        right=("net_functions", "nn_forward_backward"),
        mistakes=tuple(each for each in _BACKWARD_MISTAKES if each.output in _LARGE_OUTPUTS),
        misshapen=tuple(each for each in _BACKWARD_MISSHAPEN if each.output in _LARGE_OUTPUTS),
        rules=_OVERFLOWS,
        free=("db2",),
        needs={"db2": ("loss",)},
        raised=_RETURNS,
        beside=_BESIDE,
    ),
    Question(
        name="nn_predict",
        is_left_to_students=True,
        parameters=_WITH_ROWS,
        outputs={"labels": "labels"},
        draw=_draw_rows,
        answer=lambda inputs: {"labels": _labels(inputs)},
        driver=("net_functions", "predict"),
        right=("net_functions", "nn_predict"),
        mistakes=_PREDICT_MISTAKES,
        misshapen=_PREDICT_MISSHAPEN,
        raised={
            "LabelsNotIntegers": (
                "predict_values",
                "returns floats",
                "A label is the index of the highest score, an integer, not the score itself.",
            )
        },
        unchanged=_WITH_ROWS,
    ),
)
