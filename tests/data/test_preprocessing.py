"""What the course does to images: scale, mean, bias column, split."""

import numpy as np
import pytest

from grader.data.images import ImageSplits, LabelledImages
from grader.data.preprocessing import channel_means, design_matrix, split_training


def labelled(count, seed=0):
    rng = np.random.Generator(np.random.PCG64(seed))
    images = rng.integers(256, size=(count, 3, 32, 32), dtype=np.uint8)
    return LabelledImages(images, rng.integers(10, size=count))


def test_the_last_fiftieth_of_the_training_images_is_for_validation():
    handed, test = labelled(100), labelled(7, 1)

    splits = split_training(handed, test)

    assert (len(splits.train), len(splits.val), len(splits.test)) == (98, 2, 7)
    assert np.array_equal(splits.train.images, handed.images[:98])
    assert np.array_equal(splits.val.images, handed.images[98:])
    assert splits.val.labels.tolist() == handed.labels[98:].tolist()
    assert splits.test is test


def test_cifar10_is_split_into_49000_and_1000():
    handed = LabelledImages(np.empty((50_000, 0, 0, 0), np.uint8), np.zeros(50_000, np.int64))

    splits = split_training(handed, labelled(1))

    assert (len(splits.train), len(splits.val)) == (49_000, 1_000)


def test_the_mean_is_each_channels_own_over_train_and_val_without_test():
    splits = ImageSplits(labelled(6), labelled(4, 1), labelled(5, 2))
    both = np.concatenate([splits.train.images, splits.val.images])

    assert channel_means(splits) == pytest.approx(both.mean(axis=(0, 2, 3)) / 255, rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_is_the_scaled_image_less_the_mean_and_a_one(dtype):
    images, means = labelled(3).images, np.array([0.5, 0.25, 0.125])

    X = design_matrix(images, means, dtype)

    assert X.shape == (3, 3073)
    assert X.dtype == dtype
    assert X.flags.c_contiguous
    expected = (images / 255 - means[:, None, None]).reshape(3, 3072).astype(dtype)
    assert np.array_equal(X[:, :-1], expected)
    assert np.array_equal(X[:, -1], np.ones(3, dtype))
