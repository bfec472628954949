"""Any one function against its reference: every output on drawn inputs, with known mistakes named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.questions.answer_tally import Tally
from grader.errors import SpecFault
from grader.model.assignment import AnyFunction, Assignment, FunctionSpec, Role
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
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)
from grader.model.verdict import Finding, Verdict
from reference import QUESTIONS, Question, QuestionCase, driver_source, question_of

UNCHANGED_SHARE = 0.8
"""Of the points, for right outputs of a function that changes its inputs."""


class AnswersCheck(CheckFields):
    """Every output of a function, or of a driver that is handed it, is that of the question's reference."""

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType({"function": ("function",)})

    kind: Literal["answers"]
    function: str = Field(description="The function or class whose answers these are.")
    question: str = Field(description="The question's name in reference.questions.")
    handed: tuple[str, ...] = Field(
        default=(),
        description="Other functions and classes of the student's that the question's driver is handed.",
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
        """The function, and those that it is judged with."""
        return (self.function, *self.handed)

    @property
    def _question(self) -> Question:
        return question_of(self.question)

    def _cases(self, context: CheckContext) -> list[QuestionCase]:
        return list(self._question.draw(random_stream(context.seed, self.id), context.assignment.convention))

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call for each case of the question."""
        return tuple(self._trial(context.assignment, case) for case in self._cases(context))

    def _trial(self, assignment: Assignment, case: QuestionCase) -> Trial:
        question = self._question
        answer = question.answer(case.inputs, assignment.convention)
        inputs = tuple(_argument(value, self.dtype) for value in case.inputs.values())
        unchanged = question.unchanged
        if unchanged is None:
            unchanged = () if question.driver else question.parameters
        handed = tuple(FunctionArgument(name) for name in self.functions) if question.driver else ()
        first = len(handed)
        echo = tuple(
            first + position
            for position, (name, each) in enumerate(zip(question.parameters, inputs, strict=True))
            if isinstance(each, Tensor) and name in unchanged
        )
        limits = assignment.limits
        driver = None
        if question.driver is not None:
            module, function = question.driver
            driver = Driver(function, driver_source(module))
        return Trial(
            label=case.label,
            function=self.function,
            positional=(*handed, *inputs),
            outputs=tuple(_output(kind, answer[name]) for name, kind in question.outputs.items()),
            echo=echo,
            backend=assignment.backend,
            seconds=limits.training_seconds if question.is_training else limits.call_seconds,
            driver=driver,
            tag=case.note if case.is_noted else "",
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Each output's share where it is right on every case."""
        tally = Tally(self.function, self._question, self.dtype)
        for trial, observation in evidence:
            tally.add(context.assignment, trial, observation)
        return self._conclude(context.assignment, tally)

    def _conclude(self, assignment: Assignment, tally: Tally) -> Verdict:
        right = [name for name in tally.question.outputs if name not in tally.wrong]
        is_right = tally.broken is None and not tally.wrong and not tally.changed
        notes = tuple(dict.fromkeys(tally.notes))
        if is_right:
            message = f"{self.function} gives the reference's {_listed(tally.question.outputs)} in {tally.calls} calls."
            return Verdict(
                "passed",
                1.0,
                message,
                measured=tally.worst,
                findings=(Finding(self.function, True, (), notes),),
            )
        credit = 0.0
        if tally.broken is None:
            credit = sum(self._share(name) for name in right)
            credit *= UNCHANGED_SHARE if tally.changed else 1.0
        diagnoses = tally.diagnoses(assignment)
        return Verdict(
            "failed",
            min(1.0, credit),
            " ".join(tally.sentences(diagnoses)),
            hint=self.hint,
            findings=(Finding(self.function, False, diagnoses, notes),),
        )

    def _share(self, output: str) -> float:
        if self.shares:
            return self.shares.get(output, 0.0)
        return 1.0 / len(self._question.outputs)


def _argument(value: object, dtype: DTypeName) -> Argument:
    if isinstance(value, np.ndarray):
        return Tensor(value if value.dtype.kind in "iu" else value.astype(dtype))
    assert value is None or isinstance(value, bool | int | float)
    return Scalar(value)


def _output(kind: str, answer: Array) -> Output:
    match kind:
        case "number":
            return NumberOutput()
        case "labels":
            return LabelsOutput(answer.size)
        case "series":
            return SeriesOutput(answer.size + 1)  # both ends of a history, where that is as right
        case _:
            return ArrayOutput(tuple(answer.shape))


def _listed(names: Mapping[str, object]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
