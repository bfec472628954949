"""Factors, other margins and several mistakes at once, in the words that a student reads."""

import numpy as np
import pytest

from reference import Convention, softmax_loss, svm_loss
from reference.losses.mistakes import combined
from reference.losses.mistakes.table import explain_loss
from reference.losses.right import RightAnswer
from reference.mistakes import distance
from tests.reference.draws import PLAIN, draw

REGS = (0.37, 0.53, 0.29)
SHAPES = [(7, 5, 6), (64, 10, 20), (90, 3, 9)]
CONVENTIONS = [PLAIN, Convention(layout="CD"), Convention(regularizer_coefficient=0.5, delta=2.5)]
LOSSES = {"svm": svm_loss, "softmax": softmax_loss}


def answer(classifier, case, convention=PLAIN):
    return LOSSES[classifier](case.W, case.X, case.y, case.reg, convention)


def cases_of(convention=PLAIN):
    return [draw(*shape, reg=reg, convention=convention) for shape, reg in zip(SHAPES, REGS, strict=True)]


def parts(classifier, part, case, convention=PLAIN):
    """The right data term and regularizer, as a student would return them."""
    bare = answer(classifier, case._replace(reg=0.0), convention)
    whole = answer(classifier, case, convention)
    one, both = (bare.loss, whole.loss) if part == "loss" else (bare.dW, whole.dW)
    return np.float64(one), np.float64(both - one)


def explained(classifier, part, wrong, convention=PLAIN, **options):
    """The names and words of what explains wrong(case, data, regularizer)."""
    cases = cases_of(convention)
    values = [wrong(case, *parts(classifier, part, case, convention)) for case in cases]
    found = explain_loss(classifier, part, cases, values, convention, **options)
    return [each.name for each in found], [each.words(convention) for each in found]


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("part", ["loss", "gradient"])
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
@pytest.mark.parametrize("factor,words", [(4, "4 times the"), (1.5, "1.5 times the"), (-3, "-3 times the")])
def test_a_constant_factor_is_named(classifier, part, convention, factor, words):
    names, messages = explained(
        classifier, part, lambda case, data, regularizer: factor * (data + regularizer), convention
    )

    assert names == ["constant_factor"]
    assert messages == [f"It equals {words} correct {part}: where does that factor come from?"]


@pytest.mark.parametrize(
    "wrong,name,words",
    [
        (
            lambda case, data, regularizer: (data + regularizer) / 3,
            "constant_factor",
            "It equals the correct gradient divided by 3: where does that factor come from?",
        ),
        (
            lambda case, data, regularizer: 4 * data + regularizer,
            "data_term_times_constant",
            "It equals the correct gradient with 4 times the data term: where does that factor come from?",
        ),
        (
            lambda case, data, regularizer: data + 3 * regularizer,
            "regularizer_times_constant",
            "It equals the correct gradient with 3 times the term 2*reg*W: compare its factor with the assignment's.",
        ),
        (
            lambda case, data, regularizer: len(case.y) / 60 * data + regularizer,
            "divided_by_constant",
            (
                "It equals the correct gradient with the data term divided by 60, however many samples there are:"
                " where does the number of samples come from?"
            ),
        ),
        (
            lambda case, data, regularizer: len(case.y) * (data + regularizer),
            "all_times_samples",
            (
                "It equals the correct gradient times the number of samples, the regularization too:"
                " where does that factor come from?"
            ),
        ),
        (
            lambda case, data, regularizer: (data + regularizer) / case.W.shape[1],
            "all_divided_by_classes",
            (
                "It equals the correct gradient divided by the number of classes, the regularization too:"
                " where does that factor come from?"
            ),
        ),
    ],
)
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_the_part_that_is_multiplied_is_told(classifier, wrong, name, words):
    assert explained(classifier, "gradient", wrong) == ([name], [words])


@pytest.mark.parametrize(
    "wrong,name",
    [
        (lambda case, data, regularizer: 2.302585, "constant_result"),
        (lambda case, data, regularizer: 9 + regularizer, "constant_data_term"),
        (lambda case, data, regularizer: data + regularizer - 2, "constant_added"),
        (lambda case, data, regularizer: np.log(case.W.shape[1]) + regularizer, "scores_all_zero"),
    ],
)
def test_a_loss_that_does_not_depend_on_the_scores_is_named(wrong, name):
    assert explained("softmax", "loss", wrong)[0] == [name]


@pytest.mark.parametrize("delta", [0.5, 10, 100, 1.25])
def test_another_margin_is_found_from_the_loss(delta):
    other = Convention(delta=delta)

    names, words = explained("svm", "loss", lambda case, *_: np.float64(answer("svm", case, other).loss))

    assert names == ["other_margin"]
    assert words == [
        f"It equals the loss with a margin of {delta:g} instead of 1: where does the margin enter?"
    ]


