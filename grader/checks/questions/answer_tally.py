"""The outputs of a question over all its calls: which are wrong, and which mistakes explain them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.comparison import (
    MISSING,
    Comparison,
    compare_array,
    compare_labels,
    compare_number,
    float_labels_note,
)
from grader.model.assignment import Assignment
from grader.model.observation import Observation, Raised, Received, Returned, Value
from grader.model.trial import Argument, Array, DTypeName, FunctionArgument, Scalar, Tensor, Trial
from grader.model.verdict import Diagnosis
from reference.mistakes import MATCH_TOLERANCE
from reference.questions.inputs import Inputs
from reference.questions.inputs import Value as InputValue
from reference.questions.question import Answer, Question, QuestionCase

FLOAT32_INSIDE = 1e-5
"""Relative: a float64 output that is off by no more is as good as float32's, which is a note and costs nothing."""
_FEW_DIGITS = "is it computed in float32, or with an epsilon added?"

_MATCHED_CASES = 4

SHIFTED_FLOAT32 = 1e-3
"""Relative: a finite output on large scores that is off by no more may be rounding, and is not noted."""

_LARGE = "large scores: "
_OVERFLOW_ERRORS = frozenset({"OverflowError", "FloatingPointError"})
_OVERFLOW_NAME = "overflow_of_exp"


def tag_of(case: QuestionCase) -> str:
    """The tag of a case's trial: whether a wrong answer is a note, and whether its scores are large."""
    return (_LARGE if case.is_large else "") + (case.note if case.is_noted else "")


@dataclass(slots=True)
class _Accepted:
    """The other right answers to one call, computed where the answer itself was not given."""

    question: Question
    inputs: Inputs
    answers: Sequence[Answer] | None = None

    def of(self, output: str) -> list[Array]:
        """Those of one output."""
        if self.answers is None:
            self.answers = self.question.accepted(self.inputs)
        return [np.asarray(each[output]) for each in self.answers]


