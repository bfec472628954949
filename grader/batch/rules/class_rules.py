"""class.toml: the instructor's rules for a class, read and checked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from grader import formatting
from grader.errors import RulesError, SpecFault
from grader.model.assignment import Model
from grader.model.roster import Extension
from grader.spec.errors import Misfits
from grader.spec.toml_file import checked, parse_toml, read_toml

GREATEST_POINTS = 1e6

_UNITS: Mapping[str, float] = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_AMOUNT = r"[0-9]{1,6}(?:\.[0-9]{1,6})? ?(?:min|minute|h|hour|day|week)s?"
_DURATION = rf"^{_AMOUNT}(?: {_AMOUNT}){{0,3}}$"
_AMOUNTS = re.compile(r"([0-9.]+) ?([mhdw])")


def _seconds(written: object) -> float:
    if not isinstance(written, str) or not re.fullmatch(_DURATION, written):
        raise PydanticCustomError(
            "duration", 'It should be a duration, such as "15 min", "2 h" or "1 day 12 h"'
        )
    return sum(float(number) * _UNITS[unit] for number, unit in _AMOUNTS.findall(written))


def _moment(written: object) -> object:
    """A date with a time; a day alone is meant to its end."""
    if isinstance(written, date) and not isinstance(written, datetime):
        return datetime.combine(written, time.max)
    if not isinstance(written, datetime):
        raise PydanticCustomError(
            "moment",
            "It should be a date, or a date with a time such as 2026-10-09T23:59:00-07:00, without quotes",
        )
    return written


Duration = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "pattern": _DURATION})
]
"""In seconds."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]
"""With a zone if one is written."""

Percent = Annotated[float, Field(gt=0, le=100)]


class Policy(Model):
    """Base of the policies for late submissions."""

    closes_after: Duration | None = Field(
        default=None, description="Later than this after the student's due date scores 0; never if left out."
    )


class NoPenalty(Policy):
    """Lateness is shown, and costs nothing."""

    policy: Literal["none"] = "none"


class Constant(Policy):
    """The same for every late submission: points, or a percentage of the points possible."""

    policy: Literal["constant"]
    points: float | None = Field(default=None, gt=0, le=GREATEST_POINTS, description="Points off.")
    percent: Percent | None = Field(default=None, description="Percent of the points possible.")


class PerDay(Policy):
    """A percentage of the points possible for each day that has begun."""

    policy: Literal["per_day"]
    percent: Percent = Field(description="Percent of the points possible, for each day that has begun.")
    at_most: Percent = Field(default=100.0, description="Greatest percentage off.")


class LateDays(Policy):
    """Days that cost nothing, then a percentage of the points possible for each further one."""

    policy: Literal["late_days"]
    days: int = Field(ge=0, le=1000, description="Days that a student may use on this assignment.")
    left: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict,
        description="Days of the term that a student still has, by id, where that is fewer.",
    )
    percent: Percent = Field(
        description="Percent of the points possible, for each further day that has begun."
    )
    at_most: Percent = Field(default=100.0, description="Greatest percentage off.")


AnyPolicy = NoPenalty | Constant | PerDay | LateDays


class ExtensionRule(Model):
    """More time for one student."""

    due: Moment | None = Field(default=None, description="The student's own due date.")
    by: Duration | None = Field(default=None, description="Added to the due date of the class.")
    reason: str = Field(default="", description="Shown in the gradebook.")


class Override(Model):
    """Points that a person gives in place of the grader's."""

    id: str = Field(min_length=1, description="A submission, or a student's id or email.")
    check: str | None = Field(default=None, description="The check; the total if left out.")
    points: float = Field(ge=0, le=GREATEST_POINTS, description="Points that count instead.")
    reason: str = Field(min_length=1, description="The student may read it.")
    at: Moment | None = Field(default=None, description="When it was given.")

    @property
    def target(self) -> tuple[str, str | None]:
        """Of several overrides with the same target one counts."""
        return self.id, self.check


def repeated(overrides: tuple[Override, ...]) -> Iterator[SpecFault]:
    """A fault for each override whose target another one has."""
    first: dict[tuple[str, str | None], int] = {}
    for position, override in enumerate(overrides):
        if first.setdefault(override.target, position) != position:
            yield SpecFault(
                f"overrides[{position}]", f"is for the same points as overrides[{first[override.target]}]"
            )


