"""The questions on the lab's descents: exact where every draw gives the same step, by what they reach elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.lab import cases, formulas
from reference.questions.lab.descent import Descent, Parameters, slopes
from reference.questions.lab.given import array, number
from reference.questions.question import Answer, Inputs, Mistake, Question

PARAMETERS = ("weight", "bias")


@dataclass(frozen=True, slots=True)
class _Plan:
    samples: int
    epochs: int
    rate: float

    @classmethod
    def of(cls, inputs: Inputs) -> _Plan:
        return cls(
            len(array(inputs, "X")),
            int(number(inputs, "epochs", 3)),
            number(inputs, "learning_rate", 1e-3),
        )

    @property
    def steps(self) -> int:
        return self.samples * self.epochs


def _named(parameters: Parameters) -> Answer:
    return dict(zip(PARAMETERS, parameters, strict=True))


def _train(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    plan = _Plan.of(inputs)
    return _named(Descent().run(inputs, plan.steps, plan.rate))


def _descent(inputs: Inputs, rule: Callable[[_Plan], tuple[int, float]]) -> Parameters:
    """A descent of so many steps at another learning rate."""
    return Descent().run(inputs, *rule(_Plan.of(inputs)))


def _with_slopes(inputs: Inputs, change: Callable[[Parameters, Array, int], Parameters]) -> Parameters:
    """A descent along other slopes."""

    def changed(parameters: Parameters, x: Array, label: int) -> Parameters:
        return change(slopes(parameters, x, label), x, label)

    plan = _Plan.of(inputs)
    return Descent(changed).run(inputs, plan.steps, plan.rate)


_Run = Callable[[Inputs], Parameters]
_RUNS: tuple[tuple[str, str, _Run], ...] = (
    (
        "bias_not_trained",
        "It equals what comes of it when the bias stays as it is: the bias has a gradient too.",
        partial(_with_slopes, change=lambda found, *_: (found[0], 0 * found[1])),
    ),
    (
        "not_trained",
        "It equals what was handed over: are the trained parameters returned, and are there any steps?",
        partial(_descent, rule=lambda plan: (0, plan.rate)),
    ),
    (
        "ascent",
        "It goes up the gradient: the loss grows with every step.",
        partial(_descent, rule=lambda plan: (plan.samples * plan.epochs, -plan.rate)),
    ),
    (
        "one_step_an_epoch",
        "It equals what comes of one step an epoch: an epoch has as many steps as there are samples.",
        partial(_descent, rule=lambda plan: (plan.epochs, plan.rate)),
    ),
    (
        "one_epoch",
        "It equals what comes of one epoch, whatever epochs says.",
        partial(_descent, rule=lambda plan: (plan.samples, plan.rate)),
    ),
    (
        "three_epochs",
        "It equals what comes of 3 epochs, whatever epochs says.",
        partial(_descent, rule=lambda plan: (3 * plan.samples, plan.rate)),
    ),
    (
        "one_epoch_too_few",
        "It equals what comes of one epoch less than asked for: where does the loop over epochs begin and end?",
        partial(_descent, rule=lambda plan: (plan.samples * (plan.epochs - 1), plan.rate)),
    ),
    (
        "one_step_too_few",
        "It equals what comes of one step less in each epoch: where does the loop over samples begin and end?",
        partial(_descent, rule=lambda plan: ((plan.samples - 1) * plan.epochs, plan.rate)),
    ),
    (
        "learning_rate_not_used",
        "It equals what comes of a learning rate of 1e-3: the argument learning_rate is not used.",
        partial(_descent, rule=lambda plan: (plan.samples * plan.epochs, 1e-3)),
    ),
    (
        "no_learning_rate",
        "It takes the whole gradient off at each step: the learning rate is missing.",
        partial(_descent, rule=lambda plan: (plan.samples * plan.epochs, 1.0)),
    ),
    (
        "step_divided_by_samples",
        "It divides each step by the number of samples: each step has one sample only.",
        partial(_descent, rule=lambda plan: (plan.samples * plan.epochs, plan.rate / plan.samples)),
    ),
    (
        "steps_on_all_samples",
        "Each step is as long as the sum over all samples: a step has one sample only.",
        partial(_descent, rule=lambda plan: (plan.samples * plan.epochs, plan.rate * plan.samples)),
    ),
    (
        "bias_goes_up",
        "It equals what comes of it when the bias goes up its gradient: look at the sign of that update.",
        partial(_with_slopes, change=lambda found, *_: (found[0], -found[1])),
    ),
    (
        "slope_without_label",
        "Its steps go along y_hat and not y_hat - y: what does the true label contribute?",
        partial(
            _with_slopes,
            change=lambda found, x, label: (
                found[0] + np.outer(formulas.one_hot(label, len(found[1])), x),
                found[1] + formulas.one_hot(label, len(found[1])),
            ),
        ),
    ),
)


def _run_mistakes(runs: tuple[tuple[str, str, _Run], ...]) -> Iterator[Mistake]:
    for name, message, run in runs:
        for position, output in enumerate(PARAMETERS):

            def outcome(
                inputs: Inputs, convention: Convention, run: _Run = run, position: int = position
            ) -> Array:
                del convention
                return run(inputs)[position]

            yield Mistake(name, output, message, outcome)


def _minibatch(inputs: Inputs, descent: Descent = Descent(), **changed: float) -> Parameters:  # noqa: B008  frozen
    plan = _Plan.of(inputs)
    given = {name: number(inputs, name) for name in ("batch_size", "reg", "momentum")} | changed
    steps = round(plan.steps / given["batch_size"])
    rate = plan.rate * changed.get("scale", 1.0)
    return descent.run(inputs, steps, rate, given["reg"], given["momentum"])


def _train_minibatch(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    return _named(_minibatch(inputs))


def _summed(inputs: Inputs) -> Parameters:
    return _minibatch(inputs, scale=number(inputs, "batch_size", 64))


def _other_minibatches(inputs: Inputs, convention: Convention) -> Sequence[Answer]:
    """Half of the penalty, a penalty on the bias too, a velocity that takes the gradient times 1 - momentum."""
    del convention
    choices = itertools.product((1.0, 0.5), (False, True), (False, True))
    return [_named(_minibatch(inputs, Descent(slopes, *each))) for each in choices]


_MINIBATCH_RUNS: tuple[tuple[str, str, _Run], ...] = (
    ("summed", "It takes the sum over the batch in the place of the mean.", _summed),
    ("no_penalty", "It equals what comes of it without reg.", partial(_minibatch, reg=0.0)),
    ("no_momentum", "It equals what comes of it without momentum.", partial(_minibatch, momentum=0.0)),
    (
        "single_samples",
        "It equals what comes of batches of one sample: the argument batch_size is not used.",
        partial(_minibatch, batch_size=1.0),
    ),
)


_GIVEN = ("weight", "bias", "X", "y")

QUESTIONS = (
    Question(
        "lab_train",
        (*_GIVEN, "learning_rate", "epochs"),
        dict.fromkeys(PARAMETERS, "array"),
        cases.training_cases,
        _train,
        driver=("lab", "train"),
        mistakes=tuple(_run_mistakes(_RUNS)),
        is_training=True,
    ),
    Question(
        "lab_train_minibatch",
        (*_GIVEN, "learning_rate", "epochs", "batch_size", "reg", "momentum"),
        dict.fromkeys(PARAMETERS, "array"),
        cases.minibatch_cases,
        _train_minibatch,
        driver=("lab", "train"),
        mistakes=tuple(_run_mistakes(_MINIBATCH_RUNS)),
        is_training=True,
        accepted=_other_minibatches,
    ),
)
