"""One use of help, as the source or a traced call shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.model.assignment import RestrictionKind
from grader.model.observation import Location


@dataclass(frozen=True, slots=True)
class Use:
    """What was used, by its full name, and the line that says so; None where only a traced call saw it."""

    kind: RestrictionKind
    what: str
    location: Location | None


@dataclass(frozen=True, slots=True)
class SourceNotice:
    """What the source of one function says: its uses of help, and where it mentions other graded functions."""

    uses: tuple[Use, ...]
    mentions: Mapping[str, Location]
