"""Any one function against its reference: every output on drawn inputs, with known mistakes named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.questions.answer_tally import Tally, tag_of
from grader.errors import SpecFault
from grader.model.assignment import AnyFunction, Assignment, FunctionSpec
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
from reference import driver_source, right_source
from reference.questions import QUESTIONS, question_of
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, QuestionCase

UNCHANGED_SHARE = 0.8
"""The share of the points for right outputs of a function that changes its inputs."""


class AnswersCheck(CheckFields):
    """Every output of a function, or of a driver that calls it, equals that of the question's reference."""

    roles: ClassVar[Roles] = {"function": ("function",)}

    kind: Literal["answers"]
    function: str = Field(description="The function or class that is asked.")
    question: str = Field(description="The question's name in reference.questions.")
    handed: tuple[str, ...] = Field(
        default=(),
        description="The student's other functions and classes that the question's driver calls.",
    )
    dtype: DTypeName = "float64"
    shares: Mapping[str, float] = Field(
        default_factory=dict,
        description="Share of the points for each output; without it all outputs count alike.",
    )

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The question must be known and fit the fields, and an optional function earns no points."""
        yield from super().misfits(functions)
        if self.question not in QUESTIONS:
            yield SpecFault.not_one_of("question", self.question, QUESTIONS)
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
    def _question(self) -> Question:
        return question_of(self.question)

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
        source = right_source(module, name, assignment.convention)
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
        return tuple(
            question_trial(context.assignment, self._question, self.functions, case, self.dtype)
            for case in cases
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
                f"{question.subject or self.function} gives the reference's {outputs} in {calls}.",
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


def question_trial(
    assignment: Assignment,
    question: Question,
    functions: tuple[str, ...],
    case: QuestionCase,
    dtype: DTypeName = "float64",
    answer: Answer | None = None,
) -> Trial:
    """The call of a case. functions: the one that is asked, and others that the driver calls.

    answer: arrays in the shapes of the outputs, where computing the answer would take long.
    """
    if answer is None:
        answer = question.answer(Inputs(case.inputs, assignment.convention))
    inputs = {name: as_argument(value, dtype) for name, value in case.inputs.items()}
    handed: tuple[Argument, ...] = ()
    driver = None
    if question.driver is not None:
        module, name = question.driver
        driver = Driver(name, driver_source(module))
        handed = tuple(FunctionArgument(each) for each in functions)
    unchanged = question.unchanged
    if unchanged is None:
        unchanged = () if driver else question.parameters
    limits = assignment.limits
    return Trial(
        label=case.label,
        function=functions[0],
        positional=(*handed, *inputs.values()),
        outputs=tuple(
            _output(kind, answer[name], float_labels=assignment.float_labels)
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


def as_argument(value: object, dtype: DTypeName) -> Argument:
    """An input as it is handed over."""
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
