"""What every check has: its place in the report, its trials, its verdict. A check never runs code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from grader.model.assignment import Assignment, Model
from grader.model.observation import Observation
from grader.model.trial import Trial
from grader.model.verdict import Verdict

Evidence = Sequence[tuple[Trial, Observation]]
"""What was asked and what was seen, in the order of the check's trials."""


class CheckFields(Model):
    """The fields that all kinds of checks share."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Unique within the spec.")
    title: str = Field(min_length=1, max_length=80, description="What the student reads.")
    points: float = Field(ge=0, le=1000)
    visibility: Literal["visible", "hidden"] = "visible"
    hint: str | None = Field(default=None, description="Shown to the student when the check fails.")

    def more_trials(self, assignment: Assignment, seed: int, evidence: Evidence) -> tuple[Trial, ...]:  # noqa: ARG002
        """Nothing more to ask, unless a kind of check says otherwise."""
        return ()


class Check(Protocol):
    """One kind of check: pure, so that trials can be run anywhere and verdicts tested by hand."""

    @property
    def id(self) -> str:
        """Unique within the spec."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions of the submission that the check cannot do without."""

    def trials(self, assignment: Assignment, seed: int) -> tuple[Trial, ...]:
        """What to call, drawn from the seed alone."""

    def more_trials(self, assignment: Assignment, seed: int, evidence: Evidence) -> tuple[Trial, ...]:
        """What else to call after all that was seen so far; nothing when it is enough to judge by."""

    def judge(self, assignment: Assignment, evidence: Evidence) -> Verdict:
        """The verdict on what was seen."""


def random_stream(seed: int, *words: str) -> np.random.Generator:
    """A stream of its own for each check and purpose, so that no draw shifts another."""
    entropy = [seed, *(int.from_bytes(word.encode()) for word in words)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
