"""The conclusion of a check from its observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from types import MappingProxyType
from typing import Literal, TypedDict

from grader.model.observation import Location

GREATEST_NUMBER = 1e100
"""The largest number in a report: sums and squares of such numbers are finite too, for whoever draws or adds them up."""


def is_reportable(number: object) -> bool:
    """Whether a report can hold it: a real number, finite and bounded, of whatever type."""
    try:
        return isinstance(number, Real) and abs(float(number)) <= GREATEST_NUMBER  # nan is not
    except OverflowError:  # an integer beyond floats
        return False


VerdictStatus = Literal["passed", "failed", "skipped", "not_run", "errored"]
FlagKind = Literal[
    "restriction_violated",
    "restriction_noted",
    "unclear_code",
    "impossible_time",
    "suspect_accuracy",
    "wrong_spec",
    "unreadable",
    "grader_fault",
    "note",
]
Part = str
"""The part of a function that a diagnosis is about: "loss", "gradient", or the name of an output."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A named mistake whose result was seen; `message` describes it without giving the solution away."""

    part: Part
    misconception: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's finding on one function; `is_correct` is None where the check does not decide that."""

    function: str
    is_correct: bool | None
    diagnosis: tuple[Diagnosis, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a function, or the whole submission (None), that an instructor should look at."""

    kind: FlagKind
    function: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Images of one size, for a page to draw; `rgb` holds count x height x width x 3 bytes."""

    count: int
    height: int
    width: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call gave no values.

    Attributes:
        kind: the exception's type; "timed out", "ended" or "not called" where there was none.
        message: the exception's message, as a student reads it.
        location: the innermost line of the student's own code.
        line: that line.
    """

    function: str
    kind: str
    message: str = ""
    location: Location | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's conclusion.

    Attributes:
        credit: the share of the check's points that was earned, 0 to 1.
        measured: numbers by name, of any size: grader.grading.gate holds back what a report cannot hold.
        allowed: the bounds on them, under the same names.
        curves: series for a page to draw, bounded in length.
        pictures: images for a page to draw, bounded in size.
        blames: functions whose wrong values are why the check failed.
        failure: the call without values that is why the check failed.
        is_open: whether the measured times leave the credit open; then it is the higher one.
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
    failure: Failure | None = None
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    pictures: Mapping[str, Picture] = field(default_factory=lambda: MappingProxyType({}))
    is_open: bool = False


class VerdictDetails(TypedDict, total=False):
    """The optional fields of a Verdict."""

    measured: Mapping[str, float]
    allowed: Mapping[str, float]
    findings: tuple[Finding, ...]
    alarms: tuple[Flag, ...]
    blames: tuple[str, ...]
    curves: Mapping[str, tuple[float, ...]]
    pictures: Mapping[str, Picture]
    is_open: bool
