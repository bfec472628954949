"""The shipped right and wrong implementations, made from the right solution of each catalogue.

catalogue/*.toml serves every torch spec with the functions, roles and convention of eecs498_2019.
catalogue/NAME/*.toml serves the specs that its base.toml names.

base.toml holds
    imports     the lines above the functions
    solution    a table: the source of each function or class by name, in the order of the module
and in a folder also
    specs       the names of its specs; the folder's name if left out
    convention  a table: the fields of the convention that differ from the defaults
A folder may share another folder's solution and entries. It then holds, instead of a solution,
    of          the other folder
    functions   the names to take
    replace     pairs of strings: the first becomes the second, everywhere in the sources

Every other file holds entries: tables [FUNCTION.NAME]. FUNCTION may be a pattern, as in ["*_loss_naive".NAME]: every
function of the solution that matches then gets the entry. An entry holds
    fault       a sentence on what is wrong; or
    about       a sentence on what is right but unusual
    source      the whole function, with anything it needs around it; or
    body        the lines below the solution's `def` or `class`, not indented; or
    change      pairs of strings: the first, which occurs once in the solution's function, becomes the second;
                {function} stands for the function's name
    on          the entry to change, instead of the solution
    imports     further lines above it
and diagnosis, restriction, dtypes and awaits, the fields of Implementation. A body or change that differs from function to
function is a table by function or pattern (change.svm_loss_naive = ...); functions not in the table get no entry.
The rest of the module is the part of the solution that the function needs.
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
    (
        "fault",
        "about",
        "source",
        "body",
        "change",
        "on",
        "diagnosis",
        "restriction",
        "dtypes",
        "awaits",
        "imports",
    )
)

_Key = tuple[str, str]
"""An entry's function and name."""

_Entry = Mapping[str, Any]


class CatalogueError(ValueError):
    """Raised when an entry of the catalogue cannot be made: our fault, found by a test."""


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


def has_catalogue() -> bool:
    """Whether there is one: a wheel has none, because it holds right solutions."""
    return (_FOLDER / _SOLUTION).is_file()


def shipped_catalogues() -> tuple[str, ...]:
    """The names of the folders of the catalogue."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{_SOLUTION}")))


def module_with(function: str, source: str, *, more_imports: str = "", of: str = "") -> str:
    """A module with this source for one function, and the functions of the solution that it names.

    A loss function also gets its partner, naive or vectorized, because checks compare the two. of: the catalogue's folder.
    """
    base = solution_of(of)
    texts = {function: source}
    pending = [source]
    classifier, is_loss, _ = function.partition("_loss_")
    for name, partner in base.functions.items():
        if is_loss and name != function and name.startswith(f"{classifier}_loss_"):
            pending.append(partner)
    while pending:
        text = pending.pop()
        for name, other in base.functions.items():
            if name not in texts and re.search(rf"\b{name}\b", text):
                texts[name] = other
                pending.append(other)
    parts = [texts[name].strip("\n") for name in base.functions if name in texts]
    return "\n\n".join([f"{base.imports}\n{more_imports}".strip(), *parts]) + "\n"


def implementations_for(spec: Spec) -> tuple[Implementation, ...]:
    """All implementations of the spec's functions: the linear classifier's if it has one of them, and its own."""
    if not has_catalogue():
        return ()
    is_shared = spec.backend == "torch" and bool(solution_of().functions.keys() & spec.functions.keys())
    families = [solution_of(name).family for name in shipped_catalogues()]
    names = {spec.name, *(each.spec for each in spec.include)}
    own = [family.name for family in families if family and names & family.specs]
    return tuple(each for name in ([""] if is_shared else []) + own for each in load_catalogue(name))


def load_catalogue(name: str = "") -> tuple[Implementation, ...]:
    """All implementations of one catalogue, in the order of the files. CatalogueError for an entry that cannot be made.

    name: its folder; the linear classifier's if left out.
    """
    base = solution_of(name)
    origin = solution_of(base.of) if base.of else base
    entries: dict[_Key, _Entry] = {}
    for path in sorted((_FOLDER / (base.of or name)).glob("*.toml")):
        for key, entry in _entries(path, origin) if path.name != _SOLUTION else ():
            if key in entries:
                raise CatalogueError(f"{path.name}: {': '.join(key)} is the name of another entry too")
            entries[key] = entry
    return tuple(
        _make(base, origin, key, entries) for key in entries if key[0] in base.functions or not base.of
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


def _entries(path: Path, origin: Solution) -> Iterator[tuple[_Key, _Entry]]:
    for pattern, named in _read(path).items():
        functions = fnmatch.filter(origin.functions, pattern) or [pattern]
        for name, entry in named.items():
            field = "body" if "body" in entry else "change"
            table = entry.get(field)
            if not isinstance(table, dict):
                yield from (((function, name), entry) for function in functions)
                continue
            for own_pattern, value in table.items():
                own = fnmatch.filter(functions, own_pattern)
                if not own:
                    raise CatalogueError(f"{pattern}: {name}: {own_pattern} in {field} matches no function")
                yield from (((function, name), {**entry, field: value}) for function in own)


def _make(base: Solution, origin: Solution, key: _Key, entries: Mapping[_Key, _Entry]) -> Implementation:
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


def _source(origin: Solution, key: _Key, entries: Mapping[_Key, _Entry]) -> str:
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
