"""Inputs that do not fit are refused with the shapes that were seen."""

import numpy as np
import pytest

from reference import Convention, softmax_loss, svm_loss

W = np.zeros((6, 5))
X = np.zeros((7, 6))
y = np.zeros(7, dtype=np.int64)
PLAIN = Convention()


@pytest.mark.parametrize("loss", [svm_loss, softmax_loss])
@pytest.mark.parametrize(
    "arguments,message",
    [
        ((W[0], X, y, 0.0, PLAIN), "W must have two dimensions (got shape (5,))"),
        ((W, X[0], y, 0.0, PLAIN), "X must have two dimensions (got shape (6,))"),
        (
            (W, X[:, :5], y, 0.0, PLAIN),
            "X must hold samples of 6 features, as W does (got 7 samples of 5 features in layout DC)",
        ),
        (
            (W, X, y, 0.0, Convention(layout="CD")),
            "X must hold samples of 5 features, as W does (got 6 samples of 7 features in layout CD)",
        ),
        (
            (W, X[:0], y[:0], 0.0, PLAIN),
            "X must hold samples of 6 features, as W does (got 0 samples of 6 features in layout DC)",
        ),
        ((W, X, y[:6], 0.0, PLAIN), "y must hold 7 integers (got shape (6,) of int64)"),
        ((W, X, y * 0.5, 0.0, PLAIN), "y must hold 7 integers (got shape (7,) of float64)"),
        ((W, X, y - 1, 0.0, PLAIN), "y must lie in 0..4 (got -1..-1)"),
        ((W, X, y + 5, 0.0, PLAIN), "y must lie in 0..4 (got 5..5)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(loss, arguments, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        loss(*arguments)

    assert str(caught.value) == message


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_any_integer_dtype_are_taken(dtype):
    assert float(svm_loss(W, X, y.astype(dtype), 0.0, PLAIN).loss) == 4.0
