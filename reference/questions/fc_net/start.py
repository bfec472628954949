"""The parameters that both networks start with: Gaussian weights with standard deviation weight_scale, biases zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.losses.problem import Array
from reference.questions.fc_net.cases import described, widths_of
from reference.questions.fc_net.network import shapes_of
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, QuestionCase, Rule

_SPREAD = 0.3
"""Relative, of a matrix of 600 entries and more: ten times the effect of chance."""
_OTHER_SCALES = (1.0, 1e-3, 1e-2)
"""Standard deviations that ignore weight_scale: none, and the defaults of the two classes."""
_UNIFORM = 2.0
"""Standard deviations: the largest entry of a uniform distribution around zero has 1.7."""

Sizes = tuple[tuple[int, ...], float]

_SHALLOW: Sequence[Sizes] = (((40, 50, 30), 0.3), ((30, 60, 25), 0.05))
_DEEP: Sequence[Sizes] = (((24, 60, 25, 40, 30), 0.2), ((40, 50, 30), 0.05), ((31, 28, 45, 35), 0.3))


def _drawn(sizes: Sequence[Sizes]) -> Callable[[np.random.Generator], Sequence[QuestionCase]]:
    def draw(_: np.random.Generator) -> Sequence[QuestionCase]:
        return [
            QuestionCase(
                f"{described(widths)}, weight_scale={scale:g}",
                {"widths": np.asarray(widths), "weight_scale": scale},
            )
            for widths, scale in sizes
        ]

    return draw


def _zeros(inputs: Inputs) -> Answer:
    widths = widths_of(inputs)
    count = sum(one * other for one, other in shapes_of(widths))
    return {"weights": np.zeros(count), "biases": np.zeros(sum(widths[1:])), "shapes": np.zeros(())}


def _matrices(inputs: Inputs, seen: Answer) -> list[Array]:
    """The weights that are there."""
    ends = np.cumsum([one * other for one, other in shapes_of(widths_of(inputs))])[:-1]
    return [each for each in np.split(seen["weights"], ends) if each.any()]


def _is_near(found: float, expected: float) -> bool:
    return abs(found - expected) <= _SPREAD * expected


def _weights_rule(
    name: str, message: str, is_broken: Callable[[Array, float], bool], *, is_symptom: bool = False
) -> Rule:
    """A rule on every matrix, given weight_scale."""

    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        scale = inputs.number("weight_scale")
        for number, each in enumerate(_matrices(inputs, seen), start=1):
            if is_broken(each, scale):
                return {"layer": number, "std": float(each.std()), "mean": float(each.mean()), "scale": scale}
        return None

    return Rule(name, "weights", message, broken, is_symptom)


def _is_uniform(each: Array, _: float) -> bool:
    """Whether no entry is negative, or none is far out: of 600 normal ones the largest lies beyond 2 standard deviations."""
    return bool((each >= 0).all()) or float(np.abs(each).max()) <= _UNIFORM * float(each.std())


def _is_ignored(each: Array, scale: float) -> bool:
    std = float(each.std())
    return not _is_near(std, scale) and any(_is_near(std, other) for other in _OTHER_SCALES)


def _is_squared(each: Array, scale: float) -> bool:
    std = float(each.std())
    return not _is_near(std, scale) and (_is_near(std, scale**2) or _is_near(std, np.sqrt(scale)))


def _is_other(each: Array, scale: float) -> bool:
    return not _is_near(float(each.std()), scale) or abs(float(each.mean())) > _SPREAD * scale


def _are_all_missing(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    count = 2 * (inputs.array("widths").size - 1)
    return {"all": count} if float(seen["shapes"]) == count else None


def _are_zero(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    """Whether a matrix is zero where no parameter is missing: those that are come as zeros too."""
    zeros = inputs.array("widths").size - 1 - len(_matrices(inputs, seen))
    return {"count": zeros} if zeros and not float(seen["shapes"]) else None


def _is_none_there(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    return None if _matrices(inputs, seen) else {}


def _is_missing(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    count = float(seen["shapes"])
    return {"count": count, "all": 2 * (inputs.array("widths").size - 1)} if count else None


def _are_drawn(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    largest = float(np.abs(seen["biases"]).max())
    return {"largest": largest} if largest else None


_USE = "how is weight_scale used?"
_RULES = (
    Rule("params_missing", "shapes", "self.params has none of the {all} parameters W1, b1, W2, ... with the right shape: is anything put into it yet?", _are_all_missing, is_symptom=True),
    Rule("width_off_by_one", "shapes", "{count} of the {all} parameters W1, b1, W2, ... are missing or have the wrong shape: does every layer have both, with the widths of the layers around it?", _is_missing),
    Rule("zero_start", "weights", "Weight matrices that are all zeros at the start: {count}. What can the units of a layer learn if they all start the same?", _are_zero),
    Rule("no_weights", "weights", "No weight matrix of the right shape holds numbers.", _is_none_there, is_symptom=True),
    _weights_rule("uniform_start", "W{layer} is drawn from a uniform distribution (mean {mean}, standard deviation {std}): which distribution does the assignment ask for?", _is_uniform),
    _weights_rule("scale_ignored", f"W{{layer}} has standard deviation {{std}} where weight_scale is {{scale}}: {_USE}", _is_ignored),
    _weights_rule("scale_squared", "W{layer} has standard deviation {std} where weight_scale is {scale}: is it a standard deviation or a variance?", _is_squared),
    _weights_rule("other_spread", f"W{{layer}} has mean {{mean}} and standard deviation {{std}}, expected 0 and {{scale}}: {_USE}", _is_other),
    Rule("bias_start", "biases", "Biases start as large as {largest}, not at zero.", _are_drawn),
)  # fmt: skip


def _question(name: str, sizes: Sequence[Sizes]) -> Question:
    return Question(
        name=name,
        parameters=("widths", "weight_scale"),
        outputs={"weights": "array", "biases": "array", "shapes": "number"},
        draw=_drawn(sizes),
        answer=_zeros,
        driver=("fc_net", "start"),
        free=("weights", "biases", "shapes"),
        rules=_RULES,
        needs={"weights": ("shapes",), "biases": ("shapes",)},
        unchanged=(),
    )


START_QUESTIONS = (_question("two_layer_fc_start", _SHALLOW), _question("fully_connected_start", _DEEP))
