"""The student's search parameters: does the best of their pairs train a classifier that reaches the bar?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import (
    LEARNER_ROLES,
    NUM_CLASSES,
    Learner,
    accuracies_of,
    data_of,
    prepared,
    weights_of,
)
from grader.data import DataSet
from grader.errors import SpecFault
from grader.model.assignment import ClassifierName, FunctionSpec, Role, SearchParamsFunction
from grader.model.observation import Observation, Received, Returned, Unexpected
from grader.model.trial import DTypeName, SeriesOutput, Trial
from grader.model.verdict import Finding, Verdict
from reference import Convention
from reference.losses.grid import Pair, grid_accuracies, train_grid

GRID_SHARE = 0.5
"""Of the points, for the pairs themselves where the student's own training counts too; the rest for that training."""

ALLOWANCE = 1.0
"""Standard deviations of the accuracy that so many images measure, by which the bar may be missed (0.015 at 1,000).

The student chose the pairs by other draws of weights and batches, maybe on other images. More would let pass rates
that are ten times too small: with 1e-3 softmax stays below 0.33, where the allowance ends at 0.355.
"""

_DEVIATION = 1e-4
"""Of the weights that the reference starts from."""

_SEED = 20190905
"""Of the reference's start and batches: the same pairs give the same accuracies in every run."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long the reference trains: all pairs for rank_iters, then the finalists anew for num_iters."""

    num_iters: int
    rank_iters: int
    finalists: int
    batch_size: int


@dataclass(frozen=True, slots=True)
class Best:
    """The best pair of a grid and its accuracy on the validation images."""

    pair: Pair
    accuracy: float


class SearchCheck(CheckFields):
    """The pairs are usable, and the best of them trains a classifier that labels enough validation images rightly.

    The reference finds the best pair; where loss, trainer and predictor or class_name are named, the student's own
    training is then run on that pair, and counts half.
    """

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
        {"function": ("search_params",), **LEARNER_ROLES}
    )
    needs_data: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["search"]
    function: str
    loss: str | None = None
    trainer: str | None = None
    predictor: str | None = None
    class_name: str | None = None
    dtype: DTypeName = Field(
        default="float32", description="Of the data that the student's own training gets."
    )
    least_pairs: int = Field(default=1, ge=1, le=100)
    most_pairs: int = Field(default=25, ge=1, le=100)
    bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled rightly.")
    num_iters: int = Field(default=1500, gt=0, le=20000)
    rank_iters: int = Field(
        default=400, gt=0, le=20000, description="Iterations after which the best three pairs are picked."
    )
    batch_size: int = Field(default=200, gt=0, le=10000)

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The learner must be three functions, one class or nothing."""
        yield from super().misfits(functions)
        if self.learners and len(self.learners) != (1 if self.class_name else 3):
            yield SpecFault("", "must name loss, trainer and predictor, or class_name alone, or none of them")

    @property
    def functions(self) -> tuple[str, ...]:
        """The function that gives the pairs; without a trainer the pairs can still be judged."""
        return (self.function,)

    @property
    def learners(self) -> tuple[str, ...]:
        """The class, or loss, trainer and predictor, for the student's own training; none to leave it out."""
        named = (self.class_name, self.loss, self.trainer, self.predictor)
        return tuple(name for name in named if name is not None)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call, which gives the pairs."""
        series = SeriesOutput(self.most_pairs)
        return (
            Trial(
                label="a call without arguments",
                function=self.function,
                positional=(),
                outputs=(series, series),
                backend=context.assignment.backend,
                seconds=context.assignment.limits.call_seconds,
            ),
        )

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """The student's own training on the best pair where it reaches the bar, then the images to label."""
        if not self.learners or len(evidence) > 2:
            return ()
        learner = Learner(self.learners, self.dtype)
        if len(evidence) == 1:
            pairs = self._pairs(evidence[0][1])
            if isinstance(pairs, str):
                return ()
            best = self._best(context, pairs)
            if best.accuracy < self._enough(context):
                return ()
            rate, reg = best.pair
            keywords = {
                "learning_rate": rate,
                "reg": reg,
                "num_iters": self.num_iters,
                "batch_size": self.batch_size,
            }
            return (learner.training(context, keywords, f"{self.num_iters} iterations, {_named(best)}"),)
        weights = weights_of(evidence[1][1])
        if not isinstance(weights, Received) or not np.isfinite(weights.array).all():
            return ()
        W = weights.array.astype(self.dtype)
        return (learner.labelling(context, W, "the validation and the test images"),)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Credit for pairs of which one reaches the bar, and for the student's own training that does with it."""
        trial, called = evidence[0]
        if not isinstance(called, Returned):
            return self._unusable(failure_sentence(trial, called))
        pairs = self._pairs(called)
        if isinstance(pairs, str):
            return self._unusable(pairs)
        best, enough = self._best(context, pairs), self._enough(context)
        measured = {"pairs": float(len(pairs)), "grid_accuracy": best.accuracy}
        first = (
            f"The best of {formatting.count(len(pairs), 'pair')} is {_named(best)}: trained with it, the reference labels"
            f" {best.accuracy:.3f} of the validation images rightly (asked: {self.bar:g})."
        )
        words = [first]
        credit = 1.0
        if best.accuracy < enough:
            credit = 0.0
            words.append(
                "No pair reaches the bar: try other learning rates first, in steps of three to ten times."
            )
        elif best.accuracy < self.bar:
            words.append(
                f"That is enough, as so many images tell no more than {self.bar - enough:.3f} apart."
            )
        if credit and self.learners:
            own = self._own_accuracy(context, evidence[1:])
            if isinstance(own, str):
                words.append(sentence(own))
            else:
                words.append(
                    f"Trained by the submission's own functions it labels {own:.3f} of them rightly."
                )
                measured["own_accuracy"] = own
            credit = 1.0 if not isinstance(own, str) and own >= enough else GRID_SHARE
        return Verdict(
            "passed" if credit == 1 else "failed",
            credit,
            " ".join(words),
            hint=None if credit == 1 else self.hint,
            measured=measured,
            allowed={"pairs": float(self.most_pairs), "grid_accuracy": self.bar},
            findings=(Finding(self.function, True),),
        )

    def _unusable(self, words: str) -> Verdict:
        finding = Finding(self.function, False)
        return Verdict("failed", 0.0, sentence(words), hint=self.hint, findings=(finding,))

    def _pairs(self, observation: Observation) -> tuple[Pair, ...] | str:
        """All pairs of a learning rate and a strength, each once; a sentence where they are no pairs to search."""
        if not isinstance(observation, Returned):
            return f"{self.function} gave no pairs"
        names = ("learning rates", "regularization strengths")
        found = []
        for name, value in zip(names, observation.values, strict=True):
            if isinstance(value, Unexpected):
                return f"{self.function} should return two lists of numbers, (learning_rates, regularization_strengths), but the {name} are {value.description}"
            if not value.array.size:
                return f"{self.function} gives no {name}: the list is empty"
            if not np.isfinite(value.array).all():
                return f"{self.function} gives {name} that are not finite"
            found.append([float(each) for each in value.array])
        rates, regs = found
        if min(rates) <= 0:
            return f"{self.function} gives the learning rate {min(rates):g}; expected learning rates above 0"
        if min(regs) < 0:
            return f"{self.function} gives the regularization strength {min(regs):g}; expected none below 0"
        pairs = tuple(dict.fromkeys((rate, reg) for rate in rates for reg in regs))
        if not self.least_pairs <= len(pairs) <= self.most_pairs:
            asked = f"{self.least_pairs} to {self.most_pairs} are asked for"
            return (
                f"{self.function} gives {formatting.count(len(rates), 'learning rate')} and"
                f" {formatting.count(len(regs), 'regularization strength')}, which make"
                f" {formatting.count(len(pairs), 'pair')}; {asked}"
            )
        return pairs

    def _best(self, context: CheckContext, pairs: tuple[Pair, ...]) -> Best:
        function = context.assignment.functions[self.function]
        assert isinstance(function, SearchParamsFunction)
        schedule = Schedule(self.num_iters, min(self.rank_iters, self.num_iters), 3, self.batch_size)
        return best_of_grid(
            data_of(context), function.classifier, context.assignment.convention, pairs, schedule
        )

    def _enough(self, context: CheckContext) -> float:
        """The bar less the allowance."""
        _, y = prepared(data_of(context), "val", "float32")
        return self.bar - ALLOWANCE * float(np.sqrt(self.bar * (1 - self.bar) / len(y)))

    def _own_accuracy(self, context: CheckContext, evidence: Evidence) -> float | str:
        """The share of validation images that the student's own functions label rightly; a sentence where they fail."""
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return failure_sentence(trial, observation)
        if len(evidence) == 1:
            weights = weights_of(evidence[0][1])
            if isinstance(weights, Received):
                return "the submission's own training ends with weights that are not finite"
            said = "nothing" if weights is None else weights.description
            return f"the submission's own training gives {said} in the place of the weights W"
        labelled = evidence[1][1]
        assert isinstance(labelled, Returned)
        labels = labelled.values[0]
        if isinstance(labels, Unexpected):
            return f"the submission's own predictor gives {labels.description} in the place of labels"
        return accuracies_of(context, labels.array, self.dtype).val


