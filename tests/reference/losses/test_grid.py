"""A grid of classifiers trained at once is the same classifiers trained one by one."""

from functools import partial

import numpy as np
import pytest

from reference import Convention, softmax_loss, svm_loss
from reference.losses.grid import grid_accuracies, train_grid
from tests.reference.draws import PLAIN
from tests.reference.trainer import accuracy, train

PAIRS = [(0.01, 0.3), (0.1, 0.0), (0.05, 1.5), (0.1, 0.02)]
LOSSES = {"svm": svm_loss, "softmax": softmax_loss}
CD = Convention(layout="CD", regularizer_coefficient=0.5, delta=2.0)


def draw_data(convention, dtype=np.float64):
    """W, X and y of 60 samples with 7 features in 4 classes, in the layout of the convention."""
    rng = np.random.default_rng(4)
    y = rng.integers(4, size=60)
    X = (rng.standard_normal((60, 7)) + 2 * np.eye(4, 7)[y]).astype(dtype)
    W = (0.1 * rng.standard_normal((7, 4))).astype(dtype)
    return (W, X, y) if convention.layout == "DC" else (W.T.copy(), X.T.copy(), y)


def one_by_one(classifier, W, X, y, pairs, convention):
    """Each pair trained by the reference alone, for 30 steps with batches of 12."""
    loss = partial(LOSSES[classifier], dtype=W.dtype.type)
    return [
        train(loss, W, X, y, rate, reg, 30, 12, np.random.default_rng(7), convention) for rate, reg in pairs
    ]


@pytest.mark.parametrize("convention", [PLAIN, CD], ids=["DC", "CD"])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_each_model_is_the_one_that_its_pair_trains_alone(classifier, dtype, tolerance, convention):
    W, X, y = draw_data(convention, dtype)

    models = train_grid(classifier, W, X, y, PAIRS, 30, 12, np.random.default_rng(7), convention)

    assert models.shape == (4, *W.shape)
    assert models.dtype == dtype
    alone = one_by_one(classifier, W, X, y, PAIRS, convention)
    np.testing.assert_allclose(models, np.array(alone), rtol=0, atol=tolerance)


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_a_pair_that_overflows_spoils_no_other_and_warns_of_nothing(classifier):
    W, X, y = draw_data(PLAIN, np.float32)
    pairs = [(0.01, 0.3), (1e30, 1e30), (0.1, 0.02), (1e-3, 1e38)]

    models = train_grid(classifier, W, X, y, pairs, 30, 12, np.random.default_rng(7), PLAIN)

    first, _, third, _ = one_by_one(classifier, W, X, y, [pairs[0], PAIRS[0], pairs[2], PAIRS[0]], PLAIN)
    np.testing.assert_allclose(models[[0, 2]], np.array([first, third]), rtol=0, atol=1e-5)
    assert not np.isfinite(models[1]).all()
    assert not np.isfinite(models[3]).all()


@pytest.mark.parametrize("convention", [PLAIN, CD], ids=["DC", "CD"])
def test_accuracies_are_those_of_each_model_alone(convention):
    W, X, y = draw_data(convention)
    models = train_grid("softmax", W, X, y, PAIRS, 5, 12, np.random.default_rng(7), convention)

    found = grid_accuracies(models, X, y, convention)

    assert found.tolist() == [accuracy(model, X, y, convention) for model in models]
    assert found.max() > 0.5


def test_a_model_that_is_not_finite_labels_nothing():
    _, X, y = draw_data(PLAIN)
    models = np.zeros((2, 7, 4))
    models[1, 0, 0] = np.nan

    assert grid_accuracies(models, X, np.zeros_like(y), PLAIN).tolist() == [1.0, 0.0]


def test_what_was_passed_in_is_left_as_it_was():
    W, X, y = draw_data(PLAIN, np.float32)
    before = [each.copy() for each in (W, X, y)]

    train_grid("softmax", W, X, y, PAIRS, 3, 12, np.random.default_rng(7), PLAIN)

    assert all(np.array_equal(*pair) for pair in zip(before, (W, X, y), strict=True))
