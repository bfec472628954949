"""The shipped right and wrong implementations, made from the right solution of each catalogue.

catalogue/*.toml is for every spec that shares the functions, roles and convention of eecs498_2019, and its library, torch.
catalogue/NAME/*.toml is for the specs that its base.toml names.

base.toml holds
    imports     the lines above the functions
    solution    a table: the source of each function or class by name, in the order of the module
and in a folder also
    specs       the names of its specs; the folder's name if left out
    convention  a table: the fields of the convention that differ from the defaults
Instead of a solution it may take another folder's, and that folder's entries with it:
    of          the other folder
    functions   the names to take
    replace     pairs of strings: the first becomes the second, everywhere in the sources

Every other file holds entries: tables [FUNCTION.NAME]. FUNCTION may be a pattern, as in ["*_loss_naive".NAME]: then there
is one for each function of the solution that matches, and {function} stands for its name. An entry holds
    fault       a sentence on what is wrong; or
    about       a sentence on what is unusual and right
    source      the whole function; or
    change      pairs of strings: the first, which occurs once in the solution's function, becomes the second
    on          the entry that is changed, instead of the solution
    imports     further lines above it
and diagnosis, restriction, dtypes and awaits, the fields of Implementation. The rest of its module is the part of the
solution that it needs.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from grader.selftest.implementation import Family, Implementation
from grader.spec import Spec
from reference import Convention

_FOLDER = Path(__file__).resolve().parent / "catalogue"
_SOLUTION = "base.toml"
_FIELDS = frozenset(
    {"fault", "about", "source", "body", "change", "on", "diagnosis", "restriction", "dtypes", "awaits", "imports"}
)

_Entries = Mapping[tuple[str, str], Mapping[str, Any]]
"""By function and name."""


class CatalogueError(ValueError):
    """Raised when an entry of the catalogue cannot be made: a fault of ours, found by a test."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The right solution of one catalogue."""

    imports: str
    functions: Mapping[str, str]
    """Source by name, in the order of the module."""

    family: Family | None = None
    """None for the linear classifier's, which any spec may share."""

    of: str = ""
    """The folder whose entries it shares."""

    replace: Sequence[Sequence[str]] = ()
    """The changes to that folder's sources."""


@cache
def solution_of(name: str = "") -> Solution:
    """The right solution in that folder of the catalogue; the linear classifier's if left out."""
    folder = _FOLDER / name
    if not (folder / _SOLUTION).is_file():
        raise CatalogueError(f"{name}: there is no {_SOLUTION}")
    base = _read(folder / _SOLUTION)
    family = None
    if name:
        convention = Convention(**base.get("convention", {}))
        family = Family(name, frozenset(base.get("specs", (name,))), convention)
    if "of" not in base:
        return Solution(base["imports"], base["solution"], family)
    other = solution_of(base["of"])
    functions = {each: _replaced(other.functions[each], base["replace"]) for each in base["functions"]}
    return Solution(other.imports, functions, family, base["of"], base["replace"])


def _replaced(source: str, pairs: Sequence[Sequence[str]]) -> str:
    for old, new in pairs:
        source = source.replace(old, new)
    return source


def solution() -> Mapping[str, str]:
    """The linear classifier's right solution: the source of each function, in the order of the module."""
    return solution_of("").functions


