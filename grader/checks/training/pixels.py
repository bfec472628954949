"""The judged images as the courses hand them to a classifier: the order of their channels, their scale, what is taken out."""

from __future__ import annotations

from typing import Literal

import numpy as np

from grader.checks.training.learning import Accuracies, judged_images, prepared
from grader.data import FEATURES, DataSet
from grader.model.trial import Array

LEVELS = 255.0
"""CS231n's pixels go from 0 to 255."""

_ROUNDING = 1e-12
"""Relative: scores that differ by no more tell no image from another."""

ImageOrder = Literal["channels_last", "channels_first", "scaled"]

_WORDS: dict[ImageOrder, str] = {
    "channels_last": "rows of (32, 32, 3) from 0 to 255",
    "channels_first": "images of (3, 32, 32) from 0 to 255",
    "scaled": "pixels from 0 to 1",
}


def mean_image(data: DataSet) -> Array:
    """Of the training images as they are prepared, (3072,)."""
    return data.derived(
        "mean image",
        lambda: (
            prepared(data, "train", "float32")[0][:, :-1].mean(axis=0, dtype=np.float64).astype(np.float32)
        ),
    )


def in_order(data: DataSet, X: Array, order: ImageOrder) -> Array:
    """Prepared images X (N, 3073) as (N, 3072) without the column of ones."""
    rows: Array = X[:, :-1]
    if order == "scaled":
        return rows
    rows = LEVELS * (rows - mean_image(data))
    if order == "channels_last":
        rows = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).reshape(-1, FEATURES - 1)
    return rows


def accuracies_of_layers(
    data: DataSet, order: ImageOrder, layers: list[tuple[Array, Array]], test_images: int | None = None
) -> Accuracies:
    """Of the highest scores of these layers, with a ReLU between them, on the validation and the first test images."""
    y_val, y_test = data.labels("val"), data.labels("test")[:test_images]
    scores = _scores(data, order, layers, len(y_val) + len(y_test))
    right = scores.argmax(axis=1) == np.concatenate([y_val, y_test])
    return Accuracies(float(right[: len(y_val)].mean()), float(right[len(y_val) :].mean()))


def has_one_score(data: DataSet, order: ImageOrder, layers: list[tuple[Array, Array]]) -> bool:
    """Whether every validation image has the same scores, but for rounding."""
    scores = _scores(data, order, layers, len(data.labels("val")))
    with np.errstate(all="ignore"):
        return bool(np.ptp(scores, axis=0).max() <= _ROUNDING * np.abs(scores).max())


def _scores(data: DataSet, order: ImageOrder, layers: list[tuple[Array, Array]], count: int) -> Array:
    """(count, C), of the first judged images."""
    rows = in_order(data, judged_images(data, "float32")[:count], order)
    with np.errstate(all="ignore"):
        for number, (W, b) in enumerate(layers, start=1):
            rows = rows @ W + b
            rows = rows if number == len(layers) else np.maximum(rows, 0)
    return rows


def fitting_order(
    data: DataSet,
    order: ImageOrder,
    layers: list[tuple[Array, Array]],
    test_images: int | None,
    least: float,
) -> str:
    """Another order of images in which the layers label more than `least` of the validation images; empty if there is none."""
    for other, words in _WORDS.items():
        if other != order and accuracies_of_layers(data, other, layers, test_images).val > least:
            return words
    return ""
