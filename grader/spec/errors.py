"""Turns pydantic's errors on a spec into faults, in TOML's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader import formatting
from grader.errors import SpecFault

_RENAMED: Mapping[str, str] = {"help": "restrictions"}
"""Fields of earlier versions, by their old name."""

_EXPECTED: Mapping[str, str] = {
    "missing": "is missing",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must be lower-case letters, digits and _, with a letter first",
}
"""By pydantic's type of error, for messages that speak of Python or of a regular expression."""


class Misfits(ValueError):
    """Raised by a validator of the spec with all its faults, which reach `spec_faults` through pydantic."""

    def __init__(self, faults: Sequence[SpecFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def spec_faults(errors: Sequence[Any], schema: Mapping[str, Any]) -> Iterator[SpecFault]:
    """The faults in pydantic's errors. schema: the JSON Schema of the model."""
    for error in errors:
        cause = error.get("ctx", {}).get("error")
        if isinstance(cause, Misfits):
            yield from cause.faults
        elif error["type"] != "too_short" or not error["input"]:  # else each of its entries has a fault
            yield _fault(error, schema)


def _fault(error: Any, schema: Mapping[str, Any]) -> SpecFault:
    where, known = _place(error["loc"], schema)
    seen, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            name = error["loc"][-1]
            if where in _RENAMED:
                return SpecFault(where, f"is now called {_RENAMED[where]}")
            advice = formatting.near(name, known) or f"known: {formatting.listing(known)}"
            return SpecFault(where, "is an unknown field", advice=advice)
        case "union_tag_not_found":
            return SpecFault(f"{where}.{_tag(context)}", "is missing")
        case "union_tag_invalid":
            names = re.findall(r"'([^']*)'", context["expected_tags"])
            return SpecFault.not_one_of(f"{where}.{_tag(context)}", seen[_tag(context)], names)
        case "tuple_type" if where == "checks":
            expected = "must be a list of tables, each headed [[checks]]"
        case "value_error":
            return SpecFault(f"{where}:", str(context["error"]))
        case kind:
            expected = _EXPECTED.get(kind) or re.sub(r"^\w+ should ", "must ", error["msg"])
    is_absent = error["type"] in {"missing", "too_short", "string_too_short"}
    return SpecFault(where, expected, "" if is_absent else formatting.toml(seen))


def _tag(context: Mapping[str, str]) -> str:
    """The field that tells the members of a union apart."""
    return context["discriminator"].strip("'")


def _place(location: Sequence[int | str], schema: Mapping[str, Any]) -> tuple[str, list[str]]:
    """A field in TOML's words, as checks[3].points, and the fields of the table that it is in."""
    words, node, fields = "", schema, {}
    for part in location:
        node = _resolved(node, schema)
        if isinstance(part, int):
            words += f"[{part}]"
            node = node.get("items", {})
        elif "discriminator" in node:  # the tag of a union: not a field of the file
            node = {"$ref": node["discriminator"]["mapping"][part]}
        else:
            words += f".{formatting.printable(part)}" if words else formatting.printable(part)
            fields = node.get("properties", {})
            node = fields.get(part) or node.get("additionalProperties") or {}
    return words, list(fields)


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table that a node of the schema refers to, optional or not."""
    node = next((each for each in node.get("anyOf", ()) if "$ref" in each), node)
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
