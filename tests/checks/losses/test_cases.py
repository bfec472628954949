"""Value cases: what each promises, and that a seed alone decides them."""

import numpy as np
import pytest

from grader.checks.losses.cases import (
    CLEARANCE,
    MANY_CLASSES,
    NO_REG,
    SECOND_DTYPE_CASES,
    SHIFTED_CLEARANCE,
    SMALL,
    TWO_CLASSES,
    Draw,
)
from reference import Convention, kink_clearance, predict, softmax_loss, svm_loss

PLAIN = Convention()
TRANSPOSED = Convention(layout="CD")


def cases_of(seed, convention=PLAIN):
    return {case.name: case for case in Draw(np.random.default_rng(seed), convention).value_cases()}


def test_the_battery_has_fifteen_cases_with_a_name_of_their_own():
    cases = Draw(np.random.default_rng(0), PLAIN).value_cases()

    assert len({case.name for case in cases}) == len(cases) == 15


def test_the_cases_for_the_second_dtype_are_in_the_battery():
    assert {SMALL, NO_REG, TWO_CLASSES, MANY_CLASSES} == SECOND_DTYPE_CASES
    assert cases_of(0).keys() >= SECOND_DTYPE_CASES


def test_the_three_cases_for_diagnosis_come_first_and_differ_in_every_size():
    first, second, third = Draw(np.random.default_rng(0), PLAIN).value_cases()[:3]

    assert len({first.reg, second.reg, third.reg}) == 3
    assert len({first.X.shape, second.X.shape, third.X.shape}) == 3
    assert first.W.shape[1] == 5
    assert (second.W.shape[1], third.W.shape[1]) == (10, 3)


@pytest.mark.parametrize("seed", range(10))
def test_float32_holds_every_number(seed):
    for case in cases_of(seed).values():
        for array in (case.W, case.X):
            assert array.dtype == np.float64
            assert np.array_equal(array, array.astype(np.float32))


@pytest.mark.parametrize("seed", range(10))
def test_every_label_is_a_class(seed):
    for case in cases_of(seed).values():
        assert case.y.dtype == np.int64
        assert case.y.shape == (case.X.shape[0],)
        assert case.y.min() >= 0
        assert case.y.max() < case.W.shape[1]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", [SMALL, "many features", "many samples", NO_REG, TWO_CLASSES, MANY_CLASSES])
def test_every_class_has_a_sample_in_a_plain_case(name, seed):
    case = cases_of(seed)[name]

    assert set(case.y) == set(range(case.W.shape[1]))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", [SMALL, "many features", "many samples", NO_REG, MANY_CLASSES, "one sample"])
def test_no_margin_of_a_plain_case_is_near_the_kink(name, seed):
    case = cases_of(seed)[name]

    assert kink_clearance(case.W, case.X, case.y, PLAIN) >= CLEARANCE


def test_the_hinge_is_active_somewhere_in_every_small_case():
    """At 1 seed in 150 it once was not, and a right gradient of zeros was taken for one that is not filled in."""
    draw = Draw(np.random.default_rng(0), PLAIN)

    for _ in range(1000):
        case = draw.small(0.0)
        assert svm_loss(case.W, case.X, case.y, 0.0, PLAIN).dW.any()


@pytest.mark.parametrize("seed", range(10))
def test_two_classes_have_no_sample_where_one_is_promised_to_be_absent(seed):
    case = cases_of(seed)["a class without samples"]

    absent = set(range(case.W.shape[1])) - set(case.y)

    assert len(absent) >= 2
    assert case.W.shape[1] - 1 in absent


def test_one_label_is_the_label_of_all():
    case = cases_of(0)["samples of one class only"]

    assert len(set(case.y)) == 1


def test_the_gap_is_the_widest_row_of_scores():
    case = cases_of(0)["a score gap of 40"]

    assert np.ptp(case.X @ case.W, axis=1).max() == pytest.approx(40, rel=1e-5)


@pytest.mark.parametrize("seed", range(30))
def test_the_true_class_leads_by_more_than_the_margin_where_all_are_right(seed):
    case = cases_of(seed)["samples that are all classified correctly"]

    loss = svm_loss(case.W, case.X, case.y, 0.0, PLAIN).loss

    assert np.array_equal(predict(case.W, case.X, PLAIN), case.y)
    assert loss == 0


