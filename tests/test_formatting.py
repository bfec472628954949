"""Numbers, indices and lists as a student reads them."""

import numpy as np
import pytest

from grader import formatting


@pytest.mark.parametrize(
    "value,words",
    [
        (0, "0"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (2.302585092994046, "2.30259"),
        (1e-9, "1e-09"),
        (123456789.0, "1.23457e+08"),
        (np.float32(0.1), "0.1"),
        (np.longdouble(3), "3"),
        (float("nan"), "nan (not a number)"),
        (float("inf"), "infinity"),
        (float("-inf"), "-infinity"),
    ],
)
def test_a_number_has_six_digits_and_is_a_word_where_it_is_not_finite(value, words):
    assert formatting.number(value) == words


def test_a_number_may_have_other_digits():
    assert formatting.number(2.302585092994046, 8) == "2.3025851"


@pytest.mark.parametrize(
    "value,words", [(0.123456, "0.12"), (4.6e-14, "4.6e-14"), (float("inf"), "infinity")]
)
def test_a_small_number_has_two_digits(value, words):
    assert formatting.small(value) == words


@pytest.mark.parametrize(
    "value,words", [(10, "10"), (100.0, "100"), (2.5, "2.5"), (1 / 3, "0.33"), (0, "0"), (0.004, "0")]
)
def test_points_have_at_most_two_decimals(value, words):
    assert formatting.points(value) == words


@pytest.mark.parametrize(
    "value,words",
    [
        (0.0, "0 s"),
        (0.04, "0.04 s"),
        (0.123, "0.12 s"),
        (0.94, "0.94 s"),
        (1.3, "1.3 s"),
        (59.9, "59.9 s"),
        (60, "1 min 0 s"),
        (125.2, "2 min 5 s"),
        (3600, "60 min 0 s"),
    ],
)
def test_a_duration_is_in_seconds_and_from_a_minute_on_in_minutes(value, words):
    assert formatting.seconds(value) == words


@pytest.mark.parametrize(
    "position,words", [((17, 3), "[17, 3]"), ([0], "[0]"), ((), "[]"), (np.array([4, 2]), "[4, 2]")]
)
def test_an_index_is_in_brackets(position, words):
    assert formatting.index(position) == words


@pytest.mark.parametrize(
    "amount,noun,words",
    [
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "late day", "2 late days"),
        (0, "number", "0 numbers"),
        (1, "time", "1 time"),
        (53, "row", "53 rows"),
    ],
)
def test_a_count_agrees_with_its_noun(amount, noun, words):
    assert formatting.count(amount, noun) == words


@pytest.mark.parametrize(
    "words,text", [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_a_listing_ends_in_and(words, text):
    assert formatting.listing(words) == text


@pytest.mark.parametrize(
    "names,words", [(["a"], "'a'"), (["a", "b"], "'a' or 'b'"), ("abc", "'a', 'b' or 'c'")]
)
def test_choices_end_in_or(names, words):
    assert formatting.choices(names) == words


def test_a_near_name_is_suggested_and_a_far_one_is_not():
    assert formatting.near("valuse", ["loops", "values"]) == "did you mean 'values'?"
    assert formatting.near("x", ["loops", "values"]) == ""


@pytest.mark.parametrize(
    "value,words",
    [
        (True, "true"),
        (1.5, "1.5"),
        ("a", "'a'"),
        ("a" * 61, f"'{'a' * 60}...'"),
        ({"a": 1}, "a table"),
        ((1,), "a list"),
        ((), "an empty list"),
    ],
)
def test_a_value_is_in_the_words_of_toml(value, words):
    assert formatting.toml(value) == words


@pytest.mark.parametrize(
    "words, sentence",
    [("which one is it?", "Which one is it?"), ("a.csv is there", "a.csv is there."), ("It is.", "It is.")],
)
def test_a_sentence_ends_once(words, sentence):
    assert formatting.sentence(words) == sentence
