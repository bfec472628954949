"""The data set in use: named at once, read when something first asks for its contents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader import formatting
from grader.data.cifar10 import Place, find_cifar10, read_cifar10
from grader.data.images import ImageSplits, SplitName
from grader.data.preprocessing import channel_means, design_matrix, split_training
from grader.data.standin import STANDIN_SEED, STANDIN_SHA256, STANDIN_VERSION, make_standin

Read = Callable[[], tuple[ImageSplits, tuple[str, ...]]]
"""Gives the images, and sentences on what is odd about their files."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images and what they are called; `read` is called once, when the contents are first asked for.

    title: what it is, without where it lies. path: where, None for the stand-in. known_sha256: given where it need
    not be computed. Reading raises DataError where files are short or wrong.
    """

    title: str
    read: Read
    path: Path | None = None
    known_sha256: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle how to read it, never the images. A process that unpickles it many times reads it once."""
        return _unpickled, (self.title, self.read, self.path, self.known_sha256)

    @cached_property
    def _contents(self) -> tuple[ImageSplits, tuple[str, ...]]:
        return self.read()

    @property
    def splits(self) -> ImageSplits:
        """The images as bytes; read here where they were not yet. They stay in memory."""
        return self._contents[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is odd about files that could be read; reads them."""
        return self._contents[1]

    @cached_property
    def sha256(self) -> str:
        """Of the images and labels in their splits (ImageSplits.sha256): the same from pickles, binary files and archives."""
        return self.known_sha256 or self.splits.sha256

    @property
    def name(self) -> str:
        """What a report says: title and contents, no path of this machine."""
        return f"{self.title}, sha256 {self.sha256}"

    @property
    def is_standin(self) -> bool:
        """Whether these are made images and not CIFAR-10."""
        return self.path is None

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        return channel_means(self.splits)

    def split(
        self, name: SplitName, dtype: type[np.float32 | np.float64] = np.float32
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """(X, y) as the course prepares them: X (N, 3073) of dtype, bias column last; y int64 (N,).

        Made anew at each call, 12 kB for each image in float32: keep what is needed more than once.
        """
        part = getattr(self.splits, name)
        return design_matrix(part.images, self._means, dtype), part.labels


def open_data(path: Path | None = None) -> DataSet:
    """CIFAR-10 at the path; the stand-in where there is none. Looks at names and sizes, and reads nothing yet.

    path: cifar-10-batches-py, cifar-10-batches-bin, the folder that holds one of them, or a .tar.gz of either.
    Raises DataError where the path is none of these.
    """
    if path is None:
        return standin_data()
    place = find_cifar10(path)
    shown = Path(formatting.printable(str(path)))
    return DataSet(f"CIFAR-10 ({place.version} version)", _Cifar10(place), shown)


@cache
def standin_data(seed: int = STANDIN_SEED) -> DataSet:
    """The stand-in drawn from a seed, the same object every time: what was made of it once is kept.

    The default is the one that the accuracies of the specs are calibrated on.
    """
    is_default = seed == STANDIN_SEED
    title = f"synthetic stand-in v{STANDIN_VERSION} for CIFAR-10" + ("" if is_default else f", seed {seed}")
    return DataSet(title, _Standin(seed), known_sha256=STANDIN_SHA256 if is_default else None)


@dataclass(frozen=True, slots=True)
class _Cifar10:
    """Reads the files; equal for the same place, so that it can be pickled and looked up."""

    place: Place

    def __call__(self) -> tuple[ImageSplits, tuple[str, ...]]:
        files = read_cifar10(self.place)
        return split_training(files.training, files.test), files.notes


@dataclass(frozen=True, slots=True)
class _Standin:
    """Draws the stand-in."""

    seed: int

    def __call__(self) -> tuple[ImageSplits, tuple[str, ...]]:
        return make_standin(self.seed), ()


@cache
def _unpickled(title: str, read: Read, path: Path | None, known_sha256: str | None) -> DataSet:
    return DataSet(title, read, path, known_sha256)