def test_only_the_regularizer_speaks_where_the_data_are_zero():
    case = cases_of(0)["X of zeros"]

    loss = svm_loss(case.W, case.X, case.y, case.reg, PLAIN).loss

    assert float(loss) == pytest.approx(3 + np.sum(case.W**2))


@pytest.mark.parametrize("convention", [PLAIN, TRANSPOSED])
def test_two_cases_of_the_same_sizes_tell_who_keeps_the_answer_to_a_shape(convention):
    cases = cases_of(0, convention)
    first, second = cases["X of zeros"], cases["samples that are all classified correctly"]

    assert first.W.shape == second.W.shape
    assert first.X.shape == second.X.shape
    losses = [svm_loss(case.W, case.X, case.y, case.reg, convention).loss for case in (first, second)]
    assert abs(losses[0] - losses[1]) > 1


def test_weights_of_ones_are_ones_with_a_great_regularizer():
    case = Draw(np.random.default_rng(0), PLAIN).all_ones(300)

    assert case.W.shape == (300, 10)
    assert np.all(case.W == 1)
    assert case.reg == 2.5e4


@pytest.mark.parametrize("shift", [1e4, -1e4])
@pytest.mark.parametrize("seed", range(5))
def test_a_shift_moves_the_scores_of_every_other_row_and_not_the_answer(seed, shift):
    (case,) = Draw(np.random.default_rng(seed), PLAIN).shifted((shift,))
    W, X = case.W[:-1], case.X[:, :-1]

    assert np.allclose((case.X @ case.W)[::2], (X @ W)[::2] + shift)
    assert np.allclose((case.X @ case.W)[1::2], (X @ W)[1::2])
    assert float(softmax_loss(case.W, case.X, case.y, 0.0, PLAIN).loss) == pytest.approx(
        float(softmax_loss(W, X, case.y, 0.0, PLAIN).loss)
    )
    assert kink_clearance(W, X, case.y, PLAIN) >= SHIFTED_CLEARANCE


def test_all_shifts_are_of_one_case():
    still, up = Draw(np.random.default_rng(0), PLAIN).shifted((0.0, 1e4))

    assert (still.name, up.name) == ("unshifted scores", "scores of every other row shifted by +10000")
    assert np.array_equal(still.W, up.W)
    assert np.array_equal(still.X[:, :-1], up.X[:, :-1])
    assert np.all(still.X[:, -1] == 0)


def test_the_other_layout_turns_both_arrays_around():
    case, turned = cases_of(0)[MANY_CLASSES], cases_of(0, TRANSPOSED)[MANY_CLASSES]

    assert np.array_equal(turned.W, case.W.T)
    assert np.array_equal(turned.X, case.X.T)
    assert np.array_equal(turned.y, case.y)


@pytest.mark.parametrize("convention", [PLAIN, TRANSPOSED], ids=["DC", "CD"])
def test_the_sizes_are_told_the_same_in_either_layout(convention):
    case = cases_of(0, convention)["W of ones"]

    N = len(case.y)
    D = case.W.size // 10

    assert case.sizes(convention) == f"N={N}, C=10, D={D}, reg=25000"


def test_the_shifted_case_keeps_its_extra_feature_in_the_other_layout():
    (case,) = Draw(np.random.default_rng(0), TRANSPOSED).shifted((1e4,))

    assert np.all(case.W[:, -1] == 1)
    assert np.all(case.X[-1, ::2] == 1e4)


def test_sizes_vary_from_seed_to_seed():
    shapes = {Draw(np.random.default_rng(seed), PLAIN).small(0.37).X.shape for seed in range(20)}

    assert len(shapes) > 5


def test_the_same_stream_draws_the_same_case_and_another_one_another():
    first = Draw(np.random.default_rng(1), PLAIN).small(0.37)
    again = Draw(np.random.default_rng(1), PLAIN).small(0.37)
    other = Draw(np.random.default_rng(2), PLAIN).small(0.37)

    assert first.W.tobytes() == again.W.tobytes()
    assert first.X.tobytes() == again.X.tobytes()
    assert first.W.tobytes() != other.W.tobytes()
