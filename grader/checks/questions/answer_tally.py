"""How the outputs of a question fared over its calls: which are wrong and why, what mistakes they show."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.comparison import Comparison, compare_array, compare_number
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Raised, Received, Returned, Value
from grader.model.trial import Argument, Array, DTypeName, FunctionArgument, Scalar, Tensor, Trial
from grader.model.verdict import Diagnosis
from reference import MATCH_TOLERANCE, Inputs, Question, QuestionCase

FLOAT32_INSIDE = 1e-5
"""Relative, in float64: what arithmetic in float32 can be off by; a note, which costs nothing."""

_MATCHED_CASES = 4


@dataclass(slots=True)
class Tally:
    """How the outputs fared over the calls.

    wrong: a sentence for each wrong output. broken: of the first call that gave no values. changed: of the first input that
    is no longer what it was. worst: the greatest relative difference of each output that is right. ruled: the first broken
    rule of an output, in words. symptoms: the outputs whose rule names no mistake. seen: what came for each output, by its inputs.
    """

    function: str
    question: Question
    dtype: DTypeName
    calls: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    broken: str | None = None
    changed: str | None = None
    notes: list[str] = field(default_factory=list)
    worst: dict[str, float] = field(default_factory=dict)
    ruled: dict[str, Diagnosis] = field(default_factory=dict)
    symptoms: set[str] = field(default_factory=set)
    seen: dict[str, list[tuple[Inputs, Array]]] = field(default_factory=dict)

    def add(self, assignment: Assignment, trial: Trial, observation: Observation) -> None:
        """What one call gave."""
        case = self._case_of(trial)
        if not isinstance(observation, Returned):
            if case.is_noted and isinstance(observation, Raised):
                self.notes.append(case.note)
            elif self.broken is None:
                self.broken = failure_sentence(trial, observation)
            return
        self.calls += 1
        inputs = Inputs(case.inputs, assignment.convention)
        answers = self.question.answers(inputs)
        for name, value in zip(self.question.outputs, observation.values, strict=True):
            self._add_output(name, value, [np.asarray(each[name]) for each in answers], case, inputs)
        self._add_rules(observation.values, case, inputs)
        for position, echo in zip(trial.echo, observation.echoes, strict=True):
            given = trial.positional[position]
            assert isinstance(given, Tensor)
            if not isinstance(echo, Received) or not np.array_equal(echo.array, given.array, equal_nan=True):
                self.changed = self.changed or f"{self.function} changes its inputs, on {trial.label}."

    def _add_output(
        self, name: str, value: Value, answers: list[Array], case: QuestionCase, inputs: Inputs
    ) -> None:
        comparison = self._compare(name, value, answers[0])
        for other in answers[1:]:
            if not comparison.is_right and (again := self._compare(name, value, other)).is_right:
                comparison = again
        if isinstance(value, Received) and not case.is_noted:
            self.seen.setdefault(name, []).append((inputs, value.array.astype(np.float64)))
        if comparison.is_right:
            if name not in self.question.free:
                self.worst[name] = max(self.worst.get(name, 0.0), comparison.relative)
        elif case.is_noted:
            self.notes.append(case.note)
        elif self.dtype == "float64" and comparison.relative <= FLOAT32_INSIDE:
            self.notes.append(f"its {name} is as exact as float32 arithmetic where float64 is asked for")
        else:
            self.wrong.setdefault(name, f"{self.function}: {comparison.sentence}, on {case.label}.")

    def _add_rules(self, values: tuple[Value, ...], case: QuestionCase, inputs: Inputs) -> None:
        if case.is_noted or not self.question.rules:
            return
        arrays = {
            name: value.array.astype(np.float64)
            for name, value in zip(self.question.outputs, values, strict=True)
            if isinstance(value, Received)
        }
        if arrays.keys() != self.question.outputs.keys():
            return
        for rule in self.question.rules:
            if rule.output in self.ruled:
                continue
            with np.errstate(all="ignore"):
                numbers = rule.broken(inputs, arrays)
            if numbers is not None:
                words = rule.message.format_map(
                    {key: formatting.number(number) for key, number in numbers.items()}
                )
                self.ruled[rule.output] = Diagnosis(rule.output, rule.name, words)
                if rule.is_symptom:
                    self.symptoms.add(rule.output)
                self.wrong.setdefault(
                    rule.output, f"{self.function}: {rule.output} is not what it should be, on {case.label}."
                )

    def _case_of(self, trial: Trial) -> QuestionCase:
        """The case that the trial was made from, as it was handed over."""
        handed = sum(isinstance(each, FunctionArgument) for each in trial.positional)
        names = self.question.parameters
        values = [_value(each) for each in trial.positional[handed:]]
        return QuestionCase(trial.label, dict(zip(names, values, strict=True)), bool(trial.tag), trial.tag)

    def _compare(self, name: str, value: Value, expected: Array) -> Comparison:
        kind = self.question.outputs[name]
        tolerance = self.question.tolerance_of(name, is_float32=self.dtype == "float32")
        bound = tolerance * (float(np.max(np.abs(expected), initial=0.0)) or 1.0)
        if is_free := name in self.question.free:
            bound = np.inf
        if kind == "number":
            return compare_number(value, float(expected), bound, name)
        if kind == "series":
            if isinstance(value, Received) and is_free and value.array.size:
                expected = np.zeros(value.array.shape)
            elif not isinstance(value, Received) or value.array.size != expected.size:
                return _not_so_many(value, expected.size, name)
        bounds = (
            np.zeros(expected.shape) if kind == "labels" and not is_free else np.full(expected.shape, bound)
        )
        return compare_array(value, expected.astype(np.float64), bounds, name)

    def diagnoses(self, assignment: Assignment) -> tuple[Diagnosis, ...]:
        """The mistake behind each wrong output: one that gives the same numbers, else the one of a broken rule."""
        found: list[Diagnosis] = []
        for name in self.wrong:
            tolerance = self.question.tolerance_of(name, is_float32=self.dtype == "float32")
            seen = self.seen.get(name, [])[:_MATCHED_CASES]
            mistake = self.question.mistake_of(name, seen, max(tolerance, MATCH_TOLERANCE))
            if mistake is not None and tolerance > MATCH_TOLERANCE and found:
                # A match this wide cannot tell a second mistake from an effect of the first on this output.
                mistake = mistake if mistake.name in {each.misconception for each in found} else None
            if mistake is not None:
                found.append(Diagnosis(name, mistake.name, mistake.words(assignment.convention)))
            elif name in self.ruled and name not in self.symptoms:
                found.append(self.ruled[name])
        return tuple(found)

    def sentences(self, diagnoses: tuple[Diagnosis, ...]) -> list[str]:
        """What the student is told of all that is wrong."""
        said = [sentence(self.broken)] if self.broken is not None else []
        for name, words in self.wrong.items():
            said.append(words)
            named = [each.message for each in diagnoses if each.part == name]
            said += named or ([self.ruled[name].message] if name in self.ruled else [])
        if self.changed is not None:
            said.append(self.changed)
        right = [name for name in self.question.outputs if name not in self.wrong]
        if self.broken is None and right and self.wrong:
            said.append(f"Right: {', '.join(right)}.")
        return said


def _not_so_many(value: Value, count: int, name: str) -> Comparison:
    seen = formatting.count(value.array.size, "number") if isinstance(value, Received) else value.description
    words = f"{name} should be a list of {formatting.count(count, 'number')}, but is {seen}"
    return Comparison(False, words, np.inf, 0.0)


def _value(argument: Argument) -> Array | float | int | None:
    if isinstance(argument, Tensor):
        array = argument.array
        return array if array.dtype.kind in "iu" else array.astype(np.float64)
    assert isinstance(argument, Scalar)
    return argument.value
