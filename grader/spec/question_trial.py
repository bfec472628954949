"""Tries the questions of a spec's own folder before anybody is graded: draws, answers and mistakes, as a check uses them.

What is amiss is the course's fault, and is told with the line of questions.py. A class would otherwise meet it one
submission after another.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from grader import formatting
from grader.errors import SpecError
from grader.spec.own_questions import Course
from reference.conventions import Convention
from reference.mistakes import MATCH_TOLERANCE, Mistake, Seen, distance
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Kind, Question, QuestionCase, Rule

SEEDS = (0, 1, 2)

_KINDS = get_args(Kind)


def try_question(question: Question, place: Path, convention: Convention) -> None:
    """Draw and answer with several seeds, and see that each mistake differs from the right answer. SpecError if one does not.

    place: of questions.py.
    """
    trial = _QuestionTrial(question, Course(place), convention)
    trial.require_fields()
    cases = [case for seed in SEEDS for case in trial.cases(seed)]
    calls = [trial.call(case) for case in cases]
    for mistake in question.mistakes:
        trial.try_mistake(mistake, calls)
    trial.try_rules(calls)


@dataclass(frozen=True, slots=True)
class _Call:
    """One case, with every answer that is right."""

    inputs: Inputs
    answers: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _QuestionTrial:
    question: Question
    course: Course
    convention: Convention

    def _error(self, what: str, expected: str, function: object = None) -> SpecError:
        return self.course.error(
            f"{what} of {self.question.name!r}", expected, self.course.line_of(function or self.question.draw)
        )

    def require_fields(self) -> None:
        """SpecError for a field of the wrong type: Python does not look at them."""
        question = self.question
        for field in ("parameters", "free", "mistakes", "rules"):
            if not isinstance(getattr(question, field), tuple | list):
                raise self._error(field, "must be a tuple: one entry needs a comma, as in (x,)")
        for field in ("parameters", "outputs"):
            entries = getattr(question, field)
            if not entries or not all(isinstance(each, str) and each.isidentifier() for each in entries):
                raise self._error(field, "must hold names, and at least one")
        for name, output in question.outputs.items():
            if output not in _KINDS:
                words = f"must be one of {formatting.choices(_KINDS)} (got {output!r})"
                raise self._error(f"output {name!r}", words)
        self._require_known_outputs()

    def _require_known_outputs(self) -> None:
        for field in ("free", "tolerances", "needs"):
            for name in getattr(self.question, field):
                self._require_output(field, name)
        for field, kind in (("mistakes", Mistake), ("rules", Rule)):
            for each in getattr(self.question, field):
                if not isinstance(each, kind):
                    raise self._error(field, f"must hold {field} only (got {type(each).__name__})")
                self._require_output(f"{kind.__name__.lower()} {each.name!r}", each.output)

    def _require_output(self, what: str, name: object) -> None:
        if name not in self.question.outputs:
            seen = formatting.choices(self.question.outputs)
            raise self._error(what, f"must name one of the outputs {seen} (got {name!r})")

    def cases(self, seed: int) -> Sequence[QuestionCase]:
        """The cases of one seed, with every input of a kind that can be sent to a worker."""
        first, again = (self._drawn(seed) for _ in range(2))
        what = f"draw of {self.question.name!r}"
        line = self.course.line_of(self.question.draw)
        if not isinstance(first, Sequence) or not first:
            raise self.course.error(what, "must return a list of cases, and at least one", line)
        for case in first:
            if not isinstance(case, QuestionCase):
                raise self.course.error(what, f"must return cases only (got {type(case).__name__})", line)
            seen, expected = list(case.inputs), list(self.question.parameters)
            if seen != expected:
                words = f"must give the inputs {expected}, in this order (got {seen}), on {case.label}"
                raise self.course.error(what, words, line)
            for name, value in case.inputs.items():
                if (fault := _unsendable(value)) is not None:
                    raise self.course.error(what, f"gives {name} as {fault}, on {case.label}", line)
        if len(first) != len(again) or not all(
            _is_same(one.inputs, other.inputs) for one, other in zip(first, again, strict=True)
        ):
            words = "must give the same cases for the same seed: take every random number from its argument"
            raise self.course.error(what, words, line)
        return first

    def _drawn(self, seed: int) -> Any:
        draw = self.question.draw
        return self.course.run(f"draw of {self.question.name!r}", lambda: draw(np.random.default_rng(seed)))

    def call(self, case: QuestionCase) -> _Call:
        """The right answers to a case. The inputs must be as they were."""
        inputs = Inputs(case.inputs, self.convention)
        given = Inputs(copy.deepcopy(dict(case.inputs)), self.convention)
        what = f"answer of {self.question.name!r} ({case.label})"
        with np.errstate(all="ignore"):
            answers = self.course.run(what, lambda: tuple(self.question.answers(given)))
        line = self.course.line_of(self.question.answer)
        if not _is_same(given.values, case.inputs):
            raise self.course.error(what, "changes its inputs: work on copies", line)
        for answer in answers:
            self._require_outputs(answer, what, line)
        return _Call(inputs, answers)

    def _require_outputs(self, answer: Any, what: str, line: int | None) -> None:
        names = list(self.question.outputs)
        if not isinstance(answer, Mapping) or sorted(answer) != sorted(names):
            seen = sorted(answer) if isinstance(answer, Mapping) else type(answer).__name__
            raise self.course.error(what, f"must return a dict with {names} (got {seen})", line)
        for name, kind in self.question.outputs.items():
            fault = _unlike(kind, answer[name])
            if fault is not None:
                raise self.course.error(what, f"gives {name} as {fault}", line)

    def try_mistake(self, mistake: Mistake[Inputs], calls: Sequence[_Call]) -> None:
        """SpecError if it raises, has a message with an unknown blank, or is right in all calls."""
        question = self.question
        what = f"mistake {mistake.name!r} of {question.name!r} ({mistake.output})"
        line = self.course.line_of(mistake.outcome)
        if not isinstance(mistake.message, str):
            raise self.course.error(what, "needs a message: a sentence", line)
        try:
            mistake.words(self.convention)
        except (KeyError, ValueError, IndexError) as error:
            words = "has braces in its message that are not placeholders: write {{ and }}"
            raise self.course.error(what, words, line) from error
        outcomes = [self._outcome(mistake, each, what) for each in calls]
        if mistake.output in question.free:
            return
        rights = [np.asarray(each.answers[0][mistake.output]) for each in calls]
        if all(seen.shape != right.shape for seen, right in zip(outcomes, rights, strict=True)):
            shapes = f"{outcomes[0].shape}, the right answer {rights[0].shape}"
            raise self.course.error(what, f"never has the shape of the right answer (it has {shapes})", line)
        tolerance = max(question.tolerance_of(mistake.output), MATCH_TOLERANCE)
        seen = [
            Seen(each.inputs, np.asarray(right, np.float64), right)
            for each, right in zip(calls, rights, strict=True)
        ]
        if distance(seen, outcomes, tolerance) <= tolerance:
            words = f"equals the right answer in all {len(calls)} cases: draw inputs that tell them apart"
            raise self.course.error(what, words, line)

    def _outcome(self, mistake: Mistake[Inputs], call: _Call, what: str) -> Any:
        with np.errstate(all="ignore"):
            return self.course.run(what, lambda: np.asarray(mistake.outcome(call.inputs), np.float64))

    def try_rules(self, calls: Sequence[_Call]) -> None:
        """SpecError if the right answer breaks a rule. Where an output is free, no right answer is known."""
        question = self.question
        for rule in () if question.free else question.rules:
            what, line = f"rule {rule.name!r} of {question.name!r}", self.course.line_of(rule.broken)
            for call in calls:
                arrays = {name: np.asarray(value, np.float64) for name, value in call.answers[0].items()}
                with np.errstate(all="ignore"):
                    numbers = self.course.run(what, partial(rule.broken, call.inputs, arrays))
                if numbers is not None:
                    raise self.course.error(what, "is violated by the right answer", line)


def _unsendable(value: object) -> str | None:
    """Why an input cannot be handed to a student's function; None if it can."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf":
            return None
        return f"an array of {value.dtype}; it must hold floats or integers"
    if value is None or isinstance(value, bool | int | float):
        return None
    advice = "; write int(...)" if isinstance(value, np.integer) else "; write np.asarray(...)"
    return f"a {type(value).__name__}{advice}"


def _unlike(kind: Kind, value: object) -> str | None:
    """What is wrong with a right answer of this kind; None if nothing is."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        return f"{array.dtype}, not numbers"
    if not np.isfinite(array).all():
        return "numbers that are not finite"
    dimensions = {"number": 0, "labels": 1, "series": 1}.get(kind, array.ndim)
    if array.ndim != dimensions:
        return f"an array of shape {array.shape}; a {kind} has {formatting.count(dimensions, 'dimension')}"
    if kind == "labels" and array.dtype.kind == "f":
        return "floats; labels are integers"
    return None


def _is_same(one: Mapping[str, Value], other: Mapping[str, Value]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(np.asarray(one[name], float), np.asarray(other[name], float), equal_nan=True)
        for name in one
    )
