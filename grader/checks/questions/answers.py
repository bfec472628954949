"""Any one function against its reference: every output on drawn inputs, with known mistakes named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from grader import formatting
from grader.checks.base.check import Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.questions.answer_tally import Tally
from grader.checks.questions.asked import Asked, AskingCheck, set_with
from grader.errors import SpecFault
from grader.model.assignment import AnyFunction, Assignment, FunctionSpec
from grader.model.signature import Signature
from grader.model.trial import (
    DTypeName,
    Replacement,
    Trial,
)
from grader.model.verdict import Finding, Verdict
from reference.mistakes import NOTHING
from reference.questions import QuestionSet
from reference.questions.question import Question

UNCHANGED_SHARE = 0.8
"""The share of the points for right outputs of a function that changes its inputs."""

LEAST_RTOL, LEAST_RTOL32, GREATEST_RTOL = 1e-13, 1e-6, 1e-2
"""Rounding alone comes near the least; the greatest would still tell a forgotten factor from a right value."""


class AnswersCheck(AskingCheck):
    """Every output of a function, or of a driver that calls it, equals that of the question's reference."""

    roles: ClassVar[Roles] = {"function": ("function",)}

    kind: Literal["answers"]
    function: str = Field(description="The function or class that is asked.")
    question: str = Field(
        description="The question's name: in questions.py of the spec's own folder, or in reference.questions."
    )
    handed: tuple[str, ...] = Field(
        default=(),
        description="The student's other functions and classes that the question's driver calls.",
    )
    dtype: DTypeName = Field(default="float64", description="Dtype of the arrays of floats.")
    shares: Mapping[str, float] = Field(
        default_factory=dict,
        description="Share of the points for each output; without it all outputs count alike.",
    )
    rtol: float | None = Field(
        default=None,
        json_schema_extra={"minimum": LEAST_RTOL, "maximum": GREATEST_RTOL},
        description=(
            "Tolerance of every output, relative to its largest entry; the question's own if left out. At least 1e-6 in"
            " float32."
        ),
    )

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The question must be known and fit the fields, and an optional function earns no points."""
        yield from super().misfits(functions)
        least = LEAST_RTOL32 if self.dtype == "float32" else LEAST_RTOL
        if self.rtol is not None and not least <= self.rtol <= GREATEST_RTOL:
            expected = f"must be from {least:g} to {GREATEST_RTOL:g} in {self.dtype}"
            yield SpecFault("rtol", expected, formatting.toml(self.rtol))
        known = self._questions.questions
        if self.question not in known:
            names = known if self._own is None else self._own.questions
            yield SpecFault.not_one_of("question", self.question, names)
            return
        question = self._question
        for name in self.shares:
            if name not in question.outputs:
                yield SpecFault.not_one_of("shares", name, question.outputs)
        function = functions.get(self.function)
        if isinstance(function, AnyFunction) and function.optional and self.points:
            yield SpecFault("points", f"must be 0: {self.function} is optional", f"{self.points:g}")
        for name in self.handed:
            if name not in functions:
                yield SpecFault.not_one_of("handed", name, functions)
        if self.handed and question.driver is None:
            yield SpecFault("handed", f"must be left out: the question {self.question!r} has no driver")
        yield from self._misfit_signature(function)

    def _misfit_signature(self, function: FunctionSpec | None) -> Iterator[SpecFault]:
        """Without a driver, the question's inputs are the function's arguments."""
        question = self._question
        if not isinstance(function, AnyFunction) or function.signature is None or question.driver is not None:
            return
        stated = Signature.parsed(function.signature)
        asked = Signature(question.parameters, len(question.parameters))
        if not stated.takes(asked):
            expected = f"must take {asked}, the inputs of the question {self.question!r}"
            yield SpecFault("function", expected, f"{self.function}{stated}")

    @property
    def functions(self) -> tuple[str, ...]:
        """The function, and the others that the driver calls."""
        return (self.function, *self.handed)

    @property
    def methods(self) -> tuple[str, ...] | None:
        """The one that the question is about."""
        method = self._question.method
        return None if method is None else (method,)

    @property
    def _questions(self) -> QuestionSet:
        return set_with(self.question, self._own)

    @property
    def _question(self) -> Question:
        question = self._questions.questions[self.question]
        if self.rtol is None:
            return question
        return replace(question, tolerance=self.rtol, tolerance32=self.rtol, tolerances={})

    @property
    def mistake_names(self) -> frozenset[str]:
        """The mistakes that a diagnosis may name."""
        question = self._question
        raised = frozenset(name for name, _, _ in question.raised.values())
        return raised.union((each.name for each in question.mistakes), (each.name for each in question.rules))

    @property
    def asked_again(self) -> Literal["any", "partly right"]:
        """Of any function; where training must reach something, of those that are right in part."""
        return "partly right" if self._question.is_learning else "any"

    @property
    def fills_in(self) -> bool:
        """Where the handout has nothing of the answer."""
        return self._question.is_left_to_students

    def replacement(self, assignment: Assignment, /) -> Replacement | None:
        """A right function or method, where the question has one."""
        right = self._question.right
        if right is None:
            return None
        module, name = right
        source = self._questions.right_source(module, name, assignment.convention)
        return Replacement(self.function, self._question.method, name, source)

    def is_right_beside(self, context: CheckContext, evidence: Evidence, mistake: str, /) -> bool:
        """Whether every output is that of a right method that calls one with this mistake."""
        question = self._question.beside_mistake(mistake)
        if question is None:
            return False
        tally = Tally(self.function, question, self.dtype)
        for trial, observation in evidence:
            tally.add(context.assignment, trial, observation)
        return tally.is_right

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call for each case of the question."""
        cases = self._question.draw(random_stream(context.seed, self.id))
        asked = Asked(self._questions, self._question)
        return tuple(asked.trial(context.assignment, self.functions, case, self.dtype) for case in cases)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Each output's share where it is right on every case."""
        question = self._question
        tally = Tally(self.function, question, self.dtype)
        for trial, observation in evidence:
            tally.add(context.assignment, trial, observation)
        notes = tuple(dict.fromkeys((*tally.notes, *(tally.excused if tally.is_right else ()))))
        if tally.is_right:
            told = [name for name in question.outputs if name not in question.aside]
            outputs, calls = formatting.listing(told), formatting.count(tally.calls, "call")
            return self.passed(
                f"{question.subject or self.function} gives the reference's {outputs} in {calls}.",
                measured=tally.worst,
                findings=(Finding(self.function, True, (), notes),),
            )
        diagnoses = tally.diagnoses(context.assignment)
        unexplained = tally.wrong.keys() - {
            each.part for each in diagnoses if each.misconception not in NOTHING
        }
        right = [name for name in question.outputs if name not in tally.wrong and tally.broken is None]
        unproven = [name for name in right if not question.is_proven(name, unexplained)]
        credit = sum(self._share(name) for name in right if name not in unproven)
        credit *= UNCHANGED_SHARE if tally.changed else 1.0
        return self.failed(
            " ".join((*tally.sentences(diagnoses), *self._unpaid(unproven))),
            credit=min(1.0, credit),
            findings=(Finding(self.function, self._is_correct(tally, unproven), diagnoses, notes),),
        )

    def _is_correct(self, tally: Tally, unproven: Sequence[str]) -> bool | None:
        """What the outputs say of the function: nothing if only some beside its numbers are wrong, and no other is proven."""
        if not tally.is_wrong_aside:
            return False
        return True if self._question.outputs.keys() - {*self._question.aside, *unproven} else None

    def _unpaid(self, unproven: Sequence[str]) -> Iterator[str]:
        """Sentences on right outputs that earn nothing, by the outputs that they need."""
        for needed in dict.fromkeys(self._question.needs[name] for name in unproven if self._share(name)):
            names = [name for name in unproven if self._question.needs[name] == needed]
            yield f"No points for {formatting.listing(names)} until {formatting.listing(needed, 'or')} is right."

    def _share(self, output: str) -> float:
        if self.shares:
            return self.shares.get(output, 0.0)
        return 1.0 / len(self._question.outputs)
