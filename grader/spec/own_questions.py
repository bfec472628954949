"""The questions in a spec's own folder: the instructor's Python, run in the judge's process and nowhere else."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from grader import formatting
from grader.errors import SpecError, SpecFault
from grader.spec.time_limit import OutOfTime, within
from grader.spec.toml_file import toml_error
from reference.conventions import Convention
from reference.in_worker.constants import in_convention
from reference.in_worker.right import function_alone
from reference.mistakes import Mistake
from reference.questions.question import Question, Rule
from reference.questions.question_set import QuestionSet

QUESTIONS_FILE = "questions.py"
DRIVERS_FILE = "drivers.py"
SECONDS = 30.0
"""For one call of the instructor's code: it answers in milliseconds, unless it trains something or never ends."""

_DRIVERS = DRIVERS_FILE.removesuffix(".py")


def own_questions(folder: Path, files: Mapping[str, bytes]) -> QuestionSet:
    """The questions that questions.py defines. SpecError with file and line if it cannot be run, or if one is amiss.

    folder: for messages. files: questions.py, and drivers.py if there is one. What travels to a worker is the function
    that a question names in drivers.py, with what it needs of that file, and never anything of questions.py.
    """
    place = folder / QUESTIONS_FILE
    drivers = _drivers(folder, files[DRIVERS_FILE]) if DRIVERS_FILE in files else None
    module = _run(files[QUESTIONS_FILE], place)
    questions = _questions_of(module, place)
    faults = [fault for each in questions for fault in _misnamed_drivers(each, drivers)]
    if faults:
        raise toml_error(shown(place), SpecError, *faults)

    def driver_source(_: str, function: str) -> str:
        return function_alone(drivers or "", function)

    def right_source(_: str, function: str, convention: Convention) -> str:
        return function_alone(in_convention(drivers or "", convention), function)

    return QuestionSet({each.name: each for each in questions}, driver_source, right_source)


def guarded(own: QuestionSet, folder: Path) -> QuestionSet:
    """The questions for grading: what fails with the inputs of a later seed is a SpecError with its line, as in the trial."""
    course = Course(folder / QUESTIONS_FILE)
    return replace(own, questions={name: _guarded(each, course) for name, each in own.questions.items()})


def _guarded(question: Question, course: Course) -> Question:
    def over(what: str, function: Any) -> Callable[..., Any]:
        words = f"{what} of {question.name!r}"
        return lambda *arguments: course.run(words, lambda: function(*arguments))

    def each(entries: Any, kind: type, guard: Callable[[Any], Any]) -> Any:
        """Guard each that is of its type; the trial says what is wrong with the others."""
        if not isinstance(entries, tuple | list):
            return entries
        return tuple(guard(entry) if isinstance(entry, kind) else entry for entry in entries)

    def mistake_over(entry: Mistake[Any]) -> Mistake[Any]:
        return replace(entry, outcome=over(f"mistake {entry.name!r}", entry.outcome))

    def rule_over(entry: Rule) -> Rule:
        return replace(entry, broken=over(f"rule {entry.name!r}", entry.broken))

    return replace(
        question,
        draw=over("draw", question.draw),
        answer=over("answer", question.answer),
        accepted=over("accepted", question.accepted),
        mistakes=each(question.mistakes, Mistake, mistake_over),
        rules=each(question.rules, Rule, rule_over),
    )


def shown(place: Path) -> str:
    """The path as messages show it."""
    return formatting.printable(str(place))