def shipped_catalogues() -> tuple[str, ...]:
    """The names of the folders of the catalogue."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{_SOLUTION}")))


def module_with(function: str, source: str, *, more_imports: str = "", of: str = "") -> str:
    """A module with this source for one function, and the functions of the solution that it names.

    A loss function also gets its partner, naive or vectorized, because checks compare the two. of: the catalogue's folder.
    """
    base = solution_of(of)
    texts = {function: source}
    pending = [source, *(text for name, text in base.functions.items() if _are_partners(name, function))]
    while pending:
        text = pending.pop()
        for name, other in base.functions.items():
            if name not in texts and re.search(rf"\b{name}\b", text):
                texts[name] = other
                pending.append(other)
    parts = [texts[name].strip("\n") for name in base.functions if name in texts]
    return "\n\n".join([f"{base.imports}\n{more_imports}".strip(), *parts]) + "\n"


def _are_partners(name: str, function: str) -> bool:
    """Whether two functions are the naive and the vectorized loss of one classifier."""
    return (
        name != function
        and "_loss_" in name
        and name.split("_loss_", maxsplit=1)[0] == function.split("_loss_", maxsplit=1)[0]
    )


def implementations_for(spec: Spec) -> tuple[Implementation, ...]:
    """All implementations of the spec's functions: the linear classifier's if it has one of them, and its own."""
    is_shared = spec.backend == "torch" and bool(solution().keys() & spec.functions.keys())
    families = (solution_of(name).family for name in shipped_catalogues())
    own = [family.name for family in families if family and spec.name in family.specs]
    return tuple(each for name in ([""] if is_shared else []) + own for each in load_catalogue(name))


def load_catalogue(name: str = "") -> tuple[Implementation, ...]:
    """All implementations of one catalogue, in the order of the files. CatalogueError for an entry that cannot be made.

    name: its folder; the linear classifier's if left out.
    """
    base = solution_of(name)
    origin = solution_of(base.of) if base.of else base
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in sorted((_FOLDER / (base.of or name)).glob("*.toml")):
        for key, entry in _entries(path, origin) if path.name != _SOLUTION else ():
            if key in entries:
                raise CatalogueError(f"{path.name}: {': '.join(key)} is the name of another entry too")
            entries[key] = entry
    return tuple(
        _make(base, origin, key, entries) for key in entries if not base.of or key[0] in base.functions
    )


def changed(source: str, changes: Sequence[Sequence[str]], where: str) -> str:
    """The source after each change. CatalogueError for a string that does not occur in it exactly once."""
    for old, new in changes:
        times = source.count(old)
        if times != 1:
            raise CatalogueError(f"{where}: {old!r} must occur once in the source, but occurs {times} times")
        source = source.replace(old, new)
    return source


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def _entries(path: Path, origin: Solution) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for pattern, named in _read(path).items():
        for function in fnmatch.filter(origin.functions, pattern) or [pattern]:
            for name, entry in named.items():
                own = {field: _for(function, value) for field, value in entry.items()}
                if None not in own.values():
                    yield (function, name), own


def _for(function: str, value: Any) -> Any:
    """The value of a field for one function: that of the first pattern that matches; None if none does."""
    if not isinstance(value, dict):
        return value
    return next((own for pattern, own in value.items() if fnmatch.fnmatchcase(function, pattern)), None)


def _make(base: Solution, origin: Solution, key: tuple[str, str], entries: _Entries) -> Implementation:
    (function, name), entry = key, entries[key]
    where = f"{function}: {name}"
    if unknown := entry.keys() - _FIELDS:
        raise CatalogueError(f"{where}: unknown field {', '.join(sorted(unknown))}")
    if ("fault" in entry) == ("about" in entry):
        raise CatalogueError(f"{where}: an entry needs either fault or about")
    source = _replaced(_source(origin, key, entries), base.replace)
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise CatalogueError(f"{where}: does not parse: {error}") from error
    of = base.family.name if base.family else ""
    return Implementation(
        name=name,
        function=function,
        kind="wrong" if "fault" in entry else "right",
        about=entry.get("fault") or entry["about"],
        source=module_with(function, source, more_imports=entry.get("imports", ""), of=of),
        diagnosis=frozenset(entry.get("diagnosis", ())),
        restriction=entry.get("restriction"),
        dtypes=tuple(entry.get("dtypes", ("float32", "float64"))),
        awaits=entry.get("awaits"),
        family=base.family,
    )


def _source(origin: Solution, key: tuple[str, str], entries: _Entries) -> str:
    """The function's source: the entry's own, or the solution's or another entry's with the changes made."""
    function, where = key[0], ": ".join(key)
    entry = entries.get(key)
    if entry is None:
        raise CatalogueError(f"{where}: the catalogue has no such entry")
    if "source" in entry:
        return str(entry["source"])
    if not entry.keys() & {"body", "change"}:
        raise CatalogueError(f"{where}: an entry needs source, body or change")
    if function not in origin.functions:
        raise CatalogueError(f"{where}: the solution has no such function")
    if "body" in entry:
        signature = origin.functions[function].partition(":\n")[0]
        return f"{signature}:\n" + textwrap.indent(entry["body"], "    ")
    text = _source(origin, (function, entry["on"]), entries) if "on" in entry else origin.functions[function]
    changes = [[part.replace("{function}", function) for part in pair] for pair in entry["change"]]
    return changed(text, changes, where)
