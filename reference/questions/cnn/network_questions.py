"""The questions on the network itself: its layers, and its forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reference.losses.problem import Array, log_softmax, softmax
from reference.mistakes import Mistake, mistakes_in
from reference.questions.cnn import cases
from reference.questions.cnn.network import (
    COUNT,
    SHAPES,
    Network,
    Parameters,
    mean_pool,
    relu,
    same,
)
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, QuestionMistake, Rule

# --- Layers ----------------------------------------------------------------------------------------------------------

_LAYERS = ("conv1", "conv2", "fc")


def _layers(inputs: Inputs) -> Answer:
    shapes = {name: np.asarray(SHAPES[f"{name}_weight"]) for name in _LAYERS}
    logits = np.asarray((len(inputs.array("images")), 10))
    return {"parameters": np.asarray(float(COUNT)), **shapes, "logits": logits}


def _shape_rule(output: str, blanks: tuple[str, ...], message: str) -> Rule:
    """A rule on a shape, with its sizes in the blanks of the message."""

    def broken(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
        if np.array_equal(outputs[output], _layers(inputs)[output]):
            return None
        return dict(zip(blanks, map(float, outputs[output]), strict=True))

    return Rule(f"{output}_shape", output, message, broken)


def _kernel_rule(name: str) -> Rule:
    out, of, height, width = SHAPES[f"{name}_weight"]
    return _shape_rule(
        name,
        ("out", "of", "height", "width"),
        f"This convolution makes {{out}} channels out of {{of}} with kernels of {{height}} x {{width}}, expected"
        f" {out} channels from {of} with kernels of {height} x {width}.",
    )


_RULES = (
    _kernel_rule("conv1"),
    _kernel_rule("conv2"),
    _shape_rule(
        "fc",
        ("out", "of"),
        "The linear layer maps {of} numbers to {out}; two convolutions and poolings leave 320 numbers per image, and"
        " there are 10 classes.",
    ),
    _shape_rule(
        "logits",
        ("rows", "columns"),
        "For 3 images the output has the shape ({rows}, {columns}), expected one row for each image and one column for each"
        " class.",
    ),
)


_BIASES = sum(int(np.prod(shape)) for name, shape in SHAPES.items() if name.endswith("bias"))
_NUMBERS = {
    "no_biases": ("That is the count without any bias.", COUNT - _BIASES),
    "no_convolution_biases": ("That is the count without the convolutions' biases.", COUNT - 30),
    "kernels_of_3": (
        "That is the count with 3 x 3 kernels, which leave 500 inputs to the linear layer.",
        100 + 1820 + 5010,
    ),
}

_COUNTS: tuple[QuestionMistake, ...] = mistakes_in("parameters", _NUMBERS, lambda _, count: float(count))

# --- Forward pass ----------------------------------------------------------------------------------------------------


def _parameters(inputs: Inputs) -> Parameters:
    return {name: inputs.array(name) for name in SHAPES}


def _forward(inputs: Inputs, network: Network = Network()) -> Answer:  # noqa: B008  frozen
    return {"logits": network.logits(inputs.array("images"), _parameters(inputs))}


def _log_probabilities(inputs: Inputs) -> Sequence[Answer]:
    """The logits' log-softmax, which has the same loss and the same gradients."""
    return [{"logits": log_softmax(_forward(inputs)["logits"])}]


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _no_biases(inputs: Inputs) -> Array:
    without = {name: np.zeros(shape) for name, shape in SHAPES.items() if len(shape) == 1}
    return Network().logits(inputs.array("images"), {**_parameters(inputs), **without})


_OVER_BATCH = "over the images of the batch: which axis holds the classes?"

_NETWORKS = {
    "no_relu": (
        "It equals the output without any ReLU: what makes two layers more powerful than one?",
        Network(same, same),
    ),
    "no_relu_after_conv1": (
        "It equals the output without the ReLU of the first convolution.",
        Network(first=same),
    ),
    "no_relu_after_conv2": (
        "It equals the output without the ReLU of the second convolution.",
        Network(second=same),
    ),
    "relu_on_output": (
        "It equals the output with a ReLU after the last layer: should scores never be negative?",
        Network(last=relu),
    ),
    "relu_on_output_only": ("Its only ReLU is after the last layer.", Network(same, same, last=relu)),
    "mean_pooling": (
        "It equals the output with the mean of each block: which number in each block should be kept?",
        Network(pool=mean_pool),
    ),
    "softmax_output": (
        "It equals the probabilities: the loss it is trained with already applies the softmax.",
        Network(last=softmax),
    ),
    "softmax_over_batch": (
        f"It equals a softmax {_OVER_BATCH}",
        Network(last=lambda logits: softmax(logits.T).T),
    ),
    "log_softmax_over_batch": (
        f"It equals a log-softmax {_OVER_BATCH}",
        Network(last=lambda logits: log_softmax(logits.T).T),
    ),
    "sigmoid": ("It equals the output with sigmoids instead of the ReLUs.", Network(_sigmoid, _sigmoid)),
    "tanh": ("It equals the output with tanh instead of the ReLUs.", Network(np.tanh, np.tanh)),
    "sigmoid_output": ("It equals the sigmoid of each output.", Network(last=_sigmoid)),
}

_FORWARD = (
    *mistakes_in("logits", _NETWORKS, lambda inputs, network: _forward(inputs, network)["logits"]),
    Mistake("no_biases", "logits", "It equals the output without any bias.", _no_biases),
)

QUESTIONS = (
    Question(
        "cnn_layers",
        ("images",),
        {"parameters": "number", **dict.fromkeys((*_LAYERS, "logits"), "labels")},
        cases.layers_cases,
        _layers,
        driver=("cnn", "layers"),
        mistakes=_COUNTS,
        rules=_RULES,
    ),
    Question(
        "cnn_forward",
        ("images", *SHAPES),
        {"logits": "array"},
        cases.forward_cases,
        _forward,
        driver=("cnn", "forward"),
        mistakes=_FORWARD,
        accepted=_log_probabilities,
    ),
)
