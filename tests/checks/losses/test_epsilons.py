"""Harmless epsilons wherever a softmax may have them, alone and together; greater ones are wrong."""

import numpy as np
import pytest
import torch

from grader.checks.losses.cases import Case, Draw
from grader.checks.losses.epsilons import Epsilons
from grader.checks.losses.truth import BOTH_NOTE, EPSILON_NOTE, FLOAT32_NOTE
from grader.checks.losses.values import ValuesCheck
from reference import Convention, softmax_loss
from reference.losses.epsilons import BENIGN_EPSILONS
from reference.losses.epsilons import GREATEST_EPSILON as GREATEST
from reference.losses.problem import Problem
from tests.checks.students import in_float32, verdict_on

PLAIN, TURNED = Convention(), Convention(layout="CD")
FUNCTION = "softmax_loss_vectorized"


def check():
    return ValuesCheck(kind="values", id="values", title="values", points=1, function=FUNCTION)


def student(
    denominator=0.0, logarithm=0.0, numerator=0.0, bound=None, slope="probabilities", is_shifted=True
):
    """Softmax with epsilons; bound clips the probabilities at both ends ("both") or below, or adds to all of them."""

    def tables(scores):
        shift = scores.max(axis=1, keepdims=True) if is_shifted else 0.0
        exponentials = np.exp(scores - shift) + numerator
        p = exponentials / (exponentials.sum(axis=1, keepdims=True) + denominator)
        kept = {
            None: lambda: p,
            "both": lambda: np.clip(p, logarithm, 1 - logarithm),
            "below": lambda: np.maximum(p, logarithm),
            "added": lambda: p + logarithm,
        }[bound]()
        return p, kept

    def loss_and_gradient(W, X, y, reg):
        rows, scores = np.arange(len(y)), X @ W
        p, kept = tables(scores)
        inside = kept[rows, y] + (W.dtype.type(logarithm) if bound is None else 0)
        loss = -np.log(inside).mean() + reg * np.sum(W * W)
        if slope == "autograd":
            return loss, by_autograd(W, X, y, reg)
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        exact = shifted / shifted.sum(axis=1, keepdims=True)
        slopes = (exact if slope == "exact" else kept).copy()
        slopes[rows, y] -= 1
        if slope == "chain":
            slopes = (p - np.eye(W.shape[1])[y]) * (p[rows, y] / (p[rows, y] + logarithm))[:, None]
        return loss, (X.T @ slopes / len(y) + 2 * reg * W).astype(W.dtype)

    def by_autograd(W, X, y, reg):
        leaf, rows = torch.tensor(W, requires_grad=True), torch.arange(len(y))
        scores = torch.tensor(X) @ leaf
        exponentials = (scores - scores.max(dim=1, keepdim=True).values).exp() + numerator
        p = exponentials / (exponentials.sum(dim=1, keepdim=True) + denominator)
        if bound in {"both", "below"}:
            p = p.clamp(logarithm, 1 - logarithm if bound == "both" else None)
        inside = p[rows, torch.tensor(y)] + (0 if bound in {"both", "below"} else logarithm)
        loss = -inside.log().mean() + reg * (leaf * leaf).sum()
        return torch.autograd.grad(loss, leaf)[0].numpy()

    return loss_and_gradient


