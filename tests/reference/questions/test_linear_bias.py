"""The linear classifier with a bias: answers against autograd, training against the slides, mistakes against each other."""

from typing import Any

import numpy as np
import pytest
import torch

from reference import Convention
from reference.questions.inputs import Inputs
from reference.questions.linear_bias.loss import LOSS_QUESTION
from reference.questions.linear_bias.spiral import spiral
from reference.questions.linear_bias.training import TRAINING_QUESTIONS, descend

LECTURE = Convention(regularizer_coefficient=0.5)


def inputs_of(question, seed=0) -> list[dict[str, Any]]:
    drawn = question.draw(np.random.default_rng(seed))
    return [dict(case.inputs) for case in drawn if not case.is_noted]


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_and_both_gradients_are_those_of_autograd(seed):
    for inputs in inputs_of(LOSS_QUESTION, seed):
        W, b, X, y = (torch.tensor(inputs[name]) for name in ("W", "b", "X", "y"))
        W.requires_grad_()
        b.requires_grad_()
        penalty = 0.5 * inputs["reg"] * (W * W).sum()
        loss: Any = torch.nn.functional.cross_entropy(X @ W + b, y) + penalty
        loss.backward()

        answer = LOSS_QUESTION.answer(Inputs(inputs, LECTURE))

        assert answer["loss"] == pytest.approx(loss.item(), rel=1e-12)
        np.testing.assert_allclose(answer["dW"], np.asarray(W.grad), rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(answer["db"], np.asarray(b.grad), rtol=1e-10, atol=1e-13)


def test_scores_near_1000_are_noted():
    *_, last = LOSS_QUESTION.draw(np.random.default_rng(0))

    assert last.is_noted
    assert np.isfinite(LOSS_QUESTION.answer(Inputs(last.inputs, LECTURE))["loss"])


@pytest.mark.parametrize("output", ["loss", "dW", "db"])
def test_no_mistake_is_a_right_answer_and_at_least_8_are_known(output):
    cases = [Inputs(inputs, LECTURE) for inputs in inputs_of(LOSS_QUESTION)]
    mistakes = [each for each in LOSS_QUESTION.mistakes if each.output == output]

    right = [(inputs, LOSS_QUESTION.answer(inputs)[output]) for inputs in cases]
    assert LOSS_QUESTION.mistake_of(output, right) is None
    assert len(mistakes) >= 8
    assert len({each.name for each in mistakes}) == len(mistakes)
    for mistake in mistakes:
        if mistake.name.startswith("probabilities_clipped"):
            continue  # no probability may be small enough here
        outcomes = [(inputs, np.asarray(mistake.outcome(inputs))) for inputs in cases]
        assert outcomes[0][1].shape == right[0][1].shape
        found = LOSS_QUESTION.mistake_of(output, outcomes)
        assert found is not None, mistake.name
        assert mistake.words(LECTURE).endswith(("?", "."))


def spiral_inputs(**changes):
    X, y = spiral(np.random.default_rng(0))
    given: dict[str, Any] = {
        "X": X,
        "y": y,
        "num_classes": 3,
        "step_size": 1.0,
        "reg": 1e-3,
        "num_iters": 200,
    }
    return Inputs(given | changes, LECTURE)


def test_the_spiral_is_that_of_the_slides():
    X, y = spiral(np.random.default_rng(1))

    assert (X.shape, np.bincount(y).tolist()) == ((300, 2), [100, 100, 100])
    radius = np.hypot(*X.T)
    np.testing.assert_allclose(radius, np.tile(np.linspace(0, 1, 100), 3), atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_falls_from_ln_3_to_about_that_of_the_slides(seed):
    X, y = spiral(np.random.default_rng(seed))

    history = descend(spiral_inputs(X=X, y=y))["history"]

    assert history[0] == pytest.approx(np.log(3))
    assert len(history) == 201
    assert history[-2] == pytest.approx(0.744, abs=0.03)
    assert history[10] == pytest.approx(0.913, abs=0.03)


def test_training_reaches_the_minimum_that_torch_finds():
    inputs, *_ = inputs_of(TRAINING_QUESTIONS[1], 5)
    X, y = torch.tensor(inputs["X"]), torch.tensor(inputs["y"])
    W = torch.zeros(X.shape[1], inputs["num_classes"], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, inputs["num_classes"], dtype=torch.float64, requires_grad=True)
    steps = torch.optim.SGD([W, b], lr=inputs["step_size"])
    for _ in range(inputs["num_iters"]):
        steps.zero_grad()
        penalty = 0.5 * inputs["reg"] * (W * W).sum()
        loss: Any = torch.nn.functional.cross_entropy(X @ W + b, y) + penalty
        loss.backward()
        steps.step()

    found = TRAINING_QUESTIONS[1].answer(Inputs(inputs, LECTURE))

    np.testing.assert_allclose(found["W"], W.detach(), atol=1e-12)
    np.testing.assert_allclose(found["b"], b.detach(), atol=1e-12)
    assert found["history"].shape == (inputs["num_iters"],)
