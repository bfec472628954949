"""A question about a function of any signature: its inputs, the right answer and the named mistakes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import (
    MATCH_TOLERANCE,
    Mistake,
    Seen,
    Table,
    Variant,
    constant_factor,
    matching,
    mistakes_in,
)
from reference.questions.inputs import Inputs, Value

Answer = Mapping[str, Array]
"""By name of the output: float64, shape () for a number; int64 for labels."""

Kind = Literal["number", "array", "labels", "series"]


@dataclass(frozen=True, slots=True, eq=False)
class QuestionCase:
    """One call."""

    label: str
    """How it differs from the other cases."""
    inputs: Mapping[str, Value]
    """By parameter, in the order of the call: arrays in float64 or int64, plain numbers, None."""
    is_noted: bool = False
    """Whether a wrong answer is only a note, at no cost; a function that is wrong elsewhere does not get it."""
    note: str = ""
    """The text of that note."""
    is_large: bool = False
    """Whether right code may return values that are not finite, as exponentials of scores overflow; the note is then about that."""


QuestionMistake = Mistake[Inputs]


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on the outputs of one call, where many answers are right: a trained classifier, a random start."""

    name: str
    """The name of a mistake, unless the rule is a symptom."""
    output: str
    """The output that is wrong when the rule is broken."""
    message: str
    """The message to the student; {name} stands for that number of `broken`."""
    broken: Callable[[Inputs, Answer], Mapping[str, float] | None]
    """The numbers of the message by name, or None if the rule holds.

    Outputs have their shapes, but a series may have any length, and numbers need not be finite.
    """
    is_symptom: bool = False
    """Whether many mistakes break it; then the student gets the message, and no mistake is named."""
    is_noted: bool = False
    """Whether breaking it costs nothing and is only a note."""


@dataclass(frozen=True, slots=True)
class Misshapen:
    """A known mistake by which an output has another shape, or is None."""

    name: str
    output: str
    message: str
    shape: Callable[[Inputs], tuple[int, ...]] | None
    """The wrong shape; () for a plain number, None if the output is None."""

    def is_described_by(self, inputs: Inputs, description: str) -> bool:
        """Whether the worker's description of the value found instead of the output has this shape."""
        if self.shape is None:
            return description == "None"
        shape = self.shape(inputs)
        return f" of shape {shape} " in description or (not shape and " of type float" in description)


@dataclass(frozen=True, slots=True)
class Loops:
    """The sizes with which a function's Python work may grow."""

    draw: Callable[[np.random.Generator], tuple[QuestionCase, Mapping[str, QuestionCase]]]
    """A small case, and larger ones by the size that is larger, in words for the student: "test points"."""
    sizes: Mapping[str, tuple[int, int]]
    """Each size in the small case and in the larger one."""
    over: tuple[str, ...]
    """The sizes it loops over; its work may not grow with any other."""
    rule: str
    """The handout's rule, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Large:
    """A case that is too large for a version that wastes memory or time."""

    draw: Callable[[np.random.Generator, int], QuestionCase]
    """The case, for a memory limit in bytes."""
    rows: str
    """The input that has a row for each row of the answers."""
    slow: tuple[str, str]
    """The module of reference.in_worker.right and the function in it that the student's is compared with."""
    slow_inputs: Callable[[Inputs], tuple[Inputs, float]]
    """The part of the inputs that this function is called with, and how many times as long all of them would take."""
    memory_advice: str
    """The advice, as a sentence, if the memory was not enough."""
    time_advice: str
    """The advice if it is too slow."""