class ClassRules(Model):
    """Due date, late policy, extensions and overrides of a class."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    due: Moment | None = Field(
        default=None,
        description="The due date. Without an offset it is in time_zone; a day alone is meant to its end.",
    )
    time_zone: str | None = Field(
        default=None,
        description="IANA name, as America/Los_Angeles, of times without an offset: those here, and the platform's.",
    )
    grace: Duration = Field(
        default=0.0, description="So long after the due date nothing is late; days are counted from its end."
    )
    late: AnyPolicy = Field(
        default=NoPenalty(), discriminator="policy", description="The cost of a late submission."
    )
    extensions: dict[str, ExtensionRule] = Field(
        default_factory=dict, description="More time for some, by the student's id or email."
    )
    overrides: tuple[Override, ...] = Field(
        default=(), description="Points given by a person; `grader override` adds others in overrides.toml."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [
            *self._zone_faults(),
            *self._policy_faults(),
            *(
                fault
                for name, each in self.extensions.items()
                for fault in self._extension_faults(name, each)
            ),
            *repeated(self.overrides),
        ]
        if faults:
            raise Misfits(faults)
        return self

    def _zone_faults(self) -> Iterator[SpecFault]:
        if self.time_zone is not None and _zone(self.time_zone) is None:
            seen, near = (
                formatting.toml(self.time_zone),
                formatting.near(self.time_zone, available_timezones()),
            )
            yield SpecFault("time_zone", "must be an IANA name, such as 'America/Los_Angeles'", seen, near)
        elif self.due is not None and self.due.tzinfo is None and self.time_zone is None:
            yield SpecFault(
                "due", "has no offset; write one, such as -07:00 after the time, or set time_zone"
            )
        elif self.due is not None and self.due_at is None:
            yield SpecFault("due", "is out of range", formatting.toml(self.due))
        if self.due is None and self.grace:
            yield SpecFault("grace", "needs a due date")

    def _policy_faults(self) -> Iterator[SpecFault]:
        policy = self.late
        if isinstance(policy, Constant) and (policy.points is None) == (policy.percent is None):
            yield SpecFault("late", "must have either points or percent")
        if policy.closes_after is not None and self.due is None:
            yield SpecFault("late.closes_after", "needs a due date")

    def _extension_faults(self, name: str, extension: ExtensionRule) -> Iterator[SpecFault]:
        where = f"extensions.{formatting.printable(name)}"
        if (extension.due is None) == (extension.by is None):
            yield SpecFault(where, "must have either due or by")
        elif self.due is None:
            yield SpecFault(where, "needs the due date of the class")
        elif extension.due is not None and self.due_at is not None:
            own = self.instant(extension.due, zone=self.zone)
            if own is None or own < self.due_at:
                yield SpecFault(f"{where}.due", "must be later than the due date of the class")

    @cached_property
    def zone(self) -> tzinfo | None:
        """Of dates here without an offset: time_zone, else that of the due date."""
        if self.time_zone is not None:
            return _zone(self.time_zone)
        return None if self.due is None else self.due.tzinfo

    @cached_property
    def platform_zone(self) -> tzinfo | None:
        """Of the platform's times without an offset; None if unknown."""
        return None if self.time_zone is None else _zone(self.time_zone)

    @cached_property
    def due_at(self) -> datetime | None:
        """The due date in UTC."""
        return None if self.due is None else self.instant(self.due, zone=self.zone)

    def due_of(self, extension: Extension | None) -> datetime | None:
        """The due date of a student, in UTC; None if there is none."""
        if extension is None or self.due_at is None:
            return self.due_at
        own = None
        if extension.due_at is not None:
            own = self.instant(extension.due_at, zone=self.zone)
        elif extension.seconds is not None:
            with suppress(OverflowError):
                own = self.due_at + timedelta(seconds=extension.seconds)
        return max(own or self.due_at, self.due_at)  # an extension takes no time away

    @staticmethod
    def instant(moment: datetime, *, zone: tzinfo | None, is_due: bool = True) -> datetime | None:
        """A moment in UTC; None if its zone is unknown.

        Where clocks are set back, a local time happens twice: the reading counts that is better for the student.
        """
        try:
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
            if zone is None:
                return None
            readings = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        except OverflowError:  # at the ends of the calendar
            return None
        return max(readings) if is_due else min(readings)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_rules(path: Path) -> tuple[ClassRules, bytes]:
    """The rules in a file, and its bytes. RulesError holds every fault."""
    shown = formatting.printable(str(path))
    if not os.path.lexists(path):
        raise RulesError(f"{shown}: file not found; give the path of the rules of the class, a .toml file")
    content = read_toml(path, shown, RulesError)
    return checked(ClassRules, parse_toml(content, shown, RulesError), shown, RulesError), content


def rules_schema() -> dict[str, Any]:
    """The JSON Schema of class.toml, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ClassRules.model_json_schema()}
