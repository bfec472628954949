"""The base of every check: its fields in a spec, its trials and its verdict."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal, Unpack

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import sentence
from grader.checks.base.context import CheckContext
from grader.errors import SpecFault
from grader.model.assignment import Assignment, FunctionSpec, Model, Role
from grader.model.observation import Observation
from grader.model.trial import Replacement, Trial
from grader.model.verdict import Verdict, VerdictDetails

Evidence = Sequence[tuple[Trial, Observation]]
"""The check's trials in order, each with its observation."""


Roles = Mapping[str, tuple[Role, ...]]
"""For each field that names a function of the spec, the roles that the function may have."""


class CheckFields(Model):
    """Base of the kinds of checks: the fields of a spec that they share, and the properties of a kind.

    A check never runs code: its trials can run anywhere, and its verdicts can be tested on observations made by hand.

    Attributes:
        is_timed: the check measures time, so nothing else may use the device meanwhile.
        needs_data: the check uses the data set.
        scores_images: it has bars for the share of images that are labelled correctly, and says in `data_words` which count.
        is_slow: the check times or trains, which takes seconds; a quick run leaves it out.
        needs_code: it does not call its functions, so it fails by itself until they are written.
    """

    roles: ClassVar[Roles] = {"function": ("loss",)}
    is_timed: ClassVar[bool] = False
    needs_data: ClassVar[bool] = False
    is_slow: ClassVar[bool] = False
    scores_images: ClassVar[bool] = False
    needs_code: ClassVar[bool] = False

    kind: str
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Unique within the spec.")
    title: str = Field(min_length=1, max_length=80, description="Shown to the student.")
    points: float = Field(ge=0, le=1000, description="Points for passing; 0 only informs.")
    visibility: Literal["visible", "hidden"] = Field(
        default="visible",
        description="hidden: students see its points and whether it passed, and nothing else.",
    )
    hint: str | None = Field(default=None, description="Shown to the student when the check fails.")

    @property
    def asked_again(
        self,
    ) -> Literal["any", "any beside a right one", "partly right", "partly right or a helper", "none"]:
        """Which wrong functions of other checks it is asked again without when it fails, so that one mistake costs once."""
        return "none"

    @property
    def fills_in(self) -> bool:
        """Whether it is asked again without unwritten functions too: only where no caller is part of the handout."""
        return False

    @property
    def named(self) -> dict[str, str]:
        """The functions that the check names, by field."""
        names = {field: getattr(self, field) for field in self.roles}
        return {field: name for field, name in names.items() if name is not None}

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that the check needs: all those it names, unless a kind says otherwise."""
        return tuple(self.named.values())

    @property
    def methods(self) -> tuple[str, ...] | None:
        """The methods of a class that the check is about: what another one must not use costs it nothing; None for all."""
        return None

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of the files besides code that it asks for: none, unless a kind says otherwise."""
        return ()

    @property
    def comparable(self) -> tuple[str, ...]:
        """The names of those of its numbers that a notebook may print as well, measured on CIFAR-10."""
        return ()

    @property
    def data_words(self) -> str:
        """What it asks for on the stand-in for CIFAR-10, and what with --data; empty for a check without bars on images."""
        return ""

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """Faults of the check, given the functions of the spec; `where` is a field of the check."""
        for field, name in self.named.items():
            if name not in functions:
                yield SpecFault.not_one_of(field, name, functions)
            elif (role := functions[name].role) not in self.roles[field]:
                expected = f"must name a function of role {formatting.choices(self.roles[field])}"
                yield SpecFault(field, expected, f"{name!r}, whose role is {role!r}")

    def replacement(self, _assignment: Assignment, /) -> Replacement | None:
        """The right function for other checks to be judged with where this check finds its function wrong."""
        return None

    def is_right_beside(self, _context: CheckContext, _evidence: Evidence, _mistake: str, /) -> bool:
        """Whether the evidence is right but for this mistake, which other checks found in the same function."""
        return False

    @abstractmethod
    def trials(self, context: CheckContext, /) -> tuple[Trial, ...]:
        """The calls to make, drawn from the seed alone."""

    def digest(self, _context: CheckContext, evidence: Evidence, /) -> Evidence:
        """What to keep of the evidence that has just come in: all of it, unless a kind says otherwise."""
        return evidence

    def more_trials(self, _context: CheckContext, _evidence: Evidence, /) -> tuple[Trial, ...]:
        """Further calls, in the light of the evidence so far: none, unless a kind says otherwise."""
        return ()

    @abstractmethod
    def judge(self, context: CheckContext, evidence: Evidence, /) -> Verdict:
        """The verdict on the evidence."""

    def passed(self, message: str, **details: Unpack[VerdictDetails]) -> Verdict:
        """All points."""
        return Verdict("passed", 1.0, sentence(message), **details)

    def failed(self, message: str, *, credit: float = 0.0, **details: Unpack[VerdictDetails]) -> Verdict:
        """The share `credit` of the points, and the hint."""
        return Verdict("failed", credit, sentence(message), hint=self.hint, **details)

    def scored(self, credit: float, message: str, **details: Unpack[VerdictDetails]) -> Verdict:
        """Passed with all of the credit, failed with less."""
        if credit == 1:
            return self.passed(message, **details)
        return self.failed(message, credit=credit, **details)


def random_stream(seed: int, *words: str) -> np.random.Generator:
    """A separate random stream for each check and purpose, so that no draw shifts another."""
    entropy = [seed, *(int.from_bytes(word.encode()) for word in words)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
