"""The sentence for a call that gave no values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from grader.model.observation import Died, Missing, Observation, Raised, Refused, Returned, TimedOut
from grader.model.trial import Trial

Call = tuple[Trial, Returned]

_MEMORY_ERRORS = frozenset({"MemoryError", "_ArrayMemoryError"})
_TORCH_MEMORY_ERROR = "DefaultCPUAllocator"


def name_of(trial: Trial) -> str:
    """The function, or the class with the method that is called."""
    return trial.function if trial.method is None else f"{trial.function}.{trial.method}"


def failure_sentence(trial: Trial, observation: Observation) -> str:
    """How a call failed that gave no values, with the student's line where it is known.

    Raises ValueError for a call that returned.
    """
    name = name_of(trial)
    match observation:
        case Returned():
            raise ValueError("the call returned")
        case Raised(kind=kind, message=message, location=location):
            where = f" at {location}" if location else ""
            if kind in _MEMORY_ERRORS or _TORCH_MEMORY_ERROR in message:
                return (
                    f"{name} ran out of memory{where}, on {trial.label}; does it keep every batch or result?"
                )
            said = f": {message}" if message else ""
            words = f"{name} raised {kind}{where}{said}, on {trial.label}"
            if kind == "PermissionError":
                words += " (graded code may not open files or connections or start processes)"
            return words
        case TimedOut(limit_seconds=limit, is_loading=True):
            return f"{name} could not be called: its module-level code timed out ({limit:g} s)"
        case TimedOut(limit_seconds=limit):
            return f"{name} is too slow or never ends: it did not finish in {limit:g} s, on {trial.label}"
        case Died(how=how):
            return f"{name} ended its process instead of returning ({how}), on {trial.label}"
        case Missing(reason=reason):
            # A definition that cannot be loaded is named with its location.
            return reason if reason.startswith(f"{trial.function} ") else f"{name} is missing: {reason}"
        case Refused(reason=reason):
            return f"{name} was {reason}"
    assert_never(observation)


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
