"""Many pairs trained at once: each as it would be alone, and none slower than others whatever its numbers are."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from reference import Convention, softmax_loss, svm_loss
from reference.in_worker.searched import SEARCH_FUNCTIONS, grid, searched_source
from reference.in_worker.searched.grid import grid_accuracies, train_grid
from tests.reference.draws import PLAIN
from tests.reference.trainer import accuracy, train

PAIRS = np.array([(0.01, 0.3), (0.1, 0.0), (0.05, 1.5), (0.1, 0.02)])
LOSSES = {"svm": svm_loss, "softmax": softmax_loss}
OTHER = Convention(regularizer_coefficient=0.5, delta=2.0)

RATES, STRENGTHS = (1e-15, 1e-12, 1e-7, 1e-3, 1.0, 1e6), (0.0, 1e-300, 1e-3, 5e4, 1e10)
"""The ends of the ranges that a check has tried, and what lies between."""

DECAYS = (0.0, 1e-7, 0.2, 0.9, 1 - 1e-6, -0.5, -1.0, -1.02)
"""1 - 2*reg*learning_rate, the share of its weights that a step leaves."""


def draw_data(dtype=np.float64):
    """W, X and y of 60 samples with 7 features in 4 classes."""
    rng = np.random.default_rng(4)
    y = rng.integers(4, size=60)
    X = (rng.standard_normal((60, 7)) + 2 * np.eye(4, 7)[y]).astype(dtype)
    W = (0.1 * rng.standard_normal((7, 4))).astype(dtype)
    return W, X, y


SLOPES = {"svm": grid.svm_slopes, "softmax": grid.softmax_slopes}


def trained(slopes, pairs, data, steps=30, convention=PLAIN):
    W, X, y = data
    rng = np.random.default_rng(7)
    numbers = (convention.regularizer_coefficient, convention.delta)
    return train_grid(slopes, W, X, y, np.array(pairs), steps, 12, rng, *numbers)


def one_by_one(classifier, pairs, data, convention=PLAIN):
    """Each pair trained by the reference alone, for 30 steps with batches of 12."""
    W, X, y = data
    loss = partial(LOSSES[classifier], dtype=W.dtype.type)
    return [
        train(loss, W, X, y, rate, reg, 30, 12, np.random.default_rng(7), convention) for rate, reg in pairs
    ]


@pytest.mark.parametrize("convention", [PLAIN, OTHER], ids=["plain", "other"])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_each_model_is_the_one_that_its_pair_trains_alone(classifier, dtype, tolerance, convention):
    data = draw_data(dtype)

    models = trained(SLOPES[classifier], PAIRS, data, convention=convention)

    assert models.shape == (4, 7, 4)
    assert models.dtype == dtype
    alone = one_by_one(classifier, PAIRS, data, convention)
    np.testing.assert_allclose(models, np.array(alone), rtol=0, atol=tolerance)


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_a_pair_that_overflows_spoils_no_other_and_warns_of_nothing(classifier):
    data = draw_data(np.float32)
    pairs = [(0.01, 0.3), (1e30, 1e30), (0.1, 0.02), (1e-3, 1e38)]

    models = trained(SLOPES[classifier], pairs, data)

    first, third = one_by_one(classifier, [pairs[0], pairs[2]], data)
    np.testing.assert_allclose(models[[0, 2]], np.array([first, third]), rtol=0, atol=1e-5)
    assert np.isnan(models[[1, 3]]).all()


def test_a_pair_that_overflows_is_no_more_work():
    widths = []

    def slopes(scores, *given):
        widths.append(scores.shape[2])
        return grid.softmax_slopes(scores, *given)

    trained(slopes, [(0.01, 0.3), (1e3, 1e3), (0.1, 0.02)], draw_data(np.float32), 40)
    trained(slopes, [(1e3, 1e3)], draw_data(np.float32), 40)

    assert widths == [3] * grid.REVIEWED_EVERY + [2] * (40 - grid.REVIEWED_EVERY) + [1] * grid.REVIEWED_EVERY


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_no_number_in_range_makes_the_weights_or_the_slopes_denormal(classifier):
    pairs = [(rate, reg) for rate in RATES for reg in STRENGTHS]
    pairs += [(rate, (1 - decay) / 2 / rate) for rate in RATES for decay in DECAYS]
    W, X, y = draw_data(np.float32)
    X[:, 3] = 0  # its weights are only ever scaled
    scales = np.array([rate for rate, _ in pairs], np.float32) / 12
    seen = []

    def slopes(*given):
        G = SLOPES[classifier](*given)
        if len(G.T) == len(scales):
            seen.append(np.abs(G * scales))
        return G

    for steps in (10, 48, 128, 160, 960):
        seen += [np.abs(trained(slopes, pairs, (W, X, y), steps))]

    least = np.finfo(np.float32).tiny
    assert sum(int(((each > 0) & (each < least)).sum()) for each in seen) == 0


def test_accuracies_are_those_of_each_model_alone():
    W, X, y = draw_data()
    models = trained(grid.softmax_slopes, PAIRS, (W, X, y), 5)

    found = grid_accuracies(models, X, y)

    assert found.tolist() == [accuracy(model, X, y, PLAIN) for model in models]
    assert found.max() > 0.5


def test_a_model_that_is_not_finite_labels_nothing():
    _, X, y = draw_data()
    models = np.zeros((2, 7, 4))
    models[1, 0, 0] = np.nan

    assert grid_accuracies(models, X, np.zeros_like(y)).tolist() == [1.0, 0.0]


def test_what_was_passed_in_is_left_as_it_was():
    data = draw_data(np.float32)
    before = [each.copy() for each in (*data, PAIRS)]

    trained(grid.softmax_slopes, PAIRS, data)

    assert all(np.array_equal(*pair) for pair in zip(before, (*data, PAIRS), strict=True))


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_rows_in_float64_give_the_models_of_the_same_rows_in_float32(classifier):
    (W, X, y), (_, exact, _) = draw_data(np.float32), draw_data(np.float64)

    models, again = (trained(SLOPES[classifier], PAIRS, (W, rows, y)) for rows in (X, exact))

    assert again.dtype == np.float32
    assert np.array_equal(models, again)


@pytest.mark.parametrize("name", SEARCH_FUNCTIONS.values())
def test_many_pairs_are_ranked_before_the_best_are_trained_to_the_end(name):
    _, X, y = draw_data(np.float32)
    pairs = np.array([(rate, 1e-2) for rate in (1e-9, 1e-8, 1e-7, 1e-6, 3e-2)])
    search = getattr(grid, name)

    ranked, whole = (
        search(pairs, X, y, X, y, np.array([20, 100]), rank_iters, 12, 2.0, 1.0, 1.0)
        for rank_iters in (20, 100)
    )

    assert ranked[0] == whole[0] == 4
    assert ranked[2] == whole[2] == 100
    assert ranked[1] == pytest.approx(whole[1], abs=0.1)
    assert whole[1] > 0.5


@pytest.mark.parametrize("name", SEARCH_FUNCTIONS.values())
def test_a_search_ends_where_a_pair_is_first_clear_of_the_bar(name):
    _, X, y = draw_data(np.float32)
    pairs = np.array([(1e-9, 1e-2), (1e-2, 1e-2)])
    ends = np.array([1, 5, 20, 100])

    def search(clear, ends=ends):
        return getattr(grid, name)(pairs, X, y, X, y, ends, 100, 12, clear, 1.0, 1.0)

    reached = [search(2.0, ends[: count + 1])[1] for count in range(len(ends))]
    best = max(reached)
    first = reached.index(best)

    assert search(2.0)[2] == 100
    assert search(0.0)[2] == 1
    index, accuracy, end, accuracies = search(best)
    assert (index, accuracy, end) == (1, best, ends[first])
    assert accuracies[1] == best > accuracies[0] > 0


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_each_pair_goes_on_from_its_own_weights(classifier):
    data = draw_data()
    W, X, y = data
    rng = np.random.default_rng(7)
    half = train_grid(SLOPES[classifier], W, X, y, np.array(PAIRS), 10, 12, rng, 1.0, 1.0)

    whole = train_grid(SLOPES[classifier], half, X, y, np.array(PAIRS), 20, 12, rng, 1.0, 1.0)

    assert np.allclose(whole, trained(SLOPES[classifier], PAIRS, data, 30), rtol=0, atol=1e-12)


def test_the_module_needs_nothing_but_numpy():
    program = (
        f"import sys; exec({searched_source()!r}); print('torch' in sys.modules, 'reference' in sys.modules)"
    )

    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert printed.stdout.split() == ["False", "False"]
