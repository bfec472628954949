"""Naming the mistake that explains what was seen."""

import numpy as np
import pytest

from grader.checks.losses.cases import Draw
from grader.checks.losses.diagnosis import diagnose, diagnose_both
from grader.model.observation import Received, Unexpected
from grader.model.verdict import Diagnosis
from reference import Case, Convention, svm_loss

PLAIN = Convention()
CASES = [
    Case(case.W, case.X, case.y, case.reg) for case in Draw(np.random.default_rng(0), PLAIN).value_cases()
]


def seen_on(cases, formula):
    return [(case, Received(np.asarray(formula(case), np.float64), "float64")) for case in cases]


def right_loss(case):
    return float(svm_loss(case.W, case.X, case.y, case.reg, PLAIN).loss)


def right_gradient(case):
    return svm_loss(case.W, case.X, case.y, case.reg, PLAIN).dW


def without_regularizer(case):
    return right_gradient(case) - 2 * case.reg * case.W


def test_a_known_mistake_is_named_with_its_part_and_its_sentence():
    found = diagnose("svm", "gradient", seen_on(CASES, without_regularizer), PLAIN)

    assert found == (
        Diagnosis(
            "gradient",
            "no_regularizer",
            "It equals the correct gradient without the term 2*reg*W: was the regularization left out of dW?",
        ),
    )


def test_the_sentence_is_in_the_terms_of_the_convention():
    convention = Convention(regularizer_coefficient=0.5)
    seen = seen_on(CASES, without_regularizer)

    found = diagnose("svm", "gradient", seen, convention)

    assert found[0].message == (
        "It equals the correct gradient without the term reg*W: was the regularization left out of dW?"
    )


def test_a_loss_of_zero_is_named():
    found = diagnose("svm", "loss", seen_on(CASES, lambda case: 0.0), PLAIN)

    assert [each.misconception for each in found] == ["all_zero"]


@pytest.mark.parametrize("part,formula", [("loss", right_loss), ("gradient", right_gradient)])
def test_a_right_answer_is_not_a_mistake(part, formula):
    assert diagnose("svm", part, seen_on(CASES, formula), PLAIN) == ()


def test_an_unknown_mistake_has_no_name():
    seen = seen_on(CASES, lambda case: right_loss(case) + case.X[0, 0])

    assert diagnose("svm", "loss", seen, PLAIN) == ()


def test_a_mistake_of_the_other_classifier_is_not_looked_for():
    seen = seen_on(CASES, without_regularizer)

    assert diagnose("softmax", "gradient", seen, PLAIN) == ()


def test_only_the_first_four_cases_are_looked_at():
    seen = seen_on(CASES[:4], without_regularizer) + seen_on(CASES[4:], lambda case: np.ones_like(case.W))

    found = diagnose("svm", "gradient", seen, PLAIN)

    assert [each.misconception for each in found] == ["no_regularizer"]


def test_all_three_cases_must_agree():
    seen = seen_on(CASES[:2], without_regularizer) + seen_on(CASES[2:3], right_gradient)

    assert diagnose("svm", "gradient", seen, PLAIN) == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_have_no_name(value):
    seen = seen_on(CASES, lambda case: value)

    assert diagnose("softmax", "loss", seen, PLAIN) == ()


def test_a_value_that_is_not_an_array_has_no_name():
    assert diagnose("svm", "gradient", [(CASES[0], Unexpected("None"))], PLAIN) == ()


def test_nothing_seen_has_no_name():
    assert diagnose("svm", "loss", [], PLAIN) == ()


def test_two_mistakes_are_named_together():
    def doubly_wrong(case):
        return len(case.y) * (right_gradient(case) - 2 * case.reg * case.W) + case.reg * case.W

    found = diagnose("svm", "gradient", seen_on(CASES, doubly_wrong), PLAIN)

    assert found == (
        Diagnosis(
            "gradient",
            "sum_instead_of_mean",
            "Two mistakes together explain it. With only the first, it equals the correct gradient with the data term"
            " not divided by the number of samples: does the assignment ask for the sum over the samples, or for their"
            " average?",
        ),
        Diagnosis(
            "gradient",
            "half_regularizer",
            "With only the second, it equals the correct gradient with half the regularizer's part:"
            " what is the derivative of reg*sum(W*W)?",
        ),
    )


