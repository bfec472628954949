"""The data set in use: named at once, read when its contents are first needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from grader import formatting
from grader.data.images import ImageSplits, SplitName
from grader.data.preprocessing import FEATURES, channel_means, design_matrix, split_training
from grader.data.sealed import Array, Origin, mapped, origin_of, return_freed_memory, sealed_rows
from grader.data.standin import STANDIN_VERSION, make_standin

if TYPE_CHECKING:
    from grader.data.cifar10 import Place

STANDIN_TITLE = f"synthetic stand-in v{STANDIN_VERSION} for CIFAR-10"

T = TypeVar("T")
DType = type[np.float32 | np.float64]

_Part = Literal["train", "val", "test", "judged"]
_Key = tuple[_Part, str]
"""A part of the data, and the dtype of its X, or "labels"."""

_SPLITS: tuple[SplitName, ...] = ("train", "val", "test")
_MOST_DERIVED = 16

Read = Callable[[], tuple[ImageSplits, tuple[str, ...]]]
"""Gives the images, and sentences on what is odd about their files."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images and their name. Reading them raises DataError if files are short or wrong.

    X lies in sealed memory, once for this process and all that map it. Once it has been made, the images are freed.

    Attributes:
        title: the name without the path.
        read: called when the images are first needed, and again if they are needed after they were freed.
        path: None for the stand-in.
        seed: of the stand-in.
    """

    title: str
    read: Read
    path: Path | None = None
    seed: int | None = None
    _prepared: dict[_Key, Array] = field(default_factory=dict, init=False, repr=False)
    _derived: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: RLock = field(default_factory=RLock, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle how to read it, never the images. A process that unpickles it many times reads it once.

        It also says where X is, which other processes of this machine then map, as long as this one has it.
        """
        origins = {key: origin for key, array in self._prepared.items() if (origin := origin_of(array))}
        return _unpickled, (self.title, self.read, self.path, self.seed, origins)

    @cached_property
    def _contents(self) -> tuple[ImageSplits, tuple[str, ...]]:
        return self.read()

    @property
    def splits(self) -> ImageSplits:
        """The images as bytes."""
        return self._contents[0]

    @cached_property
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

    def labels(self, name: SplitName) -> NDArray[np.int64]:
        """Read-only y, int64 (N,)."""
        return self._array((name, "labels"))

    def split(self, name: SplitName, dtype: DType = np.float32) -> tuple[Array, NDArray[np.int64]]:
        """(X, y) as the course prepares them, read-only: X (N, 3073) of dtype, bias column last; y int64 (N,).

        Made once for each dtype.
        """
        y = self.labels(name)
        if name == "train":
            return self._array(("train", np.dtype(dtype).name)), y
        judged = self.judged(dtype)
        return (judged[: len(y)] if name == "val" else judged[-len(y) :]), y

    def judged(self, dtype: DType = np.float32) -> Array:
        """X of the validation and the test split, in this order. `split` gives parts of it."""
        return self._array(("judged", np.dtype(dtype).name))

    def train_rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """These rows of the training split's X in float32, without making all of it."""
        for dtype in ("float32", "float64"):
            X = self._prepared.get(("train", dtype))
            if X is not None:
                return X[numbers].astype(np.float32, copy=False)
        X = design_matrix(self.splits.train.images[numbers], self._means, np.float32)
        return X.astype(np.float32, copy=False)

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Something small that is computed from the images: made once, and freed with them."""
        with self._lock:
            if key not in self._derived:
                self._derived[key] = make()
                while len(self._derived) > _MOST_DERIVED:
                    self._derived.popitem(last=False)
            self._derived.move_to_end(key)
            return cast("T", self._derived[key])

    def map(self, origins: Mapping[_Key, Origin]) -> None:
        """Take what another process has made; what is there already, or cannot be mapped, is left out."""
        with self._lock:
            for key, origin in origins.items():
                array = None if key in self._prepared else mapped(origin)
                if array is not None:
                    self._prepared[key] = array

    def _array(self, key: _Key) -> Array:
        with self._lock:
            made = self._prepared.get(key)
            if made is None:
                made = self._prepared[key] = self._made(*key)
                self._free_images()
            return made

    def _made(self, part: _Part, dtype: str) -> Array:
        if dtype == "labels":
            y = getattr(self.splits, part).labels
            return sealed_rows(y.shape, np.int64, lambda rows: y[rows])
        exact = self._prepared.get((part, "float64"))
        if exact is not None:  # the float32 are these, rounded
            return sealed_rows(exact.shape, dtype, lambda rows: exact[rows])
        train, val, test = (each.images for each in (self.splits.train, self.splits.val, self.splits.test))
        parts = (train,) if part == "train" else (val, test)
        return sealed_rows(
            (sum(map(len, parts)), FEATURES),
            dtype,
            lambda rows: design_matrix(_images(parts, rows), self._means, np.dtype(dtype).type),
        )

    def _free_images(self) -> None:
        """Where all has been made of them in one dtype; their labels, digest and notes stay."""
        whole = [
            dtype
            for dtype in ("float32", "float64")
            if self._prepared.keys() >= {("train", dtype), ("judged", dtype)}
        ]
        if whole and "_contents" in self.__dict__:
            for name in _SPLITS:
                self.labels(name)
            _ = self.notes, self._means, None if self.seed is not None else self.sha256
            self.__dict__.pop("_contents", None)
            return_freed_memory()


def _images(parts: Sequence[NDArray[np.uint8]], rows: slice) -> NDArray[np.uint8]:
    """These rows of the parts, one after the other."""
    found, start = [], 0
    for part in parts:
        found.append(part[max(0, rows.start - start) : max(0, rows.stop - start)])
        start += len(part)
    return np.concatenate(found)


def open_data(path: Path) -> DataSet:
    """CIFAR-10 at the path. Checks names and sizes only; the contents are read later.

    path: cifar-10-batches-py, cifar-10-batches-bin, the folder that holds one of them, or a .tar.gz of either.
    Raises DataError if the path is none of these.
    """
    from grader.data.cifar10 import find_cifar10

    place = find_cifar10(path)
    shown = Path(formatting.printable(str(path)))
    return DataSet(f"CIFAR-10 ({place.version} version)", _Cifar10(place), shown)


def standin_name(seed: int) -> str:
    """The name of the stand-in for a seed, without the stand-in."""
    return DataSet(STANDIN_TITLE, _Standin(seed), seed=seed).name


@lru_cache(maxsize=1)
def standin_data(seed: int = 0) -> DataSet:
    """The stand-in for a seed: who knows the seed knows the labels. The latest is kept."""
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


def _unpickled(
    title: str, read: Read, path: Path | None, seed: int | None, origins: Mapping[_Key, Origin]
) -> DataSet:
    data = _arrived(title, read, path, seed)
    data.map(origins)
    return data


@lru_cache(maxsize=1)
def _arrived(title: str, read: Read, path: Path | None, seed: int | None) -> DataSet:
    return DataSet(title, read, path, seed)
