"""The sentences on what is wrong with a spec: field, what was expected, what was seen, in TOML's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from grader import formatting
from grader.checks import AnyCheck
from grader.model.assignment import FunctionSpec, Model

GREATEST_SEEN = 60
"""Characters of a text that are shown in a message."""


def near(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, as a question; empty where none is close."""
    close = get_close_matches(name, list(names), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def choices(names: Iterable[str]) -> str:
    """'a', 'b' or 'c'."""
    *most, last = map(repr, names)
    return f"{', '.join(most)} or {last}" if most else last


def got(seen: object, names: Iterable[str] = ()) -> str:
    """What stands in the file, in TOML's words; a long text is cut."""
    match seen:
        case bool():
            words = "true" if seen else "false"
        case str():
            words = repr(seen if len(seen) <= GREATEST_SEEN else f"{seen[:GREATEST_SEEN]}...")
        case dict():
            words = "a table"
        case tuple():
            words = "a list" if seen else "an empty list"
        case _:
            words = str(seen)
    close = near(seen, names) if isinstance(seen, str) else ""
    return f"(got {words}; {close})" if close else f"(got {words})"


def fault_lines(errors: Sequence[Any], model: type[Model]) -> Iterator[str]:
    """The faults that pydantic found in a model as lines of ours: field, expected, seen."""
    places = [error["loc"] for error in errors]
    for error in errors:
        place = error["loc"]
        if error["type"] == "value_error" and not place:
            yield from str(error["ctx"]["error"]).splitlines()
        elif error["type"] == "too_short" and any(
            len(other) > len(place) and other[: len(place)] == place for other in places
        ):
            continue  # not empty: each entry that does not fit has a line of its own, and is not counted
        else:
            yield f"{_field(place)}{_expectation(error, model)}"


def _field(location: Sequence[int | str]) -> str:
    """checks[3].points from ("checks", 3, "values", "points"): the tag of a union is no field."""
    words = ""
    for position, part in enumerate(location):
        if isinstance(part, int):
            words += f"[{part}]"
        elif not _is_tag(location, position):
            words += f".{formatting.printable(part)}" if words else formatting.printable(part)
    return words


def _is_tag(location: Sequence[int | str], position: int) -> bool:
    return position == 2 and location[0] in {"checks", "functions"}


def _expectation(error: Any, model: type[Model]) -> str:  # noqa: C901, PLR0912  one line for each kind of fault
    """What was expected and what was seen."""
    context, seen = error.get("ctx", {}), error["input"]
    shown = got(seen)
    match error["type"]:
        case "missing":
            return " is missing"
        case "extra_forbidden":
            return f" {_unknown(error['loc'], model)}"
        case "greater_than":
            return f" must be > {_bound(context['gt'])} {shown}"
        case "greater_than_equal":
            return f" must be >= {_bound(context['ge'])} {shown}"
        case "less_than":
            return f" must be < {_bound(context['lt'])} {shown}"
        case "less_than_equal":
            return f" must be <= {_bound(context['le'])} {shown}"
        case "finite_number":
            return f" must be a finite number {shown}"
        case "float_type":
            return f" must be a number {shown}"
        case "int_type":
            return f" must be a whole number {shown}"
        case "string_type":
            return f" must be a text in quotes {shown}"
        case "tuple_type" if error["loc"] == ("checks",):
            return f" must be a list of tables, each headed [[checks]] {shown}"
        case "tuple_type":
            return f" must be a list {shown}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f" must be a table {shown}"
        case "literal_error":
            return f" must be {context['expected']} {shown}"
        case "union_tag_invalid":
            tag = context["discriminator"].strip("'")
            names = re.findall(r"'([^']*)'", context["expected_tags"])
            return f".{tag} must be one of {choices(names)} {got(seen[tag], names)}"
        case "union_tag_not_found":
            return f".{context['discriminator'].strip(chr(39))} is missing"
        case "string_pattern_mismatch":
            return f" must be lower-case letters, digits and _, with a letter first {shown}"
        case "string_too_short":
            return " must not be empty"
        case "string_too_long":
            length = formatting.count(context["max_length"], "character")
            return f" must have at most {length} (got {len(seen)})"
        case "too_short":
            return " must not be empty"
        case _:
            return f": {error['msg'][0].lower()}{error['msg'][1:]} {shown}"


def _bound(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _unknown(location: Sequence[int | str], model: type[Model]) -> str:
    """What is said of a field that its table does not have."""
    known = _model_of(location, model).model_fields
    close = near(str(location[-1]), known)
    return f"is no known field ({close or f'known: {formatting.listing(list(known))}'})"


def _model_of(location: Sequence[int | str], model: type[Model]) -> type[Model]:
    """The model of the table that a field stands in."""
    match location:
        case ["checks", int(), str(tag), _]:
            return next(
                kind for kind in _members(AnyCheck) if tag in get_args(kind.model_fields["kind"].annotation)
            )
        case ["functions", str(), str(tag), _]:
            return next(
                role
                for role in _members(FunctionSpec)
                if tag in get_args(role.model_fields["role"].annotation)
            )
        case [str(table), _]:
            annotation = model.model_fields[table].annotation
            return annotation if isinstance(annotation, type) and issubclass(annotation, Model) else model
        case _:
            return model


def _members(union: Any) -> tuple[type[Model], ...]:
    """The models of an annotated union."""
    return get_args(get_args(union)[0])
