"""The questions on training the student's network with the student's function, judged by the parameters it reaches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference.losses.problem import Array, cross_entropies
from reference.questions.cnn import cases
from reference.questions.cnn.network import COUNT, SHAPES, Network, split
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, Rule

_START, _TRAINED = "start_parameters", "trained_parameters"

ACCURACY_BAR = 0.8
"""Of the held-back digits: right networks reach 0.9 and more, linear classifiers 0.7. See tests/reference/questions/test_cnn.py."""

_LEAST_PARAMETER = 1e-9
"""Smaller ones count as zero: products of three would be denormal in float32, which some processors are slow at."""


def _vectors(_: Inputs) -> Answer:
    return {_START: np.zeros(COUNT), _TRAINED: np.zeros(COUNT)}


def logits_of(vector: Array, images: Array) -> Array:
    """The logits (N, 10) of the right network with these parameters (8490,) for images of bytes (N, 28, 28)."""
    kept = np.where(np.abs(vector) < _LEAST_PARAMETER, 0, vector).astype(np.float32)
    parameters = split(kept)
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


def _below_bar(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    images, labels = cases.held_back(inputs.array("images"))
    seen = float(np.mean(np.argmax(logits_of(outputs[_TRAINED], images), axis=1) == labels))
    return None if seen >= ACCURACY_BAR else {"seen": 100 * seen, "bar": 100 * ACCURACY_BAR}


_EPOCH_RULES = (
    Rule(
        "parameters_not_moved",
        _TRAINED,
        "{still} of its {all} parameters did not change: does every layer take part in forward, and does the"
        " optimizer take steps?",
        _unmoved,
    ),
    Rule(
        "loss_not_lowered",
        _TRAINED,
        "The mean loss on the images goes from {before} to {after}.",
        _not_lowered,
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

QUESTIONS = tuple(
    Question(
        name,
        ("images", "labels", "mean", "deviation", "learning_rate", "epochs"),
        {_START: "array", _TRAINED: "array"},
        draw,
        _vectors,
        driver=("cnn", "learn"),
        free=(_START, _TRAINED),
        rules=rules,
        is_training=True,
    )
    for name, draw, rules in (
        ("cnn_epoch", cases.epoch_cases, _EPOCH_RULES),
        ("cnn_accuracy", cases.learning_cases, _ACCURACY_RULES),
    )
)
