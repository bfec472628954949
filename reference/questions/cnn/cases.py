"""Inputs of the network's questions, drawn from a generator of the run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from reference.losses.problem import Array
from reference.questions.cnn.digits import CLASSES, SIDE, make_digits
from reference.questions.cnn.network import SHAPES
from reference.questions.inputs import Value
from reference.questions.question import QuestionCase

MEAN, DEVIATION = 43.5, 46.2
"""Of the bytes of the digits."""

LEARNING_RATE = 0.02
TRAINED_IMAGES, EPOCHS = 1500, 5
TEST_IMAGES = 500


def scaled(images: Array) -> Array:
    """Bytes (N, 28, 28) as the input of the networks, (N, 1, 28, 28)."""
    return np.asarray((images[:, None].astype(np.float32) - np.float32(MEAN)) / np.float32(DEVIATION))


def layers_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Three images."""
    return [QuestionCase("3 images", {"images": rng.normal(size=(3, 1, SIDE, SIDE))})]


def forward_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Two batches, with parameters that make half of the sums in every layer negative."""
    cases = []
    for N in (2, 5):
        parameters = {
            name: rng.normal(size=shape) * (0.5 if len(shape) == 1 else 1.4 / np.sqrt(np.prod(shape[1:])))
            for name, shape in SHAPES.items()
        }
        inputs = {"images": rng.normal(size=(N, 1, SIDE, SIDE)), **parameters}
        cases.append(QuestionCase(f"{N} images with drawn parameters", inputs))
    return cases


def _linear(rng: np.random.Generator, count: int) -> dict[str, Value]:
    size = SIDE * SIDE
    images = rng.normal(size=(count, 1, SIDE, SIDE))
    true = rng.normal(size=(CLASSES, size))
    noisy = images.reshape(count, size) @ true.T + rng.normal(size=(count, CLASSES)) * 20
    return {
        "images": images,
        "labels": np.argmax(noisy, axis=1).astype(np.int64),
        "weight": true / np.sqrt(size),
        "bias": rng.normal(size=CLASSES) * 0.3,
    }


def training_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Four batches, the last of them smaller."""
    cases = []
    for last, epoch, rate in ((22, 0, 0.1), (40, 2, 0.05)):
        count = 3 * 64 + last
        inputs = {**_linear(rng, count), "learning_rate": rate, "log_interval": 2, "epoch": epoch}
        cases.append(QuestionCase(f"{count} images in batches of 64, epoch={epoch}, log_interval=2", inputs))
    return cases


def testing_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Batches, the last of them smaller."""
    cases = []
    for count in (150, 64, 211):
        inputs = _linear(rng, count)
        inputs["gradient"] = rng.normal(size=(CLASSES, SIDE * SIDE))
        cases.append(QuestionCase(f"{count} images in batches of 64", inputs))
    return cases


def _digits(rng: np.random.Generator, count: int, epochs: int) -> dict[str, Value]:
    images, digits = make_digits(int(rng.integers(1 << 62)), count)
    return {
        "images": images,
        "labels": names_of_digits(images)[digits],
        "mean": MEAN,
        "deviation": DEVIATION,
        "learning_rate": LEARNING_RATE,
        "epochs": epochs,
    }


def epoch_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """One epoch on some digits."""
    return [QuestionCase("one epoch on 640 made digits", _digits(rng, 640, 1))]


def learning_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Five epochs on more digits."""
    words = f"{EPOCHS} epochs on {TRAINED_IMAGES} made digits"
    return [QuestionCase(words, _digits(rng, TRAINED_IMAGES, EPOCHS))]


def _number_of(images: Array, purpose: str) -> int:
    found = hashlib.sha256(purpose.encode() + np.asarray(images, dtype=np.uint8).tobytes())
    return int.from_bytes(found.digest()[:7])


def names_of_digits(images: Array) -> Array:
    """The label of each digit, (10,): another order in every run, so that saved parameters are of no use."""
    return np.random.default_rng(_number_of(images, "names")).permutation(CLASSES)


def held_back(images: Array) -> tuple[Array, Array]:
    """Images (500, 28, 28) and labels (500,) that the student never gets, drawn from the images that were handed over."""
    test_images, digits = make_digits(_number_of(images, "test"), TEST_IMAGES)
    return test_images, names_of_digits(images)[digits]
