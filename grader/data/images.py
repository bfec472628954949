"""Labelled images as bytes, their three splits, and the digest that names their contents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SplitName = Literal["train", "val", "test"]

CLASSES = 10
IMAGE_SHAPE = (3, 32, 32)
IMAGE_BYTES = 3 * 32 * 32


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Images uint8 (N, 3, 32, 32), channels red, green, blue; labels int64 (N,), 0 to 9. Both read-only."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class ImageSplits:
    """The images for training, for choosing hyperparameters, and for the test."""

    train: LabelledImages
    val: LabelledImages
    test: LabelledImages

    @property
    def sha256(self) -> str:
        """Digest of each split's count, labels (a byte each) and images: the same in every storage format."""
        digest = hashlib.sha256()
        for split in (self.train, self.val, self.test):
            digest.update(len(split).to_bytes(8, "little"))
            digest.update(split.labels.astype(np.uint8).tobytes())
            digest.update(np.ascontiguousarray(split.images).data)
        return digest.hexdigest()
