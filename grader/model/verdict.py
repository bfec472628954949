"""What a check concludes from its observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

VerdictStatus = Literal["passed", "failed", "skipped", "not_run", "errored"]
FlagKind = Literal[
    "restriction_violated",
    "restriction_noted",
    "impossible_time",
    "wrong_spec",
    "unreadable",
    "grader_fault",
    "note",
]
Part = str
"""What of a function a diagnosis is about: "loss", "gradient", or the name of an output."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A named mistake that the result equals; `message` says it without giving the solution away."""

    part: Part
    misconception: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of one function; `is_correct` None where the check does not decide that."""

    function: str
    is_correct: bool | None
    diagnosis: tuple[Diagnosis, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a function that an instructor should look at."""

    kind: FlagKind
    function: str
    message: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Some images of one size, for a page to draw: rgb holds count x height x width x 3 bytes."""

    count: int
    height: int
    width: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's conclusion; `credit` is the share of its points that was earned, 0 to 1.

    measured and allowed hold finite numbers by name: what was seen, and the bound it was held against. curves and
    pictures are for a page to draw, and bounded in size.
    """

    status: VerdictStatus
    credit: float
    message: str
    hint: str | None = None
    measured: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    allowed: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()
    alarms: tuple[Flag, ...] = ()
    blames: tuple[str, ...] = ()
    """Functions whose wrong values are the reason why the check failed."""
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    pictures: Mapping[str, Picture] = field(default_factory=lambda: MappingProxyType({}))
