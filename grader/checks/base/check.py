"""What every check has: its place in the report, its trials, its verdict. A check never runs code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import sentence
from grader.checks.base.context import CheckContext
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec, Model, Role
from grader.model.observation import Observation
from grader.model.trial import Trial
from grader.model.verdict import Verdict

Evidence = Sequence[tuple[Trial, Observation]]
"""What was asked and what was seen, in the order of the check's trials."""


class CheckFields(Model):
    """The fields that all kinds of checks share, and what each kind says of itself.

    Attributes:
        roles: for each field that names a function of the spec, the roles that the function may have.
        is_timed: the check measures time, so nothing else may use the device meanwhile.
        needs_data: the check looks at the data set.
        is_slow: the check times or trains. It takes seconds, and a quick run leaves it out.
    """

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType({"function": ("loss",)})
    is_timed: ClassVar[bool] = False
    needs_data: ClassVar[bool] = False
    is_slow: ClassVar[bool] = False

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Unique within the spec.")
    title: str = Field(min_length=1, max_length=80, description="Shown to the student.")
    points: float = Field(ge=0, le=1000)
    visibility: Literal["visible", "hidden"] = "visible"
    hint: str | None = Field(default=None, description="Shown to the student when the check fails.")

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that the check cannot do without: all that it names, unless a kind says otherwise."""
        named = (getattr(self, field) for field in self.roles)
        return tuple(name for name in named if name is not None)

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """What is wrong with the check, given the functions of the spec; `where` is a field of the check."""
        for field, roles in self.roles.items():
            name = getattr(self, field)
            if name is None:
                continue
            if name not in functions:
                yield SpecFault.not_one_of(field, name, functions)
            elif (role := functions[name].role) not in roles:
                expected = f"must name a function of role {formatting.choices(roles)}"
                yield SpecFault(field, expected, f"{name!r}, whose role is {role!r}")

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:  # noqa: ARG002
        """Nothing more to ask, unless a kind of check says otherwise."""
        return ()

    def passed(self, message: str, **fields: Any) -> Verdict:
        """All points. fields: those of Verdict."""
        return Verdict("passed", 1.0, sentence(message), **fields)

    def failed(self, message: str, *, credit: float = 0.0, **fields: Any) -> Verdict:
        """The share `credit` of the points, and the hint. fields: those of Verdict."""
        return Verdict("failed", credit, sentence(message), hint=self.hint, **fields)

    def scored(self, credit: float, message: str, **fields: Any) -> Verdict:
        """Passed with all of the credit, failed with less."""
        return (
            self.passed(message, **fields) if credit == 1 else self.failed(message, credit=credit, **fields)
        )


class Check(Protocol):
    """One kind of check: pure, so that trials can be run anywhere and verdicts tested by hand."""

    @property
    def id(self) -> str:
        """Unique within the spec."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions of the submission that the check cannot do without."""

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """What to call, drawn from the seed alone."""

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """What else to call after all that was seen so far; nothing when it is enough to judge by."""

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """The verdict on what was seen."""


def random_stream(seed: int, *words: str) -> np.random.Generator:
    """A stream of its own for each check and purpose, so that no draw shifts another."""
    entropy = [seed, *(int.from_bytes(word.encode()) for word in words)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
