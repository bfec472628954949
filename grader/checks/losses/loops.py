"""Whether a function loops over samples or classes: instructions of its own, counted at three sizes.

What loops in C alone, as list(map(torch.sum, X)) does, executes no more of them, but has torch and NumPy do the same
thing once more for each further sample. All counts are the worker's claim.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.checks.base.call import case_of, first_failure, loss_trial, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import draw_loop_cases
from grader.checks.losses.core import core_fault, not_credited, zero_gradient
from grader.model.assignment import Assignment
from grader.model.observation import Instructions, Location, Observation, Returned
from grader.model.trial import Trial
from grader.model.verdict import Finding, Verdict

FLAT = 12
"""How many instructions more a vectorized function may execute at a greater size: a branch, and no loop."""

GROWTH = 1.3
"""A naive function executes more than this many times as much for three times the samples, or the classes."""


@dataclass(frozen=True, slots=True)
class _Growth:
    """The counts at a small and at a greater number of samples, or of classes."""

    of: Literal["samples", "classes"]
    small_size: int
    great_size: int
    small: Instructions
    great: Instructions

    @property
    def is_flat(self) -> bool:
        return self.great.total <= self.small.total + FLAT

    @property
    def repeated(self) -> str | None:
        """What a library did at least once more for each further sample or class, most often; None for nothing."""
        grown = {name: amount - self.small.calls.get(name, 0) for name, amount in self.great.calls.items()}
        name = max(grown, key=lambda each: grown[each], default=None)
        return name if name is not None and grown[name] >= self.great_size - self.small_size else None

    @property
    def is_loop(self) -> bool:
        return self.great.total > GROWTH * self.small.total

    @property
    def location(self) -> Location | None:
        """The line whose count grew most."""
        grown = {place: amount - self.small.lines.get(place, 0) for place, amount in self.great.lines.items()}
        place = max(grown, key=lambda each: grown[each], default=None)
        return place if place is not None and grown[place] > 0 else None

    @property
    def repeated_words(self) -> str:
        name = self.repeated or ""
        return (
            f"{name} {self.small.calls.get(name, 0)} times for {self.small_size} {self.of}"
            f" and {self.great.calls[name]} times for {self.great_size}: a loop over {self.of}, if not one of Python's own words"
        )

    @property
    def words(self) -> str:
        where = "" if self.location is None else f" ({self.location})"
        return (
            f"{self.small.total} instructions of its own for {self.small_size} {self.of}"
            f" and {self.great.total} for {self.great_size}: a Python loop over {self.of}{where}"
        )


class LoopsCheck(CheckFields):
    """The naive version loops in Python over samples or classes, the vectorized one over neither."""

    kind: Literal["loops"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """A few samples of a few classes, three times the samples, three times the classes; no regularizer."""
        function = context.assignment.loss_function(self.function)
        cases = draw_loop_cases(random_stream(context.seed, self.id), context.assignment.convention)
        return tuple(
            dataclasses.replace(
                loss_trial(context.assignment, self.function, case, function.main_dtype),
                is_counted=True,
                are_calls_counted=function.style == "vectorized",
            )
            for case in cases
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when the counts fit the function's style, for a function whose loss is right at its core."""
        failure = first_failure(evidence)
        if failure is not None:
            return Verdict("failed", 0.0, sentence(failure), hint=self.hint)
        counts = [_instructions(observation) for _, observation in evidence]
        if min(count.total for count in counts) == 0:
            words = (
                f"{self.function} returned, but not one instruction of its own was counted."
                " It must be written in Python and leave tracing to the grader."
            )
            return Verdict("failed", 0.0, words, hint=self.hint)
        growths = _growths(context.assignment, evidence, counts)
        is_vectorized = context.assignment.loss_function(self.function).style == "vectorized"
        measured = {
            name: float(count.total)
            for name, count in zip(("instructions", "more_samples", "more_classes"), counts, strict=True)
        }
        bound = counts[0].total + FLAT if is_vectorized else GROWTH * counts[0].total
        allowed = dict.fromkeys(("more_samples", "more_classes"), float(bound))
        core = core_fault(context.assignment, *evidence[0], with_gradient=False) or zero_gradient(
            *evidence[0]
        )
        fault = self._loops(growths) if is_vectorized else None
        if fault is None and core is not None:
            fault = not_credited("The way in which it is written", core)
        if fault is None and not is_vectorized:
            fault = self._lack_of_loops(growths)
        if fault is not None:
            return Verdict("failed", 0.0, fault, self.hint, measured, allowed)
        found = "loops in Python over neither samples nor classes" if is_vectorized else "loops in Python"
        message = f"{self.function} {found}, as a {'vectorized' if is_vectorized else 'naive'} version does."
        return Verdict(
            "passed", 1.0, message, None, measured, allowed, findings=(Finding(self.function, None),)
        )

    def _loops(self, growths: Sequence[_Growth]) -> str | None:
        """The words for loops in what should have none."""
        found = [growth.words for growth in growths if not growth.is_flat]
        if found:
            return f"{self.function} executes {'; it executes '.join(found)}."
        repeated = [growth.repeated_words for growth in growths if growth.repeated is not None]
        return f"{self.function} calls {'; it calls '.join(repeated)}." if repeated else None

    def _lack_of_loops(self, growths: Sequence[_Growth]) -> str | None:
        """The words for what should loop and does not."""
        if any(growth.is_loop for growth in growths):
            return None
        samples, classes = growths
        return (
            f"{self.function} executes {samples.small.total} instructions of its own for {samples.small_size} samples"
            f" of {classes.small_size} classes, {samples.great.total} for {samples.great_size} samples and"
            f" {classes.great.total} for {classes.great_size} classes: no Python loop over either."
            " The naive version is to be written with loops."
        )


def _instructions(observation: Observation) -> Instructions:
    """The count that a call brought; none where it was not counted."""
    assert isinstance(observation, Returned)
    return observation.instructions or Instructions(0)


def _growths(
    assignment: Assignment, evidence: Evidence, counts: Sequence[Instructions]
) -> tuple[_Growth, _Growth]:
    """In samples and in classes."""
    cases = [case_of(trial)[0] for trial, _ in evidence]
    axis = 1 if assignment.convention.layout == "DC" else 0
    samples, classes = [len(case.y) for case in cases], [case.W.shape[axis] for case in cases]
    return (
        _Growth("samples", samples[0], samples[1], counts[0], counts[1]),
        _Growth("classes", classes[0], classes[2], counts[0], counts[2]),
    )
