"""Both networks' scores, loss and gradients, calls that leave no trace, and the default dtype: the questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from reference.losses.epsilons import LOSS_NOTE, with_epsilons
from reference.losses.problem import Array, softmax
from reference.mistakes import Mistake
from reference.questions.fc_net.cases import DEEP, PARAMETERS, SHALLOW, Case, drawn, without_labels
from reference.questions.fc_net.network import Evaluated, Faults, evaluate, flat, parameters_of, scores
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Misshapen, Question, QuestionCase, QuestionMistake, Rule

Names = tuple[str, str, str, str]
"""The gradients as outputs: of the weights before the last layer and in it, of the biases alike."""

TWO_LAYERS: Names = ("dW1", "dW2", "db1", "db2")
ANY_DEPTH: Names = ("dW_before_last", "dW_last", "db_before_last", "db_last")

_WITH_ROWS = (*PARAMETERS, "X")
_WITH_LABELS = (*_WITH_ROWS, "y", "first_reg", "reg")

SCORES32 = 1e-4
"""Relative: what float32 may cost the scores."""


def _evaluated(inputs: Inputs, faults: Faults) -> Evaluated:
    X, y = inputs.arrays("X", "y")
    regs = inputs.number("first_reg"), inputs.number("reg")
    return evaluate(parameters_of(inputs), X, y, regs, faults)


def _answer(inputs: Inputs, names: Names = ANY_DEPTH, faults: Faults = Faults()) -> Answer:  # noqa: B008  frozen
    found = _evaluated(inputs, faults)
    parts = (each for kind in (found.weights, found.biases) for each in (_joined(kind[:-1]), kind[-1]))
    return {"loss": np.asarray(found.loss), **dict(zip(names, parts, strict=True))}


def _joined(arrays: Sequence[Array]) -> Array:
    """One array as it is, several as a vector."""
    return arrays[0] if len(arrays) == 1 else flat(arrays)


def _scores(inputs: Inputs, faults: Faults = Faults()) -> Array:  # noqa: B008  frozen
    return scores(parameters_of(inputs), inputs.array("X"), faults)


# --- Mistakes --------------------------------------------------------------------------------------------------------

_LOSS, _WEIGHTS, _BIASES = "loss", "W< W>", "b< b>"
"""Outputs of which a mistake may be seen: W< and b< are the gradients before the last layer, W> and b> those of the last."""
_ALL_GRADIENTS = f"{_WEIGHTS} {_BIASES}"
_ALL = f"{_LOSS} {_ALL_GRADIENTS}"
_EVERYWHERE = f"scores {_ALL}"
_EVERY_W = "does the sum cover the weights of every layer, and nothing else?"
_WHERE_RELU = "which layers of this network are followed by a ReLU?"
_HALF = "compare the factor in fc_net.py's text with the one in softmax.py."
_MEAN = "where do you take the average over the samples?"
_CHAIN = "what does each layer receive in the backward pass, and from where?"

_FAULTS: Sequence[tuple[str, str, str, Faults]] = (
    ("no_half", _LOSS, f"with reg*sum(W*W), the regularization of softmax.py: {_HALF}", Faults(penalty=2)),
    ("no_half", _WEIGHTS, f"with 2*reg*W, which fits reg*sum(W*W), the regularization of softmax.py: {_HALF}", Faults(penalty=2)),
    ("half_twice", _LOSS, "with half of the regularization that the assignment has: is it halved twice?", Faults(penalty=0.5)),
    ("half_twice", _WEIGHTS, "with 0.5*reg*W: what is the derivative of 0.5*reg*W*W?", Faults(penalty=0.5)),
    ("reg_missing", f"{_LOSS} {_WEIGHTS}", "without the regularization: where is self.reg used?", Faults(penalty=0)),
    ("reg_subtracted", f"{_LOSS} {_WEIGHTS}", "with the regularization subtracted: which sign does it have?", Faults(penalty=-1)),
    ("reg_frozen", f"{_LOSS} {_WEIGHTS}", "with the strength the object was created with: reg may change later, so read it when you use it.", Faults(has_first_reg=True)),
    ("last_missing", f"{_LOSS} W>", f"with the last layer's weights left out of the regularization: {_EVERY_W}", Faults(regularized="but the last")),
    ("first_missing", f"{_LOSS} W<", f"with the first layer's weights left out of the regularization: {_EVERY_W}", Faults(regularized="but the first")),
    ("first_only", f"{_LOSS} W< W>", f"with the first layer's weights alone in the regularization: {_EVERY_W}", Faults(regularized="the first")),
    ("last_only", f"{_LOSS} W<", f"with the last layer's weights alone in the regularization: {_EVERY_W}", Faults(regularized="the last")),
    ("biases_regularized", f"{_LOSS} {_BIASES}", f"with the biases in the regularization: {_EVERY_W}", Faults(are_biases_regularized=True)),
    ("over_n", f"{_LOSS} {_WEIGHTS}", "with the regularization divided by N: which part of the loss is an average?", Faults(is_penalty_averaged=True)),
    ("l1", f"{_LOSS} {_WEIGHTS}", "with the absolute values of the weights in the regularization: which norm does the assignment ask for?", Faults(norm="absolute")),
    ("sum_instead_of_mean", _ALL, f"of a sum over the samples: {_MEAN}", Faults(average="sum")),
    ("divided_twice", _ALL, f"with the data term divided by N twice: {_MEAN}", Faults(average="twice")),
    ("relu_last", _EVERYWHERE, f"with a ReLU after the last layer too: {_WHERE_RELU}", Faults(relus="the last too")),
    ("no_relu", _EVERYWHERE, f"of affine layers without a ReLU between them: {_WHERE_RELU}", Faults(relus="none")),
    ("one_relu", _EVERYWHERE, f"with a ReLU after the first layer alone: {_WHERE_RELU}", Faults(relus="the first")),
    ("no_biases", _EVERYWHERE, "of layers without their biases: which terms does an affine layer have?", Faults(has_biases=False)),
    ("mask_missing", "W< b<", "of gradients that pass through units that are off: what does a ReLU do in the backward pass?", Faults(is_masked=False)),
    ("dout_not_passed", "W< b<", f"of the slopes of the scores, taken for every layer: {_CHAIN}", Faults(back="scores' slopes")),
    ("dout_not_passed", "W< b<", f"of the slopes of the scores, taken for every layer and masked by its ReLU: {_CHAIN}", Faults(back="masked slopes")),
    ("dout_not_passed", "W< b<", f"of the slopes that leave the last layer, taken for every hidden layer: {_CHAIN}", Faults(back="last slopes")),
    ("wrong_cache", _WEIGHTS, f"of each layer's slopes with the input of the layer before it: {_CHAIN}", Faults(back="earlier input")),
    ("wrong_cache", "W< b<", f"of a backward pass that goes through each hidden layer with the cache of the layer before it: {_CHAIN}", Faults(back="earlier cache")),
    ("wrong_cache", "W< b<", f"of a backward pass that takes input, weights and mask of the layer before for each hidden layer: {_CHAIN}", Faults(back="earlier caches")),
    ("minus_one_missing", _ALL_GRADIENTS, "with the probabilities alone: what else does the derivative have for the true class?", Faults(true_class=0)),
    ("plus_one", _ALL_GRADIENTS, "with one added for the true class: does the loss rise or fall as the true score rises?", Faults(true_class=-1)),
)  # fmt: skip


def _outcome_of(output: str, names: Names, faults: Faults) -> Callable[[Inputs], Array]:
    if output == "scores":
        return lambda inputs: _scores(inputs, faults)
    return lambda inputs: _answer(inputs, names, faults)[output]


def _mistakes_in(outputs: Sequence[str], names: Names = ANY_DEPTH) -> tuple[QuestionMistake, ...]:
    own = dict(zip(("W<", "W>", "b<", "b>"), names, strict=True))
    return tuple(
        Mistake(name, output, f"It is the result {what}", _outcome_of(output, names, faults))
        for name, wrong, what, faults in _FAULTS
        for output in (own.get(each, each) for each in wrong.split())
        if output in outputs
    )


def _scaled(output: str, names: Names, factor: float) -> Callable[[Inputs], Array]:
    return lambda inputs: factor * _answer(inputs, names)[output]


_SIGNS = (
    ("all_zero", "It is zero everywhere: is it ever filled in?", 0.0),
    (
        "sign_flipped",
        "It is the correct gradient with the opposite sign: in which direction does the loss rise?",
        -1.0,
    ),
)


def _loss_mistakes(names: Names) -> tuple[QuestionMistake, ...]:
    return (
        *_mistakes_in(("loss", *names), names),
        *(
            Mistake(name, output, message, _scaled(output, names, factor))
            for name, message, factor in _SIGNS
            for output in names
        ),
        Mistake(
            "only_regularizer",
            "loss",
            "It is the regularization alone: where is the loss of the scores added?",
            lambda inputs: (
                0.5 * inputs.number("reg") * sum(float((W * W).sum()) for W in parameters_of(inputs).weights)
            ),
        ),
    )


def _keys_missing(names: Names) -> tuple[Misshapen, ...]:
    depth = " Does it go through all layers, however many there are?" if names == ANY_DEPTH else ""
    message = (
        f"It is not in grads: every parameter needs a gradient there, under the parameter's own name.{depth}"
    )
    return tuple(Misshapen("keys_missing", name, message, None) for name in names)


def _of_hidden_layer(number: int) -> Misshapen:
    """Scores that are the output of a layer before the last."""

    def shape(inputs: Inputs) -> tuple[int, ...]:
        widths = inputs.array("widths")[1:-1]
        return (len(inputs.array("X")), int(widths[min(number, len(widths)) - 1]))

    message = f"They have the width of hidden layer {number}: does the forward pass go through every layer, however many there are?"
    return Misshapen("depth_hard_coded", "scores", message, shape)


_SCORE_MISTAKES = (
    *_mistakes_in(("scores",)),
    Mistake(
        "probabilities",
        "scores",
        "They are the probabilities: the assignment asks for the scores, before any softmax.",
        lambda inputs: softmax(_scores(inputs)),
    ),
    Mistake(
        "shifted_scores",
        "scores",
        "They are the scores minus the largest in their row: return them unshifted.",
        lambda inputs: (found := _scores(inputs)) - found.max(axis=1, keepdims=True),
    ),
    Mistake("all_zero", "scores", "They are zero everywhere.", lambda inputs: 0 * _scores(inputs)),
)


def _count_rule(name: str, output: str, message: str) -> Rule:
    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        count = float(seen[output])
        return {"count": count, "all": 2 * (inputs.array("widths").size - 1)} if count else None

    return Rule(name, output, message, broken)


_ALL_TRACES = 4
"""The trace of inputs is below it: 1 for X, 2 for y, and their sum."""


def _traced(number: int, name: str, message: str) -> Rule:
    def broken(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
        told = float(seen["inputs"])
        return {} if not 0 <= told < _ALL_TRACES or int(told) & number else None

    return Rule(name, "inputs", message, broken)


_TRACES = ("repeat", "params", "inputs")
_CORE, _CORE_TOLERANCE = "loss_without_reg", 1e-3
"""A loss that is a constant leaves no trace either; the tolerance lets an epsilon pass, which is judged elsewhere."""
SAME = 1e-9
"""Relative: two calls with the same numbers differ by less."""


def _is_another(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    far = float(seen["repeat"])
    return {"far": far} if not far <= SAME else None


_TRACE_RULES = (
    Rule("depends_on_earlier_calls", "repeat", "Its second call gives a different loss from a fresh object with the same parameters and the same reg (relative difference {far}): what does it remember from the first call?", _is_another),
    _count_rule("params_changed", "params", "It changes {count} of the {all} parameters: updating is the solver's job."),
    _traced(1, "changes_X", "It changes its input X in place: work on a copy."),
    _traced(2, "changes_y", "It changes its input y in place: work on a copy."),
)  # fmt: skip


_RIGHT = ("fc_net", "loss")
"""Each question is about the student's own loss, which ours must never replace there."""


