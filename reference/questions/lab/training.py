"""The questions on the lab's descents where every draw gives the same step, so that the result is exact."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Table
from reference.questions.inputs import Inputs
from reference.questions.lab import cases, formulas
from reference.questions.lab.descent import GIVEN, Descent, Parameters, slopes
from reference.questions.question import Answer, Question, in_outputs

PARAMETERS = ("weight", "bias")


@dataclass(frozen=True, slots=True)
class _Plan:
    """The number of steps and the learning rate of a call."""

    samples: int
    epochs: int
    rate: float

    @classmethod
    def of(cls, inputs: Inputs) -> _Plan:
        return cls(len(inputs.array("X")), inputs.integer("epochs"), inputs.number("learning_rate"))

    @property
    def steps(self) -> int:
        return self.samples * self.epochs


def named(parameters: Parameters) -> Answer:
    """The weight and the bias by name."""
    return dict(zip(PARAMETERS, parameters, strict=True))


def _train(inputs: Inputs, descent: Descent = Descent()) -> Answer:  # noqa: B008  frozen
    plan = _Plan.of(inputs)
    return named(descent.run(inputs, plan.steps, plan.rate))


def _planned(inputs: Inputs, rule: Callable[[_Plan], tuple[int, float]]) -> Answer:
    """Another number of steps, or another learning rate."""
    return named(Descent().run(inputs, *rule(_Plan.of(inputs))))


def _along(inputs: Inputs, change: Callable[[Parameters, Array, Array], Parameters]) -> Answer:
    """Other slopes, from the right ones, x and the one-hot label."""

    def changed(parameters: Parameters, x: Array, label: int) -> Parameters:
        return change(slopes(parameters, x, label), x, formulas.one_hot(label, len(parameters[1])))

    return _train(inputs, Descent(changed))


_BEGIN_AND_END = "where does the loop over {} begin and end?"

_PLANS: Table[Callable[[_Plan], tuple[int, float]]] = {
    "not_trained": (
        "It equals what was passed in: are the trained parameters returned, and do you take any steps?",
        lambda plan: (0, plan.rate),
    ),
    "ascent": (
        "It goes up the gradient: the loss increases with every step.",
        lambda plan: (plan.steps, -plan.rate),
    ),
    "one_step_an_epoch": (
        "It is the result of one step per epoch: an epoch has one step per sample.",
        lambda plan: (plan.epochs, plan.rate),
    ),
    "one_epoch": (
        "It is the result of one epoch, whatever epochs says.",
        lambda plan: (plan.samples, plan.rate),
    ),
    "three_epochs": (
        "It is the result of 3 epochs, whatever epochs says.",
        lambda plan: (3 * plan.samples, plan.rate),
    ),
    "one_epoch_too_few": (
        f"It is the result of one epoch fewer than asked for: {_BEGIN_AND_END.format('epochs')}",
        lambda plan: (plan.samples * (plan.epochs - 1), plan.rate),
    ),
    "one_step_too_few": (
        f"It is the result of one step fewer in each epoch: {_BEGIN_AND_END.format('samples')}",
        lambda plan: ((plan.samples - 1) * plan.epochs, plan.rate),
    ),
    "learning_rate_not_used": (
        "It is the result of a learning rate of 1e-3: the argument learning_rate is not used.",
        lambda plan: (plan.steps, 1e-3),
    ),
    "no_learning_rate": (
        "It subtracts the whole gradient at each step: the learning rate is missing.",
        lambda plan: (plan.steps, 1.0),
    ),
    "step_divided_by_samples": (
        "It divides each step by the number of samples: each step has only one sample.",
        lambda plan: (plan.steps, plan.rate / plan.samples),
    ),
    "steps_on_all_samples": (
        "Each step uses the sum over all samples: a step has only one sample.",
        lambda plan: (plan.steps, plan.rate * plan.samples),
    ),
}

_BIAS: Table[Callable[[Parameters, Array, Array], Parameters]] = {
    "bias_not_trained": (
        "It is the result of a bias that never changes: the bias has a gradient too.",
        lambda found, *_: (found[0], 0 * found[1]),
    ),
}
"""Before _PLANS: in the bias it equals not_trained."""

_SLOPES: Table[Callable[[Parameters, Array, Array], Parameters]] = {
    "bias_goes_up": (
        "It is the result of a bias that goes up its gradient: check the sign of that update.",
        lambda found, *_: (found[0], -found[1]),
    ),
    "slope_without_label": (
        "Its steps follow y_hat instead of y_hat - y: what does the true label contribute?",
        lambda found, x, label: (found[0] + np.outer(label, x), found[1] + label),
    ),
}

_TRAINING = (
    *in_outputs(PARAMETERS, _BIAS, _along),
    *in_outputs(PARAMETERS, _PLANS, _planned),
    *in_outputs(PARAMETERS, _SLOPES, _along),
)


def _minibatch(
    inputs: Inputs,
    descent: Descent = Descent(),  # noqa: B008  frozen
    *,
    is_summed: bool = False,
) -> Answer:
    plan, batch = _Plan.of(inputs), inputs.number("batch_size")
    rate = plan.rate * batch if is_summed else plan.rate
    steps = round(plan.steps / batch)
    return named(descent.run(inputs, steps, rate, inputs.number("reg"), inputs.number("momentum")))


def _other_minibatches(inputs: Inputs) -> Sequence[Answer]:
    """Half of the penalty, a penalty on the bias too, a velocity that takes the gradient times 1 - momentum."""
    choices = itertools.product((1.0, 0.5), (False, True), (False, True))
    return [_minibatch(inputs, Descent(slopes, *each)) for each in choices]


_GIVEN: Table[dict[str, float]] = {
    "no_penalty": ("It is the result without reg.", {"reg": 0.0}),
    "no_momentum": ("It is the result without momentum.", {"momentum": 0.0}),
    "single_samples": (
        "It is the result of batches of one sample: the argument batch_size is not used.",
        {"batch_size": 1},
    ),
}

_MINIBATCHES = (
    *in_outputs(
        PARAMETERS,
        {"summed": ("It takes the sum over the batch instead of the mean.", True)},
        lambda inputs, is_summed: _minibatch(inputs, is_summed=is_summed),
    ),
    *in_outputs(PARAMETERS, _GIVEN, lambda inputs, given: _minibatch(inputs.replace(**given))),
)

QUESTIONS = (
    Question(
        "lab_train",
        (*GIVEN, "learning_rate", "epochs"),
        dict.fromkeys(PARAMETERS, "array"),
        cases.training_cases,
        _train,
        driver=("lab", "train"),
        mistakes=_TRAINING,
        is_training=True,
    ),
    Question(
        "lab_train_minibatch",
        (*GIVEN, "learning_rate", "epochs", "batch_size", "reg", "momentum"),
        dict.fromkeys(PARAMETERS, "array"),
        cases.minibatch_cases,
        _minibatch,
        driver=("lab", "train"),
        mistakes=_MINIBATCHES,
        is_training=True,
        accepted=_other_minibatches,
    ),
)
