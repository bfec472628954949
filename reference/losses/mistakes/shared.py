"""Mistakes that the SVM and the softmax share: averages, signs, samples, labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from reference.losses.problem import Array, Problem
from reference.losses.right import LossMistake, RightAnswer, in_both
from reference.mistakes import Mistake, Table

FIXED_DIVISORS = (10, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 49000)
"""Batch sizes of the notebooks, and other numbers that appear in them."""

_CORRECT = "It equals the correct {part} with "
_WHICH_DIVISOR = "which dimension should the divisor be?"


def _data_times(table: Table[Callable[[Problem], float]]) -> tuple[LossMistake, ...]:
    """The data term times a factor."""
    return in_both(
        table, lambda right, factor: factor(right.problem) * right.data + right.regularizer, _CORRECT
    )


def _of_weighted_samples(table: Table[Callable[[int], Array]]) -> tuple[LossMistake, ...]:
    """The data term with weights (N,) of the samples, made from their number."""

    def outcome(right: RightAnswer, weights: Callable[[int], Array]) -> Array:
        return right.with_terms(right.terms * weights(right.problem.num_samples)[:, None])

    return in_both(table, outcome, _CORRECT)


def _of_samples(table: Table[slice]) -> tuple[LossMistake, ...]:
    """The data term of some samples, divided by the number of all."""

    def outcome(right: RightAnswer, kept: slice) -> Array:
        problem = right.problem
        fewer = dataclasses.replace(
            problem, X=problem.X[kept], y=problem.y[kept], scores=problem.scores[kept]
        )
        if fewer.num_samples == 0:
            return right.regularizer
        return fewer.num_samples / problem.num_samples * right.data_of(fewer) + right.regularizer

    return in_both(table, outcome, _CORRECT)


def _of_labels(table: Table[Callable[[Problem], Array]]) -> tuple[LossMistake, ...]:
    """The data term for other labels."""

    def outcome(right: RightAnswer, labels: Callable[[Problem], Array]) -> Array:
        problem = right.problem
        return right.data_of(dataclasses.replace(problem, y=labels(problem))) + right.regularizer

    return in_both(table, outcome, "It equals the {part} ")


_FACTORS: Table[Callable[[Problem], float]] = {
    "sum_instead_of_mean": (
        "the data term not divided by the number of samples: does the assignment ask for the sum over the samples, or for their average?",
        lambda problem: problem.num_samples,
    ),
    "divided_twice": (
        "the data term divided by the number of samples twice: where do you take the average?",
        lambda problem: 1 / problem.num_samples,
    ),
    "divided_by_classes": (
        "the data term divided by the number of classes, not of samples: " + _WHICH_DIVISOR,
        lambda problem: problem.num_samples / problem.num_classes,
    ),
    "divided_by_features": (
        "the data term divided by the number of features, not of samples: " + _WHICH_DIVISOR,
        lambda problem: problem.num_samples / problem.num_features,
    ),
    "divided_by_samples_and_classes": (
        "the data term divided by the number of classes as well as by the number of samples: is the average taken over samples only?",
        lambda problem: 1 / problem.num_classes,
    ),
    "data_sign_flipped": (
        "the opposite sign in the data term: is a minus missing, or one too many?",
        lambda _: -1,
    ),
}

_RARER_FACTORS: Table[Callable[[Problem], float]] = {
    "divided_by_one_less": (
        "the data term divided by one less than the number of samples: what is the average of a batch?",
        lambda problem: problem.num_samples / max(1, problem.num_samples - 1),
    ),
    "once_for_each_class": (
        "the data term times the number of classes: is it added once for each sample, or once for each class of a sample?",
        lambda problem: problem.num_classes,
    ),
    "once_for_each_wrong_class": (
        "the data term times one less than the number of classes: is it added once for each sample, or once for each wrong class of a sample?",
        lambda problem: problem.num_classes - 1,
    ),
    "divided_by_wrong_classes": (
        "the data term divided by one less than the number of classes as well: is the average taken over samples only?",
        lambda problem: 1 / max(1, problem.num_classes - 1),
    ),
    "data_term_halved": ("half the data term: what factor does the average need?", lambda _: 0.5),
    "data_term_doubled": (
        "twice the data term: is it added or multiplied one time too many?",
        lambda _: 2,
    ),
}

DATA_FACTORS: Table[Callable[[Problem], float]] = {**_FACTORS, **_RARER_FACTORS}
"""Factors of the data term, each with the message for it alone."""


def _reshaped(right: RightAnswer) -> Array:
    """(D, C): the transposed data term reshaped to the shape of W, in the layout of the convention."""
    in_layout = right.problem.in_layout
    given = in_layout(right.data)
    return in_layout(given.T.reshape(given.shape))


_SIZES: Table[Callable[[Problem], float]] = {
    "times_samples": ("times the number of samples", lambda problem: problem.num_samples),
    "divided_by_samples": ("divided by the number of samples", lambda problem: 1 / problem.num_samples),
    "times_classes": ("times the number of classes", lambda problem: problem.num_classes),
    "divided_by_classes": ("divided by the number of classes", lambda problem: 1 / problem.num_classes),
    "times_features": ("times the number of features", lambda problem: problem.num_features),
    "divided_by_features": ("divided by the number of features", lambda problem: 1 / problem.num_features),
}

WHOLE: tuple[LossMistake, ...] = (
    Mistake(
        "all_zero",
        "loss",
        "It is zero: is this part still unchanged from the template, or is the result overwritten?",
        lambda right: 0 * right.value,
    ),
    Mistake(
        "all_zero",
        "gradient",
        "It is zero everywhere: is dW still unchanged from the template, or is the result overwritten?",
        lambda right: 0 * right.value,
    ),
    *in_both(
        {
            "only_regularizer": (
                "It equals the term {term} alone: is the data term missing from the result?",
                1,
            )
        },
        lambda right, factor: factor * right.regularizer,
    ),
    *in_both(
        {"sign_flipped": ("the opposite sign throughout: is a minus missing, or one too many?", -1)},
        lambda right, factor: factor * right.value,
        _CORRECT,
    ),
    *in_both(
        {
            f"all_{name}": (
                f"It equals the correct {{part}} {words}, the regularization too: where does that factor come from?",
                factor,
            )
            for name, (words, factor) in _SIZES.items()
        },
        lambda right, factor: factor(right.problem) * right.value,
    ),
    Mistake(
        "regularizer_of_gradient",
        "gradient",
        "It equals the data term's gradient with 2*reg times itself added: whose derivative is {term}?",
        lambda right: (1 + 2 * right.problem.penalty) * right.data,
    ),
)
"""Change the data term and the regularizer at once, or leave one of them out."""

DATA_TERM: tuple[LossMistake, ...] = (
    *_data_times(_FACTORS),
    *_of_labels(
        {
            "labels_one_too_low": (
                "for labels that are one too low. Labels count from zero: do you subtract one from them somewhere?",
                lambda problem: (problem.y - 1) % problem.num_classes,
            ),
            "labels_one_too_high": (
                "for labels that are one too high. Labels count from zero: do you add one to them somewhere?",
                lambda problem: (problem.y + 1) % problem.num_classes,
            ),
        }
    ),
)

BATCH: tuple[LossMistake, ...] = (
    *_of_samples(
        {
            "last_sample_left_out": (
                "the last sample left out: which samples does the loop run over?",
                slice(None, -1),
            ),
            "first_sample_left_out": (
                "the first sample left out: which samples does the loop run over?",
                slice(1, None),
            ),
            "first_sample_only": (
                "only the first sample in the data term: does the loop over the samples stop early?",
                slice(None, 1),
            ),
            "last_sample_only": (
                "only the last sample in the data term: does each sample overwrite the ones before it?",
                slice(-1, None),
            ),
        }
    ),
    *_of_labels(
        {
            "first_label_for_all": (
                "with the first sample's label used for every sample: how is each sample's label looked up?",
                lambda problem: np.full_like(problem.y, problem.y[0]),
            ),
            "prediction_as_label": (
                "with the class of the highest score instead of the label: where are the labels used?",
                lambda problem: problem.scores.argmax(axis=1),
            ),
        }
    ),
    *_data_times(_RARER_FACTORS),
    *_of_weighted_samples(
        {
            "divided_for_each_sample": (
                "the sum divided by the number of samples after each of them: is the division inside the loop?",
                lambda count: float(count) ** np.arange(1 - count, 1),
            ),
        }
    ),
    Mistake(
        "reshaped_not_transposed",
        "gradient",
        "It holds the correct data term's numbers in another order, as if a transposed gradient were reshaped: "
        "what does reshape do that a transpose does not?",
        lambda right: _reshaped(right) + right.regularizer,
    ),
    *in_both(
        {
            f"divided_by_{divisor}": (
                f"the data term divided by {divisor}, however many samples there are: where does the number of samples come from?",
                divisor,
            )
            for divisor in FIXED_DIVISORS
        },
        lambda right, divisor: right.problem.num_samples / divisor * right.data + right.regularizer,
        _CORRECT,
    ),
)
