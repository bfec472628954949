"""The data set in use: named at once, read when its contents are first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from grader import formatting
from grader.data.images import ImageSplits, SplitName
from grader.data.preprocessing import channel_means, design_matrix, split_training
from grader.data.standin import STANDIN_VERSION, make_standin

if TYPE_CHECKING:
    from grader.data.cifar10 import Place

STANDIN_TITLE = f"synthetic stand-in v{STANDIN_VERSION} for CIFAR-10"

Read = Callable[[], tuple[ImageSplits, tuple[str, ...]]]
"""Gives the images, and sentences on what is odd about their files."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images and their name. Reading them raises DataError if files are short or wrong.

    Attributes:
        title: the name without the path.
        read: called once, when the contents are first needed.
        path: None for the stand-in.
        seed: of the stand-in.
    """

    title: str
    read: Read
    path: Path | None = None
    seed: int | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle how to read it, never the images. A process that unpickles it many times reads it once."""
        return _unpickled, (self.title, self.read, self.path, self.seed)

    @cached_property
    def _contents(self) -> tuple[ImageSplits, tuple[str, ...]]:
        return self.read()

    @property
    def splits(self) -> ImageSplits:
        """The images as bytes, read on first use and kept in memory."""
        return self._contents[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on anything odd about the files, which this reads."""
        return self._contents[1]

    @cached_property
    def sha256(self) -> str:
        """Of the images and labels in their splits (ImageSplits.sha256): the same from pickles, binary files and archives."""
        return self.splits.sha256

    @property
    def name(self) -> str:
        """For a report: title and digest, without a path of this machine. The stand-in's seed says as much, and is quicker."""
        return (
            f"{self.title}, sha256 {self.sha256}" if self.seed is None else f"{self.title}, seed {self.seed}"
        )

    @property
    def is_standin(self) -> bool:
        """Whether these are synthetic images, not CIFAR-10."""
        return self.path is None

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        return channel_means(self.splits)

    def split(
        self, name: SplitName, dtype: type[np.float32 | np.float64] = np.float32
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """(X, y) as the course prepares them: X (N, 3073) of dtype, bias column last; y int64 (N,).

        Computed at every call, 12 kB per image in float32: keep what you need more than once.
        """
        part = getattr(self.splits, name)
        return design_matrix(part.images, self._means, dtype), part.labels

    def judged(self, dtype: type[np.float32 | np.float64] = np.float32) -> NDArray[Any]:
        """X of the validation and the test split, in this order."""
        parts = self.splits.val.images, self.splits.test.images
        return design_matrix(np.concatenate(parts), self._means, dtype)


def open_data(path: Path) -> DataSet:
    """CIFAR-10 at the path. Checks names and sizes only; the contents are read later.

    path: cifar-10-batches-py, cifar-10-batches-bin, the folder that holds one of them, or a .tar.gz of either.
    Raises DataError if the path is none of these.
    """
    from grader.data.cifar10 import find_cifar10

    place = find_cifar10(path)
    shown = Path(formatting.printable(str(path)))
    return DataSet(f"CIFAR-10 ({place.version} version)", _Cifar10(place), shown)


@lru_cache(maxsize=2)
def standin_data(seed: int = 0) -> DataSet:
    """The stand-in for a seed: who knows the seed knows the labels. Made once as long as no more than two are in use."""
    return DataSet(STANDIN_TITLE, _Standin(seed), seed=seed)


@dataclass(frozen=True, slots=True)
class _Cifar10:
    """Reads the files; equal for the same place, so that it can be pickled and looked up."""

    place: Place

    def __call__(self) -> tuple[ImageSplits, tuple[str, ...]]:
        from grader.data.cifar10 import read_cifar10

        files = read_cifar10(self.place)
        return split_training(files.training, files.test), files.notes


@dataclass(frozen=True, slots=True)
class _Standin:
    """Draws the stand-in."""

    seed: int

    def __call__(self) -> tuple[ImageSplits, tuple[str, ...]]:
        return make_standin(self.seed), ()


@lru_cache(maxsize=2)
def _unpickled(title: str, read: Read, path: Path | None, seed: int | None) -> DataSet:
    return DataSet(title, read, path, seed)
