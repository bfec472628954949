"""A file of arrays that students hand in: its name, what it holds, and the bars that its weights must reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.training.pixels import ImageOrder
from grader.data import FEATURES
from grader.model.assignment import Model
from grader.model.trial import Array, FileArgument

Shape = tuple[int | str, ...]

_SPLITS = {"val": "validation", "test": "test"}


class SavedFile(Model):
    """A file of arrays, by names and shapes. With `images` they are those of a classifier of pixels, which can be scored."""

    file: str = Field(
        pattern=r"^[^/\\]+\.(npy|pth?)$",
        description="The file's name, in whatever folder it lies; .npz in place of .npy will do.",
    )
    arrays: dict[str, Shape] = Field(
        min_length=1,
        max_length=8,
        description="Their shapes by name. A letter stands for any length, the same wherever it occurs: [3072, 'H'].",
    )
    images: ImageOrder | None = Field(
        default=None,
        description=(
            "How the classifier takes images. channels_last: rows of (32, 32, 3), 0 to 255, without the mean training image."
            " channels_first: the same of (3, 32, 32). scaled: as channels_first, pixel/255 without the mean of each channel."
            " Left out: the form alone is judged."
        ),
    )
    val_bar: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="With --data: share of the validation images to be labelled correctly.",
    )
    test_bar: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="With --data: the same for the test images; of channels_last and channels_first the first 1,000.",
    )

    @property
    def name(self) -> str:
        """Without its suffix."""
        return self.file.rpartition(".")[0]

    @property
    def format(self) -> Literal["npy", "pt"]:
        """What wrote it: NumPy or torch."""
        return "npy" if self.file.endswith(".npy") else "pt"

    @property
    def argument(self) -> FileArgument:
        """The file, under any of its names."""
        others = (f"{self.name}.npz", f"{self.file}.npz") if self.format == "npy" else ()
        return FileArgument(self.file, others)

    @property
    def bars(self) -> dict[str, float]:
        """The bars by split, as far as there are any."""
        bars = {"val": self.val_bar, "test": self.test_bar}
        return {split: bar for split, bar in bars.items() if bar is not None}

    @property
    def test_images(self) -> int | None:
        """How many of the test images are labelled: CS231n's notebooks take the first thousand, EECS 498's all."""
        return None if self.images == "scaled" else 1_000

    @property
    def matrices(self) -> tuple[str, ...]:
        """The weights of each layer in order; none if the names are not those of a classifier."""
        layers = len(self.arrays) // 2
        pairs = [f"{kind}{number}" for number in range(1, layers + 1) for kind in "Wb"]
        if list(self.arrays) == ["W"]:
            return ("W",)
        return tuple(pairs[::2]) if pairs and set(self.arrays) == set(pairs) else ()

    def measure(self, split: str) -> str:
        """The name of its accuracy on a split among a verdict's numbers."""
        return f"{self.name}_{split}_accuracy"

    def fit(self, shapes: Sequence[tuple[int, ...]]) -> str:
        """A sentence on the first shape that is not as expected; empty if all are. An axis of length 1 may come first."""
        lengths: dict[str, int] = {}
        for (name, expected), shape in zip(self.arrays.items(), shapes, strict=True):
            known = dict(lengths)
            if _fits(expected, shape, lengths):
                continue
            words = f"{name} in {self.file} has the shape {_shown(shape)}; expected {_shown(expected)}"
            if len(shape) > 1 and _fits(expected, shape[::-1], dict(known)):
                return f"{words}. It is transposed"
            letters = [f"{letter} = {known[letter]}" for letter in map(str, expected) if letter in known]
            return f"{words} with {formatting.listing(letters)}" if letters else words
        return ""

    def layers(self, arrays: Mapping[str, Array]) -> list[tuple[Array, Array]]:
        """The weights and biases of each layer; a last row of W that is for a column of ones is its bias."""
        if self.matrices == ("W",):
            W = arrays["W"]
            return [(W[:-1], W[-1]) if len(W) == FEATURES else (W, np.zeros(W.shape[1]))]
        return [(arrays[name], arrays[f"b{name[1:]}"]) for name in self.matrices]

    def reached_words(self, reached: Mapping[str, float]) -> str:
        """How many images its weights label correctly, beside each bar."""
        words = [
            f"{formatting.number(reached[split], 4)} of the {_SPLITS[split]} images correctly ({bar:g} needed)"
            for split, bar in self.bars.items()
        ]
        return formatting.listing(words)

    @property
    def bars_words(self) -> str:
        """Its bars: best_softmax.npy 0.36 on the validation images, 0.35 on the test images."""
        return f"{self.file} " + ", ".join(
            f"{bar:g} on the {_SPLITS[split]} images" for split, bar in self.bars.items()
        )


def _fits(expected: Shape, shape: tuple[int, ...], lengths: dict[str, int]) -> bool:
    """Whether a shape is the expected one; notes the lengths that letters stand for."""
    if len(shape) == len(expected) + 1 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) != len(expected):
        return False
    for one, length in zip(expected, shape, strict=True):
        if length < 1 or (
            length != one if isinstance(one, int) else lengths.setdefault(one, length) != length
        ):
            return False
    return True


def _shown(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
