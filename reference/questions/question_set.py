"""Questions by name, whoever wrote them, with the source of their code that runs in a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reference.conventions import Convention
from reference.questions.question import Question


@dataclass(frozen=True, slots=True, eq=False)
class QuestionSet:
    """The shipped questions, or those of an instructor's own spec."""

    questions: Mapping[str, Question]
    driver_source: Callable[[str, str], str]
    """The text that a worker gets for a driver, from its module and function."""
    right_source: Callable[[str, str, Convention], str]
    """The same for a right function, in the assignment's convention."""