def _named(best: Best) -> str:
    return f"learning_rate {best.pair[0]:g}, reg {best.pair[1]:g}"


@lru_cache(maxsize=16)
def best_of_grid(
    data: DataSet,
    classifier: ClassifierName,
    convention: Convention,
    pairs: tuple[Pair, ...],
    schedule: Schedule,
) -> Best:
    """The pair with the highest validation accuracy when the reference trains on the training split, in float32.

    Of many pairs only the few that lead after rank_iters are trained to the end. On the stand-in, 25 pairs with 400
    iterations and three finalists end within 0.02 of the best of 25 with 1500, in 8 CPU seconds instead of 15.
    """
    X, y = prepared(data, "train", "float32")
    X_val, y_val = prepared(data, "val", "float32")
    plain = dataclasses.replace(convention, layout="DC")  # the data come as (N, D)
    rng = np.random.Generator(np.random.PCG64(_SEED))
    W = (_DEVIATION * rng.normal(size=(X.shape[1], NUM_CLASSES))).astype(X.dtype)
    chosen = list(pairs)
    rounds = [schedule.num_iters]
    if len(pairs) > schedule.finalists and schedule.rank_iters < schedule.num_iters:
        rounds.insert(0, schedule.rank_iters)
    for num_iters in rounds:
        models = train_grid(classifier, W, X, y, chosen, num_iters, schedule.batch_size, rng, plain)
        accuracies = grid_accuracies(models, X_val, y_val, plain)
        order = np.argsort(-accuracies, kind="stable")[: schedule.finalists]
        chosen = [chosen[at] for at in order]
        best = float(accuracies[order[0]])
    return Best(chosen[0], best)
