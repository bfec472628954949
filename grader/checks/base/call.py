"""The sentence for a call that gave no values, and its cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from grader.extract.source.extracted import NOT_PARSED
from grader.model.observation import (
    Checked,
    Died,
    Missing,
    Observation,
    Raised,
    Refused,
    Returned,
    TimedOut,
)
from grader.model.trial import Scalar, Trial
from grader.model.verdict import Failure

Call = tuple[Trial, Returned]

GREATEST_MESSAGE = 240
"""Characters of an exception's message that a student reads; torch's own go on for pages."""

MANY_STEPS = 100
"""A training of fewer steps that does not end in time is more likely endless than slow."""

_MEMORY_ADVICE = "does it keep every batch, or build an N x N or N x D x C array?"

_ADVICE = {
    "PermissionError": "(graded code may not open files or connections or start processes)",
    "FileNotFoundError": "(graded code runs where there are no files)",
    "EOFError": "(input() gets no answer during grading)",
}

_TORCH_TAIL = re.compile(
    r"(?:,? but expected one of:|\s*Exception raised from |\s*\(Triggered internally|\s*CUDA kernel errors might"
    r"|\s*This could be because the operator|\s*Hint: enable anomaly|\s*\[enforce fail at ).*"
)
"""Where a message of torch turns to all signatures of an overloaded function, or to its own C++."""

_SOURCE_FILE = re.compile(
    r"(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\"()<>:,;]+)+[/\\](?P<file>[^\s/\\'\"()<>:,;]+\.(?:pyc?|so|pyd|dylib|cpp|cu|h)\b)"
)
"""The path of a library's file, or of ours; of the student's own only the name is needed."""

_WORKER_FOLDER = re.compile(r"[^\s'\"]*[/\\]grader-run-[^\s'\"/\\]+[/\\]worker-[^\s'\"/\\]+[/\\]?")
_WORKER_MODULE = re.compile(r"\bsubmission\.(?!py\b)(?=[A-Za-z_])")
_NO_ATTRIBUTE = re.compile(r"'(?P<owner>\w+)' object has no attribute '(?P<name>\w+)'")
_ASKED = re.compile(r"Unable to allocate .*")


def name_of(trial: Trial) -> str:
    """The function, or the class with the method that is called."""
    return trial.function if trial.method is None else f"{trial.function}.{trial.method}"


def failure_sentence(trial: Trial, observation: Observation) -> str:
    """How a call failed that gave no values, with the student's line where it is known.

    Raises ValueError for a call that returned.
    """
    name = name_of(trial)
    match observation:
        case Returned() | Checked():
            raise ValueError("the call returned")
        case Raised():
            return _raised(name, trial, observation)
        case TimedOut(limit_seconds=limit, is_loading=True):
            return f"{name} could not be called: its module-level code timed out ({limit:g} s)"
        case TimedOut(limit_seconds=limit):
            return _timed_out(name, trial, limit)
        case Died(how=how):
            return _died(name, trial, how)
        case Missing(reason=reason):
            # A definition that cannot be loaded is named with its location.
            return reason if reason.startswith(f"{trial.function} ") else f"{name} is missing: {reason}"
        case Refused(reason=reason):
            return f"{name} was {reason}"
    assert_never(observation)


def failure_of(trial: Trial, observation: Observation) -> Failure | None:
    """The cause of a call that gave no values; None for one that returned."""
    match observation:
        case Returned() | Checked():
            return None
        case Raised(kind=kind, message=message, location=location, line=line):
            line = None if _is_lost_method(observation) else line
            return Failure(trial.function, kind, exception_message(message), location, line)
        case TimedOut():
            return Failure(trial.function, "timed out")
        case Died():
            return Failure(trial.function, "ended")
        case Missing() | Refused():
            return Failure(trial.function, "not called")
    assert_never(observation)


def failure_told(evidence: Iterable[tuple[Trial, Observation]], message: str) -> Failure | None:
    """The cause of the first failed call that a check's message tells; None if it tells none."""
    for trial, observation in evidence:
        if isinstance(observation, Returned | Checked):
            continue
        before_label, _, _ = failure_sentence(trial, observation).partition(trial.label)
        if before_label in message:
            return failure_of(trial, observation)
    return None


