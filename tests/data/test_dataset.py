"""The data set in use: what it hands out, and when it reads."""

import pickle

import numpy as np

from grader.data import DataSet, standin_data
from grader.data.images import ImageSplits, LabelledImages
from grader.data.standin import make_standin


def small(seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    return LabelledImages(rng.integers(256, size=(5, 3, 32, 32), dtype=np.uint8), np.arange(5))


def test_the_stand_in_of_a_seed_is_made_once_for_a_class():
    data = standin_data(5)

    assert data.is_standin
    assert data.sha256 == make_standin(5).sha256
    assert standin_data(5) is data
    assert data.path is None


def test_files_are_read_once_and_when_asked_for():
    reads = []

    def read():
        reads.append(1)
        return ImageSplits(small(1), small(2), small(3)), ("odd",)

    data = DataSet("made here", read)

    assert reads == []
    assert data.notes == ("odd",)
    _ = data.split("train"), data.split("test"), data.sha256, data.name
    assert reads == [1]


def test_a_split_is_prepared_with_the_means_of_train_and_val():
    splits = ImageSplits(small(1), small(2), small(3))
    data = DataSet("made here", lambda: (splits, ()))

    X, y = data.split("test", np.float64)

    both = np.concatenate([splits.train.images, splits.val.images]) / 255
    expected = splits.test.images / 255 - both.mean(axis=(0, 2, 3))[:, None, None]
    assert X.shape == (5, 3073)
    assert np.abs(X[:, :-1] - expected.reshape(5, -1)).max() < 1e-14
    assert y.tolist() == [0, 1, 2, 3, 4]
    assert data.split("test")[0].dtype == np.float32


def test_a_split_may_be_written_to_without_changing_the_next():
    splits = ImageSplits(small(1), small(2), small(3))
    data = DataSet("made here", lambda: (splits, ()))

    first, _ = data.split("val")
    first[:] = 0

    assert data.split("val")[0].any()


def test_a_pickled_data_set_holds_no_images_and_is_read_once_where_it_arrives():
    data = standin_data()
    _ = data.splits

    packed = pickle.dumps(data)
    first, second = pickle.loads(packed), pickle.loads(packed)

    assert len(packed) < 1_000
    assert first is second
    assert (first.name, first.is_standin) == (data.name, True)
    assert np.array_equal(first.splits.val.images, data.splits.val.images)
