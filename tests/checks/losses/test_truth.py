"""The right answer in its bounds, and which deviations cost nothing."""

import dataclasses

import numpy as np
import pytest

from grader.checks.losses.cases import Case, Draw
from grader.checks.losses.truth import FLOAT32_NOTE, Truth
from grader.model.observation import Received, Unexpected
from reference import Convention
from reference.losses.epsilons import BENIGN_EPSILONS
from tests.checks.students import (
    in_float32,
    in_half,
    softmax_denominator_epsilon,
    softmax_epsilon_in_log,
    softmax_indexed,
    svm_at_zero,
    svm_mask,
)

PLAIN = Convention()
CASES = {case.name: case for case in Draw(np.random.default_rng(0), PLAIN).value_cases()}


def truth_on(name, classifier="softmax", dtype="float64"):
    return Truth(classifier, CASES[name], PLAIN, dtype)


def answers(student, name, dtype="float64"):
    case = CASES[name]
    loss, dW = student(case.W.astype(dtype), case.X.astype(dtype), case.y, case.reg)
    return Received(np.asarray(loss, np.float64), dtype), Received(dW, str(dW.dtype))


def test_zero_weights_have_the_loss_of_a_uniform_guess():
    case = Case("zeros", np.zeros((3, 4)), np.ones((2, 3)), np.array([0, 3]), 1.0)

    truth = Truth("softmax", case, PLAIN, "float64")

    assert float(truth.answer.loss) == pytest.approx(np.log(4))


def test_zero_weights_have_one_hinge_of_delta_for_each_wrong_class():
    case = Case("zeros", np.zeros((3, 4)), np.ones((2, 3)), np.array([0, 3]), 1.0)

    truth = Truth("svm", case, Convention(delta=2.0), "float64")

    assert float(truth.answer.loss) == 6.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "classifier,student",
    [
        ("svm", svm_mask),
        ("svm", svm_at_zero),
        ("softmax", softmax_indexed),
        ("softmax", softmax_denominator_epsilon),
    ],
)
def test_right_answers_are_right_without_a_note(classifier, student, name, dtype):
    truth = truth_on(name, classifier, dtype)
    loss, gradient = answers(student, name, dtype)

    comparisons = truth.compare_loss(loss), truth.compare_gradient(gradient)

    assert all(each.is_right and each.note is None for each in comparisons)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-9, 1e-12])
def test_a_small_epsilon_in_the_logarithm_is_a_note(epsilon):
    truth = truth_on("a score gap of 40")
    loss, _ = answers(lambda W, X, y, reg: softmax_epsilon_in_log(W, X, y, reg, epsilon), "a score gap of 40")

    comparison = truth.compare_loss(loss)

    assert comparison.is_right
    assert comparison.note == (
        f"it adds an epsilon of {epsilon:g} inside the logarithm, which hides very small probabilities"
    )


@pytest.mark.parametrize("epsilon", [1e-4, 1e-6, 1e-7])
def test_a_great_epsilon_in_the_logarithm_is_wrong(epsilon):
    truth = truth_on("a score gap of 40")
    loss, _ = answers(lambda W, X, y, reg: softmax_epsilon_in_log(W, X, y, reg, epsilon), "a score gap of 40")

    comparison = truth.compare_loss(loss)

    assert not comparison.is_right
    assert comparison.note is None


def test_a_probability_that_is_clamped_from_below_is_a_note():
    def clamped(W, X, y, reg):
        logs = X @ W - np.logaddexp.reduce(X @ W, axis=1, keepdims=True)
        p = np.maximum(np.exp(logs[np.arange(len(y)), y]), 1e-12)
        return -np.log(p).mean() + reg * np.sum(W * W), W

    loss, _ = answers(clamped, "a score gap of 40")

    comparison = truth_on("a score gap of 40").compare_loss(loss)

    assert comparison.is_right
    assert (
        comparison.note
        == "it adds an epsilon of 1e-12 inside the logarithm, which hides very small probabilities"
    )


def test_the_epsilons_that_cost_nothing_are_all_tiny():
    assert max(BENIGN_EPSILONS) == 1e-8


@pytest.mark.parametrize("name", ["a small batch", "many samples", "strong regularization"])
@pytest.mark.parametrize("classifier,student", [("svm", svm_mask), ("softmax", softmax_indexed)])
def test_arithmetic_in_float32_where_the_weights_are_float64_is_a_note(classifier, student, name):
    truth = truth_on(name, classifier)
    loss, gradient = answers(in_float32(student), name)

    for comparison in (truth.compare_loss(loss), truth.compare_gradient(gradient)):
        assert comparison.is_right
        assert comparison.note == FLOAT32_NOTE


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classifier,student", [("svm", svm_mask), ("softmax", softmax_indexed)])
def test_the_gradient_of_inputs_in_half_precision_is_wrong(classifier, student, dtype):
    truth = truth_on("many samples", classifier, dtype)
    _, gradient = answers(in_half(student), "many samples", dtype)

    assert not truth.compare_gradient(gradient).is_right


def test_what_is_no_loss_is_wrong_without_a_note():
    comparison = truth_on("a small batch").compare_loss(Unexpected("None"))

    assert comparison.sentence == "loss should be a number, but is None"
    assert comparison.note is None


def test_a_loss_of_nan_is_wrong_without_a_note():
    comparison = truth_on("a small batch").compare_loss(Received(np.array(np.nan), "float64"))

    assert not comparison.is_right
    assert comparison.note is None


def test_a_gradient_of_infinity_is_wrong_without_a_note():
    seen = Received(np.full_like(CASES["a small batch"].W, np.inf), "float64")

    comparison = truth_on("a small batch").compare_gradient(seen)

    assert not comparison.is_right
    assert comparison.note is None


def test_an_epsilon_is_no_excuse_for_the_svm():
    truth = truth_on("a small batch", "svm")
    loss, _ = answers(svm_mask, "a small batch")
    rounded = Received(loss.array.astype(np.float32).astype(np.float64), "float64")

    assert truth.allowance is None
    assert truth.compare_loss(rounded).note == FLOAT32_NOTE
    assert not truth.compare_loss(Received(loss.array + 1e-3, "float64")).is_right


def test_a_case_with_the_same_numbers_is_computed_once_and_one_with_others_again():
    case = next(iter(CASES.values()))
    same = dataclasses.replace(case, W=case.W.copy(), X=case.X.copy(), y=case.y.copy())
    other = dataclasses.replace(case, W=case.W + 1)

    truth = Truth.about("softmax", case, PLAIN, "float64")

    assert Truth.about("softmax", same, PLAIN, "float64") is truth
    for different in (
        Truth.about("softmax", other, PLAIN, "float64"),
        Truth.about("svm", case, PLAIN, "float64"),
        Truth.about("softmax", case, PLAIN, "float32"),
        Truth.about("softmax", case, Convention(delta=2.0), "float64"),
    ):
        assert different is not truth
