"""The closed forms agree with torch, with exact arithmetic, and with what the courses print."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from reference import Convention, predict, scores, softmax_loss, svm_loss
from tests.reference.draws import PLAIN, Array, draw, torch_loss

LOSSES = {"svm": svm_loss, "softmax": softmax_loss}
CONVENTIONS = [
    Convention(),
    Convention(layout="CD"),
    Convention(regularizer_coefficient=0.5),
    Convention(layout="CD", regularizer_coefficient=0.5, delta=2.5),
]
is_wide = pytest.mark.skipif(
    bool(np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps), reason="np.longdouble is float64 here"
)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
@pytest.mark.parametrize("shape", [(7, 5, 6), (13, 3, 4), (1, 4, 5), (6, 2, 3), (64, 10, 20)], ids=str)
def test_loss_and_gradients_are_those_of_torch(classifier, convention, shape):
    case = draw(*shape, convention=convention)

    answer = LOSSES[classifier](case.W, case.X, case.y, case.reg, convention)

    loss, dW = torch_loss(classifier, case, convention)
    assert float(answer.loss) == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(answer.dW, dW, rtol=0, atol=1e-13 * np.abs(dW).max())


@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
def test_answers_are_in_extended_precision_unless_asked_otherwise(loss):
    case = draw(7, 5, 6)

    wide = loss(case.W, case.X, case.y, case.reg, PLAIN)
    narrow = loss(case.W, case.X, case.y, case.reg, PLAIN, dtype=np.float64)

    assert (wide.loss.dtype, wide.dW.dtype) == (np.longdouble, np.longdouble)
    assert (narrow.loss.dtype, narrow.dW.dtype) == (np.float64, np.float64)
    assert float(narrow.loss) == pytest.approx(float(wide.loss), rel=1e-14)
    np.testing.assert_allclose(narrow.dW, wide.dW, rtol=0, atol=1e-14)


@is_wide
def test_the_svm_agrees_with_exact_rational_arithmetic_beyond_float64():
    case = draw(3, 3, 2)
    W, X, y = _fractions(case.W), _fractions(case.X), case.y
    products = [[sum((x * W[d][c] for d, x in enumerate(row)), Fraction(0)) for c in range(3)] for row in X]
    hinges = [
        max(Fraction(0), row[c] - row[y[i]] + 1)
        for i, row in enumerate(products)
        for c in range(3)
        if c != y[i]
    ]
    squares = sum((w * w for row in W for w in row), Fraction(0))
    exact = sum(hinges, Fraction(0)) / 3 + Fraction(case.reg) * squares

    seen = svm_loss(case.W, case.X, y, case.reg, PLAIN).loss

    assert abs(Fraction(*seen.as_integer_ratio()) - exact) < exact * Fraction(1, 10**18)


@is_wide
def test_the_softmax_agrees_with_fifty_decimals_beyond_float64():
    case = draw(3, 3, 2)
    with localcontext(prec=50):
        W, X, y = _decimals(case.W), _decimals(case.X), case.y
        products = [
            [sum((x * W[d][c] for d, x in enumerate(row)), Decimal(0)) for c in range(3)] for row in X
        ]
        rows = [sum((s.exp() for s in row), Decimal(0)).ln() - row[y[i]] for i, row in enumerate(products)]
        exact = sum(rows, Decimal(0)) / 3 + Decimal(case.reg) * sum(w * w for row in W for w in row)

    seen = softmax_loss(case.W, case.X, y, case.reg, PLAIN).loss

    numerator, denominator = seen.as_integer_ratio()
    with localcontext(prec=50):
        assert abs(Decimal(numerator) / Decimal(denominator) - exact) < exact * Decimal("1e-18")


@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
@pytest.mark.parametrize("offset", [1e4, -1e4])
def test_a_shift_of_all_scores_of_a_row_changes_nothing(loss, offset):
    case = draw(7, 5, 6)
    W = np.vstack([case.W, np.ones((1, 5))])
    X = np.hstack([case.X, np.full((7, 1), offset)])

    plain, shifted = (loss(*each, case.y, 0.0, PLAIN) for each in ((case.W, case.X), (W, X)))

    assert float(shifted.loss) == pytest.approx(float(plain.loss), rel=1e-12)
    np.testing.assert_allclose(shifted.dW[:-1], plain.dW, rtol=0, atol=1e-12)


def test_a_score_gap_of_ten_thousand_costs_ten_thousand_and_stays_finite():
    answer = softmax_loss(np.array([[0.0, 1e4]]), np.array([[1.0]]), np.array([0]), 0.0, PLAIN)

    assert float(answer.loss) == 1e4
    assert answer.dW.tolist() == [[-1.0, 1.0]]


def test_the_softmax_of_zero_weights_costs_the_logarithm_of_the_number_of_classes():
    case = draw(7, 5, 6)

    assert float(softmax_loss(case.W * 0, case.X, case.y, 1.0, PLAIN).loss) == pytest.approx(
        math.log(5), rel=1e-15
    )


def test_the_svm_of_zero_weights_costs_delta_for_every_other_class():
    case = draw(7, 5, 6)

    assert float(svm_loss(case.W * 0, case.X, case.y, 1.0, Convention(delta=2.5)).loss) == pytest.approx(10.0)


def test_weights_of_one_at_the_size_of_cifar_cost_what_the_handout_says():
    X = np.random.default_rng(0).uniform(-1, 1, (4, 3073))

    answer = softmax_loss(np.ones((3073, 10)), X, np.array([0, 3, 3, 9]), 2.5e4, PLAIN)

    assert float(answer.loss) == pytest.approx(768_250_000 + math.log(10), rel=1e-15)


def test_a_margin_of_exactly_zero_is_not_active():
    answer = svm_loss(np.array([[2.0, 1.0, 0.5]]), np.array([[1.0]]), np.array([0]), 0.0, PLAIN)

    assert float(answer.loss) == 0.0
    assert answer.dW.tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
def test_narrow_inputs_are_widened_before_anything_is_computed(loss, dtype):
    case = draw(7, 5, 6)
    W, X = case.W.astype(dtype), case.X.astype(dtype)

    narrow = loss(W, X, case.y, case.reg, PLAIN)
    wide = loss(W.astype(np.float64), X.astype(np.float64), case.y, case.reg, PLAIN)

    assert narrow.loss == wide.loss
    assert np.array_equal(narrow.dW, wide.dW)


@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
def test_inputs_are_left_as_they_were(loss):
    case = draw(7, 5, 6)
    before = [each.copy() for each in (case.W, case.X, case.y)]

    loss(case.W, case.X, case.y, case.reg, PLAIN)

    assert all(np.array_equal(*pair) for pair in zip(before, (case.W, case.X, case.y), strict=True))


def test_scores_have_a_row_per_sample_in_either_layout():
    W, X = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0], [10.0]])

    assert scores(W, X, PLAIN).tolist() == [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]
    assert scores(W.T, X.T, Convention(layout="CD")).tolist() == [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]


def test_prediction_takes_the_first_of_several_highest_scores():
    W = np.array([[1.0, 3.0, 3.0]])

    labels = predict(W, np.array([[1.0], [-1.0]]), PLAIN)

    assert labels.tolist() == [1, 0]
    assert labels.dtype == np.int64


def _fractions(array: Array) -> list[list[Fraction]]:
    return [[Fraction(value) for value in row] for row in array.tolist()]


def _decimals(array: Array) -> list[list[Decimal]]:
    return [[Decimal(value) for value in row] for row in array.tolist()]
