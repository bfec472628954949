"""The network of functions: gradients against autograd, steps against the handout's loop, mistakes against what is right."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from reference.in_worker.drivers import net_functions as driver
from reference.in_worker.right import net_functions as right
from reference.questions.inputs import Inputs
from reference.questions.net_functions import NET_FUNCTION_QUESTIONS
from reference.questions.net_functions.steps import Steps, descend, epoch_of

BY_NAME = {question.name: question for question in NET_FUNCTION_QUESTIONS}
NAMES = ("W1", "b1", "W2", "b2")


def cases_of(name: str, seed: int = 0) -> list[Inputs]:
    return [Inputs(case.inputs) for case in BY_NAME[name].draw(np.random.default_rng(seed))]


def tensors_of(given: Inputs) -> list[Any]:
    return [
        torch.from_numpy(each.copy()) if isinstance(each, np.ndarray) else each
        for each in given.values.values()
    ]


@pytest.mark.parametrize("seed", range(3))
def test_loss_and_gradients_are_those_of_autograd(seed):
    for given in cases_of("nn_forward_backward", seed):
        params = {name: torch.tensor(given.array(name), requires_grad=True) for name in NAMES}
        X, y = torch.tensor(given.array("X")), torch.tensor(given.array("y"))
        scores = torch.relu(X @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]
        squares = (params["W1"] ** 2).sum() + (params["W2"] ** 2).sum()
        loss = torch.nn.functional.cross_entropy(scores, y) + given.number("reg") * squares
        loss.backward()

        answer = BY_NAME["nn_forward_backward"].answer(given)

        np.testing.assert_allclose(answer["scores"], scores.detach().numpy(), rtol=1e-12)
        assert answer["loss"] == pytest.approx(loss.item(), rel=1e-12)
        for name in NAMES:
            grad = params[name].grad
            assert grad is not None
            np.testing.assert_allclose(answer[f"d{name}"], grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    "name", ["nn_forward_pass", "nn_forward_backward", "nn_large_scores", "nn_predict", "nn_train"]
)
def test_the_right_functions_give_the_answers(name):
    question = BY_NAME[name]
    assert question.driver is not None
    assert question.right is not None
    call, function = getattr(driver, question.driver[1]), getattr(right, question.right[1])
    for given in cases_of(name):
        answer = question.answer(given)

        found = call(function, *tensors_of(given))

        seen = [found] if len(question.outputs) == 1 else found
        for output, value in zip(question.outputs, seen, strict=True):
            if output not in question.free:
                np.testing.assert_allclose(np.asarray(value), answer[output], rtol=1e-7, atol=1e-10)
        arrays = {key: np.asarray(value) for key, value in zip(question.outputs, seen, strict=True)}
        assert [rule.name for rule in question.rules if rule.broken(given, arrays)] == []


def test_a_step_has_the_rate_of_the_handouts_loop():
    for given in cases_of("nn_train"):
        E, rate = epoch_of(given), given.number("learning_rate")
        params = dict(zip(NAMES, given.arrays(*NAMES), strict=True))
        for it in range(given.integer("num_iters")):
            for name in NAMES:
                slope = given.array(f"G_{name}")[it] + given.number("reg") * params[name]
                params[name] = params[name] - rate * slope
            if it % E == 0:
                rate *= given.number("learning_rate_decay")

        found = descend(given)

        for name in NAMES:
            np.testing.assert_allclose(found[name], params[name], rtol=1e-12)
    first = cases_of("nn_train")[0]
    assert [math.ceil(t / epoch_of(first)) for t in range(6)] == [Steps().decays(t, 4) for t in range(6)]


@pytest.mark.parametrize("name", ["nn_forward_pass", "nn_forward_backward", "nn_predict", "nn_train"])
def test_every_mistake_can_be_told_from_what_is_right(name):
    question = BY_NAME[name]
    for mistake in question.mistakes:
        far = 0.0
        for given in cases_of(name):
            expected, seen = (
                np.asarray(question.answer(given)[mistake.output]),
                np.asarray(mistake.outcome(given)),
            )
            is_other = seen.shape != expected.shape
            size = np.abs(expected).max() or 1.0
            far = max(far, 1.0 if is_other else float(np.abs(seen - expected).max() / size))
        assert far > 1e-3, mistake.name


def test_half_of_the_rows_have_scores_1000_higher_than_the_others():
    everywhere, some = cases_of("nn_large_scores")
    forward = BY_NAME["nn_forward_pass"].answer

    high, mixed = (forward(each)["scores"].max(axis=1) for each in (everywhere, some))

    assert high.min() > 900
    assert sorted(mixed > 500) == [False] * 4 + [True] * 4
    assert mixed.max() > 900


def test_best_networks_by_validation_training_test_and_loss_are_different_ones():
    for seed in range(20):
        for given in cases_of("find_best_net", seed):
            chosen = [int(given.array(f"right_{split}").argmax()) for split in ("train", "val", "test")]
            chosen += [int(given.array("losses").argmin()), int(given.array("right_val").argmin())]

            assert len(set(chosen)) == 5
            assert not {0, 15} & set(chosen)
            shares = np.concatenate([given.array(f"right_{split}") for split in ("train", "val", "test")])
            assert len(set(given.array("right_val"))) == 16
            assert 0 < shares.min() < shares.max() <= 40
