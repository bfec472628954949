"""TwoLayerNet's start, scores, predictions, and loss with gradients: the questions, and mistakes by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.question import Answer, Inputs, Mistake, Question, QuestionCase, Rule
from reference.questions.two_layer.network import PARAMETERS, WEIGHTS, Faults, evaluate, parameters_of, scores

OVERFLOW = (
    "its exponentials overflow where scores are near 1000; taking each row's maximum out of its scores would keep"
    " them finite"
)

_SIZES = ((7, 6, 5, 4, 0.37), (13, 4, 9, 3, 0.0), (5, 3, 4, 2, 0.8), (1, 5, 7, 4, 0.5), (30, 12, 20, 10, 1.3))
"""N, D, H, C and reg of the cases."""
_GRADIENTS = tuple(f"d{name}" for name in PARAMETERS)


def drawn_parameters(rng: np.random.Generator, D: int, H: int, C: int) -> dict[str, Array]:
    """Weights with which about half of the hidden units are on and the scores are of order one."""
    return {
        "W1": rng.normal(size=(D, H)) / np.sqrt(D),
        "b1": 0.3 * rng.normal(size=H),
        "W2": 1.5 * rng.normal(size=(H, C)) / np.sqrt(H),
        "b2": 0.5 * rng.normal(size=C),
    }


def _draw(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    cases = []
    for N, D, H, C, reg in _SIZES:
        parameters = drawn_parameters(rng, D, H, C)
        X, y = rng.normal(size=(N, D)), rng.integers(0, C, size=N)
        inputs: Inputs = {**parameters, "X": X, "y": y, "reg": reg}
        cases.append(QuestionCase(f"N={N}, D={D}, H={H}, C={C}, reg={reg:g}", inputs))
    first = cases[0].inputs
    shifted: Inputs = {**first, "b2": np.asarray(first["b2"]) + 1000.0}
    return [*cases, QuestionCase("all scores near 1000", shifted, is_noted=True, note=OVERFLOW)]


def _draw_rows(rng: np.random.Generator, convention: Convention) -> Sequence[QuestionCase]:
    cases = _draw(rng, convention)[:-1]
    names = (*PARAMETERS, "X")
    return [QuestionCase(case.label, {name: case.inputs[name] for name in names}) for case in cases]


def _evaluate(inputs: Inputs, convention: Convention, faults: Faults) -> dict[str, Array]:
    reg = inputs["reg"]
    assert isinstance(reg, int | float)
    X, y = np.asarray(inputs["X"]), np.asarray(inputs["y"])
    return evaluate(parameters_of(inputs), X, y, float(reg), convention, faults)


# --- Mistakes --------------------------------------------------------------------------------------------------------

_NO_BIASES = "which terms does a layer have?"
_WHERE_REG = "is the regularization's part of every weight matrix there, and of nothing else?"

_FAULTS: Sequence[tuple[str, str, str, Faults]] = (
    ("sum_instead_of_mean", "loss dW1 db1 dW2 db2", "of a sum over the samples: does the assignment ask for it, or for their average?", Faults(average="sum")),
    ("divided_twice", "loss dW1 db1 dW2 db2", "of a data term that is divided by the number of samples twice: where is the average taken?", Faults(average="twice")),
    ("divided_by_classes", "loss dW1 db1 dW2 db2", "of a data term that is averaged over the classes too: over what is the average taken?", Faults(average="classes")),
    ("no_regularizer", "loss dW1 dW2", f"without the regularization: {_WHERE_REG}", Faults(loss_penalty=0, gradient_penalty=0)),
    ("half_regularizer", "loss dW1 dW2", "with half of the regularization: compare its factor with the assignment's, and its derivative.", Faults(loss_penalty=0.5, gradient_penalty=0.5)),
    ("double_regularizer", "loss dW1 dW2", "with twice the regularization: compare its factor with the assignment's, and its derivative.", Faults(loss_penalty=2, gradient_penalty=2)),
    ("only_w1_regularized", "loss dW2", f"with W1 alone in the regularization: {_WHERE_REG}", Faults(regularized=("W1",))),
    ("only_w2_regularized", "loss dW1", f"with W2 alone in the regularization: {_WHERE_REG}", Faults(regularized=("W2",))),
    ("biases_regularized", "loss db1 db2", "with the biases in the regularization: which parameters does it contain?", Faults(regularized=PARAMETERS)),
    ("relu_missing", "scores loss dW1 db1 dW2 db2", "of a hidden layer without its ReLU: what becomes of negative values between the layers?", Faults(activation="none")),
    ("sigmoid_for_relu", "scores loss dW1 db1 dW2 db2", "of a hidden layer with a sigmoid: which nonlinearity does the assignment ask for?", Faults(activation="sigmoid")),
    ("tanh_for_relu", "scores loss dW1 db1 dW2 db2", "of a hidden layer with a tanh: which nonlinearity does the assignment ask for?", Faults(activation="tanh")),
    ("leaky_relu", "scores loss dW1 db1 dW2 db2", "of a leaky ReLU: which nonlinearity does the assignment ask for?", Faults(activation="leaky")),
    ("relu_of_scores", "scores loss dW1 db1 dW2 db2", "of a ReLU after the second layer too: after which layers does it stand?", Faults(is_relu_of_scores=True)),
    ("first_bias_left_out", "scores loss dW1 db1 dW2 db2", f"of a first layer without its bias: {_NO_BIASES}", Faults(added=("b2",))),
    ("second_bias_left_out", "scores loss dW1 db1 dW2 db2", f"of a second layer without its bias: {_NO_BIASES}", Faults(added=("b1",))),
    ("biases_left_out", "scores loss dW1 db1 dW2 db2", f"of layers without their biases: {_NO_BIASES}", Faults(added=())),
    ("relu_mask_missing", "dW1 db1", "of a hidden layer whose units are all on: what does the ReLU let through on the way back?", Faults(slope="none")),
    ("relu_mask_reversed", "dW1 db1", "of the units that are off in place of those that are on: which entries does the mask set to zero?", Faults(slope="reversed")),
    ("times_activation", "dW1 db1", "that is multiplied by the activations: what is the derivative of the ReLU?", Faults(slope="activation")),
    ("back_through_gradient_of_w2", "dW1 db1", "that is carried back by the gradient of W2: which matrix made the scores out of the hidden layer?", Faults(back="dW2")),
    ("only_regularizer", "dW1", "with the regularization alone: does the data term reach it?", Faults(back="none")),
    ("pre_activations_in_w2", "dW2", "made with the hidden layer before its ReLU: what does W2 multiply on the way forward?", Faults(hidden="pre")),
    ("minus_one_missing", "dW1 db1 dW2 db2", "with the probabilities alone: what does the derivative have in addition for the true class?", Faults(true_class=0)),
    ("plus_one", "dW1 db1 dW2 db2", "with one added for the true class: does the loss rise or fall as the true score rises?", Faults(true_class=-1)),
)  # fmt: skip


def _outcome_of(output: str, faults: Faults, inputs: Inputs, convention: Convention) -> Array:
    if output == "scores":
        return scores(parameters_of(inputs), np.asarray(inputs["X"]), faults)
    return _evaluate(inputs, convention, faults)[output]


def _mistake(name: str, output: str, message: str, faults: Faults) -> Mistake:
    return Mistake(
        name, output, message, lambda inputs, convention: _outcome_of(output, faults, inputs, convention)
    )


_FAULT_MISTAKES = tuple(
    _mistake(name, output, f"It equals the {output} {what}", faults)
    for name, outputs, what, faults in _FAULTS
    for output in outputs.split()
)


def _changed(output: str, name: str, what: str, factor: float) -> Mistake:
    """The right output times a factor."""
    return Mistake(
        name,
        output,
        what,
        lambda inputs, convention: factor * _evaluate(inputs, convention, Faults())[output],
    )


_SIMPLE = tuple(
    mistake
    for output in _GRADIENTS
    for mistake in (
        _changed(output, "all_zero", "It is zero throughout: is it ever filled?", 0.0),
        _changed(
            output,
            "sign_flipped",
            "It equals the correct gradient with the opposite sign: in which direction does the loss rise?",
            -1.0,
        ),
    )
)


def _probabilities(inputs: Inputs, _: Convention) -> Array:
    found = scores(parameters_of(inputs), np.asarray(inputs["X"]))
    exponentials = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


_SCORE_MISTAKES = (
    *(each for each in _FAULT_MISTAKES if each.output == "scores"),
    Mistake(
        "probabilities_for_scores",
        "scores",
        "They are the probabilities: what is asked for are the scores, before any softmax.",
        _probabilities,
    ),
    Mistake(
        "shifted_scores",
        "scores",
        "They are the scores less the greatest of their row: is the shift for stability made where the scores are returned?",
        lambda inputs, _: (
            (found := scores(parameters_of(inputs), np.asarray(inputs["X"])))
            - found.max(axis=1, keepdims=True)
        ),
    ),
)


# --- Predictions and the start ---------------------------------------------------------------------------------------


def _labels(inputs: Inputs, faults: Faults) -> Array:
    found = scores(parameters_of(inputs), np.asarray(inputs["X"]), faults)
    return np.asarray(found.argmax(axis=1), dtype=np.int64)


_LABEL_MISTAKES = (
    Mistake(
        "least_score",
        "labels",
        "They are the classes of the least score: which score is that of the predicted class?",
        lambda inputs, _: scores(parameters_of(inputs), np.asarray(inputs["X"])).argmin(axis=1),
    ),
    Mistake(
        "relu_missing",
        "labels",
        "They are those of a hidden layer without its ReLU: is the forward pass the one of the loss?",
        lambda inputs, _: _labels(inputs, Faults(activation="none")),
    ),
    Mistake(
        "biases_left_out",
        "labels",
        "They are those of layers without biases: is the forward pass the one of the loss?",
        lambda inputs, _: _labels(inputs, Faults(added=())),
    ),
    Mistake(
        "all_zero",
        "labels",
        "They are all zero: is it still as the template left it?",
        lambda inputs, _: 0 * _labels(inputs, Faults()),
    ),
)

_SPREAD = 0.2
"""Relative, of the standard deviation of 1000 entries and more: ten times what chance does."""


def _draw_starts(_: np.random.Generator, __: Convention) -> Sequence[QuestionCase]:
    sizes = ((40, 50, 30, None), (30, 60, 50, 0.5), (60, 25, 80, 1e-2))
    return [
        QuestionCase(
            f"input_size={D}, hidden_size={H}, output_size={C}, {'no std' if std is None else f'std={std:g}'}",
            {"input_size": D, "hidden_size": H, "output_size": C, "std": std},
        )
        for D, H, C, std in sizes
    ]


def _start(inputs: Inputs, _: Convention) -> Answer:
    D, H, C = (int(np.asarray(inputs[name])) for name in ("input_size", "hidden_size", "output_size"))
    return {"W1": np.zeros((D, H)), "b1": np.zeros(H), "W2": np.zeros((H, C)), "b2": np.zeros(C)}


def _spread_rule(output: str) -> Rule:
    def broken(inputs: Inputs, seen: Answer, _: Convention) -> Mapping[str, float] | None:
        std = 1e-4 if inputs["std"] is None else float(np.asarray(inputs["std"]))
        found, mean = float(seen[output].std()), float(seen[output].mean())
        is_right = abs(found - std) <= _SPREAD * std and abs(mean) <= _SPREAD * std
        return None if is_right else {"found": found, "mean": mean, "std": std}

    return Rule(
        "other_spread",
        output,
        "Its entries have mean {mean} and standard deviation {found}, expected 0 and {std}: how does std enter?",
        broken,
    )


_WITH_ROWS = (*PARAMETERS, "X")

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
        answer=lambda inputs, _: {"scores": scores(parameters_of(inputs), np.asarray(inputs["X"]))},
        driver=("two_layer", "scores"),
        mistakes=_SCORE_MISTAKES,
        unchanged=_WITH_ROWS,
    ),
    Question(
        name="two_layer_loss",
        parameters=(*_WITH_ROWS, "y", "reg"),
        outputs={"loss": "number", **dict.fromkeys(_GRADIENTS, "array")},
        draw=_draw,
        answer=lambda inputs, convention: _evaluate(inputs, convention, Faults()),
        driver=("two_layer", "loss"),
        mistakes=(*(each for each in _FAULT_MISTAKES if each.output != "scores"), *_SIMPLE),
        unchanged=(*_WITH_ROWS, "y"),
    ),
    Question(
        name="two_layer_predict",
        parameters=_WITH_ROWS,
        outputs={"labels": "labels"},
        draw=_draw_rows,
        answer=lambda inputs, _: {"labels": _labels(inputs, Faults())},
        driver=("two_layer", "predict"),
        mistakes=_LABEL_MISTAKES,
        unchanged=_WITH_ROWS,
    ),
)
