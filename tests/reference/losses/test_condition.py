"""Right implementations stay within 64 units of the bounds, in both dtypes; wrong ones do not."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reference import (
    Case,
    Condition,
    Convention,
    benign_epsilon_condition,
    kink_clearance,
    softmax_condition,
    softmax_loss,
    svm_condition,
    svm_loss,
)
from tests.reference.draws import PLAIN, Array, draw

UNITS = 64
SHAPES = [(7, 5, 6), (13, 3, 4), (1, 4, 5), (6, 2, 3), (1, 2, 1), (64, 10, 20), (200, 10, 9), (16, 10, 3073)]


def svm_by_loops(W, X, y, reg):
    loss, dW = 0.0, torch.zeros_like(W)
    for i in range(len(y)):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    return loss / len(y) + reg * torch.sum(W * W), dW / len(y) + 2 * reg * W


def svm_by_products(W, X, y, reg):
    rows = torch.arange(len(y))
    scores = X @ W
    margins = (scores - scores[rows, y][:, None] + 1).clamp(min=0)
    margins[rows, y] = 0
    mask = (margins > 0).to(W.dtype)
    mask[rows, y] = -mask.sum(1)
    return margins.sum() / len(y) + reg * (W * W).sum(), X.T @ mask / len(y) + 2 * reg * W


def softmax_by_loops(W, X, y, reg):
    loss, dW = 0.0, torch.zeros_like(W)
    for i in range(len(y)):
        scores = X[i] @ W
        scores = scores - scores.max()
        p = scores.exp() / scores.exp().sum()
        loss += -p[y[i]].log()
        for j in range(W.shape[1]):
            dW[:, j] += (p[j] - (1 if j == y[i] else 0)) * X[i]
    return loss / len(y) + reg * torch.sum(W * W), dW / len(y) + 2 * reg * W


def softmax_by_products(W, X, y, reg):
    rows = torch.arange(len(y))
    logarithms = torch.log_softmax(X @ W, dim=1)
    p = logarithms.exp()
    p[rows, y] -= 1
    return -logarithms[rows, y].mean() + reg * (W * W).sum(), X.T @ p / len(y) + 2 * reg * W


RIGHT = [
    (svm_loss, svm_condition, svm_by_loops),
    (svm_loss, svm_condition, svm_by_products),
    (softmax_loss, softmax_condition, softmax_by_loops),
    (softmax_loss, softmax_condition, softmax_by_products),
]
DTYPES = [torch.float32, torch.float64]


def units(right: Any, bounds: Any, student: Any, case: Case, dtype: torch.dtype) -> float:
    """How many units of rounding the student's loss and gradient lie from the reference."""
    reference = right(case.W, case.X, case.y, case.reg, PLAIN)
    bound = bounds(case.W, case.X, case.y, case.reg, PLAIN)
    W, X = torch.tensor(case.W, dtype=dtype), torch.tensor(case.X, dtype=dtype)
    loss, dW = student(W, X, torch.tensor(case.y), case.reg)
    u = torch.finfo(dtype).eps
    off = np.abs(dW.numpy() - reference.dW)
    in_gradient = np.divide(
        off, u * bound.gradient, out=np.where(off > 0, np.inf, 0), where=bound.gradient > 0
    )
    return max(float(abs(float(loss) - reference.loss) / (u * bound.loss)), float(in_gradient.max()))