@dataclass(slots=True)
class Tally:
    """The results of the calls of one function, output by output."""

    function: str
    question: Question
    dtype: DTypeName
    calls: int = 0
    wrong: dict[str, tuple[Comparison | None, str]] = field(default_factory=dict)
    """Of each wrong output the first comparison, None where only a rule is broken, and the label of its case."""
    broken: str | None = None
    """A sentence on the first call that gave no values."""
    raised: Diagnosis | None = None
    """The mistake behind that call's exception, if it has a name."""
    changed: str | None = None
    """The sentence for the first input that was changed."""
    notes: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    """Notes on wrong answers to the cases that cost nothing; of a function that is wrong elsewhere they are not true."""
    overflowed: set[str] = field(default_factory=set)
    """The outputs that were not finite on large scores."""
    is_right_elsewhere: bool = True
    """Whether every answer was right but those on large scores."""
    worst: dict[str, float] = field(default_factory=dict)
    """The greatest relative difference of each output that is right."""
    ruled: dict[str, Diagnosis] = field(default_factory=dict)
    """The first broken rule of an output."""
    symptoms: set[str] = field(default_factory=set)
    """The outputs whose broken rule does not name a mistake."""
    seen: dict[str, list[tuple[Inputs, Array]]] = field(default_factory=dict)
    """The values of each output, with their inputs."""
    unlike: dict[str, list[tuple[Inputs, str]]] = field(default_factory=dict)
    """The descriptions of values that no output can be, with their inputs."""

    @property
    def is_right(self) -> bool:
        return self.broken is None and not self.wrong and not self.changed

    @property
    def is_wrong_aside(self) -> bool:
        """Whether nothing is wrong but outputs that call no function incorrect."""
        return self.broken is None and not self.changed and self.wrong.keys() <= {*self.question.aside}

    def add(self, assignment: Assignment, trial: Trial, observation: Observation) -> None:
        """Count one call in."""
        case = self._case_of(trial)
        if not isinstance(observation, Returned):
            if case.is_noted and isinstance(observation, Raised):
                self._excuse_error(observation, case)
                return
            if self.broken is None:
                self._break(trial, observation)
            self._count_wrong(case)
            if isinstance(observation, Raised) and case.is_large and observation.kind in _OVERFLOW_ERRORS:
                self.overflowed.update(self.question.outputs)
            return
        self.calls += 1
        inputs = Inputs(case.inputs, assignment.convention)
        accepted = _Accepted(self.question, inputs)
        answer = self.question.answer(inputs)
        for name, value in zip(self.question.outputs, observation.values, strict=True):
            self._add_output(name, value, np.asarray(answer[name]), accepted, case)
        if not case.is_noted:
            self._keep(observation.values, inputs)
            self._add_rules(observation.values, inputs, case)
        handed = len(trial.positional) - len(self.question.parameters)
        for position, echo in zip(trial.echo, observation.echoes, strict=True):
            given = trial.positional[position]
            assert isinstance(given, Tensor)
            if not isinstance(echo, Received) or not np.array_equal(echo.array, given.array, equal_nan=True):
                name = self.question.parameters[position - handed]
                self.changed = (
                    self.changed
                    or f"{self.subject} changes its input {name}, on {trial.label}: work on a copy."
                )

    def _keep(self, values: Sequence[Value], inputs: Inputs) -> None:
        """Keep what came, to be held against the known mistakes."""
        for name, value in zip(self.question.outputs, values, strict=True):
            if isinstance(value, Received):
                self.seen.setdefault(name, []).append((inputs, value.array.astype(np.float64)))
            else:
                self.unlike.setdefault(name, []).append((inputs, value.description))

    def _break(self, trial: Trial, observation: Observation) -> None:
        """Keep a sentence on the first call that gave no values, and the mistake that its exception tells of."""
        self.broken = failure_sentence(trial, observation)
        if isinstance(observation, Raised) and observation.kind in self.question.raised:
            name, does, advice = self.question.raised[observation.kind]
            where = f" at {observation.location}" if observation.location else ""
            self.broken = f"{self.subject} {does}{where}. {advice}"
            self.raised = Diagnosis(next(iter(self.question.outputs)), name, f"It {does}. {advice}")
        elif self.question.subject:
            self.broken = f"{self.subject}: {self.broken}"

    @property
    def subject(self) -> str:
        """What the sentences are about."""
        return self.question.subject or self.function

    def _add_output(
        self, name: str, value: Value, answer: Array, accepted: _Accepted, case: QuestionCase
    ) -> None:
        comparison = self._compare(name, value, answer)
        if not comparison.is_right:
            others = [self._compare(name, value, each) for each in accepted.of(name)]
            comparison = min((comparison, *others), key=lambda each: (not each.is_right, each.relative))
            if comparison.is_right and self.question.accepted_note:
                self.notes.append(self.question.accepted_note)
        if self.question.outputs[name] == "labels" and (note := float_labels_note(value)) is not None:
            self.notes.append(note)
        if comparison.is_right:
            if name not in self.question.free:
                self.worst[name] = max(self.worst.get(name, 0.0), comparison.relative)
        elif case.is_noted:
            self._excuse(name, value, comparison, case)
        elif self.dtype == "float64" and comparison.relative <= FLOAT32_INSIDE:
            self.notes.append(f"its {name} is only as precise as float32: {_FEW_DIGITS}")
        else:
            self.wrong.setdefault(name, (comparison, case.label))
            self._count_wrong(case)
            if case.is_large and _is_infinite(value):
                self.overflowed.add(name)

    def _count_wrong(self, case: QuestionCase) -> None:
        self.is_right_elsewhere = self.is_right_elsewhere and case.is_large

    def _excuse(self, name: str, value: Value, comparison: Comparison, case: QuestionCase) -> None:
        """Note a wrong answer that costs nothing: as overflow only where it is not finite."""
        if not case.is_large or _is_infinite(value):
            self.excused.append(case.note)
        elif comparison.relative > SHIFTED_FLOAT32:
            self.excused.append(f"its {name} is wrong on {case.label}")

    def _excuse_error(self, raised: Raised, case: QuestionCase) -> None:
        is_noted = not case.is_large or raised.kind in _OVERFLOW_ERRORS
        self.excused.append(case.note if is_noted else f"it raises {raised.kind} on {case.label}")

    def _add_rules(self, values: tuple[Value, ...], inputs: Inputs, case: QuestionCase) -> None:
        arrays = {
            name: value.array.astype(np.float64)
            for name, value in zip(self.question.outputs, values, strict=True)
            if isinstance(value, Received)
        }
        missing = [name for name in self.question.outputs if name not in arrays]
        for rule in self.question.rules:
            if rule.output in self.ruled or rule.output in missing:
                continue
            try:
                with np.errstate(all="ignore"):
                    numbers = rule.broken(inputs, arrays)
            except KeyError:
                if not missing:
                    raise
                self._leave_unjudged(rule.output, missing, case)
                continue
            if numbers is not None and missing and not rule.is_symptom:
                self._leave_unjudged(rule.output, missing, case)  # which mistake it is, nobody can tell
            elif numbers is not None:
                words = rule.message.format_map(
                    {key: formatting.rough(number) for key, number in numbers.items()}
                )
                if rule.is_noted:
                    self.notes.append(words)
                    continue
                self.ruled[rule.output] = Diagnosis(rule.output, rule.name, words)
                if rule.is_symptom:
                    self.symptoms.add(rule.output)
                self.wrong.setdefault(rule.output, (None, case.label))
                self._count_wrong(case)

    def _leave_unjudged(self, name: str, missing: list[str], case: QuestionCase) -> None:
        """An output that nothing but rules judge is not right where another one is not there."""
        if name in self.question.free:
            why = f"{name} cannot be graded without {formatting.listing(missing)}"
            self.wrong.setdefault(name, (Comparison(False, why), case.label))
            self._count_wrong(case)

    def _case_of(self, trial: Trial) -> QuestionCase:
        """The case of the trial, with the inputs rounded as they were sent."""
        note = trial.tag.removeprefix(_LARGE)
        return QuestionCase(
            trial.label,
            inputs_of(self.question, trial),
            bool(note),
            note,
            is_large=trial.tag.startswith(_LARGE),
        )

    def _compare(self, name: str, value: Value, expected: Array) -> Comparison:
        kind, is_free = self.question.outputs[name], name in self.question.free
        tolerance = self.question.tolerance_of(name, is_float32=self.dtype == "float32")
        bound = np.inf if is_free else tolerance * (float(np.max(np.abs(expected), initial=0.0)) or 1.0)
        if kind == "number":
            return compare_number(value, float(expected), bound, name)
        if kind == "labels" and not is_free:
            return compare_labels(value, expected, name)
        if kind == "series":
            if isinstance(value, Received) and is_free and value.array.size:
                expected = np.zeros(value.array.shape)
            elif not isinstance(value, Received) or value.array.size != expected.size:
                return _wrong_length(value, expected.size, name)
        return compare_array(value, expected.astype(np.float64), np.full(expected.shape, bound), name)

    def diagnoses(self, assignment: Assignment) -> tuple[Diagnosis, ...]:
        """The mistake behind each wrong output: one that gives the same numbers, else the one of a broken rule."""
        if self.overflowed and self.is_right_elsewhere:
            parts = [name for name in self.wrong if name in self.overflowed] or sorted(self.overflowed)
            return tuple(Diagnosis(name, _OVERFLOW_NAME, self.question.overflow) for name in parts)
        found: list[Diagnosis] = [] if self.raised is None else [self.raised]
        for name in self.wrong:
            misshapen = self.question.misshapen_as(name, self.unlike.get(name, []))
            if misshapen is not None:
                found.append(Diagnosis(name, misshapen.name, misshapen.message))
                continue
            tolerance = self.question.tolerance_of(name, is_float32=self.dtype == "float32")
            seen = self.seen.get(name, [])[:_MATCHED_CASES]
            told = {each.misconception for each in found}
            mistake = self.question.mistake_of(name, seen, max(tolerance, MATCH_TOLERANCE), told)
            if mistake is not None and tolerance > MATCH_TOLERANCE and found:
                # A match this wide cannot tell a second mistake from an effect of the first on this output.
                mistake = mistake if mistake.name in told else None
            if mistake is not None:
                found.append(Diagnosis(name, mistake.name, mistake.words(assignment.convention)))
            elif name in self.ruled and name not in self.symptoms:
                found.append(self.ruled[name])
        return tuple(found)

    def sentences(self, diagnoses: tuple[Diagnosis, ...]) -> list[str]:
        """For each mistake the outputs that it makes wrong, then the numbers; last the outputs without a known one."""
        said = [sentence(self.broken)] if self.broken is not None else []
        if not self.wrong and self.raised is None:  # an error may have a name too
            said += dict.fromkeys(each.message for each in diagnoses)
        explained: dict[str, list[str]] = {}
        for name in self.wrong:
            named = [each.message for each in diagnoses if each.part == name]
            mistakes = " ".join(named or ([self.ruled[name].message] if name in self.ruled else []))
            explained.setdefault(mistakes, []).append(name)
        unexplained = explained.pop("", [])
        said += [self._explained(names, mistakes) for mistakes, names in explained.items()]
        said += self._unexplained(unexplained)
        if self.changed is not None:
            said.append(self.changed)
        judged = (name for name in self.question.outputs if name not in self.question.free)
        right = [name for name in judged if name not in self.wrong]
        if self.broken is None and right and self.wrong:
            said.append(f"Right: {', '.join(right)}.")
        return said

    def _explained(self, names: list[str], mistakes: str) -> str:
        """The outputs that are wrong for one reason, with the numbers of the first."""
        comparison, label = self.wrong[names[0]]
        if comparison is None and names[0] in self.question.free:
            return f"{self.subject}: {_within(mistakes)} Seen on {label}."
        are_wrong = f"{self.subject}: {formatting.listing(names)} {'is' if len(names) == 1 else 'are'} wrong"
        if comparison is None:
            return f"{are_wrong}, on {label}. {mistakes}"
        return f"{are_wrong}. {mistakes} On {label}, {comparison.sentence}."

    def _unexplained(self, names: list[str]) -> Iterator[str]:
        """Outputs that differ on the same inputs share a sentence."""
        alike: dict[str, dict[str, Comparison]] = {}
        for name in names:
            comparison, label = self.wrong[name]
            assert comparison is not None  # a broken rule is a reason
            key = label if np.isfinite(comparison.relative) else name
            alike.setdefault(key, {})[name] = comparison
        told = {str(each and each.sentence).partition(MISSING)[2] for each, _ in self.wrong.values()}
        if len(told) == 1 and all(told) and self.wrong.keys() == self.question.outputs.keys():
            outputs, label = formatting.listing(names), self.wrong[names[0]][1]
            yield f"{self.subject} returned {told.pop()} instead of {outputs}, on {label}."
            return
        for group in alike.values():
            first, label = self.wrong[next(iter(group))]
            if len(group) == 1 and first is not None:
                yield f"{self.subject}: {first.sentence}, on {label}."
                continue
            name, worst = max(group.items(), key=lambda item: item[1].relative)
            yield (
                f"{self.subject}: {formatting.listing(list(group))} differ from the reference's; greatest relative"
                f" difference {formatting.small(worst.relative)} at {name}{worst.at}"
                f" (allowed {formatting.small(worst.allowed)}), on {label}."
            )


def _within(words: str) -> str:
    """The sentence as it goes on after a colon: a name at its beginning, as W1, stays as it is."""
    first = words.partition(" ")[0]
    return words if first[1:] and not first[1:].islower() else words[:1].lower() + words[1:]


def _wrong_length(value: Value, count: int, name: str) -> Comparison:
    seen = formatting.count(value.array.size, "number") if isinstance(value, Received) else value.description
    return Comparison(False, f"{name} should be a list of {formatting.count(count, 'number')}, but is {seen}")


def _is_infinite(value: Value) -> bool:
    """Whether a value of the right form has an entry that is not finite."""
    return isinstance(value, Received) and not np.isfinite(value.array).all()


def inputs_of(question: Question, trial: Trial) -> dict[str, InputValue]:
    """The inputs of a call by name, as they were sent; the functions that a driver is handed come before them."""
    handed = sum(isinstance(each, FunctionArgument) for each in trial.positional)
    return dict(zip(question.parameters, map(_value, trial.positional[handed:]), strict=True))


def _value(argument: Argument) -> InputValue:
    if isinstance(argument, Tensor):
        array = argument.array
        return array if array.dtype.kind in "iu" else array.astype(np.float64)
    assert isinstance(argument, Scalar)
    return argument.value
