"""The reference of a JSON Schema, in tables: each object, each field, its type, its default, its meaning."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from docs.made.markdown import code, heading, prose, table
from grader.batch.rules.class_rules import rules_schema
from grader.checks.kinds import KINDS, class_of
from grader.model.report import report_schema
from grader.spec import spec_schema

Node = Mapping[str, Any]
Row = tuple[str, str, str]
"""A field, its type, its meaning."""

_GROUPS = {"role": "Functions", "kind": "Checks", "policy": "Late policies"}
"""Objects of one kind, which a field tells apart, stand together under these headings."""


def report() -> str:
    """Every field of a report."""
    return _Reference("report", report_schema(), is_toml=False).text()


def spec() -> str:
    """Every field of a spec."""
    return _Reference("spec", spec_schema(), _names_of_functions()).text()


def class_rules() -> str:
    """Every field of class.toml."""
    return _Reference("class", rules_schema()).text()


def _names_of_functions() -> dict[tuple[str, str], str]:
    """The meaning of the fields of checks that name a function of the spec, by class and field."""
    return {
        (
            class_of(kind).__name__,
            field,
        ): f"Name of a function of the spec, of role {' or '.join(map(code, roles))}."
        for kind in KINDS
        for field, roles in class_of(kind).roles.items()
    }


@dataclass(frozen=True)
class _Reference:
    """One schema. is_toml: its files are TOML, which has no null."""

    page: str
    schema: Node
    meanings: Mapping[tuple[str, str], str] | None = None
    is_toml: bool = True

    def text(self) -> str:
        lines = [*heading(2, "Top level", self._anchor("top")), *_fields(self._rows("", self.schema))]
        alone = [name for name in self._order if self._group(name) is None]
        for name in alone:
            lines += self._section(2, name)
        for group, words in _GROUPS.items():
            members = [name for name in self._order if self._group(name) == group]
            if not members:
                continue
            lines += heading(2, words, self._anchor(group))
            shared = self._shared(members)
            if shared:
                lines += ["These fields are common to all of them:", "", *_fields(shared)]
            for name in members:
                lines += self._section(3, name, shared)
        return "\n".join(lines)

    @cached_property
    def _order(self) -> list[str]:
        """The names of the objects, each where it is first referred to."""
        names = _references(self.schema["properties"])
        for name in names:  # grows
            names += [each for each in _references(self._definition(name)) if each not in names]
        return names

    def _definition(self, name: str) -> Node:
        found: Node = self.schema["$defs"][name]
        return found

    def _group(self, name: str) -> str | None:
        properties = self._definition(name).get("properties", {})
        return next((each for each in _GROUPS if "const" in properties.get(each, {})), None)

    def _label(self, name: str) -> str:
        group = self._group(name)
        if group is not None:
            return code(self._definition(name)["properties"][group]["const"])
        words = re.sub(r"(Part|Fields|Rule)$", "", name)
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).lower()

    def _anchor(self, name: str) -> str:
        return f"{self.page}-{name.lower()}"

    def _shared(self, names: Sequence[str]) -> list[Row]:
        """The fields that several objects have, told once."""
        first, *others = (self._rows(name, self._definition(name)) for name in names)
        return [row for row in first if others and all(row in rows for rows in others)]

    def _section(self, level: int, name: str, shared: Sequence[Row] = ()) -> Iterator[str]:
        definition = self._definition(name)
        label = self._label(name)
        yield from heading(level, label if label.startswith("`") else label.capitalize(), self._anchor(name))
        for paragraph in re.split(r"\n\s*\n", definition.get("description", "")):
            yield from (prose(" ".join(paragraph.split())), "")
        yield from _fields([row for row in self._rows(name, definition) if row not in shared])

    def _rows(self, name: str, definition: Node) -> list[Row]:
        required = definition.get("required", ())
        rows = []
        for field, each in definition.get("properties", {}).items():
            if field == self._group(name) if name else False:
                continue
            meaning = each.get("description") or (self.meanings or {}).get((name, field)) or self._told(each)
            words = [prose(meaning), self._default(each, is_required=field in required)]
            rows.append((code(field), self._type(each), " ".join(filter(None, words))))
        return rows

    def _told(self, node: Node) -> str:
        """What the only object that the field refers to says of itself."""
        names = _references(node)
        text = self._definition(names[0]).get("description", "") if len(names) == 1 else ""
        return text.partition("\n\n")[0]

    def _default(self, node: Node, *, is_required: bool) -> str:
        """A report has all of its fields."""
        if not self.is_toml:
            return ""
        if is_required:
            return "**Required.**"
        default = node.get("default")
        if default in (None, [], "") or isinstance(default, dict) or "pattern" in node:
            return ""
        return f"Default: {code(json.dumps(default))}."

    def _type(self, node: Node) -> str:
        match node:
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                return f"[{self._label(name)}](#{self._anchor(name)})"
            case {"const": value}:
                return code(json.dumps(value))
            case {"enum": values}:
                return ", ".join(code(json.dumps(each)) for each in values)
            case {"anyOf": parts} | {"oneOf": parts}:
                if "format" in str(parts) and node.get("type") == "string":
                    return "date, date and time"
                return self._one_of(
                    [each for each in parts if not (self.is_toml and each == {"type": "null"})]
                )
            case {"type": "array"}:
                inner = node.get("items") or {}
                return f"list of {self._type(inner)}" if inner else "list"
            case {"type": "object"}:
                inner = node.get("additionalProperties")
                return f"by name: {self._type(inner)}" if inner else "object"
            case {"type": "string", "pattern": str(pattern)} if "minute" in pattern:
                return "duration"
            case {"type": str(kind)}:
                return f"{kind}{_bounds(node)}"
        return "anything"

    def _one_of(self, parts: list[Node]) -> str:
        names = [name for each in parts for name in _references(each)]
        groups = {self._group(name) for name in names}
        if len(parts) > 3 and len(groups) == 1 and (group := groups.pop()) is not None:
            return f"[one of these](#{self._anchor(group)})"
        return " or ".join(dict.fromkeys(map(self._type, parts)))


def _fields(rows: Sequence[Row]) -> list[str]:
    return table(("Field", "Type", "Meaning"), rows) if rows else []


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _bounds(node: Node) -> str:
    words = [
        f"{sign} {_number(node[name])}"
        for name, sign in _BOUNDS.items()
        if abs(node.get(name, math.inf)) < 1e12
    ]
    return f", {', '.join(words)}" if words else ""


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _references(node: object) -> list[str]:
    """The names of the objects that a part of a schema refers to, in order, each once."""
    match node:
        case {"$ref": str(reference)}:
            return [reference.rpartition("/")[2]]
        case dict():
            inner = [_references(each) for key, each in node.items() if key != "discriminator"]
        case list():
            inner = [_references(each) for each in node]
        case _:
            return []
    return list(dict.fromkeys(name for names in inner for name in names))