HARMLESS = {
    "in both places": student(1e-8, 1e-8),
    "different ones": student(1e-8, 1e-10),
    "the greater in the logarithm": student(1e-12, 1e-8),
    "neither of them round": student(5e-9, 3e-9),
    "in both, gradient of the exact probabilities": student(1e-8, 1e-8, slope="exact"),
    "in both, by the chain rule": student(1e-8, 1e-8, slope="chain"),
    "in both, by autograd": student(1e-8, 1e-8, slope="autograd"),
    "in both, scores as they are": student(1e-8, 1e-8, is_shifted=False),
    "clipped at both ends": student(logarithm=1e-8, bound="both"),
    "clipped below": student(logarithm=1e-8, bound="below"),
    "clipped at 1e-12": student(logarithm=1e-12, bound="both"),
    "clipped, by autograd": student(logarithm=1e-8, bound="both", slope="autograd"),
    "clipped below, by autograd": student(logarithm=1e-8, bound="below", slope="autograd"),
    "clipped, and in the denominator": student(1e-8, 1e-8, bound="both"),
    "clipped, gradient of the exact probabilities": student(logarithm=1e-8, bound="both", slope="exact"),
    "added to all probabilities": student(logarithm=1e-8, bound="added"),
    "added to all, and in the denominator": student(1e-8, 1e-8, bound="added"),
    "added to the exponentials": student(numerator=1e-8),
    "added to the exponentials, by autograd": student(numerator=1e-8, slope="autograd"),
    "in three places": student(1e-8, 1e-8, 1e-8),
}
WRONG = {
    "1e-7 in the denominator": student(1e-7, 1e-8),
    "3e-8 in the denominator": student(3e-8, 1e-8),
    "1e-7 in the logarithm": student(1e-8, 1e-7),
    "2e-8 in the logarithm": student(1e-8, 2e-8),
    "1e-7 in both": student(1e-7, 1e-7),
    "1e-7 added to all": student(logarithm=1e-7, bound="added"),
    "1e-6 clipped": student(logarithm=1e-6, bound="both"),
    "1e-7 added to the exponentials": student(numerator=1e-7),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("function", HARMLESS.values(), ids=HARMLESS)
def test_an_epsilon_of_at_most_1e_8_costs_nothing_wherever_it_stands(function, seed):
    assert verdict_on(check(), function, seed).credit == 1.0


@pytest.mark.parametrize("name", ["in both places", "clipped at both ends", "added to all probabilities"])
def test_it_costs_nothing_beside_arithmetic_in_float32_either(name):
    assert verdict_on(check(), in_float32(HARMLESS[name])).credit == 1.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("function", WRONG.values(), ids=WRONG)
def test_a_greater_epsilon_does_not_hide_behind_a_harmless_one(function, seed):
    assert verdict_on(check(), function, seed).credit < 1.0


def test_epsilons_in_both_places_have_one_note():
    verdict = verdict_on(check(), student(1e-8, 1e-8, slope="chain"))

    assert verdict.findings[0].notes == (BOTH_NOTE,)


def test_an_epsilon_in_the_logarithm_alone_is_told_with_its_size():
    verdict = verdict_on(check(), student(logarithm=1e-12))

    assert verdict.findings[0].notes == (EPSILON_NOTE.format(epsilon=1e-12),)


def test_an_epsilon_is_not_called_arithmetic_in_float32():
    for function in HARMLESS.values():
        assert FLOAT32_NOTE not in verdict_on(check(), function).findings[0].notes


@pytest.mark.parametrize("convention", [PLAIN, TURNED], ids=["DC", "CD"])
def test_no_harmless_epsilon_moves_a_value_farther_than_the_greatest_change(convention):
    for case in Draw(np.random.default_rng(1), convention).value_cases():
        right = softmax_loss(case.W, case.X, case.y, case.reg, convention)
        epsilons = epsilons_of(case, convention)
        greatest = epsilons.greatest_gradient_change() * (1 + 1e-9) + 1e-13 * np.abs(right.dW)

        for values, reaches in epsilons.losses():
            changes = np.abs(values - float(right.loss)) + reaches
            assert changes.max() <= epsilons.greatest_loss_change() + 1e-12 * float(right.loss)
        for form in (epsilons.inside_logarithm, epsilons.added_to_probabilities):
            for values, _ in form():
                assert values.shape == (len(BENIGN_EPSILONS), *case.W.shape)
                assert (np.abs(values - right.dW.astype(np.float64)) <= greatest).all()


def test_the_reach_is_that_of_the_greatest_epsilon_in_the_denominator():
    case = Case("one", np.zeros((2, 3)), np.ones((1, 2)), np.array([0]), 0.0)

    values, reaches = next(epsilons_of(case, PLAIN).losses())

    assert values[-1] == pytest.approx(np.log(3))
    assert reaches[-1] == pytest.approx(GREATEST / 3, rel=1e-6)


def epsilons_of(case, convention):
    return Epsilons(Problem.of(case.W, case.X, case.y, case.reg, convention, dtype=np.float64))
