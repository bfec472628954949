"""TwoLayerNet's start, scores, predictions, and loss with gradients: the questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.losses.epsilons import LOSS_NOTE, with_epsilons
from reference.losses.problem import Array, cross_entropies, softmax
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs, Value
from reference.questions.question import (
    Answer,
    Question,
    QuestionCase,
    QuestionMistake,
    Rule,
    in_outputs,
)
from reference.questions.two_layer.network import PARAMETERS, WEIGHTS, Faults, evaluate, parameters_of, scores

OVERFLOW = (
    "its exponentials overflow where scores are near 1000; subtracting each row's maximum from its scores would keep"
    " them finite"
)

_TOY = (5, 4, 10, 3, 0.05)
_SIZES = (
    (7, 6, 5, 4, 0.37),
    (13, 4, 9, 3, 0.0),
    (5, 3, 4, 2, 0.8),
    (1, 5, 7, 4, 0.5),
    (30, 12, 20, 10, 1.3),
    _TOY,
)
"""N, D, H, C and reg of the cases; the last are those of the notebook's toy model."""
GRADIENTS = tuple(f"d{name}" for name in PARAMETERS)
_WITH_ROWS = (*PARAMETERS, "X")


def drawn_parameters(rng: np.random.Generator, D: int, H: int, C: int) -> dict[str, Array]:
    """Weights with which about half of the hidden units are on and the scores are of order one."""
    return {
        "W1": rng.normal(size=(D, H)) / np.sqrt(D),
        "b1": 0.3 * rng.normal(size=H),
        "W2": 1.5 * rng.normal(size=(H, C)) / np.sqrt(H),
        "b2": 0.5 * rng.normal(size=C),
    }


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N, D, H, C, reg in _SIZES:
        parameters = drawn_parameters(rng, D, H, C)
        X, y = rng.normal(size=(N, D)), rng.integers(0, C, size=N)
        inputs: dict[str, Value] = {**parameters, "X": X, "y": y, "reg": reg}
        cases.append(QuestionCase(f"N={N}, D={D}, H={H}, C={C}, reg={reg:g}", inputs))
    first = cases[0].inputs
    shifted = {**first, "b2": np.asarray(first["b2"]) + 1000.0}
    return [
        *cases,
        QuestionCase("all scores near 1000", shifted, is_noted=True, note=OVERFLOW, is_large=True),
    ]


def _draw_rows(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        QuestionCase(case.label, {name: case.inputs[name] for name in _WITH_ROWS}) for case in _draw(rng)[:-1]
    ]


def _scores(inputs: Inputs, faults: Faults = Faults()) -> Array:  # noqa: B008  frozen
    return scores(parameters_of(inputs), inputs.array("X"), faults)


def _evaluate(inputs: Inputs, faults: Faults = Faults()) -> dict[str, Array]:  # noqa: B008  frozen
    X, y = inputs.arrays("X", "y")
    return evaluate(parameters_of(inputs), X, y, inputs.number("reg"), inputs.convention, faults)


# --- Mistakes --------------------------------------------------------------------------------------------------------

_WHICH_TERMS = "which terms does a layer have?"
_WHERE_REG = "does it include every weight matrix, and nothing else?"
_COMPARE_FACTOR = "compare its factor with the assignment's, and its derivative."
_WHICH_ACTIVATION = "which nonlinearity does the assignment ask for?"
_BACK, _HEAD, _LOSS, _SCORES = (
    "dW1 db1",
    "dW1 db1 dW2 db2",
    "loss dW1 db1 dW2 db2",
    "scores loss dW1 db1 dW2 db2",
)

