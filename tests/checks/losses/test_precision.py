"""Float32 arithmetic inside float64 costs nothing; a small mistake of the same size is wrong."""

import numpy as np
import pytest

from grader.checks.losses.precision import is_rounded
from grader.checks.losses.values import ValuesCheck
from tests.checks.students import (
    in_float32,
    probabilities,
    softmax_indexed,
    softmax_of,
    svm_mask,
    verdict_on,
    with_gradient,
    with_loss,
)


def check_of(function):
    return ValuesCheck(kind="values", id="values", title="values", points=1, function=function)


SVM, SOFTMAX = "svm_loss_vectorized", "softmax_loss_vectorized"


def svm_of(scores, W, X, y, reg, delta=1.0):
    rows = np.arange(len(y))
    margins = scores - scores[rows, y][:, None] + delta
    margins[rows, y] = 0
    mask = (margins > 0).astype(W.dtype)
    mask[rows, y] = -mask.sum(axis=1)
    loss = np.maximum(margins, 0).sum() / len(y) + reg * np.sum(W * W)
    return loss, X.T @ mask / len(y) + 2 * reg * W


def narrow_scores(W, X):
    return (X.astype(np.float32) @ W.astype(np.float32)).astype(np.float64)


def svm_narrow_scores(W, X, y, reg):
    return svm_of(narrow_scores(W, X), W, X, y, reg)


def softmax_narrow_scores(W, X, y, reg):
    scores = narrow_scores(W, X)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return softmax_of(exponentials / exponentials.sum(axis=1, keepdims=True), W, X, y, reg)


def wide_regularizer(student):
    def mixed(W, X, y, reg):
        loss, dW = student(W.astype(np.float32), X.astype(np.float32), y, 0.0)
        return float(loss) + reg * np.sum(W * W), dW.astype(W.dtype) + 2 * reg * W

    return mixed


def narrow_accumulators(W, X, y, reg):
    loss, dW = np.float32(0), np.zeros(W.shape, np.float32)
    for row, label in zip(X, y, strict=True):
        margins = row @ W - row @ W[:, label] + 1
        for c in range(W.shape[1]):
            if c != label and margins[c] > 0:
                loss = np.float32(loss + margins[c])
                dW[:, c] += row
                dW[:, label] -= row
    return np.float64(loss) / len(y) + reg * np.sum(W * W), dW.astype(W.dtype) / len(y) + 2 * reg * W


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "function,student",
    [
        (SVM, svm_narrow_scores),
        (SOFTMAX, softmax_narrow_scores),
        (SVM, wide_regularizer(svm_mask)),
        (SOFTMAX, wide_regularizer(softmax_indexed)),
        (SVM, narrow_accumulators),
        (SVM, in_float32(svm_mask)),
        (SOFTMAX, in_float32(softmax_indexed)),
    ],
    ids=[
        "svm scores",
        "softmax scores",
        "svm with wide reg",
        "softmax with wide reg",
        "accumulators",
        "svm",
        "softmax",
    ],
)
def test_float32_arithmetic_inside_costs_nothing(function, student, seed):
    assert verdict_on(check_of(function), student, seed).credit == 1.0


def with_delta(delta):
    return lambda W, X, y, reg: svm_of(X @ W, W, X, y, reg, delta)


def with_epsilon(epsilon):
    return lambda W, X, y, reg: softmax_of(probabilities(W, X, epsilon), W, X, y, reg)


def by_forward_differences(student, h=1e-6):
    def numeric(W, X, y, reg):
        loss, dW = student(W, X, y, reg)
        if W.size > 100 or W.dtype == np.float32:
            return loss, dW
        for position in np.ndindex(*W.shape):
            moved = W.copy()
            moved[position] += h
            dW[position] = (student(moved, X, y, reg)[0] - loss) / h
        return loss, dW

    return numeric


def more(value):
    return value * (1 + 5e-6)


WRONG = {
    **{f"epsilon {each:g}": (SOFTMAX, with_epsilon(each)) for each in (1e-7, 1e-6, 1e-5, 1e-4)},
    **{f"delta {each}": (SVM, with_delta(each)) for each in (0.99999, 1.000001, 1.00001, 1.0001)},
    "svm gradient": (SVM, with_gradient(svm_mask, more)),
    "softmax gradient": (SOFTMAX, with_gradient(softmax_indexed, more)),
    "svm loss": (SVM, with_loss(svm_mask, more)),
    "softmax loss": (SOFTMAX, with_loss(softmax_indexed, more)),
    "svm differences": (SVM, by_forward_differences(svm_mask)),
    "softmax differences": (SOFTMAX, by_forward_differences(softmax_indexed)),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("function,student", WRONG.values(), ids=WRONG)
def test_a_mistake_of_the_size_of_rounding_is_wrong(function, student, seed):
    assert verdict_on(check_of(function), student, seed).credit < 1.0


def test_an_epsilon_of_1e_8_in_the_denominator_is_a_note():
    verdict = verdict_on(check_of(SOFTMAX), with_epsilon(1e-8))

    assert verdict.credit == 1.0
    assert verdict.findings[0].notes[0].startswith("it adds an epsilon to softmax's denominator")


@pytest.mark.parametrize("seed", range(4))
def test_values_that_are_right_by_chance_beside_wrong_ones_are_no_evidence_of_float32(seed):
    verdict = verdict_on(check_of(SVM), with_delta(2.0), seed)

    assert verdict.credit < 1.0
    assert verdict.findings[0].notes == ()


@pytest.mark.parametrize("value,expected", [(0.5, True), (0.1, False), (float(np.float32(0.1)), True)])
def test_a_number_is_rounded_when_float32_holds_it(value, expected):
    assert is_rounded(np.array(value), np.array(0.0), 1) is expected
