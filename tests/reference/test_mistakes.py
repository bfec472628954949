"""The matcher: the nearest mistake, in the order of the table where several are as near; right answers match nothing."""

import numpy as np
import pytest

from reference import Convention
from reference.losses.problem import Array
from reference.mistakes import Mistake, Seen, constant_factor, matching

TWICE: Mistake[Array] = Mistake("twice", "y", "It is doubled.", lambda x: 2 * x)
DOUBLED: Mistake[Array] = Mistake("doubled", "y", "It is doubled.", lambda x: x + x)
NEARLY: Mistake[Array] = Mistake("nearly", "y", "It is nearly doubled.", lambda x: 2.001 * x)
ZERO: Mistake[Array] = Mistake("zero", "y", "It is zero.", lambda x: 0 * x)
POINTS = [np.array([1.0, -2.0]), np.array([3.0])]


def seen(values):
    return [Seen(x, np.asarray(value), x) for x, value in zip(POINTS, values, strict=True)]


def names(values, tolerance=1e-7, mistakes=(ZERO, NEARLY, TWICE, DOUBLED), **options):
    return [each.name for each in matching(mistakes, seen(values), tolerance, **options)]


def test_mistakes_that_explain_every_call_are_found_in_the_order_of_the_table():
    assert names([2 * x for x in POINTS]) == ["twice", "doubled"]


def test_within_a_wide_tolerance_the_nearest_is_the_first():
    assert names([2 * x for x in POINTS], 0.01) == ["twice", "doubled", "nearly"]
    assert names([2.0009 * x for x in POINTS], 0.01) == ["nearly", "twice", "doubled"]


def test_right_answers_match_nothing():
    assert names(POINTS, mistakes=(Mistake("same", "y", "It is right.", lambda x: x),)) == []


def test_one_call_that_is_not_explained_rules_a_mistake_out():
    assert names([2 * POINTS[0], 7 * POINTS[1]]) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_and_outcomes_that_are_not_finite_match_nothing(value):
    assert names([x * value for x in POINTS]) == []
    assert names([2 * x for x in POINTS], mistakes=(Mistake("", "y", "", lambda x: x * value),)) == []


def test_another_shape_matches_nothing():
    assert names([2 * x[None] for x in POINTS]) == []


def test_differences_are_relative_to_the_scale():
    off = [0 * x + 1e-8 * np.max(np.abs(x)) for x in POINTS]

    assert names(off, 1e-7) == ["zero"]
    assert names(off, 1e-7, scale=lambda outcome, right: outcome) == []


def test_messages_are_in_the_terms_of_the_convention():
    mistake: Mistake[None] = Mistake("", "dW", "{part}: {term} of {regularizer}, {delta}", lambda _: 0.0)

    assert mistake.words(Convention()) == "gradient: 2*reg*W of reg*sum(W*W), 1"
    assert mistake.words(Convention(regularizer_coefficient=0.5, delta=2.5)) == (
        "gradient: reg*W of 0.5*reg*sum(W*W), 2.5"
    )


FACES = [np.array([1.0, -2.0]), np.array([3.0]), np.array([0.5, 0.25, 4.0])]


def factor_in(values):
    calls = [Seen(x, np.asarray(value), x) for x, value in zip(FACES, values, strict=True)]
    return constant_factor("y", calls, lambda x: x, 1e-7)


@pytest.mark.parametrize(
    "factor,words",
    [
        (4, "It equals 4 times the correct result: where does that factor come from?"),
        (1 / 3, "It equals the correct result divided by 3: where does that factor come from?"),
        (-2.5, "It equals -2.5 times the correct result: where does that factor come from?"),
    ],
)
def test_a_factor_that_is_the_same_in_every_call_is_found(factor, words):
    found = factor_in([factor * x for x in FACES])

    assert found is not None
    assert (found.name, found.message) == ("constant_factor", words)


@pytest.mark.parametrize(
    "values",
    [FACES, [2 * FACES[0], 2 * FACES[1], 3 * FACES[2]], [0 * x for x in FACES], [np.pi * x for x in FACES]],
    ids=["right", "not the same", "zero", "no number that anybody writes"],
)
def test_what_is_not_a_constant_factor_is_not_called_one(values):
    assert factor_in(values) is None
