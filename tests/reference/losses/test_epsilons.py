"""The losses that harmless epsilons inside the logarithm lead to."""

import numpy as np
import pytest

from reference.losses.epsilons import losses_with_epsilons

UNLIKELY = np.array([[0.0, 50.0], [1.0, 0.0]]), np.array([0, 0])


@pytest.mark.parametrize("epsilon", [1e-5, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15])
@pytest.mark.parametrize(
    "form",
    [lambda p, e: p + e, np.maximum, lambda p, e: np.clip(p, e, 1 - e)],
    ids=["added", "bound", "clip"],
)
def test_a_probability_far_below_the_epsilon_has_the_loss_of_the_students_form(form, epsilon):
    scores, labels = UNLIKELY
    P = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(form(P[np.arange(2), labels], epsilon)).mean()

    assert np.isclose(losses_with_epsilons(scores, labels), loss, rtol=1e-12).any()


def test_an_epsilon_that_hides_likely_classes_is_not_among_them():
    scores, labels = UNLIKELY

    assert losses_with_epsilons(scores, labels).min() > -np.log(1e-4) / 2
