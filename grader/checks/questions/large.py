"""A question at a large size: what it takes must fit in memory, and be faster than a version with loops."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import Evidence, Roles, random_stream
from grader.checks.base.comparison import compare_array
from grader.checks.base.context import CheckContext
from grader.checks.questions.asked import Asked, AskingCheck, as_argument, set_with
from grader.checks.speed.rounds import NULL
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec
from grader.model.observation import (
    Checked,
    Observation,
    Raised,
    Received,
    Returned,
    TimedOut,
    Unexpected,
    Value,
)
from grader.model.trial import Array, ArrayOutput, Driver, ResidentTensor, Tensor, Trial
from grader.model.verdict import Verdict
from reference.questions.inputs import Inputs
from reference.questions.question import Large, Question

_MOST_CALLS = 4
"""Of the student's, where the first ones leave it open; the shortest counts."""

_CLEAR = 2.0
"""Times the bound by which a call must be faster for no further one to be made."""

_SLOW_CALLS = 3
_SLOW = "slow"
_LEAST_SECONDS = 1e-9

_COMPARED = 4
"""Rows of the answer that are compared, drawn anew for each seed."""

_TOLERANCE = 1e-5
"""Relative, of the rows that are compared: float32 is good enough here."""


class LargeCheck(AskingCheck):
    """A function at a size where a version with loops takes long, and one without them that is careless does not fit."""

    roles: ClassVar[Roles] = {"function": ("function",)}
    is_timed: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["large"]
    function: str = Field(description="The function or class that is asked.")
    question: str = Field(description="The name of a question in reference.questions that has a large case.")
    factor: float = Field(
        default=5.0, gt=1, description="How many times as fast as our version with loops it must be."
    )

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The question must be known, and have a large case."""
        yield from super().misfits(functions)
        known = set_with(self.question, self._own).questions
        large = [name for name, question in known.items() if question.large is not None]
        if self.question not in large:
            yield SpecFault.not_one_of("question", self.question, large)

    @property
    def methods(self) -> tuple[str, ...] | None:
        """The one that the question is about."""
        method = self._asked[0].question.method
        return None if method is None else (method,)

    @property
    def _asked(self) -> tuple[Asked, Large]:
        asked = Asked.of(self.question, self._own)
        assert asked.question.large is not None  # see misfits
        return asked, asked.question.large

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Calls of the slow version on a part, and one of the student's on the whole."""
        asked, large = self._asked
        question, assignment = asked.question, context.assignment
        case = large.draw(random_stream(context.seed, self.id), assignment.limits.memory_bytes)
        inputs = Inputs(case.inputs, assignment.convention)
        part, _ = large.slow_inputs(inputs)
        module, name = large.slow
        slow = Trial(
            label="a part of the inputs",
            function=NULL,
            positional=tuple(as_argument(value, "float64") for value in part.values.values()),
            outputs=tuple(ArrayOutput(each.shape) for each in question.answer(part).values()),
            backend=assignment.backend,
            seconds=assignment.limits.call_seconds,
            runner="reference",
            driver=Driver(name, asked.questions.right_source(module, name, assignment.convention)),
            tag=_SLOW,
        )
        count = len(inputs.array(large.rows))
        shapes = {
            name: np.broadcast_to(np.float64(0), (count, *each.shape[1:]))
            for name, each in question.answer(_only(inputs, large, np.arange(1))).items()
        }
        student = asked.trial(assignment, (self.function,), case, answer=shapes)
        resident = tuple(
            ResidentTensor(f"{self.id}:{at}", each.array) if isinstance(each, Tensor) else each
            for at, each in enumerate(student.positional)
        )
        return (*[slow] * _SLOW_CALLS, dataclasses.replace(student, positional=resident, echo=()))

    def digest(self, context: CheckContext, evidence: Evidence) -> Evidence:
        """The times, and whether some rows were right; values are not kept."""
        return [
            (trial, self._compared(context, trial, seen) if isinstance(seen, Returned) else seen)
            for trial, seen in evidence
        ]

    def _compared(self, context: CheckContext, trial: Trial, seen: Returned) -> Checked:
        fault = None
        if trial.tag != _SLOW:
            asked, large = self._asked
            question = asked.question
            inputs = _inputs_of(question, trial, context)
            count = len(inputs.array(large.rows))
            rows = random_stream(context.seed, self.id, "rows").choice(count, _COMPARED, replace=False)
            expected = question.answer(_only(inputs, large, rows))
            pairs = zip(expected.items(), seen.values, strict=True)
            faults = (_fault(name, right, value, rows) for (name, right), value in pairs)
            fault = next((each for each in faults if each is not None), None)
        return Checked(seen.seconds, fault, seen.waiting_seconds)

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """One more call of the student's where the fastest is near the bound, on rows that no call had: none is remembered."""
        asked = [each for each in evidence if each[0].tag != _SLOW]
        if len(asked) == _MOST_CALLS or _failed_call(asked) is not None:
            return ()
        speedup = self._speedup(context, evidence)
        is_clear = speedup >= _CLEAR * self.factor or _CLEAR * speedup <= self.factor
        return () if is_clear else (self._with_other_rows(context, asked[-1][0], len(asked)),)

    def _with_other_rows(self, context: CheckContext, trial: Trial, number: int) -> Trial:
        """A call with other rows, and the same of all else."""
        asked, large = self._asked
        stream = random_stream(context.seed, self.id, f"call {number}")
        rows = large.draw(stream, context.assignment.limits.memory_bytes).inputs[large.rows]
        at = (
            len(trial.positional)
            - len(asked.question.parameters)
            + asked.question.parameters.index(large.rows)
        )
        argument = as_argument(rows, "float64")
        assert isinstance(argument, Tensor)
        resident = ResidentTensor(f"{self.id}:{at}:{number}", argument.array)
        positional = (*trial.positional[:at], resident, *trial.positional[at + 1 :])
        return dataclasses.replace(trial, positional=positional)

    def _speedup(self, context: CheckContext, evidence: Evidence) -> float:
        """How many times as fast as our slow version, which would take so long for the whole of the inputs."""
        question, large = self._asked[0].question, self._asked[1]
        shortest: dict[bool, float] = {}
        for trial, seen in evidence:
            if isinstance(seen, Checked):
                is_slow = trial.tag == _SLOW
                shortest[is_slow] = min(seen.own_seconds, shortest.get(is_slow, np.inf))
        whole = _inputs_of(question, evidence[-1][0], context)
        _, times_longer = large.slow_inputs(whole)
        return times_longer * shortest[True] / max(shortest[False], _LEAST_SECONDS)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """All points for right values in time."""
        asked_question, large = self._asked
        subject = asked_question.question.subject or self.function
        for trial, seen in evidence:
            if trial.tag == _SLOW and not isinstance(seen, Checked):
                raise RuntimeError(f"the slow version could not be timed: {failure_sentence(trial, seen)}")
        asked = [each for each in evidence if each[0].tag != _SLOW]
        failed = _failed_call(asked)
        if failed is not None:
            trial, seen = failed
            told = sentence(failure_sentence(trial, seen))
            match seen:
                case Raised(memory=str() as memory):
                    return self.failed(
                        f"{subject} needs more than its {memory} limit on {trial.label}. {large.memory_advice}",
                    )
                case TimedOut(is_loading=False):
                    return self.failed(f"{told} {large.time_advice}")
            return self.failed(told, blames=(self.function,))
        fault = next((seen.fault for _, seen in asked if isinstance(seen, Checked) and seen.fault), None)
        if fault is not None:
            return self.failed(
                f"{subject}: {fault}, on {asked[0][0].label}. No points for speed until it is right.",
                blames=(self.function,),
            )
        speedup = self._speedup(context, evidence)
        facts = f"{formatting.rough(speedup)} times as fast as our version with loops"
        measured, allowed = {"speedup": speedup}, {"speedup": self.factor}
        if speedup >= self.factor:
            message = f"{subject} is {facts}, on {asked[0][0].label}."
            return self.passed(message, measured=measured, allowed=allowed)
        message = (
            f"{subject} is too slow: {facts}, on {asked[0][0].label} (at least {self.factor:g} times needed)."
            f" {large.time_advice}"
        )
        return self.failed(message, measured=measured, allowed=allowed)


def _inputs_of(question: Question, trial: Trial, context: CheckContext) -> Inputs:
    """The inputs of a student's call."""
    handed = len(trial.positional) - len(question.parameters)
    given = zip(question.parameters, trial.positional[handed:], strict=True)
    arrays = {name: each.array for name, each in given if isinstance(each, ResidentTensor)}
    return Inputs(arrays, context.assignment.convention)


def _only(inputs: Inputs, large: Large, rows: Array) -> Inputs:
    """The inputs whose answer has these rows alone."""
    return inputs.replace(**{large.rows: inputs.array(large.rows)[rows]})


def _fault(name: str, right: Array, value: Value, rows: Array) -> str | None:
    """A clause on a value that is wrong in one of these rows."""
    if isinstance(value, Unexpected):
        return f"{name} is {value.description}"
    bound = np.full(right.shape, _TOLERANCE * float(np.max(np.abs(right))))
    comparison = compare_array(Received(value.array[rows], value.dtype), right, bound, name)
    return None if comparison.is_right else f"{name} is wrong in some of {len(rows)} rows"


def _failed_call(asked: Evidence) -> tuple[Trial, Observation] | None:
    return next((each for each in asked if not isinstance(each[1], Checked)), None)