_FAULTS: Sequence[tuple[str, str, str, Faults]] = (
    ("sum_instead_of_mean", _LOSS, "of a sum over the samples: does the assignment ask for that, or for their average?", Faults(average="sum")),
    ("divided_twice", _LOSS, "with the data term divided by the number of samples twice: where do you take the average?", Faults(average="twice")),
    ("divided_by_classes", _LOSS, "with the data term averaged over the classes too: what should the average be taken over?", Faults(average="classes")),
    ("no_regularizer", "loss dW1 dW2", "without the regularization: where is reg used?", Faults(penalty_factor=0)),
    ("half_regularizer", "loss dW1 dW2", f"with half of the regularization: {_COMPARE_FACTOR}", Faults(penalty_factor=0.5)),
    ("double_regularizer", "loss dW1 dW2", f"with twice the regularization: {_COMPARE_FACTOR}", Faults(penalty_factor=2)),
    ("only_w1_regularized", "loss dW2", f"with only W1 in the regularization: {_WHERE_REG}", Faults(regularized=("W1",))),
    ("only_w2_regularized", "loss dW1", f"with only W2 in the regularization: {_WHERE_REG}", Faults(regularized=("W2",))),
    ("biases_regularized", "loss db1 db2", "with the biases in the regularization: which parameters should be regularized?", Faults(regularized=PARAMETERS)),
    ("regularizer_over_n", "loss dW1 dW2", "with the regularization divided by N: which part of the loss is an average?", Faults(is_penalty_averaged=True)),
    ("absolute_weights", "loss dW1 dW2", "with the absolute values of the weights in the regularization: which norm does the assignment ask for?", Faults(norm="absolute")),
    ("relu_missing", _SCORES, "of a hidden layer without its ReLU: what should happen to negative values between the layers?", Faults(activation="none")),
    ("sigmoid_for_relu", _SCORES, f"of a hidden layer with a sigmoid: {_WHICH_ACTIVATION}", Faults(activation="sigmoid")),
    ("tanh_for_relu", _SCORES, f"of a hidden layer with a tanh: {_WHICH_ACTIVATION}", Faults(activation="tanh")),
    ("leaky_relu", _SCORES, f"of a leaky ReLU: {_WHICH_ACTIVATION}", Faults(activation="leaky")),
    ("relu_of_scores", _SCORES, "with a ReLU after the second layer too: which layers have one?", Faults(is_relu_of_scores=True)),
    ("first_bias_left_out", _SCORES, f"of a first layer without its bias: {_WHICH_TERMS}", Faults(added=("b2",))),
    ("second_bias_left_out", _SCORES, f"of a second layer without its bias: {_WHICH_TERMS}", Faults(added=("b1",))),
    ("biases_left_out", _SCORES, f"of layers without their biases: {_WHICH_TERMS}", Faults(added=())),
    ("relu_mask_missing", _BACK, "of a hidden layer whose units are all on: what does the ReLU let through in the backward pass?", Faults(slope="none")),
    ("relu_mask_reversed", _BACK, "of the units that are off instead of those that are on: which entries does the mask set to zero?", Faults(slope="reversed")),
    ("relu_of_gradient", _BACK, "with the negative slopes set to zero: should the ReLU check the slope's sign, or its own input's?", Faults(slope="relu")),
    ("times_activation", _BACK, "with the gradient multiplied by the activations: what is the derivative of the ReLU?", Faults(slope="activation")),
    ("back_through_gradient_of_w2", _BACK, "with the slopes carried back by the gradient of W2: which matrix turned the hidden layer into scores?", Faults(back="dW2")),
    ("only_regularizer", "dW1", "with the regularization only: where is the data term added?", Faults(back="none")),
    ("pre_activations_in_w2", "dW2", "of taking the hidden layer before its ReLU: what does W2 multiply in the forward pass?", Faults(hidden="pre")),
    ("minus_one_missing", _HEAD, "with the probabilities alone: what else does the derivative have for the true class?", Faults(true_class=0)),
    ("plus_one", _HEAD, "with one added for the true class: does the loss rise or fall as the true score rises?", Faults(true_class=-1)),
    ("set_to_minus_one", _HEAD, "of -1 in the place of p - 1 at the true class: is the one subtracted there?", Faults(at_true="set")),
    ("whole_columns", _HEAD, "of one taken from whole columns: how is one entry of each row chosen?", Faults(at_true="columns")),
)  # fmt: skip


FAULTS_BY_NAME: Mapping[str, Faults] = {name: faults for name, _, _, faults in _FAULTS}


def _outcome_of(output: str, faults: Faults) -> Callable[[Inputs], Array]:
    if output == "scores":
        return lambda inputs: _scores(inputs, faults)
    return lambda inputs: _evaluate(inputs, faults)[output]


_FAULT_MISTAKES = tuple(
    Mistake(
        name,
        output,
        f"It is the result {what}",
        _outcome_of(output, faults),
    )
    for name, outputs, what, faults in _FAULTS
    for output in outputs.split()
)


def _with_penalty(of_scores: Callable[[Array, Array], float]) -> Callable[[Inputs], Array]:
    """The regularization plus another loss of the scores and labels."""

    def outcome(inputs: Inputs) -> Array:
        outputs, y = _scores(inputs), inputs.array("y")
        penalty = _evaluate(inputs)["loss"] - cross_entropies(outputs, y).mean()
        return np.asarray(penalty + of_scores(outputs, y))

    return outcome


LOSS_MISTAKES = (
    *(mistake for mistake in _FAULT_MISTAKES if mistake.output != "scores"),
    Mistake(
        "sign_flipped",
        "loss",
        "Its cross-entropy has the opposite sign: is the logarithm of a probability positive or negative?",
        _with_penalty(lambda outputs, y: -float(cross_entropies(outputs, y).mean())),
    ),
    Mistake(
        "no_log",
        "loss",
        "It is minus the mean probability of the true class, plus the regularization: where does the logarithm come in?",
        _with_penalty(lambda outputs, y: -float(softmax(outputs)[np.arange(y.size), y].mean())),
    ),
    *in_outputs(
        GRADIENTS,
        {
            "all_zero": ("It is zero everywhere: is it ever filled in?", 0.0),
            "sign_flipped": (
                "It equals the correct gradient with the opposite sign: in which direction does the loss rise?",
                -1.0,
            ),
        },
        lambda inputs, factor: {name: factor * each for name, each in _evaluate(inputs).items()},
    ),
)