def test_three_mistakes_are_named_together():
    def triply_wrong(case):
        data = float(svm_loss(case.W, case.X, case.y, 0.0, PLAIN).loss)
        return -len(case.y) * data

    found = diagnose("svm", "loss", seen_on(CASES, triply_wrong), PLAIN)

    assert [each.misconception for each in found] == [
        "data_sign_flipped",
        "sum_instead_of_mean",
        "no_regularizer",
    ]
    assert found[0].message.startswith(
        "Three mistakes together explain it. With only the first, it equals the correct loss"
    )
    assert found[2].message.startswith("With only the third, it equals the correct loss without the term")


def test_a_mistake_is_named_where_the_function_computes_in_float32_inside():
    def narrow(case):
        W, X = case.W.astype(np.float32), case.X.astype(np.float32)
        scores = X @ W
        margins = np.maximum(scores - scores[np.arange(len(case.y)), case.y][:, None] + 1, 0)
        margins[np.arange(len(case.y)), case.y] = 0
        return np.float64(margins.sum() + np.float32(case.reg) * np.sum(W * W))

    found = diagnose("svm", "loss", seen_on(CASES, narrow), PLAIN)

    assert [each.misconception for each in found] == ["sum_instead_of_mean"]


def described(shape):
    return Unexpected(f"an array of shape {shape} and dtype float64")


def test_a_transposed_gradient_is_named_by_its_shape():
    seen = [(case, described(case.W.shape[::-1])) for case in CASES[:3]]

    assert [each.misconception for each in diagnose("svm", "gradient", seen, PLAIN)] == ["transposed"]


def test_a_loss_for_each_sample_is_named_by_its_shape():
    seen = [(case, described((len(case.y),))) for case in CASES[:3]]

    assert [each.misconception for each in diagnose("svm", "loss", seen, PLAIN)] == ["loss_per_sample"]


@pytest.mark.parametrize("number", [described(()), described((1,)), Unexpected("a value of type float")])
def test_results_in_the_wrong_order_are_named_by_their_shapes(number):
    seen = [(case, (described(case.W.shape), number)) for case in CASES[:3]]

    assert [each.misconception for each in diagnose_both(seen, "svm")] == ["results_swapped"]


def test_a_gradient_alone_is_not_called_swapped():
    seen = [(case, (described(case.W.shape), described(case.W.shape))) for case in CASES[:3]]

    assert diagnose_both(seen, "svm") == ()


def test_a_shape_that_fits_only_some_cases_has_no_name():
    seen = [(case, described((7, 5))) for case in CASES[:3]]

    assert diagnose("svm", "gradient", seen, PLAIN) == ()


@pytest.mark.parametrize("value,name", [(np.nan, "logarithm_of_negative"), (np.inf, "logarithm_of_zero")])
def test_a_loss_that_is_never_finite_beside_a_finite_gradient_is_named(value, name):
    loss, gradient = Received(np.array(value), "float64"), Received(np.ones((2, 2)), "float64")

    seen = [(case, (loss, gradient)) for case in CASES[:3]]

    assert [each.misconception for each in diagnose_both(seen, "softmax")] == [name]
    assert diagnose_both(seen, "svm") == ()


def test_a_loss_that_is_finite_once_or_beside_an_infinite_gradient_has_no_name():
    nan, one = Received(np.array(np.nan), "float64"), Received(np.array(1.0), "float64")
    finite, infinite = Received(np.ones(2), "float64"), Received(np.full(2, np.nan), "float64")

    def named(*values):
        return diagnose_both([(CASES[0], pair) for pair in values], "softmax")

    assert named((nan, finite), (one, finite)) == ()
    assert named((nan, infinite), (nan, infinite)) == ()
    assert named((nan, Unexpected("None"))) == ()
    assert named() == ()
