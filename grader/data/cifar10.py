"""Reads the real CIFAR-10, in its python or binary version, from a folder or a .tar.gz."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from grader import formatting
from grader.data.images import CLASSES, IMAGE_BYTES, IMAGE_SHAPE, LabelledImages
from grader.data.packed import files_in, folder_in, is_gzip, md5_of
from grader.data.pickles import Batch, read_pickle
from grader.errors import DataError

Version = Literal["python", "binary"]

IMAGES_PER_FILE = 10_000
FOLDERS: dict[Version, str] = {"python": "cifar-10-batches-py", "binary": "cifar-10-batches-bin"}

_FILE_BYTES = 64 << 20
"""The largest file that is read; the real ones are 30 MiB."""

_NAMES: dict[Version, tuple[str, ...]] = {
    "python": (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"),
    "binary": (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"),
}
"""The five training files in order, then the test file."""

_ARCHIVE_MD5: dict[Version, str] = {
    "python": "c58f30108f718f92721af3b95e74349a",
    "binary": "c32a1d4ab5d03f1284b67883e8d87530",
}
_FILE_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
"""As published and as torchvision checks them; for the binary version only the archive's is known."""

_EXPECTED = "expected CIFAR-10 (cifar-10-batches-py, cifar-10-batches-bin, or a .tar.gz of either)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where CIFAR-10 is, and in which version. path: the folder of the six files, or the archive."""

    path: Path
    version: Version
    is_archive: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cifar10Files:
    """The training and the test images, and a sentence on anything odd about the files."""

    training: LabelledImages
    test: LabelledImages
    notes: tuple[str, ...]


def find_cifar10(path: Path) -> Place:
    """Find the files by their names and sizes; of an archive, only the first members are read.

    Raises DataError if there is nothing, something else, or not all six files.
    """
    try:
        if path.is_dir():
            return _checked(_folder_at(path))
        if not path.exists():
            raise DataError.at(path, f"{_EXPECTED}, found nothing at this path")
        if not path.is_file() or not is_gzip(path):
            raise DataError.at(path, f"{_EXPECTED}, found another kind of file")
        folder = folder_in(path, FOLDERS.values())
    except OSError as error:
        raise _unreadable(path, error) from error
    for version, name in FOLDERS.items():
        if name == folder:
            return Place(path, version, is_archive=True)
    raise DataError.at(path, f"{_EXPECTED}, found an archive of something else")


def _folder_at(path: Path) -> Place:
    """The first folder with one of the six files: this one or the one in it, python version first."""
    for version, name in FOLDERS.items():
        for folder in (path, path / name):
            if any((folder / file).is_file() for file in _NAMES[version]):
                return Place(folder, version, is_archive=False)
    raise DataError.at(path, f"{_EXPECTED}, found a folder without any of its files")


def _checked(place: Place) -> Place:
    """The place, if its six files are there and have the right sizes."""
    for name in _NAMES[place.version]:
        file = place.path / name
        if not file.is_file():
            raise _missing(place, name)
        _check_length(file, file.stat().st_size, place.version)
    return place


def _check_length(file: Path, seen: int, version: Version) -> None:
    """DataError for a file that is too short or too long. A pickle adds names and brackets to the images."""
    exact = IMAGES_PER_FILE * (1 + IMAGE_BYTES)
    least, greatest = (exact, exact) if version == "binary" else (IMAGES_PER_FILE * IMAGE_BYTES, _FILE_BYTES)
    if least <= seen <= greatest:
        return
    bound = "" if version == "binary" else "at least " if seen < least else "at most "
    expected = f"{bound}{least if seen < least else greatest:,}"
    advice = "it may have been cut off: unpack the archive again" if seen < least else ""
    raise DataError.unlike(file, f"{expected} bytes", f"{seen:,}", advice)


def _missing(place: Place, name: str) -> DataError:
    names, remedy = formatting.listing(_NAMES[place.version]), "download" if place.is_archive else "unpack"
    return DataError.at(place.path, f"expected {names}; {name} is missing: {remedy} the archive again")


def _unreadable(path: Path, error: OSError) -> DataError:
    """path: what was asked for; the error may name a file in it."""
    file = Path(error.filename) if isinstance(error.filename, str) else path
    return DataError.at(file, f"cannot be read: {error.strerror or error}")


def read_cifar10(place: Place) -> Cifar10Files:
    """All images and labels, in the order of the files.

    Raises DataError for a file that is missing, short, damaged, or holds anything but 3x32x32 images and labels 0 to 9.
    """
    names = _NAMES[place.version]
    images = np.empty((len(names) * IMAGES_PER_FILE, IMAGE_BYTES), dtype=np.uint8)
    labels = np.empty(len(images), dtype=np.int64)
    unlike: list[str] = []
    left = set(names)
    try:
        for name, content in _contents(place):
            batch = _batch(place, name, content)
            start = names.index(name) * IMAGES_PER_FILE
            images[start : start + IMAGES_PER_FILE] = batch.images
            labels[start : start + IMAGES_PER_FILE] = batch.labels
            left.remove(name)
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if not place.is_archive and _FILE_MD5.get(name, md5) != md5:
                unlike.append(name)
        if place.is_archive and not left and md5_of(place.path) != _ARCHIVE_MD5[place.version]:
            unlike.append(place.path.name)
    except OSError as error:
        raise _unreadable(place.path, error) from error
    for name in names:
        if name in left:
            raise _missing(place, name)
    shaped = images.reshape(-1, *IMAGE_SHAPE)
    for array in (shaped, labels):
        array.flags.writeable = False
    count = (len(names) - 1) * IMAGES_PER_FILE
    return Cifar10Files(
        training=LabelledImages(shaped[:count], labels[:count]),
        test=LabelledImages(shaped[count:], labels[count:]),
        notes=_notes(sorted(unlike)),
    )


def _contents(place: Place) -> Iterator[tuple[str, bytes]]:
    """The six files' bytes, one after the other; OSError if one cannot be read."""
    names = _NAMES[place.version]
    if place.is_archive:
        yield from files_in(place.path, FOLDERS[place.version], names, _FILE_BYTES)
        return
    for name in names:
        with (place.path / name).open("rb") as file:
            yield name, file.read(_FILE_BYTES + 1)


def _batch(place: Place, name: str, content: bytes) -> Batch:
    """The images and labels of one file; DataError if they are invalid."""
    file = place.path / name
    _check_length(file, len(content), place.version)
    if place.version == "python":
        batch = read_pickle(content, file, IMAGES_PER_FILE)
    else:
        rows = np.frombuffer(content, np.uint8).reshape(IMAGES_PER_FILE, 1 + IMAGE_BYTES)
        batch = Batch(rows[:, 1:], rows[:, 0].astype(np.int64))
    wrong = np.flatnonzero((batch.labels < 0) | (batch.labels >= CLASSES))
    if len(wrong):
        raise DataError.unlike(
            file, f"labels 0 to {CLASSES - 1}", f"another at image {wrong[0]:,}", "unpack the archive again"
        )
    return batch


def _notes(unlike: list[str]) -> tuple[str, ...]:
    """A different checksum earns no more than a note: a class may use its own images."""
    if not unlike:
        return ()
    names = formatting.listing([formatting.printable(name) for name in unlike])
    has = "has" if len(unlike) == 1 else "have"
    return (f"{names} {has} a different checksum from the published CIFAR-10, so accuracies may differ.",)
