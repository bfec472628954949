"""Reads a TOML file of the instructor's: a spec, the rules of a class. Its faults are said with file, line and field."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from grader import formatting
from grader.errors import SpecFault, TomlError
from grader.spec.errors import spec_faults

GREATEST_TOML_BYTES = 1 << 20

AnyModel = TypeVar("AnyModel", bound=BaseModel)
AnyTomlError = TypeVar("AnyTomlError", bound=TomlError)


def read_toml(path: Path, shown: str, error_type: type[TomlError]) -> bytes:
    """The file's bytes. The error if it cannot be read, or is longer than any such file."""
    try:
        with path.open("rb") as file:
            content = file.read(GREATEST_TOML_BYTES + 1)
    except OSError as error:
        raise error_type(f"{shown}: cannot be read: {error.strerror or error}") from error
    if len(content) > GREATEST_TOML_BYTES:
        expected = f"at most {GREATEST_TOML_BYTES >> 20} MiB"
        raise error_type(
            f"{shown}: expected {expected}, found more; is it the right file?", expected=expected, seen="more"
        )
    return content


def parse_toml(content: bytes, shown: str, error_type: type[TomlError]) -> dict[str, Any]:
    """The tables of a TOML file; a byte order mark, which some Windows editors write, is ignored."""
    try:
        text = content.decode("utf-8-sig")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = SpecFault(f"line {line}", "is not UTF-8; save the file as UTF-8")
        raise toml_error(shown, error_type, fault) from error
    except tomllib.TOMLDecodeError as error:
        raise toml_error(shown, error_type, _toml_fault(str(error), text)) from error
    except (ValueError, RecursionError) as error:
        raise error_type(
            f"{shown}: invalid TOML: a number is too long, or tables are nested too deep"
        ) from error


def checked(
    model: type[AnyModel], data: Any, shown: str, error_type: type[TomlError], context: object = None
) -> AnyModel:
    """The model of the tables, with lists as tuples. The error tells every fault. context: pydantic's."""
    try:
        return model.model_validate(with_tuples(data), strict=True, context=context)
    except ValidationError as error:
        raise toml_error(
            shown, error_type, *spec_faults(error.errors(), model.model_json_schema())
        ) from error


def toml_error(shown: str, error_type: type[AnyTomlError], *faults: SpecFault) -> AnyTomlError:
    """The error of a file with these faults: a line for each, after their number if there are several."""
    lines = [f"{shown}: {fault}" for fault in faults]
    heading = [f"{shown}: {len(faults)} faults"] if len(faults) > 1 else []
    return error_type("\n".join(heading + lines), faults=faults)


def with_tuples(data: Any) -> Any:
    """TOML's lists as the tuples of the frozen models."""
    if isinstance(data, dict):
        return {key: with_tuples(value) for key, value in data.items()}
    return tuple(map(with_tuples, data)) if isinstance(data, list) else data


def _toml_fault(message: str, text: str) -> SpecFault:
    """The message of tomllib, with the line that it is about."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    words, line, column = found.groups() if found else (message, 0, 0)
    expected = f"is invalid TOML: {words[0].lower()}{words[1:]}"
    if not found:
        return SpecFault("the file", expected)
    seen = text.split("\n")[int(line) - 1].strip()
    return SpecFault(f"line {line}, column {column}", expected, formatting.toml(seen))
