"""The student's search parameters: does the best of their pairs train a classifier that reaches the bar?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence, Roles
from grader.checks.base.comparison import number_of
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import LEARNER_ROLES, Accuracies, Learner, Plan, data_of, prepared
from grader.checks.training.stages import PARTS_OF_A_SEARCH, clear_of, stage_ends
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec, SearchParamsFunction
from grader.model.observation import Observation, Received, Refused, Returned, TimedOut, Unexpected, Value
from grader.model.trial import (
    ArrayOutput,
    DTypeName,
    NumberOutput,
    ResidentTensor,
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)
from grader.model.verdict import Finding, Flag, Verdict
from reference.in_worker.searched import SEARCH_FUNCTIONS, Pair

GRID_SHARE = 0.5
"""Of the points, for the pairs where the student's own training counts too; the rest is for that training."""

ALLOWANCE = 1.0
"""By how many standard deviations of an accuracy on that many images the bar may be missed (0.011 at 2,000).

The student chose the pairs with other draws of weights and batches, maybe on other images. A larger allowance would
pass rates ten times too small: with 1e-3 softmax ends at 0.34 after 1500 iterations, and the allowance at 0.359.
"""

RATES = (1e-15, 1e6)
"""The learning rates that are tried. Students search around 1e-7 on raw pixels, and around 1e-2 on normalized ones."""

GREATEST_STRENGTH = 1e10
"""Of those that are tried. Students search around 5e4 on raw pixels."""

_SHOWN = 3
"""So many of the numbers out of range are named."""


