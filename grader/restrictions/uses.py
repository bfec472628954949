"""One use of something restricted, as the source or a traced call shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from grader.model.assignment import RestrictionKind
from grader.model.observation import Location

UseKind = RestrictionKind | Literal["unclear"]


@dataclass(frozen=True, slots=True)
class Use:
    """One use of something restricted, or of something that may be: `unclear`."""

    kind: UseKind
    name: str
    """Its full name, or a few words."""
    location: Location | None
    """The line that uses it; None where only a traced call saw it."""


@dataclass(frozen=True, slots=True)
class SourceUses:
    """The uses that one function's source shows."""

    uses: tuple[Use, ...]
    mentions: Mapping[str, Location]
    """Where it mentions other graded functions."""

    unclear: tuple[Use, ...] = ()
    """The constructs from which the grader cannot tell what is called."""