@dataclass(frozen=True, slots=True)
class Course:
    """Runs the course's own functions: an error in one becomes a fault with the line that raised it."""

    place: Path

    def run(self, words: str, action: Callable[[], Any], failed: str = "raised") -> Any:
        """The action's result. SpecError if it raises or never ends; words: names the action, as draw of 'fit'."""
        try:
            return within(SECONDS, action)
        except OutOfTime as error:
            expected = f"did not finish within {SECONDS:g} s; does a loop never end?"
            raise self.error(words, expected, self._line(error)) from error
        except (Exception, SystemExit) as error:
            line = self._line(error)
            raise self.error(words, f"{failed} {_described(error)}", line) from error

    def error(self, words: str, expected: str, line: int | None = None) -> SpecError:
        """The error for something amiss in the file."""
        where = words if line is None else f"line {line}: {words}"
        return toml_error(shown(self.place), SpecError, SpecFault(where, expected))

    def line_of(self, function: object) -> int | None:
        """The line where a function of the file begins; None for any other object."""
        code = getattr(function, "__code__", None)
        is_here = code is not None and code.co_filename == str(self.place)
        return code.co_firstlineno if is_here and code is not None else None

    def _line(self, error: BaseException) -> int | None:
        """The last line of the file that was running, or the line that does not parse."""
        if isinstance(error, SyntaxError) and error.filename == str(self.place):
            return error.lineno
        frames = traceback.extract_tb(error.__traceback__)
        return next((each.lineno for each in reversed(frames) if each.filename == str(self.place)), None)


def _described(error: BaseException) -> str:
    """The type and the message of an error, in one line."""
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    name = type(error).__name__
    if isinstance(error, ModuleNotFoundError):
        text += "; it can import installed packages, and no file beside it"
    return formatting.printable(f"{name}: {text}" if text else name)[:300]


def _run(source: bytes, place: Path) -> ModuleType:
    """The module, which has no neighbours: it can import installed packages only."""
    name = f"questions_{hashlib.sha256(os.fsencode(place) + source).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = str(place)
    vars(module)["print"] = _print_to_stderr
    sys.modules[name] = module  # dataclasses look up the module that they are in

    try:
        Course(place).run("the file", lambda: _execute(source, module), "cannot be run:")
    except SpecError:
        del sys.modules[name]
        raise
    return module


def _print_to_stderr(*values: object, **options: Any) -> None:
    """In place of the file's `print`: stdout is the command's, which may write JSON there."""
    print(*values, **{"file": sys.stderr, **options})  # noqa: T201


def _execute(source: bytes, module: ModuleType) -> None:
    exec(compile(source, str(module.__file__), "exec", dont_inherit=True), vars(module))


def _questions_of(module: ModuleType, place: Path) -> tuple[Question, ...]:
    course = Course(place)
    found = getattr(module, "QUESTIONS", None)
    if not isinstance(found, tuple | list) or not found:
        hint = " (a tuple of one has a comma: QUESTIONS = (FIT,))" if isinstance(found, Question) else ""
        raise course.error("QUESTIONS", f"must be a tuple of questions{hint}")
    for each in found:
        if not isinstance(each, Question):
            raise course.error("QUESTIONS", f"must hold questions only (got {type(each).__name__})")
    names = [each.name for each in found]
    for name in names:
        if not isinstance(name, str) or names.count(name) > 1:
            raise course.error("QUESTIONS", f"must have different names (got {name!r} twice)")
    return tuple(found)


def _drivers(folder: Path, content: bytes) -> str:
    """The text of drivers.py. SpecError if it does not parse; it is not run here."""
    course = Course(folder / DRIVERS_FILE)
    text = course.run("the file", lambda: content.decode("utf-8-sig"), "cannot be read:")
    course.run(
        "the file", lambda: compile(text, str(course.place), "exec", dont_inherit=True), "cannot be read:"
    )
    return str(text)


def _misnamed_drivers(question: Question, drivers: str | None) -> Iterator[SpecFault]:
    for field, named in (("driver", question.driver), ("right", question.right)):
        where = f"{field} of {question.name!r}"
        match named:
            case None:
                continue
            case (str(module), str(function)) if module == _DRIVERS:
                if drivers is None:
                    yield SpecFault(where, f"must be in {DRIVERS_FILE}, which is not in the folder")
                elif function not in _functions(drivers):
                    yield SpecFault(where, f"must be a function of {DRIVERS_FILE}", repr(function))
            case _:
                yield SpecFault(where, f'must be ("{_DRIVERS}", the name of a function)', repr(named))


def _functions(source: str) -> set[str]:
    return {each.name for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)}
