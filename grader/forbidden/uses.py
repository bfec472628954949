"""One use of help, as the source or a traced call shows it."""

from __future__ import annotations

from dataclasses import dataclass

from grader.assignment import HelpKind
from grader.observation import Place


@dataclass(frozen=True, slots=True)
class Use:
    """What was used, by its full name, and the line that says so; None where only a traced call saw it."""

    kind: HelpKind
    what: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class SourceNotice:
    """What the source of one function says: its uses of help, and the other graded functions that it mentions."""

    uses: tuple[Use, ...]
    mentions: frozenset[str]
