"""Generated digits in place of MNIST, on which a linear classifier is not enough and a small network is.

An image is a digit of 5 x 7 cells, each cell 2 x 2 pixels, sheared by up to 2 pixels, at a random position of the 28 x 28
field, over noise. The position says nothing about the digit, so a template for each class is of little use.

The bytes are the same on every machine and with every NumPy: they come from the raw 64-bit words of PCG64 and
integer arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES, SIDE = 10, 28

_CELLS = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00110 01000 10000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)
_SCALE, _GREATEST_SHEAR = 2, 2
_HEIGHT, _WIDTH = 7 * _SCALE, 5 * _SCALE + 2 * _GREATEST_SHEAR
_WORDS = 7
"""Of 64 bits per image besides its noise: order, ink, row, column, shear, and two spare ones."""

_SHIFT_ROWS, _SHIFT_COLUMNS = 7, 7
"""How many positions a digit can have in either direction."""

_NOISE = 64


def make_digits(seed: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw images (count, 28, 28), bright on dark, and their labels (count,), of 10 classes in equal parts."""
    bits = np.random.PCG64(seed)
    drawn = bits.random_raw(count * _WORDS).reshape(_WORDS, count)
    labels = (np.arange(count) % CLASSES)[np.argsort(drawn[0], kind="stable")].astype(np.int64)
    noise = bits.random_raw(count * SIDE * SIDE // 8).astype("<u8", copy=False).view(np.uint8)
    images = noise.reshape(count, SIDE, SIDE) // (256 // _NOISE)
    ink = 128 + _below(drawn[1], 128 - _NOISE)
    rows = (SIDE - _HEIGHT - _SHIFT_ROWS + 1) // 2 + _below(drawn[2], _SHIFT_ROWS)
    columns = (SIDE - _WIDTH - _SHIFT_COLUMNS + 1) // 2 + _below(drawn[3], _SHIFT_COLUMNS)
    shears = _below(drawn[4], 2 * _GREATEST_SHEAR + 1)
    glyphs = _glyphs()
    for image, label, brightness, row, column, shear in zip(
        images, labels, ink, rows, columns, shears, strict=True
    ):
        image[row : row + _HEIGHT, column : column + _WIDTH] += glyphs[label, shear] * np.uint8(brightness)
    return images, labels


def _below(words: NDArray[np.uint64], bound: int) -> NDArray[np.int64]:
    """Whole numbers from 0 to bound - 1."""
    return ((words >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)).astype(np.int64)


def _glyphs() -> NDArray[np.uint8]:
    """Ones and zeros (10, shears, height, width): each digit, leaning further right with each shear."""
    made = np.zeros((CLASSES, 2 * _GREATEST_SHEAR + 1, _HEIGHT, _WIDTH), dtype=np.uint8)
    for digit, text in enumerate(_CELLS):
        cells = np.array([[int(cell) for cell in line] for line in text.split()], dtype=np.uint8)
        pixels = np.kron(cells, np.ones((_SCALE, _SCALE), dtype=np.uint8))
        for lean in range(-_GREATEST_SHEAR, _GREATEST_SHEAR + 1):
            for row in range(_HEIGHT):
                shift = _GREATEST_SHEAR + lean * (_HEIGHT - 1 - 2 * row) // (_HEIGHT - 1)
                made[digit, lean + _GREATEST_SHEAR, row, shift : shift + 5 * _SCALE] = pixels[row]
    return made
