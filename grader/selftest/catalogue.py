"""The right and wrong implementations that are shipped, made from the solution as catalogue/*.toml says.

Each entry is a table [FUNCTION.NAME]. It has `fault`, a sentence on what is wrong, or `about`, one on what is unusual and
right; then `source`, the whole function, or `change`, a list of pairs: a text that stands in the function once, and
the text that takes its place. `on` names the right implementation that is changed, in the place of the solution.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from grader.selftest.implementation import Implementation, Kind

_FOLDER = Path(__file__).resolve().parent / "catalogue"
_SOLUTION = "base.toml"
_FIELDS = frozenset(
    {"fault", "about", "source", "change", "on", "diagnosis", "help", "dtypes", "awaits", "imports"}
)


class CatalogueError(ValueError):
    """Raised when an entry of the catalogue cannot be made: a fault of ours, found by a test."""


@cache
def solution() -> Mapping[str, str]:
    """The right solution: the source of each function, in the order of the module."""
    functions: Mapping[str, str] = _read(_FOLDER / _SOLUTION)["solution"]
    return functions


@cache
def imports() -> str:
    """What stands above the functions."""
    line: str = _read(_FOLDER / _SOLUTION)["imports"]
    return line


def module_with(function: str, source: str, *, more_imports: str = "") -> str:
    """A module with this source for one function, and of the solution what that needs.

    That is what the source names, and for a loss function the other one of the same classifier: checks hold them
    against each other. The rest is left out, as all that is handed in is looked at.
    """
    texts = {function: source}
    pending = [source, *(text for name, text in solution().items() if is_partner(name, function))]
    while pending:
        text = pending.pop()
        for name, other in solution().items():
            if name not in texts and re.search(rf"\b{name}\b", text):
                texts[name] = other
                pending.append(other)
    parts = [texts[name] for name in solution() if name in texts]
    return "\n\n".join([f"{imports()}\n{more_imports}".strip(), *(part.strip("\n") for part in parts)]) + "\n"


def is_partner(name: str, function: str) -> bool:
    """Whether two functions are the naive and the vectorized loss of one classifier."""
    classifier, is_loss, style = function.partition("_loss_")
    other_classifier, _, other_style = name.partition("_loss_")
    return bool(is_loss) and classifier == other_classifier and style != other_style


def load_catalogue() -> tuple[Implementation, ...]:
    """All implementations, in the order of the files. CatalogueError for an entry that cannot be made."""
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for function, name, entry in _entries(path) if path.name != _SOLUTION else ():
            if (function, name) in entries:
                raise CatalogueError(f"{path.name}: {function}: {name} is the name of another entry too")
            entries[function, name] = entry
    return tuple(_make(function, name, entry, entries) for (function, name), entry in entries.items())


def changed(source: str, changes: Sequence[Sequence[str]], where: str) -> str:
    """The source after each change. CatalogueError where a text does not stand in it exactly once."""
    for old, new in changes:
        times = source.count(old)
        if times != 1:
            raise CatalogueError(f"{where}: {old!r} must stand in the source once, but does so {times} times")
        source = source.replace(old, new)
    return source


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def _entries(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for function, named in _read(path).items():
        for name, entry in named.items():
            yield function, name, entry


_Entries = Mapping[tuple[str, str], Mapping[str, Any]]


def _make(function: str, name: str, entry: Mapping[str, Any], entries: _Entries) -> Implementation:
    where = f"{function}: {name}"
    if unknown := entry.keys() - _FIELDS:
        raise CatalogueError(f"{where}: no entry has {', '.join(sorted(unknown))}")
    if ("fault" in entry) == ("about" in entry):
        raise CatalogueError(f"{where}: an entry has either a fault or is about something")
    kind: Kind = "wrong" if "fault" in entry else "right"
    source = _source(function, name, entries)
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise CatalogueError(f"{where}: does not parse: {error}") from error
    return Implementation(
        name=name,
        function=function,
        kind=kind,
        about=entry.get("fault") or entry["about"],
        source=module_with(function, source, more_imports=entry.get("imports", "")),
        diagnosis=frozenset(entry.get("diagnosis", ())),
        help=entry.get("help"),
        dtypes=tuple(entry.get("dtypes", ("float32", "float64"))),
        awaits=entry.get("awaits"),
    )


def _source(function: str, name: str, entries: _Entries) -> str:
    """The function's source: the entry's own, or what its changes make of another."""
    where = f"{function}: {name}"
    entry = entries.get((function, name))
    if entry is None:
        raise CatalogueError(f"{where}: is no entry of the catalogue")
    if "source" in entry:
        return str(entry["source"])
    if "change" not in entry:
        raise CatalogueError(f"{where}: an entry has either a source or a change")
    if function not in solution():
        raise CatalogueError(f"{where}: the solution has no such function")
    base = _source(function, entry["on"], entries) if "on" in entry else solution()[function]
    return changed(base, entry["change"], where)
