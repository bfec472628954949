"""The questions on the network itself: its layers, and its forward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.cnn import cases
from reference.questions.cnn.network import (
    COUNT,
    SHAPES,
    Network,
    Parameters,
    log_softmax,
    mean_pool,
    relu,
    same,
    softmax,
)
from reference.questions.question import Answer, Inputs, Mistake, Question, Rule

_LAYERS = ("conv1", "conv2", "fc")


def _layers(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    shapes = {name: np.asarray(SHAPES[f"{name}_weight"]) for name in _LAYERS}
    logits = np.asarray((len(np.asarray(inputs["images"])), 10))
    return {"parameters": np.asarray(float(COUNT)), **shapes, "logits": logits}


def _kernel_rule(name: str) -> Rule:
    out, of, height, width = SHAPES[f"{name}_weight"]

    def broken(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
        del inputs, convention
        shape = tuple(int(size) for size in outputs[name])
        if shape == (out, of, height, width):
            return None
        return dict(zip(("out", "of", "height", "width"), map(float, shape), strict=True))

    return Rule(
        f"{name}_shape",
        name,
        f"The weight of this convolution is for {{out}} channels out of {{of}} with kernels of {{height}} x {{width}};"
        f" {out} channels out of {of} with kernels of {height} x {width} are asked for.",
        broken,
    )


def _fc_shape(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
    del inputs, convention
    out, of = (int(size) for size in outputs["fc"])
    return None if (out, of) == (10, 320) else {"out": float(out), "of": float(of)}


def _logits_shape(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
    expected = _layers(inputs, convention)["logits"]
    rows, columns = outputs["logits"]
    return None if np.array_equal(outputs["logits"], expected) else {"rows": rows, "columns": columns}


_RULES = (
    _kernel_rule("conv1"),
    _kernel_rule("conv2"),
    Rule(
        "fc_shape",
        "fc",
        "The linear layer takes {of} numbers to {out}; what two convolutions and poolings leave of an image is 320, and"
        " there are 10 classes.",
        _fc_shape,
    ),
    Rule(
        "logits_shape",
        "logits",
        "For 3 images the output has the shape ({rows}, {columns}): one row for each image and one column for each"
        " class are asked for.",
        _logits_shape,
    ),
)


def _count_mistake(name: str, message: str, count: int) -> Mistake:
    return Mistake(name, "parameters", message, lambda *_: float(count))


_BIASES = sum(int(np.prod(shape)) for name, shape in SHAPES.items() if name.endswith("bias"))
_COUNT_MISTAKES = (
    _count_mistake("no_biases", "That is the number without any bias.", COUNT - _BIASES),
    _count_mistake(
        "no_convolution_biases", "That is the number without the biases of the convolutions.", COUNT - 30
    ),
    _count_mistake(
        "kernels_of_3",
        "That is the number with kernels of 3 x 3 and 500 inputs behind them.",
        100 + 1820 + 5010,
    ),
)


def _parameters(inputs: Inputs) -> Parameters:
    return {name: np.asarray(inputs[name]) for name in SHAPES}


def _output(inputs: Inputs, network: Network = Network()) -> Array:  # noqa: B008  frozen
    return network.logits(np.asarray(inputs["images"]), _parameters(inputs))


def _forward(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    return {"logits": _output(inputs)}


def _log_probabilities(inputs: Inputs, convention: Convention) -> Sequence[Answer]:
    """The logits' log-softmax, which has the same loss and the same gradients."""
    return [{"logits": log_softmax(_forward(inputs, convention)["logits"])}]


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _no_biases(inputs: Inputs) -> Array:
    without = {name: np.zeros(shape) for name, shape in SHAPES.items() if len(shape) == 1}
    return Network().logits(np.asarray(inputs["images"]), {**_parameters(inputs), **without})


def _mistake(name: str, message: str, rule: Callable[[Inputs], Array]) -> Mistake:
    return Mistake(name, "logits", message, lambda inputs, _: rule(inputs))


def _of(network: Network) -> Callable[[Inputs], Array]:
    return lambda inputs: _output(inputs, network)


_FORWARD_MISTAKES = tuple(
    _mistake(name, message, rule)
    for name, message, rule in (
        (
            "no_relu",
            "It equals the output without any ReLU: what makes two layers more than one?",
            _of(Network(same, same)),
        ),
        (
            "no_relu_after_conv1",
            "It equals the output without the ReLU of the first convolution.",
            _of(Network(first=same)),
        ),
        (
            "no_relu_after_conv2",
            "It equals the output without the ReLU of the second convolution.",
            _of(Network(second=same)),
        ),
        (
            "relu_on_output",
            "It equals the output with a ReLU behind the last layer: may a score not be negative?",
            _of(Network(last=relu)),
        ),
        (
            "relu_on_output_only",
            "Its only ReLU stands behind the last layer.",
            _of(Network(same, same, last=relu)),
        ),
        (
            "mean_pooling",
            "It equals the output with the mean of each block: which of the numbers of a block is to be kept?",
            _of(Network(pool=mean_pool)),
        ),
        (
            "softmax_output",
            "It equals the probabilities: the loss that it is trained with takes the softmax itself.",
            _of(Network(last=softmax)),
        ),
        (
            "softmax_over_batch",
            "It equals a softmax over the images of the batch: over which axis do the classes run?",
            _of(Network(last=lambda logits: softmax(logits.T).T)),
        ),
        (
            "log_softmax_over_batch",
            "It equals a log-softmax over the images of the batch: over which axis do the classes run?",
            _of(Network(last=lambda logits: log_softmax(logits.T).T)),
        ),
        ("sigmoid", "It equals the output with sigmoids for the ReLUs.", _of(Network(_sigmoid, _sigmoid))),
        ("tanh", "It equals the output with tanh for the ReLUs.", _of(Network(np.tanh, np.tanh))),
        ("sigmoid_output", "It equals the sigmoid of each output.", _of(Network(last=_sigmoid))),
        ("no_biases", "It equals the output without any bias.", _no_biases),
    )
)

QUESTIONS = (
    Question(
        "cnn_layers",
        ("images",),
        {"parameters": "number", **dict.fromkeys((*_LAYERS, "logits"), "labels")},
        cases.layers_cases,
        _layers,
        driver=("cnn", "layers"),
        mistakes=_COUNT_MISTAKES,
        rules=_RULES,
    ),
    Question(
        "cnn_forward",
        ("images", *SHAPES),
        {"logits": "array"},
        cases.forward_cases,
        _forward,
        driver=("cnn", "forward"),
        mistakes=_FORWARD_MISTAKES,
        accepted=_log_probabilities,
    ),
)
