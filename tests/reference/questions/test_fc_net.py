"""The networks of any depth: gradients against autograd, the start's rules on drawn starts, mistakes against each other."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from reference.in_worker.drivers.fc_net import calls, single
from reference.losses.problem import softmax
from reference.questions.fc_net import FC_NET_QUESTIONS
from reference.questions.fc_net.network import parameters_of, scores
from reference.questions.inputs import Inputs

BY_NAME = {question.name: question for question in FC_NET_QUESTIONS}
LOSSES = ["two_layer_fc_loss", "fully_connected_loss"]


def cases_of(name: str, seed: int = 0) -> list[Inputs]:
    return [Inputs(case.inputs) for case in BY_NAME[name].draw(np.random.default_rng(seed))]


def torch_loss(given: Inputs, weights: list[Any], biases: list[Any]) -> Any:
    layer = torch.tensor(given.array("X")).flatten(1)
    for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
        layer = layer @ W + b
        layer = layer if i == len(weights) - 1 else torch.relu(layer)
    data = torch.nn.functional.cross_entropy(layer, torch.tensor(given.array("y")))
    return data + 0.5 * given.number("reg") * sum((W**2).sum() for W in weights)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_and_the_gradients_are_those_of_autograd(name, seed):
    for given in cases_of(name, seed):
        parameters = parameters_of(given)
        weights, biases = (
            [torch.tensor(each, requires_grad=True) for each in kind]
            for kind in (parameters.weights, parameters.biases)
        )
        loss = torch_loss(given, weights, biases)
        loss.backward()

        answer = dict(BY_NAME[name].answer(given))

        assert answer.pop("loss") == pytest.approx(loss.item(), rel=1e-12)
        seen = np.concatenate([each.reshape(-1) for each in answer.values()])
        expected = np.concatenate(
            [np.asarray(each.grad).reshape(-1) for kind in (weights, biases) for each in kind]
        )
        np.testing.assert_allclose(seen, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_an_epsilon_inside_the_logarithm_is_accepted_where_a_class_is_unlikely(name):
    question, given = BY_NAME[name], cases_of(name)[0]
    given = Inputs({**given.values, "weights": 5 * given.array("weights")})
    found, rows = scores(parameters_of(given), given.array("X")), np.arange(len(given.array("y")))
    p = softmax(found)[rows, given.array("y")]
    assert p.min() < 1e-12
    right = question.answer(given)
    student = right["loss"] + np.mean(np.log(p) - np.log(p + 1e-12))

    assert np.isclose(student, [each["loss"] for each in question.accepted(given)], rtol=1e-10).any()
    assert not np.isclose(student, right["loss"], rtol=1e-3)


def test_of_two_mistakes_in_one_output_that_of_the_other_outputs_is_named():
    question = BY_NAME["fully_connected_loss"]
    (wrong,) = (each for each in question.mistakes if (each.name, each.output) == ("last_missing", "dW_last"))
    seen = [(given, np.asarray(wrong.outcome(given))) for given in cases_of("fully_connected_loss")]

    names = {
        told: question.mistake_of("dW_last", seen, told={told}) for told in ("reg_missing", "last_missing")
    }

    assert all(mistake is not None and mistake.name == told for told, mistake in names.items())


def test_the_networks_have_one_two_three_and_five_hidden_layers_and_rows_of_two_and_four_axes():
    cases = cases_of("fully_connected_loss")
    widths = [given.array("widths").tolist() for given in cases]

    assert {len(each) - 2 for each in widths} == {1, 2, 3, 5}
    assert {given.array("X").ndim for given in cases} == {2, 4}
    assert sum(len(set(each)) == 1 for each in widths) == 1
    assert all(given.array("biases").all() for given in cases)


@pytest.mark.parametrize("name", [*LOSSES, "two_layer_fc_scores", "fully_connected_scores"])
def test_every_mistake_that_shows_can_be_told_from_what_is_right(name):
    """Of one hidden layer a network with one ReLU is right, and weights left out of the regularization are all there are."""
    question, cases, shown = BY_NAME[name], cases_of(name), set()
    for mistake in question.mistakes:
        seen, far = [], 0.0
        for given in cases:
            right, outcome = (
                np.asarray(each) for each in (question.answer(given)[mistake.output], mistake.outcome(given))
            )
            assert outcome.shape == right.shape
            if np.isfinite(outcome).all():
                seen.append((given, outcome))
                far = max(far, float(np.abs(outcome - right).max() / np.abs(right).max()))
        found = question.mistake_of(mistake.output, seen[:4])
        assert mistake.message.endswith(("?", "."))
        if far == 0:
            assert found is None
            continue
        shown.add(mistake.name)
        assert far >= 2e-2, (mistake.name, mistake.output)
        assert found is not None, (mistake.name, mistake.output)
    assert len(shown) >= (20 if name in LOSSES else 6)


def seen_start(given: Inputs, weights_of, biases_of=np.zeros):
    widths = given.array("widths").tolist()
    shapes = list(pairwise(widths))
    weights = np.concatenate(
        [weights_of(shape, given.number("weight_scale")).reshape(-1) for shape in shapes]
    )
    return {"weights": weights, "biases": biases_of(sum(widths[1:])), "shapes": np.zeros(())}


def broken_in(name: str, weights_of, biases_of=np.zeros) -> set[str]:
    """The first rule that each call breaks."""
    found = set()
    for given in cases_of(name):
        seen = seen_start(given, weights_of, biases_of)
        rules = [rule.name for rule in BY_NAME[name].rules if rule.broken(given, seen) is not None]
        found |= set(rules[:1])
    return found


STARTS = ["two_layer_fc_start", "fully_connected_start"]


@pytest.mark.parametrize("name", STARTS)
def test_no_right_start_breaks_a_rule(name):
    rng = np.random.default_rng(0)

    for _ in range(100):
        assert broken_in(name, lambda shape, scale: scale * rng.normal(size=shape)) == set()


@pytest.mark.parametrize("name", STARTS)
def test_every_wrong_start_is_named(name):
    rng = np.random.default_rng(0)

    assert broken_in(name, lambda shape, _: rng.normal(size=shape)) == {"scale_ignored"}
    assert broken_in(name, lambda shape, _: 1e-3 * rng.normal(size=shape)) == {"scale_ignored"}
    assert broken_in(name, lambda shape, scale: scale**2 * rng.normal(size=shape)) == {"scale_squared"}
    assert broken_in(name, lambda shape, scale: scale * rng.random(shape)) == {"uniform_start"}
    assert broken_in(name, lambda shape, scale: scale * rng.uniform(-1, 1, shape)) == {"uniform_start"}
    assert broken_in(
        name, lambda shape, scale: scale * rng.normal(size=shape), lambda size: rng.normal(size=size)
    ) == {"bias_start"}
    assert broken_in(name, lambda shape, _: np.zeros(shape)) == {"zero_start"}


@pytest.mark.parametrize("name", STARTS)
def test_parameters_that_are_not_there_have_no_right_weights(name):
    for given in cases_of(name):
        seen = seen_start(given, lambda shape, _: np.zeros(shape))
        for missing in (2 * (given.array("widths").size - 1), given.array("widths").size - 1):
            seen["shapes"] = np.asarray(missing)
            broken = {rule.output for rule in BY_NAME[name].rules if rule.broken(given, seen) is not None}
            assert broken == {"shapes", "weights"}


def test_a_template_leaves_no_trace_between_calls_and_has_no_float32_either():
    class TwoLayerNet:
        def __init__(self, input_dim=3, hidden_dim=4, num_classes=2, weight_scale=1e-3, reg=0.0):
            self.params, self.reg = {}, reg

        def loss(self, X, y=None):
            return None if y is None else (0, {})

    widths, weights, biases = np.asarray([3, 4, 2]), np.ones(20), np.ones(6)
    X, y = np.ones((5, 3)), np.zeros(5, np.int64)

    assert calls(TwoLayerNet, widths, weights, biases, X, y, 0.0, 0.5) == (0, {})
    assert single(TwoLayerNet, widths, weights, biases, X) == (4, None)
