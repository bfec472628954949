"""Comparisons: right within the bound, and a whole sentence for everything else."""

import numpy as np
import pytest

from grader.checks.base.comparison import (
    compare_array,
    compare_labels,
    compare_number,
    is_zero,
    unit_roundoff,
)
from grader.model.observation import Received, Unexpected

EXPECTED = np.array([[1.0, -2.0], [0.5, 4.0]])
BOUND = np.full((2, 2), 1e-6)


def a_number(value):
    return Received(np.asarray(value, np.float64), "float64")


def an_array(values):
    return Received(np.asarray(values, np.float64), "float64")


def test_a_number_within_the_bound_is_right():
    comparison = compare_number(a_number(2.0000005), 2.0, 1e-6, "loss")

    assert comparison.is_right
    assert comparison.relative == pytest.approx(2.5e-7)
    assert comparison.allowed == pytest.approx(5e-7)


def test_a_number_at_the_bound_is_right_and_one_beyond_is_not():
    assert compare_number(a_number(2.25), 2.0, 0.25, "loss").is_right
    assert not compare_number(a_number(2.25), 2.0, 0.2499, "loss").is_right


def test_a_wrong_number_is_shown_with_what_was_expected_and_allowed():
    comparison = compare_number(a_number(3.0), 2.0, 1e-6, "loss")

    assert not comparison.is_right
    assert comparison.sentence == "loss is 3, expected 2 (relative difference 0.5, allowed 5e-07)"


def test_a_number_beside_zero_is_measured_absolutely():
    comparison = compare_number(a_number(0.5), 0.0, 0.25, "loss")

    assert comparison.sentence == "loss is 0.5, expected 0 (relative difference 0.5, allowed 0.25)"


@pytest.mark.parametrize(
    "value,words",
    [(np.nan, "nan (not a number)"), (np.inf, "infinity"), (-np.inf, "-infinity")],
    ids=["nan", "inf", "-inf"],
)
def test_a_number_that_is_not_finite_is_a_word(value, words):
    comparison = compare_number(a_number(value), 2.0, 1e300, "loss")

    assert not comparison.is_right
    assert comparison.sentence == f"loss is {words}, expected 2"
    assert comparison.relative == np.inf


def test_what_is_no_number_is_described():
    comparison = compare_number(Unexpected("a tensor of shape (7,) and dtype float32"), 2.0, 1.0, "loss")

    assert not comparison.is_right
    assert comparison.sentence == "loss should be a number, but is a tensor of shape (7,) and dtype float32"


def test_an_array_within_the_bound_is_right():
    comparison = compare_array(an_array(EXPECTED + 5e-7), EXPECTED, BOUND, "dW")

    assert comparison.is_right
    assert comparison.relative == pytest.approx(1.25e-7)
    assert comparison.allowed == pytest.approx(2.5e-7)


def test_a_wrong_entry_is_shown_with_its_index():
    seen = EXPECTED.copy()
    seen[1, 0] = 2.5

    comparison = compare_array(an_array(seen), EXPECTED, BOUND, "dW")

    assert not comparison.is_right
    assert comparison.sentence == (
        "dW differs from the reference in 1 of 4 entries;"
        " greatest relative difference 0.5 at [1, 0] (allowed 2.5e-07)"
    )


def test_the_worst_entry_is_the_one_that_exceeds_its_bound_the_most():
    bound = np.array([[1e-6, 10.0], [1e-6, 1e-6]])
    seen = EXPECTED + np.array([[1e-3, 9.0], [0.0, 0.0]])

    comparison = compare_array(an_array(seen), EXPECTED, bound, "dW")

    assert "at [0, 0]" in comparison.sentence
    assert comparison.relative == pytest.approx(1e-3 / 4)


def test_a_bound_of_zero_allows_nothing_else_than_the_expected_entry():
    bound = np.zeros((2, 2))

    assert compare_array(an_array(EXPECTED), EXPECTED, bound, "dW").is_right
    assert not compare_array(
        an_array(EXPECTED + np.array([[0, 0], [0, 1e-12]])), EXPECTED, bound, "dW"
    ).is_right


def test_an_array_of_zeros_is_called_so():
    comparison = compare_array(an_array(np.zeros((2, 2))), EXPECTED, BOUND, "dW")

    assert comparison.sentence == "dW is zero in all 4 entries"


def test_entries_that_are_not_finite_are_counted_and_the_first_is_shown():
    seen = EXPECTED.copy()
    seen[0, 1], seen[1, 0] = -np.inf, np.nan

    comparison = compare_array(an_array(seen), EXPECTED, BOUND, "dW")

    assert not comparison.is_right
    assert comparison.sentence == "dW is not finite in 2 of 4 entries: -infinity at [0, 1]"


def test_an_array_of_one_entry_is_counted_in_the_singular():
    comparison = compare_array(an_array([[3.0]]), np.array([[2.0]]), np.array([[1e-6]]), "dW")

    assert comparison.sentence == (
        "dW differs from the reference in 1 of 1 entry;"
        " greatest relative difference 0.5 at [0, 0] (allowed 5e-07)"
    )


def test_an_array_of_another_shape_is_described():
    comparison = compare_array(
        Unexpected("a tensor of shape (2, 3) and dtype float64"), EXPECTED, BOUND, "dW"
    )

    assert not comparison.is_right
    assert comparison.sentence == "dW should have shape (2, 2), but is a tensor of shape (2, 3)"


def test_entries_near_the_end_of_float64_are_wrong_without_a_warning():
    seen = np.array([[1e308, -1e308], [1e300, 0.0]])

    comparison = compare_array(an_array(seen), EXPECTED, np.full((2, 2), 1e-14), "dW")

    assert not comparison.is_right
    assert comparison.sentence.startswith("dW differs from the reference in 4 of 4 entries;")


def labels(*values):
    return Received(np.array(values), "int64")


def test_the_first_wrong_label_is_shown_with_the_one_that_was_expected():
    comparison = compare_labels(labels(4, 3, 0, 0), np.array([4, 1, 0, 2]), "labels")

    assert not comparison.is_right
    assert comparison.sentence == "labels[1] is 3, expected 1 (2 of 4 differ)"


def test_labels_are_right_when_all_are_equal():
    assert compare_labels(labels(4, 3), np.array([4, 3]), "labels").is_right


def test_a_value_that_is_not_labels_is_described():
    comparison = compare_labels(Unexpected("None"), np.array([4, 3]), "labels")

    assert comparison.sentence == "labels should have shape (2,), but is None"


def test_labels_that_are_not_whole_numbers_are_said_to_be_so():
    comparison = compare_labels(
        Unexpected("an array of shape (2,) and dtype float64"), np.array([1, 2]), "labels"
    )

    assert comparison.sentence == (
        "labels should be whole numbers, but is an array of shape (2,) and dtype float64"
    )


@pytest.mark.parametrize("dtype,roundoff", [("float32", 2.0**-23), ("float64", 2.0**-52)])
def test_the_roundoff_is_the_distance_from_one_to_the_next_number(dtype, roundoff):
    assert unit_roundoff(dtype) == roundoff


def test_only_an_array_without_any_other_number_is_zero():
    assert is_zero(an_array(np.zeros((2, 2))))
    assert not is_zero(an_array(EXPECTED))
    assert not is_zero(Unexpected("None"))
