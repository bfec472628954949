"""The questions on training the student's network with the student's function, judged by the parameters it reaches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.losses.problem import Array, cross_entropies, cross_entropy_slopes
from reference.questions.cnn import cases
from reference.questions.cnn.digits import CLASSES
from reference.questions.cnn.network import COUNT, SHAPES, Network, split
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, Rule

_START, _TRAINED, _FOLLOWED = "start_parameters", "trained_parameters", "followed"

LEAST_COSINE = 0.2
"""Of the steps on a linear classifier and the way down its loss: one batch alone has 0.36 and more, noise 0.04 at most."""

_GIVEN = ("images", "labels", "mean", "deviation", "learning_rate", "epochs")

ACCURACY_BAR = 0.8
"""Of the held-back digits: right networks reach 0.9 and more, linear classifiers 0.7. See tests/reference/questions/test_cnn.py."""

_LEAST_PARAMETER = 1e-9
"""Smaller ones count as zero: products of three would be denormal in float32, which some processors are slow at."""


def _vectors(_: Inputs) -> Answer:
    return {_START: np.zeros(COUNT), _TRAINED: np.zeros(COUNT)}


def _epoch_vectors(inputs: Inputs) -> Answer:
    images = inputs.array("images")
    return {**_vectors(inputs), _FOLLOWED: np.zeros((CLASSES, images[0].size))}


def logits_of(vector: Array, images: Array) -> Array:
    """The logits (N, 10) of the right network with these parameters (8490,) for images of bytes (N, 28, 28)."""
    kept = np.where(np.abs(vector) < _LEAST_PARAMETER, 0, vector)
    parameters = {name: value.astype(np.float32) for name, value in split(kept).items()}
    return Network().logits(cases.scaled(images), parameters)


def _not_lowered(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    images, labels = inputs.arrays("images", "labels")
    before, after = (
        float(cross_entropies(logits_of(outputs[name], images), labels).mean()) for name in (_START, _TRAINED)
    )
    return None if after < before else {"before": before, "after": after}


def _unmoved(_: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    moved = split(outputs[_TRAINED] - outputs[_START])
    still = sum(not moved[name].any() for name in SHAPES)
    return {"still": float(still), "all": float(len(SHAPES))} if still else None


def _leaves_gradient(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    """Whether its steps on a linear classifier that starts at zero do not go down the gradient of the loss."""
    rows, labels = (
        cases.scaled(inputs.array("images")).reshape(-1, outputs[_FOLLOWED].shape[1]),
        inputs.array("labels"),
    )
    downwards = -cross_entropy_slopes(np.zeros((len(rows), CLASSES)), labels).T @ rows
    seen = outputs[_FOLLOWED] / max(float(np.abs(outputs[_FOLLOWED]).max()), 1e-300)
    cosine = float(
        np.vdot(seen, downwards) / max(float(np.linalg.norm(seen) * np.linalg.norm(downwards)), 1e-300)
    )
    return None if cosine >= LEAST_COSINE else {}


def _below_bar(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    images, labels = cases.held_back(inputs.array("images"))
    seen = float(np.mean(np.argmax(logits_of(outputs[_TRAINED], images), axis=1) == labels))
    return None if seen >= ACCURACY_BAR else {"seen": 100 * seen, "bar": 100 * ACCURACY_BAR}


_EPOCH_RULES = (
    Rule(
        "parameters_not_moved",
        _TRAINED,
        "{still} of its {all} parameters did not change: is every layer used in forward, and does the optimizer take steps?",
        _unmoved,
    ),
    Rule(
        "loss_not_lowered",
        _TRAINED,
        "The mean loss on the images goes from {before} to {after}.",
        _not_lowered,
    ),
    Rule(
        "gradient_not_followed",
        _TRAINED,
        "A lower loss does not count here: its steps do not go down the gradient of the loss.",
        _leaves_gradient,
        is_symptom=True,
    ),
)
_ACCURACY_RULES = (
    Rule(
        "accuracy_below_bar",
        _TRAINED,
        "With these parameters the network labels {seen}% of the unseen images correctly, expected at least {bar}%.",
        _below_bar,
    ),
)

QUESTIONS = (
    Question(
        "cnn_epoch",
        _GIVEN,
        {_START: "array", _TRAINED: "array", _FOLLOWED: "array"},
        cases.epoch_cases,
        _epoch_vectors,
        driver=("cnn", "learn_and_follow"),
        free=(_START, _TRAINED, _FOLLOWED),
        rules=_EPOCH_RULES,
        is_training=True,
    ),
    Question(
        "cnn_accuracy",
        _GIVEN,
        {_START: "array", _TRAINED: "array"},
        cases.learning_cases,
        _vectors,
        driver=("cnn", "learn"),
        free=(_START, _TRAINED),
        rules=_ACCURACY_RULES,
        is_training=True,
    ),
)
