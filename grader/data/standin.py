"""The stand-in for CIFAR-10: synthetic images on which a linear classifier is as accurate as on the real ones.

An image is 128 + class + mode + nuisance + noise, cut to 0..255. Class, mode and nuisance are sums of the 8x8 lowest cosines
of each channel with random coefficients. Those of a class and of its four modes are drawn once and fall off as
1/(1 + f)^(9/4); those of the nuisance are drawn for each image and fall off as 1/(1 + f), f the distance from the constant.
So some of what tells classes apart shows after a few training steps, the rest only after many, as in photographs.

The bytes are the same on every machine and with every NumPy: they come from the raw 64-bit words of PCG64, whose stream is
fixed, and from sums and products of whole numbers below 2**53, which float64 holds exactly in any order of summation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grader.data.images import CLASSES, IMAGE_BYTES, IMAGE_SHAPE, ImageSplits, LabelledImages

STANDIN_VERSION = 1
"""Incremented with any change to the bytes."""

STANDIN_SEED = 4
STANDIN_SHA256 = "44969dab26ba9bce348011c7d2ba4d4e39ad2e17a66db62697de583ea94606d7"
"""Of the default seed's splits, as `ImageSplits.sha256` has it."""

TRAIN, VAL, TEST = 8_000, 1_000, 1_000

_MODES = 4
_CHANNELS, _HEIGHT, _WIDTH = IMAGE_SHAPE
_FREQUENCIES = 8
_COEFFICIENTS = _CHANNELS * _FREQUENCIES * _FREQUENCIES
_DRAWS = 4
"""Bytes that are summed to make a coefficient: close enough to normal."""

_CLASS_SCALE, _MODE_SCALE, _NUISANCE_SCALE = 1780, 2250, 3450
"""Of the coefficient at f = 0. Calibrated together with the seed: docs/decisions/0008-stand-in.md."""

_NOISE = 25
"""Levels from the least to the greatest noise."""

_SHIFT = 2.0**-28
_CHUNK = 50
"""Images made at once: few enough for the processor's cache. The bytes do not depend on it."""


def cosines() -> NDArray[np.float64]:
    """Whole numbers (8, 32): 128*cos(pi*k*(2x + 1)/64). None lies near a half, so every cosine rounds the same way."""
    k, x = np.arange(_FREQUENCIES)[:, None], np.arange(_WIDTH)[None, :]
    return np.asarray(np.rint(128 * np.cos(np.pi * k * (2 * x + 1) / 64)))


def _spectrum(scale: int, *, is_steep: bool) -> NDArray[np.float64]:
    """Whole numbers (8, 8): scale/(1 + f), or scale/(1 + f)**(9/4). Roots and quotients are exactly rounded everywhere."""
    k = np.arange(_FREQUENCIES)
    f = 1 + np.sqrt(np.float64(k[:, None] ** 2 + k[None, :] ** 2))
    return np.asarray(np.rint(scale / (f * f * np.sqrt(np.sqrt(f)) if is_steep else f)))


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


def make_standin(seed: int = STANDIN_SEED) -> ImageSplits:
    """Draw 8,000 images to train on, 1,000 for validation and 1,000 to test on, of 10 classes in equal parts.

    Takes less than half a CPU second. The arrays are read-only.
    """
    stream = _Stream(seed)
    steep = _spectrum(_CLASS_SCALE, is_steep=True), _spectrum(_MODE_SCALE, is_steep=True)
    classes = _coefficients(stream.bytes(CLASSES, _DRAWS * _COEFFICIENTS), steep[0])
    modes = _coefficients(stream.bytes(CLASSES * _MODES, _DRAWS * _COEFFICIENTS), steep[1])
    means = np.repeat(classes, _MODES, axis=0) + modes
    parts = [_make_part(stream, means, count) for count in (TRAIN, VAL, TEST)]
    return ImageSplits(*parts)


def _make_part(stream: _Stream, means: NDArray[np.float64], count: int) -> LabelledImages:
    """One split. means (40, 3, 8, 8): of each class's modes in turn."""
    order = np.argsort(stream.words(count), kind="stable")
    labels = (np.arange(count) % CLASSES)[order].astype(np.int64)
    of_image = labels * _MODES + (stream.words(count) >> np.uint64(62)).astype(np.int64)
    images = np.empty((count, IMAGE_BYTES), dtype=np.uint8)
    table, spectrum = cosines(), _spectrum(_NUISANCE_SCALE, is_steep=False)
    for start in range(0, count, _CHUNK):
        at = slice(start, min(start + _CHUNK, count))
        drawn = stream.bytes(at.stop - at.start, _DRAWS * _COEFFICIENTS + IMAGE_BYTES)
        split = _DRAWS * _COEFFICIENTS
        coefficients = means[of_image[at]] + _coefficients(drawn[:, :split], spectrum)
        images[at] = _render(coefficients, drawn[:, split:], table)
    shaped = images.reshape(count, *IMAGE_SHAPE)
    for array in (shaped, labels):
        array.flags.writeable = False
    return LabelledImages(shaped, labels)


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
