"""The course's preprocessing of images for a linear classifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grader.data.images import IMAGE_BYTES, IMAGE_SHAPE, ImageSplits, LabelledImages

FEATURES = IMAGE_BYTES + 1
VALIDATION_PART = 0.02

_PIXELS = IMAGE_SHAPE[1] * IMAGE_SHAPE[2]


def split_training(handed: LabelledImages, test: LabelledImages) -> ImageSplits:
    """Keep the last 2 % of the training images, in their order, for validation: 49,000 and 1,000 of CIFAR-10's 50,000."""
    count = int(len(handed) * (1.0 - VALIDATION_PART))
    return ImageSplits(
        train=LabelledImages(handed.images[:count], handed.labels[:count]),
        val=LabelledImages(handed.images[count:], handed.labels[count:]),
        test=test,
    )


def channel_means(splits: ImageSplits) -> NDArray[np.float64]:
    """The mean of each channel on the scale 0..1, float64 (3,), over the images of train and val together.

    The course takes it before it splits off the validation images, so these count too; test images do not.
    The sums are of integers, so their order changes nothing.
    """
    parts = (splits.train.images, splits.val.images)
    sums = sum(part.sum(axis=(0, 2, 3), dtype=np.int64) for part in parts)
    count = sum(len(part) for part in parts) * _PIXELS
    return np.asarray(sums / np.float64(count * 255))


def design_matrix(
    images: NDArray[np.uint8], means: NDArray[np.float64], dtype: type[np.float32 | np.float64]
) -> NDArray[np.float32 | np.float64]:
    """X (N, 3073): pixel/255 minus its channel's mean, the three channels in a row, then a column of ones.

    images uint8 (N, 3, 32, 32), means float64 (3,). Each value is computed in float64 and rounded once to dtype.
    """
    X = np.empty((len(images), FEATURES), dtype=dtype)
    levels = np.arange(256) / 255.0
    for channel, mean in enumerate(means):
        # A byte has 256 values, so they are looked up instead of computed for every pixel.
        values = (levels - mean).astype(dtype)
        columns = slice(channel * _PIXELS, (channel + 1) * _PIXELS)
        X[:, columns] = values[images[:, channel].reshape(len(images), _PIXELS)]
    X[:, -1] = 1
    return X
