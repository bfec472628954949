"""The right loss or gradient of a classifier as a sum of two terms, from which its mistakes are built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from reference.conventions import Convention
from reference.losses.formulas import softmax_data_term, svm_data_term
from reference.losses.problem import Array, Case, Problem
from reference.mistakes import Mistake, Table, Variant, mistakes_in

Part = Literal["loss", "gradient"]
Classifier = Literal["svm", "softmax"]


@dataclass(frozen=True)
class RightAnswer:
    """A loss, shape (), or a gradient (D, C), as the sum of its data term and its regularizer."""

    classifier: Classifier
    part: Part
    problem: Problem

    @classmethod
    def of(cls, classifier: Classifier, part: Part, case: Case, convention: Convention) -> RightAnswer:
        """The right answer in extended precision. Raises ValueError for shapes or labels that do not fit."""
        return cls(classifier, part, Problem.of(*case, convention))

    @cached_property
    def data(self) -> Array:
        """The data term."""
        return self.data_of(self.problem)

    @property
    def terms(self) -> Array:
        """The data terms of the samples: losses (N, 1), or dL_i/ds_i (N, C)."""
        problem = self.problem
        if self.part == "gradient":
            return (svm_data_term if self.classifier == "svm" else softmax_data_term)(problem)[1]
        if self.classifier == "svm":
            return np.asarray(np.maximum(problem.margins, 0).sum(axis=1, keepdims=True))
        return np.asarray(-(problem.log_probabilities * problem.one_hot).sum(axis=1, keepdims=True))

    @cached_property
    def regularizer(self) -> Array:
        """The regularizer's term."""
        is_loss = self.part == "loss"
        return np.asarray(self.problem.regularizer if is_loss else self.problem.regularizer_gradient)

    @property
    def value(self) -> Array:
        """The sum of both."""
        return self.data + self.regularizer

    def data_of(self, problem: Problem) -> Array:
        """The data term for other samples, labels or scores."""
        loss, coefficients = (svm_data_term if self.classifier == "svm" else softmax_data_term)(problem)
        return np.asarray(loss) if self.part == "loss" else problem.pull_back(coefficients)

    def with_terms(self, terms: Array) -> Array:
        """The right regularizer with other data terms: losses (N, C), (N, 1) or (N,), or dL_i/ds_i (N, C)."""
        problem = self.problem
        data = terms.sum() / problem.num_samples if self.part == "loss" else problem.pull_back(terms)
        return np.asarray(data + self.regularizer)


LossMistake = Mistake[RightAnswer]


def of_terms(part: Part, table: Table[Callable[[Problem], Array]]) -> tuple[LossMistake, ...]:
    """Mistakes in the data terms of the samples; see RightAnswer.with_terms for their shapes."""
    return mistakes_in(part, table, lambda right, terms: right.with_terms(terms(right.problem)))


def in_both(
    table: Table[Variant], outcome: Callable[[RightAnswer, Variant], Array], begin: str = ""
) -> tuple[LossMistake, ...]:
    """Mistakes that show in the loss and in the gradient alike; see mistakes_in."""
    return tuple(each for part in get_args(Part) for each in mistakes_in(part, table, outcome, begin))
