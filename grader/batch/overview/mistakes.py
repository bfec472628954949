"""The mistakes of a class: equal ones together, however many functions of a student have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader import formatting
from grader.batch.student_name import StudentName
from grader.model.report import CheckPart, DiagnosisPart, FailurePart, Report

_TOGETHER = re.compile(r"^(?:\w+ mistakes together explain it\. )?With only the \w+, it ")
_LIKE_THE_RIGHT_ONE = re.compile(r"^It equals the (?:correct )?(loss|gradient) (?=[a-z])")
_NOT_CALLED = "not called"
"""The kind of a failure that follows from an earlier one of the same function."""
_WITHOUT_EXCEPTION = {
    "timed out": "timed out",
    "ended": "ended the process: exit(), a crash, or the memory limit",
}
_LIMITS = frozenset({"MemoryError", "_ArrayMemoryError", "RecursionError"})
"""Exceptions whose message is the system's, and differs from call to call."""
_ABSENT = frozenset({"missing", "not_written"})

Key = tuple[str, ...]
"""Equal for equal mistakes."""


@dataclass(frozen=True, slots=True)
class ClassMistake:
    """One mistake of a class."""

    words: str
    """As "gradient without the term 2*reg*W"."""

    functions: tuple[tuple[str, int], ...]
    """The functions that have it and the number of students for each, the commonest first."""

    students: tuple[StudentName, ...]
    """Each once, in the order of the class."""


@dataclass(slots=True)
class _Group:
    words: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    students: dict[StudentName, None] = field(default_factory=dict)

    def mistake(self) -> ClassMistake:
        (words, _), *others = self.words.most_common()
        if others:
            words = f"{words}, or the like"
        return ClassMistake(words, tuple(self.functions.most_common()), tuple(self.students))


class MistakeTally:
    """Takes one student's report after the other, and groups the mistakes."""

    def __init__(self) -> None:
        self._groups: dict[Key, _Group] = {}

    def add(self, student: StudentName, report: Report) -> None:
        """Count the mistakes of a student."""
        for (key, function), words in dict(_mistakes(report)).items():
            group = self._groups.setdefault(key, _Group())
            group.students[student] = None
            group.functions[function] += 1
            group.words[words] += 1

    def mistakes(self) -> tuple[ClassMistake, ...]:
        """All mistakes, the commonest first."""
        found = (group.mistake() for group in self._groups.values())
        return tuple(sorted(found, key=lambda each: -len(each.students)))


def diagnosis_words(diagnosis: DiagnosisPart) -> str:
    """A named mistake without the question to the student: "gradient without the term 2*reg*W"."""
    told = _TOGETHER.sub("It ", diagnosis.message).partition(": ")[0].rstrip(".?")
    found = _LIKE_THE_RIGHT_ONE.match(told)
    if found and found[1] == diagnosis.part:
        return f"{diagnosis.part} {told[found.end() :]}"
    is_sentence = told.startswith("It ")
    return f"{diagnosis.part} {told[3:]}" if is_sentence else f"{diagnosis.part}: {told}"


def failure_words(failure: FailurePart) -> str:
    """Why a call gave no values, in a few words."""
    if failure.kind in _WITHOUT_EXCEPTION:
        return _WITHOUT_EXCEPTION[failure.kind]
    message = formatting.shortened(" ".join(failure.message.split()), 160)
    return f"{failure.kind}: {message}" if message else failure.kind


def cause_of(check: CheckPart) -> tuple[Key, str]:
    """Why a check did not pass, in words, and a key that is equal for students who failed it for the same reason."""
    named = dict.fromkeys(each for finding in check.findings for each in finding.diagnosis)
    if named:
        words = dict.fromkeys(map(diagnosis_words, named))
        return ("diagnosis", *sorted("/".join(_diagnosis_key(each)) for each in named)), "; ".join(words)
    failure = check.failure
    if failure is not None and failure.kind != _NOT_CALLED:
        return (*_failure_key(failure), failure.function), f"{failure.function}: {failure_words(failure)}"
    return ("message", re.sub(r"\d[\d.e+-]*", "0", check.message)), check.message


def _mistakes(report: Report) -> Iterator[tuple[tuple[Key, str], str]]:
    """((mistake, function), words); a function's diagnoses come from all its checks."""
    for name, part in report.functions.items():
        if part.status not in _ABSENT:
            for each in part.diagnosis:
                yield (_diagnosis_key(each), name), diagnosis_words(each)
    for check in report.checks:
        failure = check.failure
        if failure is None or failure.kind == _NOT_CALLED or check.status != "failed":
            continue
        function = report.functions.get(failure.function)
        if function is None or function.status not in _ABSENT:
            yield (_failure_key(failure), failure.function), failure_words(failure)


def _diagnosis_key(diagnosis: DiagnosisPart) -> Key:
    return (diagnosis.part, diagnosis.misconception)


def _failure_key(failure: FailurePart) -> Key:
    if failure.kind in _WITHOUT_EXCEPTION or failure.kind in _LIMITS:
        return ("failure", failure.kind)
    return ("failure", failure.kind, re.sub(r"\d+", "0", failure.message))