SCORE_MISTAKES = (
    *(mistake for mistake in _FAULT_MISTAKES if mistake.output == "scores"),
    Mistake(
        "probabilities_for_scores",
        "scores",
        "They are the probabilities: the assignment asks for the scores, before any softmax.",
        lambda inputs: softmax(_scores(inputs)),
    ),
    Mistake(
        "shifted_scores",
        "scores",
        "They are the scores minus the largest in their row: should the returned scores include the stability shift?",
        lambda inputs: (found := _scores(inputs)) - found.max(axis=1, keepdims=True),
    ),
)

# --- Predictions and the start ---------------------------------------------------------------------------------------


def _labels(inputs: Inputs, faults: Faults = Faults()) -> Array:  # noqa: B008  frozen
    return np.asarray(_scores(inputs, faults).argmax(axis=1), dtype=np.int64)


_SAME_FORWARD = "is this the same forward pass as in the loss?"

LABEL_MISTAKES: tuple[QuestionMistake, ...] = (
    Mistake(
        "least_score",
        "labels",
        "They are the classes with the lowest score: which score does the predicted class have?",
        lambda inputs: _scores(inputs).argmin(axis=1),
    ),
    Mistake(
        "relu_missing",
        "labels",
        f"They come from a hidden layer without its ReLU: {_SAME_FORWARD}",
        lambda inputs: _labels(inputs, Faults(activation="none")),
    ),
    Mistake(
        "biases_left_out",
        "labels",
        f"They come from layers without biases: {_SAME_FORWARD}",
        lambda inputs: _labels(inputs, Faults(added=())),
    ),
    Mistake(
        "all_zero",
        "labels",
        "They are all zero: are they still unchanged from the template?",
        lambda inputs: 0 * _labels(inputs),
    ),
)

_SPREAD = 0.2
"""Relative, of the standard deviation of 1000 entries and more: ten times the effect of chance."""


def _draw_starts(_: np.random.Generator) -> Sequence[QuestionCase]:
    sizes = ((40, 50, 30, 1e-4), (30, 60, 50, 0.5), (60, 25, 80, 1e-2))
    return [
        QuestionCase(
            f"input_size={D}, hidden_size={H}, output_size={C}, std={std:g}",
            {"input_size": D, "hidden_size": H, "output_size": C, "std": std},
        )
        for D, H, C, std in sizes
    ]


def zeros(D: int, H: int, C: int) -> dict[str, Array]:
    """Parameters of a network, all zero."""
    return {"W1": np.zeros((D, H)), "b1": np.zeros(H), "W2": np.zeros((H, C)), "b2": np.zeros(C)}


def _start(inputs: Inputs) -> Answer:
    return zeros(*(inputs.integer(name) for name in ("input_size", "hidden_size", "output_size")))


def _spread_rule(output: str) -> Rule:
    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        std = inputs.number("std")
        found, mean = float(seen[output].std()), float(seen[output].mean())
        is_right = abs(found - std) <= _SPREAD * std and abs(mean) <= _SPREAD * std
        return None if is_right else {"found": found, "mean": mean, "std": std}

    return Rule(
        "other_spread",
        output,
        "Its entries have mean {mean} and standard deviation {found}, expected 0 and {std}: how is std used?",
        broken,
    )


LOSS_QUESTIONS = (
    Question(
        name="two_layer_start",
        parameters=("input_size", "hidden_size", "output_size", "std"),
        outputs=dict.fromkeys(PARAMETERS, "array"),
        draw=_draw_starts,
        answer=_start,
        driver=("two_layer", "start"),
        free=WEIGHTS,
        rules=tuple(_spread_rule(name) for name in WEIGHTS),
    ),
    Question(
        name="two_layer_scores",
        parameters=_WITH_ROWS,
        outputs={"scores": "array"},
        draw=_draw_rows,
        answer=lambda inputs: {"scores": _scores(inputs)},
        driver=("two_layer", "scores"),
        right=("two_layer", "loss"),
        method="loss",
        mistakes=SCORE_MISTAKES,
        unchanged=_WITH_ROWS,
    ),
    Question(
        name="two_layer_loss",
        parameters=(*_WITH_ROWS, "y", "reg"),
        outputs={"loss": "number", **dict.fromkeys(GRADIENTS, "array")},
        draw=_draw,
        answer=_evaluate,
        accepted=lambda inputs: with_epsilons(_evaluate(inputs), _scores(inputs), inputs.array("y")),
        accepted_note=LOSS_NOTE,
        driver=("two_layer", "loss"),
        right=("two_layer", "loss"),
        method="loss",
        mistakes=LOSS_MISTAKES,
        unchanged=(*_WITH_ROWS, "y"),
    ),
    Question(
        name="two_layer_predict",
        parameters=_WITH_ROWS,
        outputs={"labels": "labels"},
        draw=_draw_rows,
        answer=lambda inputs: {"labels": _labels(inputs)},
        driver=("two_layer", "predict"),
        right=("two_layer", "predict"),
        method="predict",
        mistakes=LABEL_MISTAKES,
        unchanged=_WITH_ROWS,
    ),
)
