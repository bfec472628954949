"""The regression on squared features: the losses printed in seed 004, fits against torch, mistakes against each other."""

from typing import Any

import numpy as np
import pytest
import torch

from reference.questions.inputs import Inputs
from reference.questions.linear_regression.questions import LINEAR_REGRESSION_QUESTIONS, Fit, descend

BY_NAME = {question.name: question for question in LINEAR_REGRESSION_QUESTIONS}
LINE: dict[str, Any] = {
    "x": np.arange(1.0, 6.0),
    "y": np.arange(1.0, 6.0).reshape(-1, 1) ** 2,
    "learning_rate": 0.02,
    "num_iters": 30,
}


def inputs_of(name, seed=0) -> list[dict[str, Any]]:
    return [dict(case.inputs) for case in BY_NAME[name].draw(np.random.default_rng(seed))]


@pytest.mark.parametrize(
    "rate,printed", [(0.02, (0.25755801, 0.1180, 0.0562)), (0.03, (0.25755801, 0.07994867, 0.02832904))]
)
def test_the_losses_of_the_line_are_those_that_are_printed(rate, printed):
    history = descend(Inputs(LINE | {"learning_rate": rate}))["history"]

    assert history[[0, 10, 20]] == pytest.approx(printed, abs=5e-5)


def test_the_raw_features_diverge_as_in_the_question():
    history = descend(Inputs(LINE | {"learning_rate": 0.01}), Fit(standardised=()))["history"]

    assert history[20] > 1e18


@pytest.mark.parametrize("seed", range(3))
def test_a_fit_is_that_of_torch(seed):
    for given in inputs_of("regression_fit", seed):
        x, y = torch.tensor(given["x"]), torch.tensor(given["y"])
        psi = torch.stack([x, x**2], dim=1)
        psi, y = (psi - psi.mean(0)) / psi.std(0), (y - y.mean(0)) / y.std(0)
        w = torch.full((2, 1), 0.5, dtype=torch.float64, requires_grad=True)
        b = torch.full((1,), 0.5, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w, b], lr=given["learning_rate"] or 0.02)
        history = []
        for _ in range(given["num_iters"] or 30):
            optimizer.zero_grad()
            loss: Any = torch.nn.functional.mse_loss(psi @ w + b, y)
            history.append(loss.item())
            loss.backward()
            optimizer.step()

        answer = BY_NAME["regression_fit"].answer(Inputs(given))

        np.testing.assert_allclose(answer["w"], w.detach(), rtol=1e-9)
        np.testing.assert_allclose(answer["b"], b.detach(), rtol=1e-9)
        np.testing.assert_allclose(answer["history"], history, rtol=1e-9)


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_mistake_can_be_told_from_what_is_right_and_says_where_to_look(name):
    question, cases = BY_NAME[name], [Inputs(given) for given in inputs_of(name)]
    for output in question.outputs:
        mistakes = [each for each in question.mistakes if each.output == output]
        assert len(mistakes) >= 8
        assert len({each.name for each in mistakes}) == len(mistakes)
        rights = [(given, np.asarray(question.answer(given)[output])) for given in cases]
        assert question.mistake_of(output, rights, 2e-4) is None
        for mistake in mistakes:
            assert mistake.message.endswith(("?", "."))
            outcomes = [(given, np.asarray(mistake.outcome(given))) for given in cases]
            assert outcomes[0][1].shape == rights[0][1].shape
            is_finite = all(np.isfinite(each).all() for _, each in outcomes)
            pairs = zip(outcomes, rights, strict=True)
            is_other = any(
                np.abs(each - right).max() > 1e-3 * np.abs(each).max() for (_, each), (_, right) in pairs
            )
            if is_finite and is_other:  # of centred features, w does not depend on b
                assert question.mistake_of(output, outcomes, 2e-4) is not None, mistake.name
