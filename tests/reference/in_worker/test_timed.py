"""The implementations that a student is timed beside give the reference's values, in each convention."""

import types

import numpy as np
import pytest
import torch

from reference import TIMED_FUNCTIONS, Convention, timed_source
from tests.reference.draws import draw, torch_loss

CONVENTIONS = [
    Convention(layout=layout, regularizer_coefficient=coefficient, delta=delta)
    for layout in ("DC", "CD")
    for coefficient, delta in ((1.0, 1.0), (0.5, 1.0), (1.0, 2.5))
]


def timed_module(backend, convention):
    module = types.ModuleType("timed")
    exec(compile(timed_source(backend, convention), "timed", "exec"), module.__dict__)
    return module


def answers(backend, convention, name, case, dtype="float64"):
    """Loss and dW of one of the functions, as NumPy has them."""
    function = getattr(timed_module(backend, convention), name)
    W, X, y = case.W.astype(dtype, copy=False), case.X.astype(dtype, copy=False), case.y
    if backend == "torch":
        loss, dW = function(torch.from_numpy(W), torch.from_numpy(X), torch.from_numpy(y), case.reg)
        return float(loss), dW.numpy()
    loss, dW = function(W, X, y, case.reg)
    return float(loss), dW


@pytest.mark.parametrize("convention", CONVENTIONS, ids=repr)
@pytest.mark.parametrize("name", [name for name in TIMED_FUNCTIONS if name != "null_call"])
@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_each_gives_the_loss_and_gradient_that_autograd_gives(backend, name, convention):
    case = draw(9, 4, 13, convention=convention)

    loss, dW = answers(backend, convention, name, case)

    expected_loss, expected_dW = torch_loss(name.split("_")[0], case, convention)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert dW.shape == case.W.shape
    np.testing.assert_allclose(dW, expected_dW, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_naive_and_vectorized_agree_in_float32_and_keep_it(backend, classifier):
    case = draw(20, 5, 31)

    naive, vectorized = (
        answers(backend, Convention(), f"{classifier}_loss_{style}", case, "float32")
        for style in ("naive", "vectorized")
    )

    assert naive[1].dtype == vectorized[1].dtype == np.float32
    assert naive[0] == pytest.approx(vectorized[0], rel=1e-5)
    np.testing.assert_allclose(naive[1], vectorized[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_the_inputs_are_left_as_they_are(backend):
    case = draw(9, 4, 13)
    before = [each.copy() for each in (case.W, case.X, case.y)]

    for name in TIMED_FUNCTIONS:
        answers(backend, Convention(), name, case)

    for array, kept in zip((case.W, case.X, case.y), before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_the_null_call_gives_back_what_it_was_given(backend):
    case = draw(9, 4, 13)

    loss, dW = answers(backend, Convention(), "null_call", case)

    assert loss == 0
    np.testing.assert_array_equal(dW, case.W)
