"""The stand-in: the same bytes everywhere, and as hard as CIFAR-10 for a linear classifier."""

import hashlib

import numpy as np
import pytest

from grader.data import standin, standin_data
from grader.data.standin import STANDIN_SEED, STANDIN_SHA256, cosines, make_standin


@pytest.fixture(scope="module")
def splits():
    return make_standin()


def test_the_bytes_are_the_same_on_every_machine(splits):
    assert splits.sha256 == "44969dab26ba9bce348011c7d2ba4d4e39ad2e17a66db62697de583ea94606d7"
    assert splits.sha256 == STANDIN_SHA256


def test_the_digest_is_of_counts_labels_and_images(splits):
    digest = hashlib.sha256()
    for split in (splits.train, splits.val, splits.test):
        digest.update(len(split.labels).to_bytes(8, "little") + bytes(split.labels.tolist()))
        digest.update(split.images.tobytes())

    assert digest.hexdigest() == STANDIN_SHA256


def test_the_chunk_does_not_change_the_bytes(monkeypatch):
    monkeypatch.setattr(standin, "_CHUNK", 333)

    assert make_standin().sha256 == STANDIN_SHA256


def test_the_stream_of_words_is_numpys_documented_one():
    words = np.random.PCG64(STANDIN_SEED).random_raw(2)

    assert [int(word) for word in words] == [17396314626642683726, 9432328504602732981]


def test_no_cosine_lies_near_a_half_so_all_round_alike():
    exact = 128 * np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(32) + 1) / 64)

    assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 0.01
    assert np.array_equal(cosines(), np.round(exact))


def test_the_weights_fall_off_with_the_distance_from_the_constant():
    f = 1 + np.sqrt(np.add.outer(np.arange(8) ** 2, np.arange(8) ** 2))

    assert np.array_equal(standin._spectrum(1780, is_steep=True), np.round(1780 / f**2.25))
    assert np.array_equal(standin._spectrum(3450, is_steep=False), np.round(3450 / f))


def test_every_product_is_a_whole_number_that_float64_holds():
    greatest = 510 * (standin._CLASS_SCALE + standin._MODE_SCALE + standin._NUISANCE_SCALE) * 64 * 128 * 128

    assert greatest < 2**53


def test_shapes_and_types(splits):
    for split, count in ((splits.train, 8_000), (splits.val, 1_000), (splits.test, 1_000)):
        assert split.images.shape == (count, 3, 32, 32)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert np.bincount(split.labels).tolist() == [count // 10] * 10
        assert not split.images.flags.writeable
        assert not split.labels.flags.writeable


def test_another_seed_is_another_set():
    other = standin_data(7)

    assert other.sha256 != STANDIN_SHA256
    assert other.name == f"synthetic stand-in v1 for CIFAR-10, seed 7, sha256 {other.sha256}"


def test_the_default_is_named_without_being_made(monkeypatch):
    monkeypatch.setattr(standin, "make_standin", None)

    assert standin_data().name == f"synthetic stand-in v1 for CIFAR-10, sha256 {STANDIN_SHA256}"


def trained_softmax(X, y, learning_rate, reg, rng):
    """W after 1500 steps on batches of 200, as the course trains it."""
    W = (1e-4 * rng.standard_normal((X.shape[1], 10))).astype(np.float32)
    rows = np.arange(200)
    for _ in range(1500):
        drawn = rng.integers(len(X), size=200)
        scores = X[drawn] @ W
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[rows, y[drawn]] -= 1
        W -= np.float32(learning_rate) * (X[drawn].T @ p / 200 + np.float32(2 * reg) * W)
    return W


@pytest.mark.slow
def test_softmax_lands_where_it_lands_on_cifar10():
    data = standin_data()
    X, y = data.split("train")
    W = trained_softmax(X, y, 1e-2, 1e-2, np.random.Generator(np.random.PCG64(1)))

    accuracy = {}
    for name in ("val", "test"):
        X_held, y_held = data.split(name)
        accuracy[name] = float(((X_held @ W).argmax(axis=1) == y_held).mean())

    assert accuracy["val"] == pytest.approx(0.40, abs=0.015)
    assert accuracy["test"] == pytest.approx(0.40, abs=0.02)
