"""Update rules: the answers against torch.optim, the mistakes apart from them and from each other, harmless variants."""

import itertools

import numpy as np
import pytest
import torch

from reference.questions.inputs import Inputs
from reference.questions.update_rules import UPDATE_RULE_QUESTIONS
from reference.questions.update_rules.adam import ADAM
from reference.questions.update_rules.rmsprop import RMSPROP
from reference.questions.update_rules.sgd import SGD, SGD_MOMENTUM
from reference.questions.update_rules.trajectory import TOLERANCE

SEEDS = range(3)
OPTIMIZERS = {
    "rule_sgd": lambda w: torch.optim.SGD([w], lr=1e-2),
    "rule_sgd_momentum": lambda w: torch.optim.SGD([w], lr=1e-2, momentum=0.9),
    "rule_rmsprop": lambda w: torch.optim.RMSprop([w], lr=1e-2, alpha=0.99, eps=1e-8),
    "rule_adam": lambda w: torch.optim.Adam([w], lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
}
each_rule = pytest.mark.parametrize("question", UPDATE_RULE_QUESTIONS, ids=lambda question: question.name)


def inputs_of(question, seed):
    cases = question.draw(np.random.default_rng(seed))
    return [Inputs(case.inputs) for case in cases if not case.is_noted]


@pytest.mark.parametrize("seed", SEEDS)
@each_rule
def test_from_an_empty_config_it_goes_where_torch_goes(question, seed):
    """torch's velocity holds gradients, which at a constant rate moves w in the same way."""
    given = inputs_of(question, seed)[0]
    w = torch.nn.Parameter(torch.from_numpy(given.array("w")).clone())
    optimizer = OPTIMIZERS[question.name](w)
    for gradient, expected in zip(given.array("dw"), question.answer(given)["w"], strict=True):
        w.grad = torch.from_numpy(gradient)
        optimizer.step()
        np.testing.assert_allclose(expected, w.detach().numpy(), rtol=1e-10)


def test_from_a_given_state_it_goes_on_as_a_longer_run_would():
    for question in (SGD_MOMENTUM, RMSPROP, ADAM):
        whole = inputs_of(question, 0)[1]
        found = question.answer(whole)
        states = {name: found[name][2] for name in question.outputs}
        rest = whole.replace(**states, dw=whole.array("dw")[3:])
        for name, values in question.answer(rest).items():
            np.testing.assert_allclose(values, found[name][3:], rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@each_rule
def test_every_mistake_that_stays_finite_is_known_and_no_two_are_alike(question, seed):
    given = inputs_of(question, seed)
    found = {}
    for mistake in question.mistakes:
        if mistake.output != "w":
            continue
        with np.errstate(all="ignore"):
            values = [np.asarray(mistake.outcome(each)) for each in given]
        finite = [
            (each, value) for each, value in zip(given, values, strict=True) if np.isfinite(value).all()
        ]
        found[mistake.name] = values
        if len(finite) == len(given):
            named = question.mistake_of("w", finite, TOLERANCE)
            assert named is not None, mistake.name
            assert named.name == mistake.name
    right = [question.answer(each)["w"] for each in given]
    assert [name for name, values in found.items() if _distance(values, right) < 4 * TOLERANCE] == []
    pairs = itertools.combinations(found, 2)
    assert [pair for pair in pairs if _distance(found[pair[0]], found[pair[1]]) < 4 * TOLERANCE] == []


def _distance(first, second):
    """The greatest relative difference of any call; infinite where one of them is not finite."""
    return max(
        float(np.abs(one - other).max() / np.abs(other).max())
        if np.isfinite(one).all() and np.isfinite(other).all()
        else np.inf
        for one, other in zip(first, second, strict=True)
    )


def test_there_are_mistakes_enough_and_each_has_one_sentence_for_a_student():
    counts = {
        question.name: len({each.name for each in question.mistakes}) for question in UPDATE_RULE_QUESTIONS
    }
    assert counts["rule_sgd_momentum"] >= 13
    assert counts["rule_rmsprop"] >= 13
    assert counts["rule_adam"] >= 20
    for question in UPDATE_RULE_QUESTIONS:
        named = [(each.name, each.message) for each in question.mistakes]
        named += [(each.name, each.message) for each in question.rules]
        assert [name for name, message in named if not message.endswith((".", "?"))] == []


@pytest.mark.parametrize("seed", SEEDS)
@each_rule
def test_gradients_are_far_from_zero_but_for_those_that_are_zero_at_the_first_step(question, seed):
    for case in question.draw(np.random.default_rng(seed)):
        gradients = np.abs(case.inputs["dw"])
        assert gradients[gradients > 0].min() >= 0.8
        assert (gradients[1:] > 0).all()
        np.testing.assert_array_equal(case.inputs["w"], case.inputs["w"].astype(np.float32))


def test_the_plain_rule_has_no_state_to_return():
    assert set(SGD.outputs) == {"w"}
