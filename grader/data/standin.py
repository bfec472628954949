"""The stand-in for CIFAR-10: synthetic images that a linear classifier learns as it does the real ones, but sooner.

An image is 128 + class + mode + nuisance + noise, cut to 0..255. Class, mode and nuisance are sums of the 8x8 lowest cosines
of each channel with random coefficients. Those of a class and of its four modes fall off as 1/(1 + f)^(9/4); those of the
nuisance are drawn for each image and fall off as 1/(1 + f), f the distance from the constant. The lowest of them are weighted
besides (`_CLASS_RINGS`), which sets after how many training steps what tells classes apart shows.

How hard the images are depends on the classes and modes, so these are calibrated once. A seed hides them in ways that leave
the difficulty as it is: it permutes the classes, flips signs, and swaps coefficients of equal weight. It draws all else
anew: which images there are, their labels and their noise.

The bytes are the same on every machine and with every NumPy: they come from the raw 64-bit words of PCG64, whose stream is
fixed, and from sums and products of whole numbers below 2**53, which float64 holds exactly in any order of summation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grader.data.images import CLASSES, IMAGE_BYTES, IMAGE_SHAPE, ImageSplits, LabelledImages

STANDIN_VERSION = 3
"""Incremented with any change to the bytes."""

_CALIBRATED = 4
"""Seed of the classes and modes: docs/decisions/0008-stand-in.md."""

TRAIN, VAL, TEST = 6_000, 2_000, 2_000

_MODES = 4
_CHANNELS, _HEIGHT, _WIDTH = IMAGE_SHAPE
_FREQUENCIES = 8
_COEFFICIENTS = _CHANNELS * _FREQUENCIES * _FREQUENCIES
_DRAWS = 4
"""Bytes that are summed to make a coefficient: close enough to normal."""

_CLASS_SCALE, _MODE_SCALE, _NUISANCE_SCALE = 1780, 2250, 3450
"""Of the coefficient at f = 0. Calibrated together with the classes."""

_CLASS_RINGS, _NUISANCE_RINGS = (8, 12, 8), (11, 5, 8)
"""Eighths of class and nuisance: of the constant, of the lowest waves (f < 2), and of all others.

Brightness varies most and says little; the lowest waves say much. Descent follows the first before it finds the second, so a
rate ten times too small stays below the bars, and a right one is clear of them after a quarter of the iterations.
"""

_NOISE = 25
"""Levels from the least to the greatest noise."""

_HARD = {1: 0.341, 2: 0.488}
"""Shares of all images that the simple classifiers of `_weighted` get right, by power: as a trainer's do that stops early,
and late."""

_TOLERANCE = 0.006
_WEIGHT_SHIFT = 2.0**-16

_SHIFT = 2.0**-28
_CHUNK = 50
"""Images made at once: few enough for the processor's cache. The bytes do not depend on it."""


def cosines() -> NDArray[np.float64]:
    """Whole numbers (8, 32): 128*cos(pi*k*(2x + 1)/64). None lies near a half, so every cosine rounds the same way."""
    k, x = np.arange(_FREQUENCIES)[:, None], np.arange(_WIDTH)[None, :]
    return np.asarray(np.rint(128 * np.cos(np.pi * k * (2 * x + 1) / 64)))


def _spectrum(scale: int, eighths: tuple[int, int, int], *, is_steep: bool) -> NDArray[np.float64]:
    """Whole numbers (8, 8): scale/(1 + f) or scale/(1 + f)**(9/4), times the eighths of the ring of f, over eight.

    Roots, products and quotients are exactly rounded everywhere.
    """
    k = np.arange(_FREQUENCIES)
    f = np.sqrt(np.float64(k[:, None] ** 2 + k[None, :] ** 2))
    ring = np.array(eighths)[np.where(f == 0, 0, np.where(f < 2, 1, 2))] / 8
    steps = 1 + f
    return np.asarray(
        np.rint(ring * scale / (steps * steps * np.sqrt(np.sqrt(steps)) if is_steep else steps))
    )


class _Stream:
    """The words of PCG64 as bytes, in an order that does not depend on the machine."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def words(self, count: int) -> NDArray[np.uint64]:
        return self._bits.random_raw(count)

    def bytes(self, *shape: int) -> NDArray[np.uint8]:
        """uint8 of the shape; its size is a multiple of 8."""
        words = self.words(int(np.prod(shape)) // 8)
        return words.astype("<u8", copy=False).view(np.uint8).reshape(shape)


def _coefficients(drawn: NDArray[np.uint8], spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers (N, 3, 8, 8) from bytes (N, 768): sums of four bytes less their mean, times the spectrum (8, 8)."""
    sums = drawn.reshape(-1, _DRAWS, _COEFFICIENTS).sum(axis=1, dtype=np.uint16)
    shape = (-1, _CHANNELS, _FREQUENCIES, _FREQUENCIES)
    return np.asarray((sums.astype(np.float64) - 255 * _DRAWS / 2).reshape(shape) * spectrum)


def make_standin(seed: int) -> ImageSplits:
    """Draw 6,000 images to train on, 2,000 for validation and 2,000 to test on, of 10 classes in equal parts.

    Takes about half a CPU second. The arrays are read-only.
    """
    stream = _Stream(seed)
    means = _hidden(_calibrated(), stream)
    scores = [_weighted(means, power) for power in _HARD]
    parts = []
    for count in (TRAIN, VAL, TEST):
        labels, coefficients = _draw(stream, means, count)
        while count < TRAIN and not _is_typical(coefficients, labels, scores):
            labels, coefficients = _draw(stream, means, count)
        parts.append(LabelledImages(_images(stream, coefficients), labels))
        labels.flags.writeable = False
    return ImageSplits(*parts)


