"""overrides.toml: points that a person gave in place of the grader's, written by `grader override`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import model_validator

from grader import formatting
from grader.batch.rules.class_rules import Override, repeated
from grader.errors import RulesError
from grader.model.assignment import Model
from grader.spec.errors import Misfits
from grader.spec.toml_file import checked, parse_toml, read_toml

_HEADING = """\
# Points that a person gave in place of the grader's. `grader override` writes this file anew: it keeps no comments.
"""


class Overrides(Model):
    """All overrides of a class."""

    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _are_single(self) -> Self:
        if faults := list(repeated(self.overrides)):
            raise Misfits(faults)
        return self


def read_overrides(path: Path) -> tuple[Override, ...]:
    """The overrides in a file; none if there is no file. RulesError holds every fault."""
    shown = formatting.printable(str(path))
    if not path.exists():
        return ()
    data = parse_toml(read_toml(path, shown, RulesError), shown, RulesError)
    return checked(Overrides, data, shown, RulesError).overrides


def overrides_text(overrides: Iterable[Override]) -> str:
    """The text of the file."""
    return "\n".join((_HEADING, *map(_table, overrides)))


def _table(override: Override) -> str:
    values = {
        "id": _quoted(override.id),
        "check": None if override.check is None else _quoted(override.check),
        "points": repr(override.points),
        "reason": _quoted(override.reason),
        "at": None if override.at is None else override.at.isoformat(timespec="seconds"),
    }
    lines = (f"{name} = {value}\n" for name, value in values.items() if value is not None)
    return f"[[overrides]]\n{''.join(lines)}"


def _quoted(text: str) -> str:
    """As TOML's basic string, which escapes as JSON does, and one control more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
