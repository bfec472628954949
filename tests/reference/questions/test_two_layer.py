"""The network of two layers: gradients against autograd, training against torch's optimizer, mistakes against each other."""

from typing import Any

import numpy as np
import pytest
import torch

from reference import Convention
from reference.questions.inputs import Inputs
from reference.questions.linear_bias.spiral import spiral
from reference.questions.two_layer.loss import LOSS_QUESTIONS
from reference.questions.two_layer.network import PARAMETERS, evaluate, parameters_of
from reference.questions.two_layer.training import GREATEST_LOSS, TRAINING_QUESTIONS, Steps, descend

BY_NAME = {question.name: question for question in (*LOSS_QUESTIONS, *TRAINING_QUESTIONS)}
FORMS = [Convention(), Convention(regularizer_coefficient=0.5)]


def inputs_of(name, seed=0) -> list[dict[str, Any]]:
    drawn = BY_NAME[name].draw(np.random.default_rng(seed))
    return [dict(case.inputs) for case in drawn if not case.is_noted]


def torch_loss(given, tensors, convention) -> Any:
    X, y = torch.tensor(given["X"]), torch.tensor(given["y"])
    hidden = torch.relu(X @ tensors["W1"] + tensors["b1"])
    data = torch.nn.functional.cross_entropy(hidden @ tensors["W2"] + tensors["b2"], y)
    squares = (tensors["W1"] ** 2).sum() + (tensors["W2"] ** 2).sum()
    return data + convention.regularizer_coefficient * given["reg"] * squares


def tensors_of(given):
    return {name: torch.tensor(given[name], requires_grad=True) for name in PARAMETERS}


@pytest.mark.parametrize("convention", FORMS)
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_and_the_gradients_are_those_of_autograd(seed, convention):
    for given in inputs_of("two_layer_loss", seed):
        tensors = tensors_of(given)
        loss = torch_loss(given, tensors, convention)
        loss.backward()

        answer = BY_NAME["two_layer_loss"].answer(Inputs(given, convention))

        assert answer["loss"] == pytest.approx(loss.item(), rel=1e-12)
        for name in PARAMETERS:
            np.testing.assert_allclose(
                answer[f"d{name}"], np.asarray(tensors[name].grad), rtol=1e-10, atol=1e-13
            )


@pytest.mark.parametrize("convention", FORMS)
def test_the_steps_are_those_of_torch_with_a_rate_that_decays_after_each_epoch(convention):
    for given in inputs_of("two_layer_steps"):
        tensors = tensors_of(given)
        optimizer = torch.optim.SGD(tensors.values(), lr=given["learning_rate"])
        epoch = len(given["X"]) // given["batch_size"]
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, epoch, given["learning_rate_decay"])
        history = []
        for _ in range(given["num_iters"]):
            optimizer.zero_grad()
            loss = torch_loss(given, tensors, convention)
            history.append(loss.item())
            loss.backward()
            optimizer.step()
            schedule.step()

        answer = descend(Inputs(given, convention))

        np.testing.assert_allclose(answer["history"], history, rtol=1e-10)
        for name in PARAMETERS:
            np.testing.assert_allclose(answer[name], tensors[name].detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name", ["two_layer_loss", "two_layer_scores", "two_layer_predict", "two_layer_steps"]
)
def test_every_mistake_can_be_told_from_what_is_right_and_says_where_to_look(name):
    question, cases = BY_NAME[name], [Inputs(given) for given in inputs_of(name)]
    for output in question.outputs:
        mistakes = [each for each in question.mistakes if each.output == output]
        rights = [(given, np.asarray(question.answer(given)[output])) for given in cases]
        assert question.mistake_of(output, rights) is None
        assert len({each.name for each in mistakes}) == len(mistakes)
        for mistake in mistakes:
            outcomes = [(given, np.asarray(mistake.outcome(given))) for given in cases]
            assert outcomes[0][1].shape == rights[0][1].shape
            assert mistake.message.endswith(("?", "."))
            assert question.mistake_of(output, outcomes) is not None, (
                output,
                mistake.name,
            )


def test_at_least_8_mistakes_are_known_of_the_loss_and_of_each_gradient_of_a_weight():
    counts = [each.output for each in BY_NAME["two_layer_loss"].mistakes]

    assert {name: counts.count(name) >= 8 for name in ("loss", "dW1", "dW2", "db1")} == dict.fromkeys(
        ("loss", "dW1", "dW2", "db1"), True
    )


def test_none_of_the_accepted_schedules_is_a_mistake():
    question = BY_NAME["two_layer_steps"]
    for given in [Inputs(each) for each in inputs_of("two_layer_steps")[:1]]:
        answers = question.answers(given)
        assert len(answers) == 4
        for mistake in question.mistakes:
            outcome = np.asarray(mistake.outcome(given))
            for answer in answers:
                assert np.abs(answer[mistake.output] - outcome).max() > 1e-6 * np.abs(outcome).max(), (
                    mistake.name
                )
    with pytest.raises(ValueError, match="never"):
        descend(Inputs(inputs_of("two_layer_steps")[0]), Steps(decays="never"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_batches_of_any_kind_come_far_below_the_bound_on_the_spiral(seed):
    rng = np.random.default_rng(seed)
    X, y = spiral(rng)
    for draw in (lambda: rng.choice(300, 100), lambda: rng.permutation(300)[:100], lambda: np.arange(300)):
        parameters = {
            "W1": 1e-2 * rng.normal(size=(2, 100)),
            "b1": np.zeros(100),
            "W2": 1e-2 * rng.normal(size=(100, 3)),
            "b2": np.zeros(3),
        }
        for _ in range(1000):
            rows = draw()
            found = evaluate(parameters, X[rows], y[rows], 5e-4, Convention())
            parameters = {name: parameters[name] - 0.97 * found[f"d{name}"] for name in PARAMETERS}
        assert evaluate(parameters, X, y, 5e-4, Convention())["loss"] < 0.8 * GREATEST_LOSS


def test_parameters_are_found_among_the_inputs():
    given = inputs_of("two_layer_loss")[0]

    assert list(parameters_of(Inputs(given))) == ["W1", "b1", "W2", "b2"]
