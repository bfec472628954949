"""Any one function against its reference: every output on drawn inputs, with known mistakes named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PrivateAttr

from grader import formatting
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.questions.answer_tally import Tally, tag_of
from grader.errors import SpecFault
from grader.model.assignment import AnyFunction, Assignment, FunctionSpec
from grader.model.signature import Signature
from grader.model.trial import (
    Argument,
    Array,
    ArrayOutput,
    Driver,
    DTypeName,
    FunctionArgument,
    LabelsOutput,
    NumberOutput,
    Output,
    Replacement,
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)
from grader.model.verdict import Finding, Verdict
from reference.questions import QuestionSet, shipped_questions
from reference.questions.inputs import Inputs
from reference.questions.question import Question, QuestionCase

UNCHANGED_SHARE = 0.8
"""The share of the points for right outputs of a function that changes its inputs."""

LEAST_RTOL, LEAST_RTOL32, GREATEST_RTOL = 1e-13, 1e-6, 1e-2
"""Rounding alone comes near the least; the greatest would still tell a forgotten factor from a right value."""


class AnswersCheck(CheckFields):
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
    dtype: DTypeName = "float64"
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

    _own: QuestionSet | None = PrivateAttr(default=None)
    """The questions in the spec's own folder, if it has any."""

    def model_post_init(self, context: Any, /) -> None:
        """Keep the own questions, which come as pydantic's context."""
        if isinstance(context, QuestionSet):
            self._own = context

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
    def _questions(self) -> QuestionSet:
        """The set that the question is from: an own question comes before a shipped one of the same name."""
        is_own = self._own is not None and self.question in self._own.questions
        return self._own if is_own and self._own is not None else shipped_questions()

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
        return frozenset(each.name for each in question.mistakes) | {each.name for each in question.rules}

    @property
    def asked_again(self) -> Literal["any", "partly right"]:
        """Of any function; where training must reach something, of those that are right in part."""
        return "partly right" if self._question.is_learning else "any"

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
        return tuple(self._trial(context.assignment, case) for case in cases)

    def _trial(self, assignment: Assignment, case: QuestionCase) -> Trial:
        question = self._question
        answer = question.answer(Inputs(case.inputs, assignment.convention))
        inputs = {name: _argument(value, self.dtype) for name, value in case.inputs.items()}
        handed: tuple[Argument, ...] = ()
        driver = None
        if question.driver is not None:
            module, function = question.driver
            driver = Driver(function, self._questions.driver_source(module, function))
            handed = tuple(FunctionArgument(name) for name in self.functions)
        unchanged = question.unchanged
        if unchanged is None:
            unchanged = () if driver else question.parameters
        limits = assignment.limits
        return Trial(
            label=case.label,
            function=self.function,
            positional=(*handed, *inputs.values()),
            outputs=tuple(
                _output(kind, np.asarray(answer[name]), float_labels=assignment.float_labels)
                for name, kind in question.outputs.items()
            ),
            echo=tuple(
                position
                for position, (name, each) in enumerate(inputs.items(), start=len(handed))
                if isinstance(each, Tensor) and name in unchanged
            ),
            backend=assignment.backend,
            seconds=limits.training_seconds if question.is_training else limits.call_seconds,
            driver=driver,
            tag=tag_of(case),
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Each output's share where it is right on every case."""
        question = self._question
        tally = Tally(self.function, question, self.dtype)
        for trial, observation in evidence:
            tally.add(context.assignment, trial, observation)
        notes = tuple(dict.fromkeys((*tally.notes, *(tally.excused if tally.is_right else ()))))
        if tally.is_right:
            outputs, calls = formatting.listing(list(question.outputs)), formatting.count(tally.calls, "call")
            return self.passed(
                f"{self.function} gives the reference's {outputs} in {calls}.",
                measured=tally.worst,
                findings=(Finding(self.function, True, (), notes),),
            )
        diagnoses = tally.diagnoses(context.assignment)
        unexplained = tally.wrong.keys() - {each.part for each in diagnoses}
        right = [name for name in question.outputs if name not in tally.wrong and tally.broken is None]
        unproven = [name for name in right if not question.is_proven(name, unexplained)]
        credit = sum(self._share(name) for name in right if name not in unproven)
        credit *= UNCHANGED_SHARE if tally.changed else 1.0
        return self.failed(
            " ".join((*tally.sentences(diagnoses), *self._unpaid(unproven))),
            credit=min(1.0, credit),
            findings=(Finding(self.function, False, diagnoses, notes),),
        )

    def _unpaid(self, unproven: Sequence[str]) -> Iterator[str]:
        """Sentences on right outputs that earn nothing, by the outputs that they need."""
        for needed in dict.fromkeys(self._question.needs[name] for name in unproven if self._share(name)):
            names = [name for name in unproven if self._question.needs[name] == needed]
            yield f"No points for {formatting.listing(names)} until {formatting.listing(needed, 'or')} is right."

    def _share(self, output: str) -> float:
        if self.shares:
            return self.shares.get(output, 0.0)
        return 1.0 / len(self._question.outputs)


def _argument(value: object, dtype: DTypeName) -> Argument:
    if isinstance(value, np.ndarray):
        return Tensor(value if value.dtype.kind in "iu" else value.astype(dtype))
    assert value is None or isinstance(value, bool | int | float)
    return Scalar(value)


def _output(kind: str, answer: Array, *, float_labels: bool) -> Output:
    match kind:
        case "number":
            return NumberOutput()
        case "labels":
            return LabelsOutput(answer.size, float_labels)
        case "series":
            return SeriesOutput(answer.size + 1)  # a history may hold both ends
        case _:
            return ArrayOutput(tuple(answer.shape))