def _none_other(_: Inputs) -> Sequence[Answer]:
    return ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question; the check `answers` asks it."""

    name: str
    parameters: tuple[str, ...]
    """Names of the inputs, in the order of the call."""
    outputs: Mapping[str, Kind]
    """The kind of each output by name, in the order in which they are returned."""
    draw: Callable[[np.random.Generator], Sequence[QuestionCase]]
    """The cases, from a generator of the run."""
    answer: Callable[[Inputs], Answer]
    """The right outputs; their float64 must be good to `tolerance` of the largest entry."""
    driver: tuple[str, str] | None = None
    """The module of reference.in_worker.drivers and the function in it that makes the call; None calls the student's."""
    right: tuple[str, str] | None = None
    """The module of reference.in_worker.right and the function in it that replaces one that answers this question wrongly."""
    method: str | None = None
    """The method of a class that the question is about and that `right` replaces; None for a function."""
    beside: Mapping[str, Callable[[Inputs], Sequence[Answer]]] = field(default_factory=dict)
    """By known mistake in another method of the same class: the right outputs if this method calls that one."""
    tolerance: float = 1e-8
    """Relative to the largest entry of an output, in float64."""
    tolerance32: float = 2e-4
    """The same in float32."""
    mistakes: tuple[QuestionMistake, ...] = ()
    """Identified by name and output."""
    misshapen: tuple[Misshapen, ...] = ()
    """Mistakes that are known by the shape of an output."""
    aside: tuple[str, ...] = ()
    """Outputs beside the function's numbers, such as unchanged inputs: a wrong one costs its share; the function stays correct."""
    tolerances: Mapping[str, float] = field(default_factory=dict)
    """Replace both tolerances for single outputs."""
    accepted: Callable[[Inputs], Sequence[Answer]] = _none_other
    """Other right answers, judged output by output."""
    accepted_note: str = ""
    """The note for a function with an output that matches only such an answer."""
    free: tuple[str, ...] = ()
    """Outputs without a single right answer: of `answer` only their shape counts, and the rules judge them."""
    rules: tuple[Rule, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By output that a function gets right by computing nothing: outputs of which one must be right or a known mistake's."""
    unchanged: tuple[str, ...] | None = None
    """The inputs that the call must leave unchanged; if None, all arrays where there is no driver."""
    is_training: bool = False
    """Whether a call may take as long as training."""
    overflow: str = ""
    """The message to a function that is right except where exponentials overflow (in cases that are large)."""
    subject: str = ""
    """The subject of messages; the function's or class's name if empty."""
    raised: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """By the kind of an exception that the driver raises, the name of the mistake, what the function does, and the advice."""
    loops: Loops | None = None
    large: Large | None = None
    is_learning: bool = False
    """Whether it asks how far training gets, which depends on loss, trainer and prediction together."""
    is_left_to_students: bool = False
    """Whether the handout leaves all of the answer to the student: then right functions for those that the student has not
    written yet give away no points."""

    def answers(self, inputs: Inputs) -> tuple[Answer, ...]:
        """The answer, and all others that are just as right."""
        return (self.answer(inputs), *self.accepted(inputs))

    def beside_mistake(self, name: str) -> Question | None:
        """The same question to a class with that mistake in another method; None where it makes no known difference."""
        if name not in self.beside:
            return None
        answers = self.beside[name]
        return replace(
            self, answer=lambda inputs: answers(inputs)[0], accepted=lambda inputs: answers(inputs)[1:]
        )

    def is_proven(self, output: str, unexplained: Container[str]) -> bool:
        """Whether a right output earns its share. unexplained: the outputs that are neither right nor a known mistake's."""
        needed = self.needs.get(output, ())
        return not needed or any(each not in unexplained for each in needed)

    def tolerance_of(self, output: str, *, is_float32: bool = False) -> float:
        """Relative to the largest entry of that output."""
        return self.tolerances.get(output, self.tolerance32 if is_float32 else self.tolerance)

    def mistake_of(
        self,
        output: str,
        values: Sequence[tuple[Inputs, Array]],
        tolerance: float = MATCH_TOLERANCE,
        told: Container[str] = (),
    ) -> QuestionMistake | None:
        """The known mistake that best explains this output in all calls, unless it is right in all of them.

        values: inputs with the output seen, in float64. tolerance: relative to the largest entry. told: the mistakes that
        explain other outputs; if several explain this one, one of those is preferred.
        """
        seen = [Seen(inputs, value, np.asarray(self.answer(inputs)[output])) for inputs, value in values]
        found = matching((each for each in self.mistakes if each.output == output), seen, tolerance)
        if found or self.outputs[output] != "array" or output in self.free:
            return next((each for each in found if each.name in told), found[0] if found else None)
        return constant_factor(output, seen, lambda inputs: self.answer(inputs)[output], tolerance)

    def misshapen_as(self, output: str, seen: Sequence[tuple[Inputs, str]]) -> Misshapen | None:
        """The known mistake that explains the values found instead of this output in all calls, by their descriptions."""
        known = (each for each in self.misshapen if each.output == output)
        return next(
            (each for each in known if seen and all(each.is_described_by(*call) for call in seen)), None
        )


def in_outputs(
    outputs: Sequence[str],
    table: Table[Variant],
    answer: Callable[[Inputs, Variant], Answer],
    begin: str = "",
) -> tuple[QuestionMistake, ...]:
    """The mistakes of a table in several outputs, from the answers they lead to; see mistakes_in."""

    def mistakes_of(output: str) -> tuple[QuestionMistake, ...]:
        return mistakes_in(output, table, lambda inputs, variant: answer(inputs, variant)[output], begin)

    return tuple(itertools.chain.from_iterable(map(mistakes_of, outputs)))