def _questions(prefix: str, cases: Sequence[Case], names: Names) -> tuple[Question, ...]:
    return (
        Question(
            name=f"{prefix}_scores",
            parameters=_WITH_ROWS,
            outputs={"scores": "array"},
            draw=without_labels(cases),
            answer=lambda inputs: {"scores": _scores(inputs)},
            driver=("fc_net", "scores"),
            right=_RIGHT,
            method="loss",
            mistakes=_SCORE_MISTAKES,
            misshapen=() if names == TWO_LAYERS else (_of_hidden_layer(1), _of_hidden_layer(2)),
            unchanged=(),
        ),
        Question(
            name=f"{prefix}_loss",
            parameters=_WITH_LABELS,
            outputs={"loss": "number", **dict.fromkeys(names, "array")},
            draw=drawn(cases),
            answer=lambda inputs: _answer(inputs, names),
            accepted=lambda inputs: with_epsilons(_answer(inputs, names), _scores(inputs), inputs.array("y")),
            accepted_note=LOSS_NOTE,
            driver=("fc_net", "loss"),
            right=_RIGHT,
            method="loss",
            mistakes=_loss_mistakes(names),
            misshapen=_keys_missing(names),
            unchanged=(),
        ),
        Question(
            name=f"{prefix}_calls",
            parameters=_WITH_LABELS,
            outputs=dict.fromkeys((_CORE, *_TRACES), "number"),
            draw=lambda rng: [_named(each) for each in list(drawn(cases)(rng))[:2]],
            answer=lambda inputs: {
                _CORE: _answer(inputs.replace(first_reg=0.0, reg=0.0))["loss"],
                **dict.fromkeys(_TRACES, np.zeros(())),
            },
            driver=("fc_net", "calls"),
            right=_RIGHT,
            method="loss",
            free=_TRACES,
            rules=_TRACE_RULES,
            tolerances={_CORE: _CORE_TOLERANCE},
            needs=dict.fromkeys(_TRACES, (_CORE,)),
            aside=("inputs", _CORE),
            unchanged=(),
        ),
    )


def _named(case: QuestionCase) -> QuestionCase:
    return QuestionCase(f"the second call with {case.label}", case.inputs)


def _single(inputs: Inputs) -> Answer:
    return {"dtypes": np.zeros(()), "scores": _scores(inputs)}


_DTYPE_RULE = _count_rule(
    "params_not_float32",
    "dtypes",
    "{count} of the {all} parameters are not float32, the default dtype: does the cast come after all of them are made?",
)

LOSS_QUESTIONS = tuple(
    replace(each, is_left_to_students=True)
    for each in (
        *_questions("two_layer_fc", SHALLOW, TWO_LAYERS),
        *_questions("fully_connected", DEEP, ANY_DEPTH),
        Question(
            name="fully_connected_float32",
            parameters=_WITH_ROWS,
            outputs={"dtypes": "number", "scores": "array"},
            draw=lambda rng: list(without_labels(DEEP)(rng))[:3],
            answer=_single,
            driver=("fc_net", "single"),
            right=_RIGHT,
            method="loss",
            mistakes=_SCORE_MISTAKES,
            tolerances={"scores": SCORES32},
            free=("dtypes",),
            rules=(_DTYPE_RULE,),
            unchanged=(),
        ),
    )
)
