"""The layers: values against autograd, mistakes against each other, and every named one far from what is right."""

from typing import Any

import numpy as np
import pytest
import torch

from reference.questions.inputs import Inputs
from reference.questions.layers import LAYER_QUESTIONS

BY_NAME = {question.name: question for question in LAYER_QUESTIONS}
ASKED = [name for name in BY_NAME if not name.endswith("_cache")]
LEAST_DEVIATION = 9e-3
"""Relative: the leaky ReLU's, the nearest of all."""


def cases_of(name: str, seed: int = 0) -> list[Inputs]:
    return [
        Inputs(case.inputs) for case in BY_NAME[name].draw(np.random.default_rng(seed)) if not case.is_large
    ]


def leaf(given: Inputs, name: str) -> Any:
    return torch.tensor(given.array(name), requires_grad=True)


def gradients(output: Any, upstream: Any, *leaves: Any) -> list[np.ndarray]:
    return [each.numpy() for each in torch.autograd.grad(output, leaves, upstream)]


def test_the_affine_layer_is_that_of_torch():
    for given in cases_of("affine_backward"):
        x, w, b = (leaf(given, name) for name in ("x", "w", "b"))
        out = torch.nn.functional.linear(x.flatten(1), w.T, b)

        answer = BY_NAME["affine_backward"].answer(given)

        for name, expected in zip(
            ("dx", "dw", "db"), gradients(out, torch.tensor(given.array("dout")), x, w, b), strict=True
        ):
            np.testing.assert_allclose(answer[name], expected, rtol=1e-11, atol=1e-13)
        forward = Inputs({name: given[name] for name in ("x", "w", "b", "turned")})
        np.testing.assert_allclose(BY_NAME["affine_forward"].answer(forward)["out"], out.detach(), rtol=1e-11)


def test_the_relu_is_that_of_torch():
    for given in cases_of("relu_backward"):
        x = leaf(given, "x")
        expected = gradients(torch.relu(x), torch.tensor(given.array("dout")), x)[0]

        np.testing.assert_array_equal(BY_NAME["relu_backward"].answer(given)["dx"], expected)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "name,loss_of",
    [
        ("layer_softmax_loss", torch.nn.functional.cross_entropy),
        ("layer_svm_loss", lambda x, y: x.shape[1] * torch.nn.functional.multi_margin_loss(x, y)),
    ],
)
def test_the_losses_are_those_of_torch(name, loss_of, seed):
    for given in cases_of(name, seed):
        x = leaf(given, "x")
        loss = loss_of(x, torch.tensor(given.array("y")))

        answer = BY_NAME[name].answer(given)

        assert answer["loss"] == pytest.approx(loss.item(), rel=1e-12)
        np.testing.assert_allclose(answer["dx"], gradients(loss, None, x)[0], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", ASKED)
def test_sizes_tell_what_is_mixed_up_and_one_case_lies_in_the_other_memory_order(name):
    cases = cases_of(name)

    assert sum(bool(given["turned"]) for given in cases) == 1
    assert any(given.array("x").shape[0] == 1 for given in cases)
    if name.startswith("affine"):
        assert {given.array("x").ndim - 1 for given in cases} == {1, 2, 3}
        assert sum(given.array("w").shape[0] == given.array("w").shape[1] for given in cases) == 1
    if name.startswith("layer"):
        assert 2 in {given.array("x").shape[1] for given in cases}


@pytest.mark.parametrize("name", ASKED)
def test_every_mistake_can_be_told_from_what_is_right_and_from_the_others(name):
    question, cases = BY_NAME[name], cases_of(name)
    for mistake in question.mistakes:
        rights = [np.asarray(question.answer(given)[mistake.output]) for given in cases]
        outcomes = [np.asarray(mistake.outcome(given)) for given in cases]
        seen = [
            (given, outcome)
            for given, outcome in zip(cases, outcomes, strict=True)
            if np.isfinite(outcome).all()
        ]
        far = max(
            np.abs(outcome - right).max() / np.abs(right).max()
            for outcome, right in zip(outcomes, rights, strict=True)
            if np.isfinite(outcome).all()
        )
        assert far >= LEAST_DEVIATION, mistake.name
        assert all(one.shape == other.shape for one, other in zip(outcomes, rights, strict=True))
        assert mistake.message.endswith(("?", "."))
        found = question.mistake_of(mistake.output, seen[:4])
        assert found is not None
        assert found.name == mistake.name


def test_at_least_twelve_mistakes_are_known_of_each_layer_with_a_gradient():
    for name in ("affine_backward", "relu_backward", "layer_softmax_loss", "layer_svm_loss"):
        question = BY_NAME[name]
        by_value = {(each.output, each.name) for each in question.mistakes}
        by_shape = {(each.output, each.name) for each in question.misshapen}
        assert len(by_value | by_shape) >= 12


@pytest.mark.parametrize("name", ["affine_forward", "affine_backward", "relu_backward", "layer_svm_loss"])
def test_a_wrong_shape_is_never_the_right_one_where_it_is_told(name):
    question = BY_NAME[name]
    for each in question.misshapen:
        assert each.shape is not None
        shapes = [each.shape(given) for given in cases_of(name)]
        rights = [np.shape(question.answer(given)[each.output]) for given in cases_of(name)]
        assert shapes != rights
        assert each.message.endswith(("?", "."))