def test_a_margin_that_the_loss_shows_is_looked_for_in_the_gradient():
    def wrong(case, *_):
        return np.float64(answer("svm", case, Convention(delta=100.0)).dW)

    assert explained("svm", "gradient", wrong)[0] == ["all_margins_active"]
    assert explained("svm", "gradient", wrong, preferred={"other_margin"})[0] == ["other_margin"]


@pytest.mark.parametrize(
    "classifier,part,wrong,names",
    [
        (
            "svm",
            "gradient",
            lambda case, data, regularizer: len(case.y) * data + regularizer / 2,
            ["sum_instead_of_mean", "half_regularizer"],
        ),
        (
            "softmax",
            "loss",
            lambda case, data, regularizer: len(case.y) * data / np.log(2) + regularizer,
            ["logarithm_base_2", "sum_instead_of_mean"],
        ),
        (
            "softmax",
            "loss",
            lambda case, data, regularizer: len(case.y) * data / np.log(2),
            ["logarithm_base_2", "sum_instead_of_mean", "no_regularizer"],
        ),
        (
            "softmax",
            "gradient",
            lambda case, data, regularizer: 5 * data + regularizer / len(case.y),
            ["data_term_times_constant", "regularizer_divided_by_samples"],
        ),
        (
            "svm",
            "gradient",
            lambda case, data, regularizer: -len(case.y) * data + regularizer,
            ["data_sign_flipped", "sum_instead_of_mean"],
        ),
    ],
)
def test_the_fewest_mistakes_that_explain_it_together_are_named(classifier, part, wrong, names):
    assert explained(classifier, part, wrong)[0] == names


def test_a_count_that_is_the_same_for_every_sample_is_told():
    def wrong(case, *_):
        right = RightAnswer.of("svm", "gradient", case, PLAIN)
        problem = right.problem
        return np.float64(right.with_terms(1.0 * (problem.margins > 0) - 9 * problem.one_hot))

    names, (words,) = explained("svm", "gradient", wrong)

    assert names == ["true_class_counted_constantly"]
    assert words.startswith("It equals the correct gradient with each sample counted 9 times in the column")


@pytest.mark.parametrize("factor", [1 + 1e-7, 1 - 1e-5, 0.73914345, np.pi, 1e-7])
def test_a_factor_that_nobody_writes_is_not_named(factor):
    assert (
        explained("svm", "gradient", lambda case, data, regularizer: factor * (data + regularizer))[0] == []
    )


def test_a_factor_must_be_the_same_in_three_cases():
    (case, *_) = cases_of()
    value = 4 * np.float64(answer("svm", case).dW)

    assert explain_loss("svm", "gradient", [case], [value], PLAIN) == ()


@pytest.mark.parametrize("part", ["loss", "gradient"])
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_float32_arithmetic_is_looked_through_where_it_is_allowed(classifier, part):
    def wrong(case, data, regularizer):
        return np.float64(np.float32(len(case.y) * data) + regularizer / 2)

    assert explained(classifier, part, wrong)[0] == []
    names = explained(classifier, part, wrong, float32_tolerance=1e-6)[0]
    assert names == ["sum_instead_of_mean", "half_regularizer"]


def test_a_value_that_is_nearly_right_is_not_a_mistake_in_float32():
    def wrong(case, data, regularizer):
        return (data + regularizer) * (1 + 5e-6)

    assert explained("softmax", "gradient", wrong, float32_tolerance=1e-6)[0] == []


@pytest.mark.parametrize("epsilon", [1e-8, 1e-9])
def test_a_mistake_beside_a_harmless_epsilon_is_named(epsilon):
    def wrong(case, data, regularizer):
        problem = RightAnswer.of("softmax", "loss", case, PLAIN).problem
        p = problem.probabilities[np.arange(len(case.y)), case.y]
        return np.float64(-np.log(p + epsilon).mean())

    assert explained("softmax", "loss", wrong)[0] == ["no_regularizer"]


@pytest.mark.parametrize("part", ["loss", "gradient"])
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_values_of_no_known_origin_are_not_explained(classifier, part):
    rng = np.random.default_rng(0)

    def wrong(case, data, regularizer):
        return data + regularizer + rng.standard_normal(np.shape(data))

    assert explained(classifier, part, wrong, float32_tolerance=1e-5)[0] == []


def test_right_values_are_not_explained():
    for convention in CONVENTIONS:
        for classifier in LOSSES:
            assert explained(classifier, "gradient", lambda _, data, reg: data + reg, convention)[0] == []


@pytest.mark.parametrize("classifier", LOSSES)
def test_numbers_that_overflow_are_near_to_no_combination(classifier, monkeypatch):
    """Otherwise a hundred thousand combinations would be compared with them one by one."""
    compared = []

    def counted(seen, expected, tolerance, scale):
        compared.append(1)
        return distance(seen, expected, tolerance, scale)

    monkeypatch.setattr(combined, "distance", counted)

    with np.errstate(over="ignore"):
        names, _ = explained(classifier, "gradient", lambda _, data, __: np.full(data.shape, 1.7e308))

    assert names == []
    assert len(compared) < 5000