class SearchCheck(CheckFields):
    """The best pair trains a classifier that labels enough validation images correctly.

    The reference finds the best pair, in a worker: the numbers are the student's. If the check names a class or a loss,
    a trainer and a predictor, the student's own training is then run with that pair and counts half.
    """

    roles: ClassVar[Roles] = {"function": ("search_params",), **LEARNER_ROLES}
    needs_data: ClassVar[bool] = True
    scores_images: ClassVar[bool] = True
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
    least_pairs: int = Field(default=1, ge=1, le=100, description="Fewest pairs that may be returned.")
    most_pairs: int = Field(default=25, ge=1, le=100, description="Most pairs that may be returned.")
    bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled correctly.")
    num_iters: int = Field(default=1500, gt=0, le=20000, description="Number of steps for the best pair.")
    rank_iters: int = Field(
        default=400, gt=0, le=20000, description="Iterations after which the best three pairs are picked."
    )
    batch_size: int = Field(default=200, gt=0, le=10000, description="Images of each batch.")

    @property
    def data_words(self) -> str:
        return f"the same bar on the stand-in and with --data: {self.bar:g} on the validation images"

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The learner must be three functions, one class or nothing."""
        yield from super().misfits(functions)
        if self.learners and len(self.learners) != (1 if self.class_name else 3):
            yield SpecFault("", "must name loss, trainer and predictor, or class_name alone, or none of them")

    @property
    def functions(self) -> tuple[str, ...]:
        """The function that returns the pairs; it can be graded without the trainer."""
        return (self.function,)

    @property
    def learners(self) -> tuple[str, ...]:
        """The class, or loss, trainer and predictor, of the student's own training; empty if there is none."""
        return tuple(name for field, name in self.named.items() if field in LEARNER_ROLES)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call, which returns the pairs."""
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
        """The reference's search, the student's own training with the best pair if that reaches the bar, the images to label.

        Where a search that stopped early led to a pair that the student's own training fails with, all of it once more, to
        the end.
        """
        pairs = self._pairs(*evidence[0])
        if isinstance(pairs, str):
            return ()
        tried = _tried(pairs)
        if len(evidence) == 1:
            return (self._search(context, tried, is_full=context.is_full),)
        (_, found), *own = _last_search(evidence)
        if not self.learners or not isinstance(found, Returned):
            return ()
        best = _best(tried, found)
        if best.accuracy < self._enough(context):
            return ()
        learner = Learner(self.learners, self.dtype)
        more = learner.next_trials(context, self._plan(best.pair), own)
        if more or best.iterations == self.num_iters:
            return more
        learned = learner.outcome(context, own)
        is_enough = not isinstance(learned, str) and learned.by_scores.val >= self._enough(context)
        return () if is_enough else (self._search(context, tried, is_full=True),)

    def _plan(self, pair: Pair) -> Plan:
        return Plan(*pair, self.num_iters, self.batch_size, Accuracies(self.bar, 0.0))

    def _search(self, context: CheckContext, pairs: tuple[Pair, ...], *, is_full: bool) -> Trial:
        """The reference trains with the pairs, in float32 and in a worker of its own, under the deadline of one training."""
        function = context.assignment.functions[self.function]
        assert isinstance(function, SearchParamsFunction)
        data, convention = data_of(context), context.assignment.convention
        given: list[ResidentTensor | Tensor] = []
        for split in ("train", "val"):
            X, y = prepared(data, split, self.dtype)
            given += [ResidentTensor(f"X:{split}:{self.dtype}", X), Tensor(y.astype(np.int64))]
        looks = stage_ends(self.num_iters, is_full=is_full, parts=PARTS_OF_A_SEARCH)
        ends = {*looks, min(self.rank_iters, self.num_iters)}
        clear = 2.0 if is_full else clear_of(self.bar, len(y))
        numbers = (self.rank_iters, self.batch_size, clear)
        return Trial(
            label=formatting.count(len(pairs), "pair"),
            function=SEARCH_FUNCTIONS[function.classifier],
            positional=(
                Tensor(np.array(pairs, np.float64)),
                *given,
                Tensor(np.array(sorted(ends), np.int64)),
                *map(Scalar, (*numbers, convention.regularizer_coefficient, convention.delta)),
            ),
            outputs=(NumberOutput(), NumberOutput(), NumberOutput(), ArrayOutput((len(pairs),))),
            backend="numpy",
            seconds=context.assignment.limits.training_seconds,
            runner="reference",
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Credit for a grid with a pair that reaches the bar, and for the student's own training that does too."""
        pairs = self._pairs(*evidence[0])
        if isinstance(pairs, str):
            return self.failed(pairs, findings=(Finding(self.function, False),))
        tried = _tried(pairs)
        (searching, found), *trained = _last_search(evidence)
        match found:
            case Returned():
                best = _best(tried, found)
            case TimedOut() | Refused():
                return self._unfinished(searching)
            case _:
                raise RuntimeError(f"the reference could not search: {failure_sentence(searching, found)}")
        enough, accuracy, (rate, reg) = self._enough(context), best.accuracy, best.pair
        measured = {"pairs": float(len(pairs)), "grid_accuracy": accuracy, "iterations": best.iterations}
        measured |= {"learning_rate": rate, "regularization_strength": reg}
        needed = f"({self.bar:g} needed)"
        credit = 1.0
        alarms: tuple[Flag, ...] = ()
        early = (
            f" after {best.iterations:,} of {self.num_iters:,} iterations: clear of the bar, so the search stopped there"
            if best.iterations < self.num_iters
            else ""
        )
        words = [
            (
                f"With the best of {formatting.count(len(tried), 'pair')}, learning_rate {rate:g} and reg {reg:g},"
                f" the reference reaches {formatting.number(accuracy, 4)} on the validation images {needed}{early}."
            )
        ]
        if accuracy < enough:
            credit = 0.0
            words.insert(0, "No pair reaches the bar.")
            words.append("Try other learning rates first, three to ten times apart.")
        elif accuracy < self.bar:
            words.append(
                f"That is close enough: so few images cannot tell accuracies {self.bar - enough:.3f} apart."
            )
        if left_out := _out_of_range(pairs):
            words.append(f"Not tried: {left_out}.")
        if credit and self.learners:
            learned = Learner(self.learners, self.dtype).outcome(context, trained)
            if isinstance(learned, str):
                credit = GRID_SHARE
                words.insert(0, sentence(learned))
            else:
                own = measured["own_accuracy"] = learned.by_scores.val
                seen = f"{formatting.number(own, 4)} on the validation images"
                measured["iterations"] = min(best.iterations, learned.iterations)
                fault = learned.training.fault
                credit = 1.0 if own >= enough and fault is None else GRID_SHARE
                if own < enough:
                    words.insert(0, f"Your own training with the best pair reaches only {seen} {needed}.")
                else:
                    own_early = learned.early_words(self.num_iters, "the bar")
                    words.append(f"Your own training with it reaches {seen}{own_early}.")
                    words[:0] = [] if fault is None else [sentence(fault)]
                words += learned.predictor_words()
                alarms = learned.alarms(self.learners, is_paid=credit == 1)
        return self.scored(
            credit,
            " ".join(words),
            measured=measured,
            allowed={
                "pairs": float(self.most_pairs),
                "grid_accuracy": self.bar,
                "iterations": float(self.num_iters),
            },
            curves={
                "learning_rates": tuple(each for each, _ in tried),
                "regularization_strengths": tuple(each for _, each in tried),
                "accuracies": best.accuracies,
            },
            findings=(Finding(self.function, True),),
            alarms=alarms,
        )

    def _pairs(self, trial: Trial, observation: Observation) -> tuple[Pair, ...] | str:
        """All pairs of a learning rate and a strength, each once; a sentence where there is no grid to search."""
        if not isinstance(observation, Returned):
            return failure_sentence(trial, observation)
        names = ("learning rates", "regularization strengths")
        found = []
        for name, value in zip(names, observation.values, strict=True):
            if isinstance(value, Unexpected):
                return (
                    f"{self.function} should return two lists of numbers, (learning_rates, regularization_strengths),"
                    f" but the {name} are {value.description}"
                )
            if not value.array.size:
                return f"{self.function} returns no {name}: the list is empty"
            if not np.isfinite(value.array).all():
                return f"{self.function} returns {name} that are not finite"
            found.append([float(each) + 0.0 for each in value.array])  # -0.0 is 0
        rates, regs = found
        if min(rates) <= 0:
            return f"{self.function} returns the learning rate {min(rates):g}; learning rates must be > 0"
        if min(regs) < 0:
            return f"{self.function} returns the regularization strength {min(regs):g}; it must be >= 0"
        pairs = tuple(dict.fromkeys((rate, reg) for rate in rates for reg in regs))
        if not self.least_pairs <= len(pairs) <= self.most_pairs:
            return (
                f"{self.function} returns {formatting.count(len(rates), 'learning rate')} and"
                f" {formatting.count(len(regs), 'regularization strength')}, which make"
                f" {formatting.count(len(pairs), 'pair')}; expected {self.least_pairs} to {self.most_pairs} pairs"
            )
        if not _tried(pairs):
            return f"{self.function} returns no pair to try: {_out_of_range(pairs)}"
        return pairs

    def _unfinished(self, searching: Trial) -> Verdict:
        """No points where the reference's search took too long: nothing is known about the pairs."""
        message = (
            f"The reference could not train with your {searching.label} within {searching.seconds:g} s,"
            " so they were not graded and earn no points."
        )
        advice = "If the machine was slow or busy, grade again, or raise limits.training_seconds in the spec."
        return self.failed(message, alarms=(Flag("note", self.function, f"{message} {advice}"),))

    def _enough(self, context: CheckContext) -> float:
        """The bar less the allowance."""
        y = data_of(context).labels("val")
        return self.bar - ALLOWANCE * float(np.sqrt(self.bar * (1 - self.bar) / len(y)))