def exception_message(message: str) -> str:
    """An exception's message as a student reads it: without library paths, and no longer than helps."""
    message = _SOURCE_FILE.sub(r"\g<file>", _WORKER_FOLDER.sub("", message))
    message = _WORKER_MODULE.sub("", _TORCH_TAIL.sub("", message)).strip()
    if len(message) <= GREATEST_MESSAGE:
        return message
    cut = message[:GREATEST_MESSAGE]
    end = cut.rfind(". ")
    return cut[:end] if end > 0 else f"{cut.rpartition(' ')[0] or cut}..."


def _raised(name: str, trial: Trial, raised: Raised) -> str:
    message, on = exception_message(raised.message), f", on {trial.label}"
    if _is_lost_method(raised):
        return f"{trial.function}.{message}"
    where = f" at {raised.location}" if raised.location else ""
    if raised.line:
        where += f": `{raised.line}`"
    if raised.memory is not None:
        asked = f" ({message})" if _ASKED.match(message) else ""
        return f"{name} ran out of its {raised.memory} limit{where}{asked}{on}: {_MEMORY_ADVICE}"
    lacking = _NO_ATTRIBUTE.fullmatch(message)
    if lacking and lacking["owner"] == trial.function and raised.location is None:
        return f"{trial.function} has no method or attribute {lacking['name']}"
    match raised.kind:
        case "RecursionError":
            return f"{name} recurses without end{where}{on} (RecursionError)"
        case "SystemExit":
            return f"{name} calls exit(){where} instead of returning{on}"
        case "NameError" | "ImportError" | "ModuleNotFoundError":
            on = ""  # they do not depend on the inputs
    said = f": {message}" if message else ""
    advice = f" {_ADVICE[raised.kind]}" if raised.kind in _ADVICE else ""
    return f"{name} raised {raised.kind}{where}{said}{on}{advice}"


def _is_lost_method(raised: Raised) -> bool:
    """Whether it was raised in place of a method that does not parse; its line is not the student's."""
    return raised.kind == "SyntaxError" and NOT_PARSED in raised.message


def _timed_out(name: str, trial: Trial, limit: float) -> str:
    steps = trial.keywords.get("num_iters")
    if not isinstance(steps, Scalar) or steps.value is None:
        return f"{name} is too slow or never ends: it did not finish in {limit:g} s, on {trial.label}"
    slow = "is too slow" if steps.value >= MANY_STEPS else "is too slow or never ends"
    return f"{name} {slow}: {steps.value:,} steps did not finish in {limit:g} s"


def _died(name: str, trial: Trial, how: str) -> str:
    """how: a clause about "it", an exit code or a signal."""
    on = f"on {trial.label}"
    if how.startswith("it "):
        advice = f": {_MEMORY_ADVICE}" if how.endswith(" memory limit") else ""
        return f"{name} {how.removeprefix('it ')}, {on}{advice}"
    if how.startswith("signal "):
        return f"{name} crashed the Python process ({how.removeprefix('signal ')}), {on}"
    advice = ": does it call os._exit()?" if how.startswith("exit code ") else ""
    return f"{name} ended its process instead of returning ({how}), {on}{advice}"


def returned_calls(evidence: Iterable[tuple[Trial, Observation]]) -> list[Call] | str:
    """The calls when all of them returned, else the sentence for the first that did not."""
    calls: list[Call] = []
    for trial, observation in evidence:
        if not isinstance(observation, Returned):
            return failure_sentence(trial, observation)
        calls.append((trial, observation))
    return calls


def sentence(text: str) -> str:
    """The text with a full stop unless it ends a sentence already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."
