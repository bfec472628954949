"""The lab's formulas against autograd, finite differences and NumPy's histogram; its mistakes are told apart."""

from typing import Any

import numpy as np
import pytest
import torch

from reference.questions.inputs import Inputs
from reference.questions.lab import QUESTIONS, formulas
from reference.questions.lab.descent import Descent, histogram, sequential

BY_NAME = {question.name: question for question in QUESTIONS}


def model(seed, classes=4, features=6):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(classes, features)), rng.normal(size=classes), rng.normal(size=features)


def loss_of(*given: Any) -> Any:
    weight, bias, x, label = given
    return torch.nn.functional.cross_entropy((weight @ x + bias)[None], torch.tensor([label]))


def as_array(tensor: Any) -> Any:
    return tensor.numpy()


@pytest.mark.parametrize("seed", range(5))
def test_forward_and_backward_are_those_of_autograd(seed):
    weight, bias, x = model(seed)
    own = [torch.tensor(each, requires_grad=True) for each in (weight, bias)]
    loss = loss_of(*own, torch.tensor(x), 2)
    loss.backward()

    y_hat = formulas.forward(weight, bias, x)
    of_weight, of_bias = formulas.backward(x, 2, y_hat)

    assert formulas.cross_entropy(y_hat, 2) == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(of_weight, as_array(own[0].grad), rtol=1e-12)
    np.testing.assert_allclose(of_bias, as_array(own[1].grad), rtol=1e-12)


@pytest.mark.parametrize("epsilon", [1e-4, 1e-2, 0.5])
def test_central_differences_are_differences_of_the_loss(epsilon):
    weight, bias, x = model(3)
    step = np.zeros_like(weight)
    step[2, 1] = epsilon

    up, down = (loss_of(*map(torch.tensor, (weight + s, bias, x)), 2).item() for s in (step, -step))
    of_weight, of_bias = formulas.central(weight, bias, x, 2, epsilon)

    assert of_weight[2, 1] == pytest.approx((up - down) / (2 * epsilon), rel=1e-9)
    up, down = (
        loss_of(*map(torch.tensor, (weight, bias + s * np.eye(4)[0], x)), 2).item()
        for s in (epsilon, -epsilon)
    )
    assert of_bias[0] == pytest.approx((up - down) / (2 * epsilon), rel=1e-9)


def test_a_descent_is_that_of_torch_with_a_penalty_and_momentum():
    weight, bias, x = model(5)
    own = [torch.tensor(each, requires_grad=True) for each in (weight, bias)]
    optimizer = torch.optim.SGD(own, lr=0.1, momentum=0.6)
    for _ in range(7):
        optimizer.zero_grad()
        (loss_of(*own, torch.tensor(x), 1) + 0.03 * (own[0] ** 2).sum()).backward()
        optimizer.step()

    inputs = Inputs({"weight": weight, "bias": bias, "X": x[None], "y": np.array([1])})
    trained = Descent().run(inputs, 7, 0.1, reg=0.03, momentum=0.6)

    for seen, expected in zip(trained, own, strict=True):
        np.testing.assert_allclose(seen, expected.detach(), rtol=1e-10)
    np.testing.assert_array_equal(sequential(inputs, 0.1, 3)[0], Descent().run(inputs, 3, 0.1)[0])


@pytest.mark.parametrize("bins", [4, 8, 16])
def test_a_histogram_is_numpys(bins):
    images = np.random.default_rng(1).integers(0, 256, size=(2, 3, 5, 5)).astype(np.uint8)

    expected = [[np.histogram(channel, bins, (0, 256))[0] for channel in image] for image in images]

    np.testing.assert_array_equal(histogram(images, bins), np.reshape(expected, (2, -1)))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_each_mistake_differs_from_the_right_answer_and_is_named_as_itself(question):
    for seed in range(3):
        cases = [
            Inputs(case.inputs) for case in question.draw(np.random.default_rng(seed)) if not case.is_noted
        ]
        for mistake in question.mistakes:
            with np.errstate(all="ignore"):
                seen = [(inputs, np.asarray(mistake.outcome(inputs))) for inputs in cases[:4]]
            seen = [(inputs, value) for inputs, value in seen if np.isfinite(value).all()]
            if not seen:
                continue  # scores that overflow
            named = question.mistake_of(mistake.output, seen)
            if named is None:  # without reg or momentum in all of the cases left, say
                rights = [question.answer(inputs)[mistake.output] for inputs, _ in seen]
                assert all(np.allclose(value, right) for (_, value), right in zip(seen, rights, strict=True))
            else:
                assert named.output == mistake.output
        answers = {
            name: [(inputs, question.answer(inputs)[name]) for inputs in cases] for name in question.outputs
        }
        assert not any(question.mistake_of(name, given) for name, given in answers.items())


def test_the_differences_that_students_take_are_told_apart():
    question = BY_NAME["lab_numeric"]
    cases = [Inputs(case.inputs) for case in question.draw(np.random.default_rng(0))]

    for mistake in question.mistakes:
        seen = [(inputs, np.asarray(mistake.outcome(inputs))) for inputs in cases]
        named = question.mistake_of(mistake.output, seen)
        assert named is not None
        assert named.name == mistake.name


def test_no_two_mistakes_of_an_output_have_the_same_message_and_another_name():
    for question in QUESTIONS:
        pairs = {(mistake.output, mistake.message): mistake.name for mistake in question.mistakes}
        assert all(pairs[mistake.output, mistake.message] == mistake.name for mistake in question.mistakes)