class _Best(NamedTuple):
    """The pair that the reference found to be the best, with its validation accuracy after so many iterations.

    accuracies: of all pairs, when they were last looked at.
    """

    pair: Pair
    accuracy: float
    iterations: int
    accuracies: tuple[float, ...]


def _best(tried: Sequence[Pair], found: Returned) -> _Best:
    *numbers, accuracies = found.values
    index, accuracy, iterations = map(number_of, numbers)
    return _Best(tried[int(index)], accuracy, int(iterations), _listed(accuracies))


def _listed(value: Value) -> tuple[float, ...]:
    assert isinstance(value, Received)
    return tuple(map(float, value.array))


def _last_search(evidence: Evidence) -> Evidence:
    """From the reference's last search on."""
    last = max(number for number, (trial, _) in enumerate(evidence) if trial.runner == "reference")
    return evidence[last:]


def _tried(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Those whose numbers are in range."""
    return tuple((rate, reg) for rate, reg in pairs if _is_rate(rate) and reg <= GREATEST_STRENGTH)


def _is_rate(rate: float) -> bool:
    return RATES[0] <= rate <= RATES[1]


def _out_of_range(pairs: Iterable[Pair]) -> str:
    """A clause on the numbers that are out of range; empty if there are none."""
    rates, regs = (tuple(dict.fromkeys(each)) for each in zip(*pairs, strict=True))
    clauses = []
    for noun, values, allowed in (
        (
            "learning rate",
            [each for each in rates if not _is_rate(each)],
            f"from {RATES[0]:g} to {RATES[1]:g}",
        ),
        (
            "regularization strength",
            [each for each in regs if each > GREATEST_STRENGTH],
            f"from 0 to {GREATEST_STRENGTH:g}",
        ),
    ):
        if values:
            shown = [f"{each:g}" for each in values[:_SHOWN]]
            if len(values) > _SHOWN:
                shown.append(f"{len(values) - _SHOWN} more")
            named = (
                f"{noun} {shown[0]} is" if len(values) == 1 else f"{noun}s {formatting.listing(shown)} are"
            )
            clauses.append(f"the {named} out of range ({allowed})")
    return formatting.listing(clauses)
