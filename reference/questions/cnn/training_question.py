"""The question on one epoch of training, on a linear classifier of the judge's choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference.losses.problem import Array, cross_entropy_slopes
from reference.mistakes import Table, mistakes_in
from reference.questions.cnn import cases
from reference.questions.cnn.epochs import (
    BATCH,
    Epoch,
    batch_losses,
    batches,
    twice_softmax_slope,
)
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, in_outputs


def _recorded(inputs: Inputs, first: int) -> Array:
    """Indices of the recorded batches, counted from 0."""
    return np.arange(first, len(_sizes(inputs)), inputs.integer("log_interval"))


def _last_of_intervals(inputs: Inputs) -> Array:
    return _recorded(inputs, inputs.integer("log_interval") - 1)


def _sizes(inputs: Inputs) -> Array:
    return np.asarray([len(labels) for _, labels in batches(inputs)], dtype=np.float64)


def _seen_before(inputs: Inputs) -> float:
    """Images that training saw in earlier epochs."""
    return inputs.integer("epoch") * float(_sizes(inputs).sum())


def _seen_after(inputs: Inputs) -> Array:
    """Images that training has seen after each batch, including earlier epochs."""
    return np.asarray(np.cumsum(_sizes(inputs)) + _seen_before(inputs))


def _parameters(inputs: Inputs, epoch: Epoch) -> Answer:
    weight, bias = epoch.run(inputs)
    return {"weight": weight, "bias": bias}


def _train(inputs: Inputs) -> Answer:
    at = _last_of_intervals(inputs)
    return {
        **_parameters(inputs, Epoch()),
        "losses": batch_losses(inputs, Epoch())[at],
        "counter": _seen_after(inputs)[at],
    }


def _other_records(inputs: Inputs) -> Sequence[Answer]:
    """The first batch of each interval instead of its last; the mean over the interval instead of its last loss."""
    right, at = _train(inputs), _recorded(inputs, 0)
    losses, seen = batch_losses(inputs, Epoch()), _seen_after(inputs)
    means = losses.reshape(-1, inputs.integer("log_interval")).mean(axis=1)
    return [
        {**right, "losses": losses[at], "counter": seen[at]},
        {**right, "losses": means, "counter": seen[at] - BATCH},
    ]


_EPOCHS = {
    "nothing_learned": (
        "The parameters did not change: is there a backward pass and a step, and where is zero_grad called?",
        Epoch(steps=0),
    ),
    "gradients_kept": (
        "It is the result of gradients that add up over the batches: when do you zero them?",
        Epoch(keeps_gradients=True),
    ),
    "step_before_backward": (
        "Each step follows the gradient of the batch before: in which order are backward and step called?",
        Epoch(is_late=True),
    ),
    "step_before_backward_and_gradients_kept": (
        "Each step follows the gradients of all batches before: look at the order of zero_grad, backward and step.",
        Epoch(is_late=True, keeps_gradients=True),
    ),
    "one_batch_only": (
        "It is the result of the first batch only: does the function return inside the loop?",
        Epoch(steps=1),
    ),
    "last_gradient_not_used": (
        "The gradient of the last batch has no effect: is that batch left out, or does step come before backward?",
        Epoch(is_last_dropped=True),
    ),
    "summed_loss": (
        "It is the result of the sum over the batch instead of the mean.",
        Epoch(cross_entropy_slopes),
    ),
    "softmax_twice": (
        "It applies the softmax before a loss that already applies it.",
        Epoch(twice_softmax_slope),
    ),
}

_OTHER_LOSSES: Table[Callable[[Inputs, Array], Array]] = {
    "summed_losses": (
        "It holds the sum over the batch: the assignment asks for the mean.",
        lambda inputs, losses: losses * _sizes(inputs),
    ),
    "losses_added_up": (
        "It holds the sum of the losses so far: each entry is the loss of one batch.",
        lambda _, losses: np.cumsum(losses),
    ),
    "running_mean": (
        "It holds the mean of all losses so far: each entry is the loss of one batch.",
        lambda _, losses: np.cumsum(losses) / np.arange(1, len(losses) + 1),
    ),
    "divided_by_batch": (
        "It holds the mean loss divided by the size of the batch once more.",
        lambda inputs, losses: losses / _sizes(inputs),
    ),
}

_OTHER_COUNTERS: Table[Callable[[Inputs], Array]] = {
    "earlier_epochs_left_out": (
        "It does not count the images of earlier epochs: that is what the argument epoch is for.",
        lambda inputs: _seen_after(inputs) - _seen_before(inputs),
    ),
    "counts_batches": (
        "It counts batches: the assignment asks for the number of images seen.",
        lambda inputs: np.arange(1.0, len(_sizes(inputs)) + 1),
    ),
}

_MISTAKES = (
    *in_outputs(("weight", "bias"), _EPOCHS, _parameters),
    *mistakes_in(
        "losses",
        {
            name: ("This follows from the wrong steps: fix those first.", epoch)
            for name, (_, epoch) in _EPOCHS.items()
        },
        lambda inputs, epoch: batch_losses(inputs, epoch)[_last_of_intervals(inputs)],
    ),
    *mistakes_in(
        "losses",
        _OTHER_LOSSES,
        lambda inputs, rule: rule(inputs, batch_losses(inputs, Epoch()))[_last_of_intervals(inputs)],
    ),
    *mistakes_in("counter", _OTHER_COUNTERS, lambda inputs, rule: rule(inputs)[_last_of_intervals(inputs)]),
)

QUESTIONS = (
    Question(
        "cnn_train",
        ("images", "labels", "weight", "bias", "learning_rate", "log_interval", "epoch"),
        {"weight": "array", "bias": "array", "losses": "series", "counter": "series"},
        cases.training_cases,
        _train,
        driver=("cnn", "train"),
        mistakes=_MISTAKES,
        accepted=_other_records,
        is_training=True,
    ),
)
