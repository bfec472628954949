"""A spec made of others: the functions and checks of shipped specs, each with the points that it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from grader.errors import SpecError, SpecFault
from grader.model.assignment import Limits, Model, Restrictions
from grader.spec.toml_file import toml_error

_FIXED = ("backend", "convention")
"""Fields on which the included checks depend: the same in all of them, and not to be stated again."""

_SHARED = ("restrictions", "handout_device", "float_labels", "seed")
"""Fields that hold for the whole spec: what it does not state itself must be the same in all that it includes."""


class Include(Model):
    """A shipped spec whose functions and checks are part of this one."""

    spec: str = Field(description="The name of a shipped spec.")
    points: float = Field(gt=0, le=1000, description="Points of all its checks together.")


@dataclass(frozen=True, slots=True)
class _Part:
    """One included spec, as its tables."""

    where: str
    name: str
    points: float
    tables: Mapping[str, Any]
    spec: Any
    """The model, in which fields that are left out have their defaults."""


def with_included(
    data: Mapping[str, Any],
    shown: str,
    names: Sequence[str],
    read: Callable[[str], tuple[Mapping[str, Any], Any]],
) -> dict[str, Any]:
    """The tables of a spec with those of the specs that it includes, whose functions, files and checks come first.

    names: of the shipped specs. read: the tables of one, and its model. SpecError if one is unknown, or if they do not fit together.
    """
    entries: Any = data.get("include")
    if not _is_sound(entries):
        return dict(data)  # the model says what is wrong, if anything is
    parts = []
    for number, entry in enumerate(entries):
        where = f"include[{number}]"
        if entry["spec"] not in names:
            raise toml_error(shown, SpecError, SpecFault.not_one_of(f"{where}.spec", entry["spec"], names))
        parts.append(_Part(where, entry["spec"], entry["points"], *read(entry["spec"])))
    if faults := [*_nested(parts), *_differing(data, parts), *_other_functions(data, parts)]:
        raise toml_error(shown, SpecError, *faults)
    merged = {name: parts[0].tables[name] for name in (*_FIXED, *_SHARED) if name in parts[0].tables}
    merged |= data
    specs = [part.spec for part in parts]
    for name, included in (
        ("limits", _greatest_limits([each.limits for each in specs])),
        ("restrictions", _common([each.restrictions for each in specs])),
    ):
        own = data.get(name, {})
        merged[name] = included | own if isinstance(own, dict) else own
    merged["functions"] = {
        name: function
        for tables in _all(data, parts)
        for name, function in tables.get("functions", {}).items()
    }
    merged["files"] = list(
        dict.fromkeys(name for tables in _all(data, parts) for name in tables.get("files", ()))
    )
    merged["checks"] = [*_checks(parts), *data.get("checks", ())]
    if claims := [*_claims(parts), *data.get("claims", ())]:
        merged["claims"] = claims
    return merged


def _is_sound(entries: object) -> bool:
    return (
        isinstance(entries, list)
        and bool(entries)
        and all(
            isinstance(each, dict)
            and isinstance(each.get("spec"), str)
            and isinstance(each.get("points"), int | float)
            and not isinstance(each["points"], bool)
            for each in entries
        )
    )


def _all(data: Mapping[str, Any], parts: Sequence[_Part]) -> Iterator[Mapping[str, Any]]:
    yield from (part.tables for part in parts)
    yield data


def _nested(parts: Sequence[_Part]) -> Iterator[SpecFault]:
    for part in parts:
        if "include" in part.tables:
            yield SpecFault(f"{part.where}.spec", "must not include others itself", repr(part.name))


def _differing(data: Mapping[str, Any], parts: Sequence[_Part]) -> Iterator[SpecFault]:
    first = parts[0]
    for name in _FIXED:
        if name in data:
            yield SpecFault(name, "is that of the included specs; leave it out here")
    for name in (*_FIXED, *_SHARED):
        for part in parts[1:] if name not in data else ():
            if getattr(part.spec, name) != getattr(first.spec, name):
                advice = "" if name in _FIXED else f"; or state {name} in this spec, which then holds for all"
                yield SpecFault(
                    f"{part.where}.spec",
                    f"must have the same {name} as {first.name}{advice}",
                    repr(part.name),
                )


def _greatest_limits(limits: Sequence[Limits]) -> dict[str, Any]:
    """Of each bound the greatest: none of the specs' functions gets less than on its own."""
    return {name: max(getattr(each, name) for each in limits) for name in Limits.model_fields}


def _common(restrictions: Sequence[Restrictions]) -> dict[str, Any]:
    """The entries in which all agree: a spec that states one entry means to change that one, and not to allow the rest."""
    first, *others = (each.model_dump() for each in restrictions)
    return {name: policy for name, policy in first.items() if all(each[name] == policy for each in others)}


def _other_functions(data: Mapping[str, Any], parts: Sequence[_Part]) -> Iterator[SpecFault]:
    known: dict[str, Any] = {}
    for part in parts:
        for name, function in part.tables.get("functions", {}).items():
            if known.setdefault(name, function) != function:
                expected = f"must have the same {name} as the specs before it"
                yield SpecFault(f"{part.where}.spec", expected, repr(part.name))
    own = data.get("functions")
    for name in own.keys() & known.keys() if isinstance(own, dict) else ():
        yield SpecFault(f"functions.{name}", "is a function of an included spec; leave it out here")


def _checks(parts: Sequence[_Part]) -> Iterator[dict[str, Any]]:
    """The checks with their share of the points; an id that two specs have gets the spec's name before it."""
    ids = _ids(parts)
    for part in parts:
        whole = sum(check["points"] for check in part.tables["checks"])
        for check in part.tables["checks"]:
            points = round(check["points"] * part.points / whole, 6) if whole else 0.0
            yield {**check, "id": _identifier(part, check["id"], ids), "points": float(points)}


def _claims(parts: Sequence[_Part]) -> Iterator[dict[str, Any]]:
    """The claims beside the checks under their names here."""
    ids = _ids(parts)
    for part in parts:
        for claim in part.tables.get("claims", ()):
            renamed = {"check": _identifier(part, claim["check"], ids)} if "check" in claim else {}
            yield {**claim, **renamed}


def _ids(parts: Sequence[_Part]) -> list[str]:
    return [check["id"] for part in parts for check in part.tables["checks"]]


def _identifier(part: _Part, name: str, ids: Sequence[str]) -> str:
    return name if ids.count(name) == 1 else f"{part.name}_{name}"
