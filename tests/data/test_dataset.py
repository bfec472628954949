"""The data set in use: what it hands out, and when it reads."""

import os
import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest

from grader.data import DataSet, SplitName, standin_data
from grader.data.images import ImageSplits, LabelledImages
from grader.data.sealed import memory_of
from grader.data.standin import make_standin

NAMES: tuple[SplitName, ...] = ("train", "val", "test")


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


def test_x_is_made_once_and_its_judged_images_lie_together():
    data = DataSet("made here", lambda: (ImageSplits(small(1), small(2), small(3)), ()))

    X, judged = data.split("train")[0], data.judged()

    assert data.split("train")[0] is X
    assert np.array_equal(judged, np.concatenate([data.split(name)[0] for name in ("val", "test")]))
    assert all(np.shares_memory(data.split(name)[0], judged) for name in ("val", "test"))
    with pytest.raises(ValueError, match="read-only"):
        X[:] = 0


@pytest.mark.parametrize("first", [np.float64, np.float32])
def test_the_numbers_do_not_depend_on_which_dtype_was_made_first(first):
    splits = ImageSplits(small(1), small(2), small(3))
    data = DataSet("made here", lambda: (splits, ()))
    _ = data.split("train", first), data.judged(first)

    for dtype in (np.float32, np.float64):
        for name in NAMES:
            alone = DataSet("alone", lambda: (splits, ())).split(name, dtype)[0]
            assert np.array_equal(data.split(name, dtype)[0], alone)
        assert np.array_equal(data.train_rows(np.array([3, 0])), data.split("train")[0][[3, 0]])


def test_images_are_freed_once_all_is_made_of_them_and_read_again_if_asked_for():
    reads = []

    def read():
        images = ImageSplits(small(1), small(2), small(3))
        reads.append(weakref.ref(images.train.images))
        return images, ("odd",)

    data = DataSet("made here", read)
    X = data.split("train")[0]
    assert reads[-1]() is not None
    _ = data.judged()

    assert reads[-1]() is None
    assert (data.labels("test").tolist(), data.notes, len(data.sha256)) == ([0, 1, 2, 3, 4], ("odd",), 64)
    assert data.split("train")[0] is X
    assert len(reads) == 1
    assert len(data.splits.train) == 5
    assert len(reads) == 2


def test_a_few_rows_are_made_without_the_others():
    data = DataSet("made here", lambda: (ImageSplits(small(1), small(2), small(3)), ()))
    rows = data.train_rows(np.array([4, 1]))

    assert data._prepared == {}
    assert np.array_equal(rows, data.split("train")[0][[4, 1]])


def test_what_is_derived_is_made_once_and_the_latest_are_kept():
    data, made = DataSet("made here", lambda: (ImageSplits(small(1), small(2), small(3)), ())), []

    def derive(number):
        def make():
            made.append(number)
            return number

        return data.derived(number, make)

    assert [derive(number) for number in (*range(16), 0, 16)] == [*range(16), 0, 16]
    assert made == list(range(17))
    assert derive(1) == 1
    assert made[-1] == 1
    assert len(data._derived) == 16


def test_a_data_set_of_another_seed_leaves_nothing_behind():
    data = standin_data(6)
    X = data.split("train")[0]
    data.derived("rows", X[:2].copy)
    parts = weakref.ref(data), weakref.ref(X)
    del data, X
    assert [part() is None for part in parts] == [False, False]

    standin_data(7)

    assert [part() is None for part in parts] == [True, True]


def test_a_pickled_data_set_holds_no_images_and_is_read_once_where_it_arrives():
    data = standin_data()
    _ = data.splits

    packed = pickle.dumps(data)
    first, second = pickle.loads(packed), pickle.loads(packed)

    assert len(packed) < 2_000
    assert first is second
    assert (first.name, first.is_standin) == (data.name, True)
    assert np.array_equal(first.splits.val.images, data.splits.val.images)


THERE = """
import os, pickle, sys
import numpy as np
from grader.data.sealed import memory_of
data = pickle.loads(bytes.fromhex(sys.argv[1]))
X, y = data.split("train")
print(os.fstat(memory_of(X)[0].descriptor).st_ino, y.sum(), float(np.square(data.judged()).sum()), "_contents" in vars(data))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="sealed memory is Linux's")
def test_another_process_of_this_machine_maps_what_was_made_and_reads_nothing():
    data = standin_data()
    X, y = data.split("train")
    judged = data.judged()
    memory = memory_of(X)
    assert memory is not None

    shown = subprocess.run(
        [sys.executable, "-c", THERE, pickle.dumps(data).hex()], check=True, capture_output=True, text=True
    ).stdout.split()

    assert shown == [
        str(os.fstat(memory[0].descriptor).st_ino),
        str(y.sum()),
        str(float(np.square(judged).sum())),
        "False",
    ]
