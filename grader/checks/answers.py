"""Any one function against its reference: every output on drawn inputs, with known mistakes named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field

from grader.assignment import Assignment
from grader.checks.call import failure_sentence, sentence
from grader.checks.check import CheckFields, Evidence, random_stream
from grader.checks.comparison import Comparison, compare_array, compare_number
from grader.observation import Observation, Raised, Received, Returned, Value
from grader.trial import (
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
from grader.verdict import Diagnosis, Finding, Verdict
from reference import Question, QuestionCase, driver_source, match_mistakes, question_of

FLOAT32_INSIDE = 1e-5
"""Relative, in float64: what arithmetic in float32 can be off by; a note, which costs nothing."""

UNCHANGED_SHARE = 0.8
"""Of the points, for right outputs of a function that changes its inputs."""

_MATCHED_CASES = 4


class AnswersCheck(CheckFields):
    """Every output of a function, or of a driver that is handed it, is that of the question's reference."""

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

    @property
    def functions(self) -> tuple[str, ...]:
        """The function, and those that it is judged with."""
        return (self.function, *self.handed)

    @property
    def _question(self) -> Question:
        return question_of(self.question)

    def _cases(self, assignment: Assignment, seed: int) -> list[QuestionCase]:
        return list(self._question.draw(random_stream(seed, self.id), assignment.convention))

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """One call for each case of the question."""
        return tuple(self._trial(assignment, case) for case in self._cases(assignment, seed))

    def _trial(self, assignment: Assignment, case: QuestionCase) -> Trial:
        question = self._question
        answer = question.answer(case.inputs, assignment.convention)
        inputs = tuple(_argument(value, self.dtype) for value in case.inputs.values())
        handed = tuple(FunctionArgument(name) for name in self.functions) if question.driver else ()
        first = len(handed)
        echo = (
            ()
            if question.driver
            else tuple(first + position for position, each in enumerate(inputs) if isinstance(each, Tensor))
        )
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
            seconds=assignment.limits.call_seconds,
            driver=driver,
            tag=case.note if case.is_noted else "",
        )

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:
        """Each output's share where it is right on every case."""
        tally = _Tally(self.function, self._question, self.dtype)
        for trial, observation in evidence:
            tally.add(assignment, trial, observation)
        return self._conclude(assignment, tally)

    def _conclude(self, assignment: Assignment, tally: _Tally) -> Verdict:
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
            return SeriesOutput(answer.size)
        case _:
            return ArrayOutput(tuple(answer.shape))


def _listed(names: Mapping[str, object]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


@dataclass(slots=True)
class _Tally:
    """How the outputs fared over the calls."""

    function: str
    question: Question
    dtype: DTypeName
    calls: int = 0
    wrong: dict[str, tuple[Comparison, str]] = field(default_factory=dict)
    broken: str | None = None
    changed: str | None = None
    notes: list[str] = field(default_factory=list)
    worst: dict[str, float] = field(default_factory=dict)
    seen: dict[str, list[tuple[dict[str, Array | float | int | None], Array]]] = field(default_factory=dict)

    def add(self, assignment: Assignment, trial: Trial, observation: Observation) -> None:
        case = self._case_of(trial)
        if not isinstance(observation, Returned):
            if case.is_noted and isinstance(observation, Raised):
                self.notes.append(case.note)
            elif self.broken is None:
                self.broken = failure_sentence(trial, observation)
            return
        self.calls += 1
        answer = self.question.answer(case.inputs, assignment.convention)
        for name, value in zip(self.question.outputs, observation.values, strict=True):
            self._add_output(name, value, np.asarray(answer[name]), case)
        for position, echo in zip(trial.echo, observation.echoes, strict=True):
            given = trial.positional[position]
            assert isinstance(given, Tensor)
            if not isinstance(echo, Received) or not np.array_equal(echo.array, given.array, equal_nan=True):
                self.changed = self.changed or f"{self.function} changes its inputs, on {trial.label}."

    def _add_output(self, name: str, value: Value, expected: Array, case: QuestionCase) -> None:
        comparison = self._compare(name, self.question.outputs[name], value, expected)
        if isinstance(value, Received) and not case.is_noted:
            self.seen.setdefault(name, []).append((dict(case.inputs), value.array.astype(np.float64)))
        if comparison.is_right:
            self.worst[name] = max(self.worst.get(name, 0.0), comparison.relative)
        elif case.is_noted:
            self.notes.append(case.note)
        elif self.dtype == "float64" and comparison.relative <= FLOAT32_INSIDE:
            self.notes.append(f"its {name} is as exact as float32 arithmetic where float64 is asked for")
        else:
            self.wrong.setdefault(name, (comparison, case.label))

    def _case_of(self, trial: Trial) -> QuestionCase:
        """The case that the trial was made from, as it was handed over."""
        handed = sum(isinstance(each, FunctionArgument) for each in trial.positional)
        names = self.question.parameters
        values = [_value(each) for each in trial.positional[handed:]]
        return QuestionCase(trial.label, dict(zip(names, values, strict=True)), bool(trial.tag), trial.tag)

    def _compare(self, name: str, kind: str, value: Value, expected: Array) -> Comparison:
        tolerance = self.question.tolerance if self.dtype == "float64" else self.question.tolerance32
        scale = float(np.max(np.abs(expected), initial=0.0)) or 1.0
        if kind == "number":
            return compare_number(value, float(expected), tolerance * scale, name)
        bound = np.zeros(expected.shape) if kind == "labels" else np.full(expected.shape, tolerance * scale)
        return compare_array(value, expected.astype(np.float64), bound, name)

    def diagnoses(self, assignment: Assignment) -> tuple[Diagnosis, ...]:
        found = []
        for name in self.wrong:
            cases = self.seen.get(name, [])[:_MATCHED_CASES]
            mistake = match_mistakes(self.question, name, cases, assignment.convention)
            if mistake is not None:
                found.append(Diagnosis(name, mistake.name, mistake.message))
        return tuple(found)

    def sentences(self, diagnoses: tuple[Diagnosis, ...]) -> list[str]:
        said = [sentence(self.broken)] if self.broken is not None else []
        for name, (comparison, where) in self.wrong.items():
            said.append(f"{self.function}: {comparison.sentence}, on {where}.")
            said += [each.message for each in diagnoses if each.part == name]
        if self.changed is not None:
            said.append(self.changed)
        right = [name for name in self.question.outputs if name not in self.wrong]
        if self.broken is None and right and self.wrong:
            said.append(f"Right: {', '.join(right)}.")
        return said


def _value(argument: Argument) -> Array | float | int | None:
    if isinstance(argument, Tensor):
        array = argument.array
        return array if array.dtype.kind in "iu" else array.astype(np.float64)
    assert isinstance(argument, Scalar)
    return argument.value