@pytest.mark.parametrize("right,bounds,student", RIGHT, ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_right_implementations_stay_within_the_bounds(right, bounds, student, shape, dtype):
    for seed, reg in enumerate([0.0, 0.37, 2.5e4]):
        assert units(right, bounds, student, draw(*shape, reg=reg, seed=seed), dtype) < UNITS


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(2, 7), st.integers(1, 9)),
    reg=st.sampled_from([0.0, 1e-3, 1.0, 1e3]),
    scale=st.sampled_from([1e-3, 1.0, 30.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_right_implementations_stay_within_the_bounds_at_any_shape_and_scale(shape, reg, scale, seed):
    case = draw(*shape, reg=reg, seed=seed)
    case = case._replace(X=(case.X * scale).astype(np.float32).astype(np.float64))
    assume(kink_clearance(case.W, case.X, case.y, PLAIN) > 1e-3)

    for right, bounds, student in RIGHT:
        for dtype in DTYPES:
            # -log(p) is infinite where p underflows, at score gaps that only the greatest scale reaches
            if student is not softmax_by_loops or scale < 30:
                assert units(right, bounds, student, case, dtype) < UNITS


@pytest.mark.parametrize("offset", [1e4, -1e4])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("right,bounds,student", RIGHT[2:])
def test_a_shift_of_all_scores_widens_the_bounds_as_far_as_rounding_needs(
    right, bounds, student, offset, dtype
):
    case = draw(64, 10, 20)
    W = np.vstack([case.W, np.ones((1, 10))])
    X = np.hstack([case.X, np.full((64, 1), offset)])

    assert units(right, bounds, student, case._replace(W=W, X=X), dtype) < UNITS


@pytest.mark.parametrize("right,bounds,student", RIGHT, ids=lambda each: getattr(each, "__name__", ""))
def test_float32_inside_a_float64_function_is_outside_the_bounds(right, bounds, student):
    def narrowed(W, X, y, reg):
        loss, dW = student(W.float(), X.float(), y, reg)
        return loss.double(), dW.double()

    assert units(right, bounds, narrowed, draw(64, 10, 20), torch.float64) > 1000 * UNITS


@pytest.mark.parametrize("right,bounds,student", RIGHT, ids=lambda each: getattr(each, "__name__", ""))
def test_half_precision_scores_are_outside_the_bounds_in_float32(right, bounds, student):
    def halved(W, X, y, reg):
        return student(W.half().float(), X.half().float(), y, reg)

    assert units(right, bounds, halved, draw(64, 10, 20), torch.float32) > UNITS


def test_an_epsilon_of_1e_9_in_the_denominator_stays_within_its_own_allowance():
    loss_off, gradient_off, allowed = _epsilon(1e-9)

    assert loss_off < allowed.loss
    assert (gradient_off < allowed.gradient).all()


def test_an_epsilon_of_1e_6_in_the_denominator_does_not():
    loss_off, gradient_off, allowed = _epsilon(1e-6)

    assert loss_off > allowed.loss
    assert (gradient_off > allowed.gradient).any()


def _epsilon(epsilon: float) -> tuple[float, Array, Condition]:
    """How far a denominator with an epsilon lies off, beyond what rounding explains, and the allowance."""
    case = draw(64, 10, 20)
    W, X, rows = torch.tensor(case.W), torch.tensor(case.X), torch.arange(64)
    exponentials = (X @ W - (X @ W).max(1, keepdim=True).values).exp()
    p = exponentials / (exponentials.sum(1, keepdim=True) + epsilon)
    loss = -p[rows, case.y].log().mean() + case.reg * (W * W).sum()
    p[rows, case.y] -= 1
    dW = X.T @ p / 64 + 2 * case.reg * W
    right = softmax_loss(*case, PLAIN)
    rounding = softmax_condition(*case, PLAIN)
    unit = UNITS * np.finfo(np.float64).eps
    return (
        abs(loss.item() - right.loss) - unit * rounding.loss,
        np.abs(dW.numpy() - right.dW) - unit * rounding.gradient,
        benign_epsilon_condition(*case, PLAIN),
    )


def test_the_svm_bounds_are_those_of_the_formula_on_a_case_done_by_hand():
    W, X, y = np.array([[1.0, -2.0, 3.0]]), np.array([[2.0], [-1.0]]), np.array([0, 1])

    bound = svm_condition(W, X, y, 0.5, PLAIN)

    # scores [2, -4, 6] and [-1, 2, -3]: one margin active in the first row, none in the second; A = 6, 3
    assert bound.loss == ((2 * 6 + 2) + (2 * 3 + 2)) / 2 + 0.5 * 14
    assert bound.gradient.tolist() == [[2 * 1 / 2 + 1, 2 * 0 + 2, 2 * 1 / 2 + 3]]


def test_the_softmax_bounds_are_those_of_the_formula_on_a_case_done_by_hand():
    W, X, y = np.array([[1.0, -1.0]]), np.array([[0.0]]), np.array([1])

    bound = softmax_condition(W, X, y, 0.5, PLAIN)

    assert bound.loss == pytest.approx(2 * np.log(2) + 0.5 * 2)
    assert bound.gradient.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("bounds", [svm_condition, softmax_condition, benign_epsilon_condition])
def test_bounds_have_the_layout_of_w(bounds):
    convention = Convention(layout="CD")
    case = draw(7, 5, 6, convention=convention)

    turned = bounds(*case, convention)
    plain = bounds(case.W.T, case.X.T, case.y, case.reg, PLAIN)

    np.testing.assert_allclose(turned.gradient, plain.gradient.T, rtol=1e-14)
    assert turned.loss == pytest.approx(plain.loss, rel=1e-14)


def test_kink_clearance_is_the_smallest_margin_of_a_wrong_class():
    W, X = np.array([[1.0, 0.5, 4.0]]), np.array([[1.0]])

    assert kink_clearance(W, X, np.array([0]), PLAIN) == 0.5
    assert kink_clearance(W, X, np.array([0]), Convention(delta=0.5)) == 0.0
    assert kink_clearance(W[:, :1], X, np.array([0]), PLAIN) == np.inf
