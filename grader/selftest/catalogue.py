"""The right and wrong implementations that are shipped, made from the right solution of each catalogue.

catalogue/*.toml is that of the linear classifier (eecs498_2019's functions, in torch), for every spec that shares its
functions, roles and convention. catalogue/NAME/*.toml is that of the specs that its base.toml names.

base.toml holds `imports`, the lines above the functions, and the table [solution], the source of each function or class
by its name, in the order of a module. In a folder it also holds `specs`, the names of the specs that it is for
(the folder's own when left out), and the table [convention], those fields in which the spec's differs from the defaults.
In the place of a solution it may name another folder, `of`, those `functions` of it that it takes, and `replace`, pairs of
texts: then it has all that the other says of these functions, with the first text of each pair replaced wherever it stands.

Every other file holds entries, each a table [FUNCTION.NAME]. It has `fault`, a sentence on what is wrong, or `about`, one on
what is unusual and right; then `source`, the whole function, or `change`, a list of pairs: a text that stands in the
function once, and the text that takes its place. `on` names the right implementation that is changed, in the place
of the solution. `diagnosis` names the mistakes that may be named for it; `imports` are further lines above it; `help` and `dtypes` are
those of Implementation. The rest of the module is the solution's, as far as the source names it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from grader.selftest.implementation import Family, Implementation, Kind
from grader.spec import Spec
from reference import Convention

_FOLDER = Path(__file__).resolve().parent / "catalogue"
_SOLUTION = "base.toml"
_FIELDS = frozenset(
    {"fault", "about", "source", "change", "on", "diagnosis", "help", "dtypes", "awaits", "imports"}
)


class CatalogueError(ValueError):
    """Raised when an entry of the catalogue cannot be made: a fault of ours, found by a test."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A right solution. functions: source by name, in the order of the module. family: whose it is, None for the linear classifier's.

    of: the folder whose entries it shares. replace: what becomes of their texts.
    """

    imports: str
    functions: Mapping[str, str]
    family: Family | None = None
    of: str = ""
    replace: tuple[tuple[str, str], ...] = ()

    def in_its_terms(self, source: str) -> str:
        """A source of the other folder's as it stands here."""
        for old, new in self.replace:
            source = source.replace(old, new)
        return source


@cache
def solution_of(name: str = "") -> Solution:
    """The right solution of the catalogue in that folder, by default of the linear classifier. CatalogueError for none."""
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
    pairs = tuple((old, new) for old, new in base["replace"])
    here = Solution(other.imports, {}, family, base["of"], pairs)
    functions = {each: here.in_its_terms(other.functions[each]) for each in base["functions"]}
    return replace(here, functions=functions)


def solution() -> Mapping[str, str]:
    """The linear classifier's right solution: the source of each function, in the order of the module."""
    return solution_of("").functions


def shipped_catalogues() -> tuple[str, ...]:
    """The names of the folders that hold a catalogue of their own."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{_SOLUTION}")))


def module_with(function: str, source: str, *, more_imports: str = "", of: str = "") -> str:
    """A module with this source for one function, and of the solution what that needs.

    That is what the source names, and for a loss function the other one of the same classifier: checks hold them
    against each other. The rest is left out, as all that is handed in is looked at. of: the catalogue's folder.
    """
    base = solution_of(of)
    texts = {function: source}
    pending = [source, *(text for name, text in base.functions.items() if is_partner(name, function))]
    while pending:
        text = pending.pop()
        for name, other in base.functions.items():
            if name not in texts and re.search(rf"\b{name}\b", text):
                texts[name] = other
                pending.append(other)
    parts = [texts[name] for name in base.functions if name in texts]
    return (
        "\n\n".join([f"{base.imports}\n{more_imports}".strip(), *(part.strip("\n") for part in parts)]) + "\n"
    )


def is_partner(name: str, function: str) -> bool:
    """Whether two functions are the naive and the vectorized loss of one classifier."""
    classifier, is_loss, style = function.partition("_loss_")
    other_classifier, _, other_style = name.partition("_loss_")
    return bool(is_loss) and classifier == other_classifier and style != other_style


def implementations_for(spec: Spec) -> tuple[Implementation, ...]:
    """All that is known of the spec's functions: of the linear classifier's where it has one of them, and of its own."""
    own = [name for name in shipped_catalogues() if _is_for(name, spec)]
    is_shared = spec.backend == "torch" and bool(solution().keys() & spec.functions.keys())
    general = [""] if is_shared else []
    return tuple(each for name in (*general, *own) for each in load_catalogue(name))


def _is_for(name: str, spec: Spec) -> bool:
    family = solution_of(name).family
    return family is not None and spec.name in family.specs


def load_catalogue(name: str = "") -> tuple[Implementation, ...]:
    """All implementations of one catalogue, in the order of the files. CatalogueError for an entry that cannot be made.

    name: of its folder; the linear classifier's when left out.
    """
    base = solution_of(name)
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in sorted((_FOLDER / (base.of or name)).glob("*.toml")):
        for function, entry_name, entry in _entries(path) if path.name != _SOLUTION else ():
            if (function, entry_name) in entries:
                raise CatalogueError(
                    f"{path.name}: {function}: {entry_name} is the name of another entry too"
                )
            entries[function, entry_name] = entry
    if not base.of:
        return tuple(_make(base, key, entries) for key in entries)
    return tuple(_make(base, key, entries) for key in entries if key[0] in base.functions)


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


def _make(base: Solution, key: tuple[str, str], entries: _Entries) -> Implementation:
    function, name = key
    entry = entries[key]
    where = f"{function}: {name}"
    if unknown := entry.keys() - _FIELDS:
        raise CatalogueError(f"{where}: no entry has {', '.join(sorted(unknown))}")
    if ("fault" in entry) == ("about" in entry):
        raise CatalogueError(f"{where}: an entry has either a fault or is about something")
    kind: Kind = "wrong" if "fault" in entry else "right"
    source = base.in_its_terms(_source(solution_of(base.of) if base.of else base, key, entries))
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise CatalogueError(f"{where}: does not parse: {error}") from error
    of = "" if base.family is None else base.family.name
    return Implementation(
        name=name,
        function=function,
        kind=kind,
        about=entry.get("fault") or entry["about"],
        source=module_with(function, source, more_imports=entry.get("imports", ""), of=of),
        diagnosis=frozenset(entry.get("diagnosis", ())),
        help=entry.get("help"),
        dtypes=tuple(entry.get("dtypes", ("float32", "float64"))),
        awaits=entry.get("awaits"),
        family=base.family,
    )


def _source(base: Solution, key: tuple[str, str], entries: _Entries) -> str:
    """The function's source: the entry's own, or what its changes make of another."""
    function, name = key
    where = f"{function}: {name}"
    entry = entries.get(key)
    if entry is None:
        raise CatalogueError(f"{where}: is no entry of the catalogue")
    if "source" in entry:
        return str(entry["source"])
    if "change" not in entry:
        raise CatalogueError(f"{where}: an entry has either a source or a change")
    if function not in base.functions:
        raise CatalogueError(f"{where}: the solution has no such function")
    text = _source(base, (function, entry["on"]), entries) if "on" in entry else base.functions[function]
    return changed(text, entry["change"], where)
