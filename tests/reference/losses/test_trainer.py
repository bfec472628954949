"""Training is gradient descent on batches, and nothing else."""

from functools import partial

import numpy as np
import pytest

from reference import Convention, LossAndGradient, accuracy, softmax_loss, svm_loss, train
from tests.reference.draws import PLAIN, draw


@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
def test_one_step_takes_the_learning_rate_times_the_gradient_from_w(loss):
    case = draw(1, 5, 6)

    W, history = train(loss, case.W, case.X, case.y, 0.1, 0.3, 1, 4, np.random.default_rng(0), PLAIN)

    answer = loss(case.W, case.X, case.y, 0.3, PLAIN)
    np.testing.assert_allclose(W, case.W - 0.1 * answer.dW.astype(np.float64), rtol=1e-15, atol=1e-15)
    assert history == [pytest.approx(float(answer.loss), rel=1e-15)]


@pytest.mark.parametrize("convention", [PLAIN, Convention(layout="CD")], ids=["DC", "CD"])
@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
def test_the_loss_falls_on_separable_data(loss, convention):
    rng = np.random.default_rng(1)
    y = rng.integers(3, size=90)
    X = np.hstack([np.eye(3)[y] * 4 + rng.standard_normal((90, 3)) * 0.3, np.ones((90, 1))])
    X = X if convention.layout == "DC" else X.T
    W = np.zeros((4, 3) if convention.layout == "DC" else (3, 4))
    fast = partial(loss, dtype=np.float64)

    trained, history = train(fast, W, X, y, 0.1, 1e-3, 100, 20, rng, convention)

    assert len(history) == 100
    assert np.mean(history[-10:]) < 0.1 * history[0]
    assert accuracy(trained, X, y, convention) == 1.0


def test_batches_are_drawn_with_replacement_from_all_samples_and_keep_their_labels():
    X, y = np.arange(10.0)[:, None], np.arange(10)
    drawn = []

    def watch(W, X_batch, y_batch, reg, convention):
        assert np.array_equal(X_batch[:, 0], y_batch)
        drawn.append(y_batch)
        return LossAndGradient(loss=np.float64(0), dW=np.zeros_like(W), db=None)

    train(watch, np.zeros((1, 10)), X, y, 0.1, 0.0, 30, 8, np.random.default_rng(0), PLAIN)

    assert {batch.shape for batch in drawn} == {(8,)}
    assert set(np.concatenate(drawn)) == set(range(10))
    assert any(len(set(batch)) < 8 for batch in drawn)
    assert len({tuple(batch) for batch in drawn}) == 30


def test_what_was_passed_in_is_left_as_it_was_and_the_dtype_of_w_is_kept():
    case = draw(7, 5, 6)
    W = case.W.astype(np.float32)
    before = [each.copy() for each in (W, case.X, case.y)]

    trained, _ = train(svm_loss, W, case.X, case.y, 0.1, 0.3, 5, 4, np.random.default_rng(0), PLAIN)

    assert trained.dtype == np.float32
    assert all(np.array_equal(*pair) for pair in zip(before, (W, case.X, case.y), strict=True))


def test_equal_seeds_train_equal_weights():
    case = draw(7, 5, 6)

    first, second = (
        train(softmax_loss, case.W, case.X, case.y, 0.1, 0.3, 5, 4, np.random.default_rng(3), PLAIN)[0]
        for _ in range(2)
    )

    assert np.array_equal(first, second)