def _calibrated() -> NDArray[np.float64]:
    """Whole numbers (10, 4, 3, 8, 8): class plus mode, the same for every seed."""
    stream = _Stream(_CALIBRATED)
    shape = (_CHANNELS, _FREQUENCIES, _FREQUENCIES)
    drawn = (
        stream.bytes(CLASSES, _DRAWS * _COEFFICIENTS),
        stream.bytes(CLASSES * _MODES, _DRAWS * _COEFFICIENTS),
    )
    classes = _coefficients(drawn[0], _spectrum(_CLASS_SCALE, _CLASS_RINGS, is_steep=True))
    modes = _coefficients(drawn[1], _spectrum(_MODE_SCALE, (8, 8, 8), is_steep=True))
    return classes[:, None] + modes.reshape(CLASSES, _MODES, *shape)


def _hidden(means: NDArray[np.float64], stream: _Stream) -> NDArray[np.float64]:
    """The same means with their classes in another order, coefficients of equal weight swapped, and signs flipped.

    All of it is orthogonal, and the weights of class, mode and nuisance stay, so a linear classifier finds the images as
    hard as before. (u, v) and (v, u) of the three channels have the same weight.
    """
    order = np.argsort(stream.words(CLASSES), kind="stable")
    k = np.arange(_FREQUENCIES)
    alike = np.broadcast_to(
        np.minimum.outer(k, k) * _FREQUENCIES + np.maximum.outer(k, k),
        (_CHANNELS, _FREQUENCIES, _FREQUENCIES),
    ).reshape(-1)
    places = np.argsort(alike, kind="stable")
    taken = np.lexsort((stream.words(_COEFFICIENTS), alike))
    signs = 1.0 - 2.0 * (stream.words(_COEFFICIENTS) >> np.uint64(63)).astype(np.float64)
    flat = means[order].reshape(CLASSES, _MODES, _COEFFICIENTS)
    hidden = np.empty_like(flat)
    hidden[:, :, places] = flat[:, :, taken]
    return (hidden * signs).reshape(means.shape)


def _draw(
    stream: _Stream, means: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels (N,), and whole numbers (N, 3, 8, 8): each image's class, one of its modes, and nuisance."""
    order = np.argsort(stream.words(count), kind="stable")
    labels = (np.arange(count) % CLASSES)[order].astype(np.int64)
    modes = (stream.words(count) >> np.uint64(62)).astype(np.int64)
    nuisance = _coefficients(
        stream.bytes(count, _DRAWS * _COEFFICIENTS),
        _spectrum(_NUISANCE_SCALE, _NUISANCE_RINGS, is_steep=False),
    )
    return labels, means[labels, modes] + nuisance


def _weighted(means: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """Whole numbers (10, 192): how each class differs from the mean of all, times (1 + f)**power: a simple classifier."""
    of_class = means.sum(axis=1)
    k = np.arange(_FREQUENCIES)
    f = 1 + np.sqrt(np.float64(k[:, None] ** 2 + k[None, :] ** 2))
    differences = CLASSES * of_class - of_class.sum(axis=0)
    return np.asarray(np.rint(differences * np.prod([f] * power, axis=0) * _WEIGHT_SHIFT)).reshape(
        CLASSES, _COEFFICIENTS
    )


def _is_typical(
    coefficients: NDArray[np.float64], labels: NDArray[np.int64], weights: list[NDArray[np.float64]]
) -> bool:
    """Whether simple classifiers get about as many of these images right as of all that could be drawn.

    Two thousand images alone are 0.011 easier or harder from draw to draw.
    """
    flat = coefficients.reshape(len(labels), -1)
    for each, share in zip(weights, _HARD.values(), strict=True):
        right = int(((flat @ each.T).argmax(axis=1) == labels).sum())
        if abs(right - share * len(labels)) > _TOLERANCE * len(labels):
            return False
    return True


def _images(stream: _Stream, coefficients: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Bytes (N, 3, 32, 32) from coefficients (N, 3, 8, 8), with noise."""
    images = np.empty((len(coefficients), IMAGE_BYTES), dtype=np.uint8)
    table = cosines()
    for start in range(0, len(images), _CHUNK):
        part = coefficients[start : start + _CHUNK]
        images[start : start + _CHUNK] = _render(part, stream.bytes(len(part), IMAGE_BYTES), table)
    images.flags.writeable = False
    return images.reshape(-1, *IMAGE_SHAPE)


def _render(
    coefficients: NDArray[np.float64], noise: NDArray[np.uint8], table: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Pixels (N, 3072) from coefficients (N, 3, 8, 8) and noise (N, 3072).

    sum over u, v of coefficient[u, v]*cos_u(row)*cos_v(column), all whole numbers below 2**43; then scaled by a
    power of two, which is exact, and rounded down.
    """
    rows = np.matmul(coefficients.reshape(-1, _FREQUENCIES), table).reshape(-1, _FREQUENCIES, _WIDTH)
    levels: NDArray[np.float64] = np.matmul(table.T, rows).reshape(len(noise), IMAGE_BYTES)
    levels *= _SHIFT
    levels += noise * (_NOISE / 256)
    levels += 128 - _NOISE / 2
    np.clip(levels, 0, 255, out=levels)
    return levels.astype(np.uint8)
