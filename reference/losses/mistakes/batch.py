"""Misconceptions about the batch: which samples and which labels count, and what the average divides by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np

from reference.losses.mistakes.misconception import Classifier, Formula, Misconception, Part, data_term
from reference.losses.problem import Array, Problem

Change = Callable[[Problem], Problem]
Factor = Callable[[Problem], float]

FIXED_DIVISORS = (10, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 49000)
"""Batch sizes of the notebooks, and other numbers that stand in them."""


def _with_data_term(
    name: str, template: str, term: Callable[[Classifier, Part, Problem], Array]
) -> list[Misconception]:
    """For both classifiers and both parts: another data term, and the right regularizer."""

    def formula(classifier: Classifier, part: Part) -> Formula:
        return lambda problem: (
            term(classifier, part, problem)
            + (np.asarray(problem.regularizer) if part == "loss" else problem.regularizer_gradient)
        )

    return [
        Misconception(name, part, classifier, template, formula(classifier, part))
        for part in get_args(Part)
        for classifier in get_args(Classifier)
    ]


def _scaled(name: str, template: str, factor: Factor) -> list[Misconception]:
    """The data term times a factor."""
    return _with_data_term(
        name,
        template,
        lambda classifier, part, problem: factor(problem) * data_term(classifier, part, problem),
    )


def _of_samples(name: str, template: str, kept: Callable[[int], slice]) -> list[Misconception]:
    """The data term of some samples alone, divided by the number of all."""

    def term(classifier: Classifier, part: Part, problem: Problem) -> Array:
        which = kept(problem.num_samples)
        fewer = dataclasses.replace(
            problem, X=problem.X[which], y=problem.y[which], scores=problem.scores[which]
        )
        if fewer.num_samples == 0:
            return np.zeros(()) if part == "loss" else np.zeros_like(problem.W)
        share: Array = fewer.num_samples / problem.num_samples * data_term(classifier, part, fewer)
        return share

    return _with_data_term(name, template, term)


def _of_labels(name: str, template: str, labels: Callable[[Problem], Array]) -> list[Misconception]:
    """The data term for other labels."""
    return _with_data_term(
        name,
        template,
        lambda classifier, part, problem: data_term(
            classifier, part, dataclasses.replace(problem, y=labels(problem))
        ),
    )


def _fixed(divisors: Sequence[int]) -> list[Misconception]:
    return [
        entry
        for divisor in divisors
        for entry in _scaled(
            f"divided_by_{divisor}",
            f"It equals the correct {{part}} with the data term divided by {divisor}, however many samples there are: "
            "where does the number of samples come from?",
            lambda problem, divisor=divisor: problem.num_samples / divisor,  # type: ignore[misc]
        )
    ]


_LEFT_OUT = "is left out: which numbers does the loop over the samples run through?"

BATCH_MISCONCEPTIONS: tuple[Misconception, ...] = (
    *_of_samples(
        "last_sample_left_out",
        "It equals the correct {part} but that the last sample " + _LEFT_OUT,
        lambda count: slice(0, count - 1),
    ),
    *_of_samples(
        "first_sample_left_out",
        "It equals the correct {part} but that the first sample " + _LEFT_OUT,
        lambda _: slice(1, None),
    ),
    *_of_samples(
        "first_sample_only",
        "It equals the correct {part} with the first sample alone in the data term: does the loop over the samples end early?",
        lambda _: slice(0, 1),
    ),
    *_of_samples(
        "last_sample_only",
        "It equals the correct {part} with the last sample alone in the data term: "
        "is what the samples before it gave overwritten?",
        lambda count: slice(count - 1, None),
    ),
    *_of_labels(
        "first_label_for_all",
        "It equals the {part} with the first sample's label for every sample: how is each sample's label looked up?",
        lambda problem: np.full_like(problem.y, problem.y[0]),
    ),
    *(
        entry
        for entry in _of_labels(
            "prediction_as_label",
            "It equals the {part} with the class of the highest score in the place of the label: where do the labels enter?",
            lambda problem: problem.scores.argmax(axis=1),
        )
        # That loss of the softmax has an entry: it is the logarithm of the sum of the shifted exponentials.
        if (entry.classifier, entry.part) != ("softmax", "loss")
    ),
    *_scaled(
        "divided_by_one_less",
        "It equals the correct {part} with the data term divided by one less than the number of samples: "
        "what is the average of a batch?",
        lambda problem: problem.num_samples / max(1, problem.num_samples - 1),
    ),
    *_scaled(
        "once_for_each_class",
        "It equals the correct {part} with the data term times the number of classes: "
        "is it added once for each sample, or once for each class of it?",
        lambda problem: problem.num_classes,
    ),
    *_scaled(
        "once_for_each_wrong_class",
        "It equals the correct {part} with the data term times one less than the number of classes: "
        "is it added once for each sample, or once for each wrong class of it?",
        lambda problem: problem.num_classes - 1,
    ),
    *_scaled(
        "divided_by_wrong_classes",
        "It equals the correct {part} with the data term divided by one less than the number of classes as well: "
        "is the average taken over samples only?",
        lambda problem: 1 / max(1, problem.num_classes - 1),
    ),
    *_scaled(
        "data_term_halved",
        "It equals the correct {part} with half of the data term: which factor does the average have?",
        lambda _: 0.5,
    ),
    *_scaled(
        "data_term_doubled",
        "It equals the correct {part} with twice the data term: is it added, or multiplied, once too often?",
        lambda _: 2,
    ),
    *_fixed(FIXED_DIVISORS),
)
