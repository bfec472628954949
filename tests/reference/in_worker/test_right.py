"""The right functions that take the place of wrong ones: against autograd, and as answers to their own questions."""

import types

import numpy as np
import pytest
import torch

from reference import Convention, right_source
from reference.in_worker.drivers import driver_source
from reference.questions import QUESTIONS
from reference.questions.inputs import Inputs

PLAIN = Convention()
ASKED = [each for each in QUESTIONS.values() if each.right is not None]
ANSWERS = {each.right for each in ASKED if each.right is not None} | {
    ("training", name)
    for name in ("sample_batch", "train_linear_classifier", "predict_linear_classifier", "predict")
}
PARTS = {"train_linear_classifier": {"sample_batch"}, "predict": {"predict_linear_classifier"}}
"""The right functions that another one calls."""
HANDED = {
    "affine_backward": "affine_forward",
    "affine_cache": "affine_backward",
    "relu_backward": "relu_forward",
    "relu_cache": "relu_backward",
}
"""The other pass of a layer, which the driver of these questions calls too."""
BY_CHANCE = {("nn_train", "train_acc_history"), ("nn_train", "batches")}
"""Outputs that the random batches decide: only their shape is known."""


def module_of(text, name="right"):
    module = types.ModuleType(name)
    exec(compile(text, name, "exec"), vars(module))
    return module


def right_function(name, function, convention=PLAIN):
    return vars(module_of(right_source(name, function, convention)))[function]


class Holder:
    """An object that takes any sizes, with one parameter that nothing reads."""

    reg = 0.0

    def __init__(self, *_, **__):
        self.params = {"unused": np.zeros(1, np.float32)}


def callable_of(question, convention):
    """The right function, in a class of its own if it is a method, behind the question's driver."""
    name, function = question.right
    right = right_function(name, function, convention)
    if question.method is not None:
        right = type("Right", (Holder,), {question.method: right})
    if question.driver is None:
        return right
    driver = vars(module_of(driver_source(question.driver[0]), "driver"))[question.driver[1]]
    handed = [right_function(name, HANDED[question.name])] if question.name in HANDED else []
    return lambda *given: driver(right, *handed, *given)


@pytest.mark.parametrize("coefficient", [0.5, 1.0])
@pytest.mark.parametrize("question", ASKED, ids=[each.name for each in ASKED])
def test_each_answers_its_own_question(question, coefficient):
    convention = Convention(regularizer_coefficient=coefficient)
    is_torch = question.right[0] in {"lab", "linear_regression", "net_functions"}
    call = callable_of(question, convention)

    for case in question.draw(np.random.default_rng(3)):
        given = [
            torch.from_numpy(each) if is_torch and isinstance(each, np.ndarray) else each
            for each in case.inputs.values()
        ]
        answer = call(*given)
        answer = answer if isinstance(answer, tuple) else (answer,)
        expected = question.answer(Inputs(case.inputs, convention))
        for seen, (name, right) in zip(answer, expected.items(), strict=False):
            if (question.name, name) in BY_CHANCE:
                assert np.shape(seen) == np.shape(right)
                continue
            exact = 1e-6 if case.label == "in float32" else 1e-12
            allowed = question.tolerances.get(name, exact) * np.max(np.abs(right), initial=1.0)
            np.testing.assert_allclose(np.asarray(seen), right, rtol=max(exact, 1e-9), atol=allowed)


@pytest.mark.parametrize("coefficient", [0.5, 1.0])
def test_the_gradients_of_the_network_are_those_of_autograd(coefficient):
    rng = np.random.default_rng(0)
    sizes = {"W1": (5, 6), "b1": (6,), "W2": (6, 4), "b2": (4,)}
    net = types.SimpleNamespace(params={name: rng.normal(size=shape) for name, shape in sizes.items()})
    X, y, reg = rng.normal(size=(9, 5)), rng.integers(4, size=9), 0.3
    own = {name: torch.tensor(value, requires_grad=True) for name, value in net.params.items()}
    scores = torch.relu(torch.tensor(X) @ own["W1"] + own["b1"]) @ own["W2"] + own["b2"]
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor(y))
    expected = expected + coefficient * reg * (own["W1"].square().sum() + own["W2"].square().sum())
    expected.backward()

    right_loss = right_function("two_layer", "loss", Convention(regularizer_coefficient=coefficient))
    loss, gradients = right_loss(net, X, y, reg)

    assert loss == pytest.approx(float(expected.detach()))
    for name, each in own.items():
        assert each.grad is not None
        np.testing.assert_allclose(gradients[name], each.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_the_trainer_steps_down_the_gradient_that_it_is_given(make):
    seen = []

    def loss(W, X, y, reg):
        seen.append((W, X, y, reg))
        return 3.0, W * 0 + 1

    X, y = make(np.arange(12.0).reshape(6, 2)), make(np.asarray([0, 1, 2, 0, 1, 2]))
    W, history = right_function("training", "train_linear_classifier")(
        loss, None, X, y, learning_rate=0.5, reg=0.1, num_iters=4, batch_size=3
    )

    assert history == [3.0] * 4
    assert W.shape == (2, 3)
    np.testing.assert_allclose(np.asarray(seen[0][0] - W), 2.0)
    assert {tuple(batch.shape) for _, batch, _, _ in seen} == {(3, 2)}
    for _, batch, labels, reg in seen:
        assert reg == 0.1
        assert [int(row[0]) // 2 % 3 for row in batch] == [int(each) for each in labels]


def test_the_method_train_reads_and_leaves_the_weights_in_the_object():
    owner = types.SimpleNamespace(W=None, loss=lambda X, y, reg: (1.0, np.ones((2, 3))))
    given = types.SimpleNamespace(W=None, loss=lambda W, X, y, reg: (1.0, np.ones((2, 3))))
    X, y = np.ones((4, 2)), np.asarray([0, 1, 2, 0])

    histories = [
        right_function("training", "train_with_own_weights")(owner, X, y, num_iters=5, learning_rate=1.0),
        right_function("training", "train_with_given_weights")(given, X, y, num_iters=5, learning_rate=1.0),
    ]

    assert histories == [[1.0] * 5] * 2
    for each in (owner, given):
        np.testing.assert_allclose(each.W, -5.0, atol=0.01)
        labels = right_function("training", "predict")(each, X)
        np.testing.assert_array_equal(labels, (X @ each.W).argmax(axis=1))


@pytest.mark.parametrize("module", ["lab", "linear_bias", "linear_regression", "training", "two_layer"])
def test_no_other_functions_answer_comes_along(module):
    answers = {function for name, function in ANSWERS if name == module}

    for function in answers:
        alone = vars(module_of(right_source(module, function, PLAIN)))
        assert answers & alone.keys() <= {function} | PARTS.get(function, set())
