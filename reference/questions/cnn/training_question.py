"""The question on one epoch of training, on a linear classifier of the judge's choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.cnn import cases
from reference.questions.cnn.epochs import (
    BATCH,
    Epoch,
    batch_losses,
    batches,
    summed_slope,
    twice_softmax_slope,
)
from reference.questions.question import Answer, Inputs, Mistake, Question


def _whole(inputs: Inputs, name: str) -> int:
    value = inputs[name]
    assert isinstance(value, int)
    return value


def _recorded(inputs: Inputs, first: int) -> Array:
    """Numbers of the batches that are recorded, counted from 0."""
    return np.arange(first, len(list(batches(inputs))), _whole(inputs, "log_interval"))


def _seen_after(inputs: Inputs) -> Array:
    """Images that training has seen after each batch, those of earlier epochs too."""
    sizes = [len(labels) for _, labels in batches(inputs)]
    return np.asarray(np.cumsum(sizes) + _whole(inputs, "epoch") * sum(sizes), dtype=np.float64)


def _train(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    weight, bias = Epoch().run(inputs)
    at = _recorded(inputs, _whole(inputs, "log_interval") - 1)
    return {
        "weight": weight,
        "bias": bias,
        "losses": batch_losses(inputs, Epoch())[at],
        "counter": _seen_after(inputs)[at],
    }


def _other_records(inputs: Inputs, convention: Convention) -> Sequence[Answer]:
    """The first batch of each interval in the place of its last; the mean over the interval in the place of its last loss."""
    right, at = _train(inputs, convention), _recorded(inputs, 0)
    losses, seen = batch_losses(inputs, Epoch()), _seen_after(inputs)
    means = losses.reshape(-1, _whole(inputs, "log_interval")).mean(axis=1)
    return [
        {**right, "losses": losses[at], "counter": seen[at]},
        {**right, "losses": means, "counter": seen[at] - BATCH},
    ]


_EPOCHS: tuple[tuple[str, str, Epoch], ...] = (
    (
        "nothing_learned",
        "The parameters are what they were: is there a backward pass and a step, and where does zero_grad stand?",
        Epoch(steps=0),
    ),
    (
        "gradients_kept",
        "It equals what comes of gradients that add up over the batches: when are they set to zero?",
        Epoch(keeps_gradients=True),
    ),
    (
        "step_before_backward",
        "Each step goes along the gradient of the batch before: in which order do backward and step stand?",
        Epoch(is_late=True),
    ),
    (
        "step_before_backward_and_gradients_kept",
        "Each step goes along the gradients of all batches before: look at the order of zero_grad, backward and step.",
        Epoch(is_late=True, keeps_gradients=True),
    ),
    (
        "one_batch_only",
        "It equals what comes of the first batch alone: does the function return within the loop?",
        Epoch(steps=1),
    ),
    (
        "last_gradient_not_used",
        "The gradient of the last batch has no effect: is that batch left out, or does the step stand before backward?",
        Epoch(is_last_dropped=True),
    ),
    (
        "summed_loss",
        "It equals what comes of the sum over the batch in the place of the mean.",
        Epoch(summed_slope),
    ),
    (
        "softmax_twice",
        "It takes the softmax before a loss that takes it itself.",
        Epoch(twice_softmax_slope),
    ),
)


def _training_mistakes() -> list[Mistake]:
    found = []
    for name, message, epoch in _EPOCHS:
        for position, output in enumerate(("weight", "bias")):

            def outcome(
                inputs: Inputs, convention: Convention, epoch: Epoch = epoch, position: int = position
            ) -> Array:
                del convention
                return epoch.run(inputs)[position]

            found.append(Mistake(name, output, message, outcome))
        found.append(_record(name, "losses", "That follows from the steps: look there.", _losses_of(epoch)))
    return found


def _losses_of(epoch: Epoch) -> Callable[[Inputs, Array], Array]:
    return lambda inputs, at: batch_losses(inputs, epoch)[at]


def _record(name: str, output: str, message: str, rule: Callable[[Inputs, Array], Array]) -> Mistake:
    """A series that is wrong at the recorded batches."""

    def outcome(inputs: Inputs, convention: Convention) -> Array:
        del convention
        return rule(inputs, _recorded(inputs, _whole(inputs, "log_interval") - 1))

    return Mistake(name, output, message, outcome)


def _sizes(inputs: Inputs) -> Array:
    return np.asarray([len(labels) for _, labels in batches(inputs)], dtype=np.float64)


_RECORD_MISTAKES = (
    _record(
        "summed_losses",
        "losses",
        "It holds the sum over the batch: the mean is asked for.",
        lambda inputs, at: (batch_losses(inputs, Epoch()) * _sizes(inputs))[at],
    ),
    _record(
        "losses_added_up",
        "losses",
        "It holds the sum of the losses so far: that of the batch is asked for.",
        lambda inputs, at: np.cumsum(batch_losses(inputs, Epoch()))[at],
    ),
    _record(
        "running_mean",
        "losses",
        "It holds the mean of all losses so far: that of the batch is asked for.",
        lambda inputs, at: (np.cumsum(batch_losses(inputs, Epoch())) / np.arange(1, len(_sizes(inputs)) + 1))[
            at
        ],
    ),
    _record(
        "divided_by_batch",
        "losses",
        "It holds the mean loss divided by the size of the batch once more.",
        lambda inputs, at: (batch_losses(inputs, Epoch()) / _sizes(inputs))[at],
    ),
    _record(
        "earlier_epochs_left_out",
        "counter",
        "It leaves out the images of earlier epochs: that is what the argument epoch is for.",
        lambda inputs, at: _seen_after(inputs)[at] - _whole(inputs, "epoch") * _sizes(inputs).sum(),
    ),
    _record(
        "counts_batches",
        "counter",
        "It counts batches: the images that were seen are asked for.",
        lambda _, at: at + 1.0,
    ),
)

_GIVEN = ("images", "labels", "weight", "bias")

QUESTIONS = (
    Question(
        "cnn_train",
        (*_GIVEN, "learning_rate", "log_interval", "epoch"),
        {"weight": "array", "bias": "array", "losses": "series", "counter": "series"},
        cases.training_cases,
        _train,
        driver=("cnn", "train"),
        mistakes=(*_training_mistakes(), *_RECORD_MISTAKES),
        accepted=_other_records,
        is_training=True,
    ),
)
