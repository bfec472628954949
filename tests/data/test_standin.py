"""The stand-in: the same bytes everywhere, and as hard as CIFAR-10 for a linear classifier."""

import hashlib

import numpy as np
import pytest

from grader.data import standin, standin_data
from grader.data.standin import cosines, make_standin

SHA256 = "6d7ea5a99bcb58ffee3c4e60e7b161d1b97b46861bfdfc82479635a473ffadad"


@pytest.fixture(scope="module")
def splits():
    return make_standin(4)


def test_the_bytes_are_the_same_on_every_machine(splits):
    assert splits.sha256 == SHA256


def test_the_digest_is_of_counts_labels_and_images(splits):
    digest = hashlib.sha256()
    for split in (splits.train, splits.val, splits.test):
        digest.update(len(split.labels).to_bytes(8, "little") + bytes(split.labels.tolist()))
        digest.update(split.images.tobytes())

    assert digest.hexdigest() == SHA256


def test_the_chunk_does_not_change_the_bytes(monkeypatch):
    monkeypatch.setattr(standin, "_CHUNK", 333)

    assert make_standin(4).sha256 == SHA256


def test_the_stream_of_words_is_numpys_documented_one():
    words = np.random.PCG64(4).random_raw(2)

    assert [int(word) for word in words] == [17396314626642683726, 9432328504602732981]


def test_no_cosine_lies_near_a_half_so_all_round_alike():
    exact = 128 * np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(32) + 1) / 64)

    assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 0.01
    assert np.array_equal(cosines(), np.round(exact))


def test_the_weights_fall_off_with_the_distance_from_the_constant():
    f = 1 + np.sqrt(np.add.outer(np.arange(8) ** 2, np.arange(8) ** 2))

    even = (8, 8, 8)
    assert np.array_equal(standin._spectrum(1780, even, is_steep=True), np.round(1780 / f**2.25))
    assert np.array_equal(standin._spectrum(3450, even, is_steep=False), np.round(3450 / f))


def test_the_rings_weight_the_constant_and_the_lowest_waves():
    weighted = standin._spectrum(800, (4, 16, 8), is_steep=False)

    assert weighted[0, 0] == 400
    assert (weighted[0, 1], weighted[1, 0], weighted[1, 1]) == (800, 800, np.round(1600 / (1 + np.sqrt(2))))
    assert weighted[0, 2] == np.round(800 / 3)


def test_every_product_is_a_whole_number_that_float64_holds():
    greatest = (
        2 * 510 * (standin._CLASS_SCALE + standin._MODE_SCALE + standin._NUISANCE_SCALE) * 64 * 128 * 128
    )

    assert greatest < 2**53


def test_shapes_and_types(splits):
    for split, count in ((splits.train, 6_000), (splits.val, 2_000), (splits.test, 2_000)):
        assert split.images.shape == (count, 3, 32, 32)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert np.bincount(split.labels).tolist() == [count // 10] * 10
        assert not split.images.flags.writeable
        assert not split.labels.flags.writeable


def test_a_simple_classifiers_weights_and_scores_are_whole_numbers_that_float64_holds():
    means = standin._hidden(standin._calibrated(), standin._Stream(0))

    for power in standin._HARD:
        weights = standin._weighted(means, power)
        assert np.array_equal(weights, np.round(weights))
        assert np.abs(weights).max() * 2 * 510 * (1780 + 2250 + 3450) * 192 < 2**53


def test_another_seed_is_another_set_and_the_name_says_which():
    other = standin_data(7)

    assert other.sha256 != SHA256
    assert other.name == "synthetic stand-in v3 for CIFAR-10, seed 7"


def test_the_name_is_known_before_any_image_is_made(monkeypatch):
    monkeypatch.setattr(standin, "make_standin", None)

    assert standin_data(8).name.endswith("seed 8")


def test_a_seed_hides_the_calibrated_classes_and_keeps_their_weights():
    calibrated = standin._calibrated()
    hidden = standin._hidden(calibrated, standin._Stream(1))

    assert not np.array_equal(hidden, calibrated)
    assert sorted(np.abs(hidden).ravel()) == sorted(np.abs(calibrated).ravel())
    for u in range(8):
        for v in range(8):
            alike = [
                np.abs(each[..., at, to]) for each in (calibrated, hidden) for at, to in ((u, v), (v, u))
            ]
            assert np.isclose((alike[0] ** 2 + alike[1] ** 2).sum(), (alike[2] ** 2 + alike[3] ** 2).sum())


def fitted(data):
    """Least squares on a set, with enough of a ridge to do well on it."""
    X, y = data.split("train")
    return np.linalg.solve(X.T @ X + 1000 * np.eye(X.shape[1]), X.T @ (np.eye(10)[y] - 0.1))


def accuracy_on(data, W):
    X, y = data.split("val")
    return float(((X @ W).argmax(axis=1) == y).mean())


def test_nothing_that_was_learned_on_one_set_helps_on_another():
    W = fitted(standin_data(1))

    assert accuracy_on(standin_data(1), W) > 0.35
    others = [accuracy_on(standin_data(seed), W) for seed in range(2, 8)]
    assert np.mean(others) < 0.15
    assert max(others) < 0.25


@pytest.mark.parametrize("seed", range(20))
def test_the_judged_images_are_as_hard_as_those_of_any_other_seed(seed):
    stream = standin._Stream(seed)
    means = standin._hidden(standin._calibrated(), stream)
    weights = [standin._weighted(means, power) for power in standin._HARD]
    labels, coefficients = standin._draw(stream, means, 20_000)

    scores = [coefficients.reshape(20_000, -1) @ each.T for each in weights]
    shares = [float((each.argmax(axis=1) == labels).mean()) for each in scores]

    assert shares == pytest.approx(list(standin._HARD.values()), abs=0.015)


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
@pytest.mark.parametrize("seed", range(1, 6))
def test_softmax_is_clear_of_the_bars_in_the_end(seed):
    data = standin_data(seed)
    X, y = data.split("train")
    W = trained_softmax(X, y, 1e-2, 1e-2, np.random.Generator(np.random.PCG64(1)))

    accuracy = {}
    for name in ("val", "test"):
        X_held, y_held = data.split(name)
        accuracy[name] = float(((X_held @ W).argmax(axis=1) == y_held).mean())

    assert accuracy["val"] == pytest.approx(0.52, abs=0.04)
    assert accuracy["test"] == pytest.approx(0.52, abs=0.04)
