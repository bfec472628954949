"""What a named misconception is: a wrong formula, and the words that tell the student about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reference.conventions import Convention
from reference.losses.formulas import softmax_data_term, svm_data_term
from reference.losses.problem import Array, Problem

Part = Literal["loss", "gradient"]
Classifier = Literal["svm", "softmax"]
Formula = Callable[[Problem], Array]


@dataclass(frozen=True, slots=True)
class Misconception:
    """One mistake in one part of one classifier's loss function.

    template: one or two sentences to a student, in which {term} stands for the regularizer's term in
        this part, {regularizer} for the one in the loss and {delta} for the margin.
    formula: what comes out, from the problem: a scalar, or a (D, C) gradient.
    """

    name: str
    part: Part
    classifier: Classifier
    template: str
    formula: Formula

    def message(self, convention: Convention) -> str:
        """The sentences for the student, in the terms of the convention."""
        regularizer = _regularizer_words(convention)
        term = regularizer if self.part == "loss" else _regularizer_gradient_words(convention)
        return self.template.format(
            part=self.part, term=term, regularizer=regularizer, delta=f"{convention.delta:g}"
        )

    def compute(
        self, W: Array, X: Array, y: Array, reg: float, convention: Convention, b: Array | None = None
    ) -> Array:
        """What a student with this mistake gets: a 0-d loss, or a gradient shaped like W.

        Shapes and errors as in reference.losses.formulas; good to float64. Not finite where the wrong formula is not.
        """
        return self.outcome(Problem.of(W, X, y, reg, convention, b))

    def outcome(self, problem: Problem) -> Array:
        """The same for a problem that stands already."""
        with np.errstate(all="ignore"):
            result = np.asarray(self.formula(problem))
        return result if self.part == "loss" else problem.in_layout(result)


def loss_of_terms(classifier: Classifier, name: str, template: str, terms: Formula) -> Misconception:
    """A wrong loss: the terms (N, C), (N, 1) or (N,) summed and divided by N, and the right regularizer."""
    return Misconception(
        name,
        "loss",
        classifier,
        template,
        lambda problem: np.asarray(terms(problem).sum() / problem.num_samples + problem.regularizer),
    )


def gradient_of_coefficients(
    classifier: Classifier, name: str, template: str, coefficients: Formula
) -> Misconception:
    """A wrong gradient: the coefficients (N, C) carried back to W, and the right regularizer's gradient."""
    return Misconception(
        name,
        "gradient",
        classifier,
        template,
        lambda problem: problem.pull_back(coefficients(problem)) + problem.regularizer_gradient,
    )


def right_answer(classifier: Classifier, part: Part, problem: Problem) -> Array:
    """The right 0-d loss, or the right gradient shaped like W as it was given."""
    if part == "loss":
        return np.asarray(data_term(classifier, part, problem) + problem.regularizer)
    return problem.in_layout(data_term(classifier, part, problem) + problem.regularizer_gradient)


def data_term(classifier: Classifier, part: Part, problem: Problem) -> Array:
    """The right answer without its regularizer, in the layout of Problem."""
    loss, coefficients = svm_data_term(problem) if classifier == "svm" else softmax_data_term(problem)
    return np.asarray(loss) if part == "loss" else problem.pull_back(coefficients)


def _regularizer_words(convention: Convention) -> str:
    return f"{_factor(convention.regularizer_coefficient)}reg*sum(W*W)"


def _regularizer_gradient_words(convention: Convention) -> str:
    return f"{_factor(2 * convention.regularizer_coefficient)}reg*W"


def _factor(value: float) -> str:
    return "" if value == 1 else f"{value:g}*"
