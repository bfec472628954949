"""The base of checks that ask questions, the calls that ask them, and the set of questions that it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import PrivateAttr

from grader.checks.base.check import CheckFields
from grader.checks.questions.answer_tally import tag_of
from grader.model.assignment import Assignment
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
from reference.questions import QuestionSet, shipped_questions
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, QuestionCase


def set_with(name: str, own: QuestionSet | None) -> QuestionSet:
    """The set that a question is from: an own question comes before a shipped one of the same name."""
    return own if own is not None and name in own.questions else shipped_questions()


class AskingCheck(CheckFields):
    """Base of the kinds of checks that ask questions."""

    _own: QuestionSet | None = PrivateAttr(default=None)
    """The questions in the spec's own folder, if it has any."""

    def model_post_init(self, context: Any, /) -> None:
        """Keep the own questions, which come as pydantic's context."""
        if isinstance(context, QuestionSet):
            self._own = context


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the set that it is from, which has the source of its driver."""

    questions: QuestionSet
    question: Question

    @classmethod
    def of(cls, name: str, own: QuestionSet | None) -> Asked:
        """The question of that name. Raises KeyError for an unknown one."""
        questions = set_with(name, own)
        return cls(questions, questions.questions[name])

    def trial(
        self,
        assignment: Assignment,
        functions: tuple[str, ...],
        case: QuestionCase,
        dtype: DTypeName = "float64",
        answer: Answer | None = None,
    ) -> Trial:
        """The call of a case. functions: the one that is asked, and others that the driver calls.

        answer: arrays in the shapes of the outputs, where computing the answer would take long.
        """
        question = self.question
        if answer is None:
            answer = question.answer(Inputs(case.inputs, assignment.convention))
        inputs = {name: as_argument(value, dtype) for name, value in case.inputs.items()}
        handed: tuple[Argument, ...] = ()
        driver = None
        if question.driver is not None:
            module, name = question.driver
            driver = Driver(name, self.questions.driver_source(module, name))
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
