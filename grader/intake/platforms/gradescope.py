"""Gradescope: a bulk export, whose submission_metadata.yml says whose folder is whose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader import formatting
from grader.errors import UnsupportedFile
from grader.intake.platforms.parsed import (
    Folder,
    Listed,
    Own,
    Parsed,
    Platform,
    Reader,
    Reading,
    Student,
    first_part,
    joined,
)
from grader.intake.platforms.times import time_of

METADATA = "submission_metadata.yml"
_GREATEST_BYTES = 256 << 20
"""Of the metadata: they hold all results too."""


@dataclass(frozen=True, slots=True)
class Handin:
    """One submission, as the metadata tell."""

    students: tuple[Student, ...]
    attempt: int
    submitted_at: datetime | None


def parse_metadata(text: str) -> dict[str, Handin]:
    """The submissions by their folder, or by their file where they are PDFs.

    Keys may be Ruby symbols (`:sid`) or plain. All scalars are read as text: a numeric sid keeps its zeros.
    ValueError with words if it is not YAML of this shape.
    """
    import yaml

    try:
        found: Any = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506  makes text only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f" (line {mark.line + 1})"
        raise ValueError(f"invalid YAML{where}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("invalid YAML") from error
    if not isinstance(found, dict):
        raise ValueError("not a table of submissions")  # noqa: TRY004  the file is wrong, not a caller
    return {
        str(name): _handin(str(name), entry)
        for name, entry in found.items()
        if isinstance(entry, dict) and _field(entry, "submitters") is not None
    }


def parse(path: str, roster: Collection[str], handins: Mapping[str, Handin]) -> Reading:  # noqa: ARG001
    """A path in the folder of the metadata."""
    first, rest = first_part(path)
    if path == METADATA:
        return Own()
    handin = handins.get(first)
    if handin is None:
        return Listed(f"{METADATA} does not name it")
    if not handin.students:
        return Listed("it has no submitter")
    return Parsed(
        handin.students,
        joined("" if "/" in path else first, path, rest),
        attempt=handin.attempt,
        submitted_at=handin.submitted_at,
        handin=first,
        label="+".join(map(_label, handin.students)),
    )


def _label(student: Student) -> str:
    if student.keys[0].startswith("sid:") and student.name:
        return f"{student.name}_{student.id}"
    return student.id


def _handin(name: str, entry: Mapping[Any, Any]) -> Handin:
    submitters = _field(entry, "submitters")
    history = _field(entry, "history")
    people = [each for each in submitters if isinstance(each, dict)] if isinstance(submitters, list) else []
    return Handin(
        tuple(_student(name, each) for each in people),
        len(history) + 1 if isinstance(history, list) else 1,
        time_of(_text(entry, "created_at")),
    )


def _student(handin: str, submitter: Mapping[Any, Any]) -> Student:
    kinds = ("sid", "email")
    keys = [f"{kind}:{value}" for kind in kinds if (value := _text(submitter, kind))]
    name = _text(submitter, "name") or None
    if not keys:  # a name alone is nobody's: two students may share it
        keys = [f"name:{name}"] * (name is not None) + [f"gradescope:{handin}"]
    return Student(tuple(keys), name)


def _field(entry: Mapping[Any, Any], name: str) -> Any:
    return entry.get(f":{name}", entry.get(name))


def _text(entry: Mapping[Any, Any], name: str) -> str:
    value = _field(entry, name)
    return value.strip() if isinstance(value, str) and value not in {"~", "null"} else ""


def _reader(folder: Folder, paths: Sequence[str], roster: Collection[str]) -> Reader | None:  # noqa: ARG001
    if METADATA not in paths:
        return None
    advice = "download the export again, or pass --format folder to grade it without names"
    text = folder.texts([METADATA], _GREATEST_BYTES).get(METADATA)
    if text is None:
        raise UnsupportedFile.at(Path(METADATA), f"cannot be read; {advice}")
    try:
        handins = parse_metadata(text)
    except ValueError as error:
        raise UnsupportedFile.at(Path(METADATA), f"{formatting.printable(str(error))}; {advice}") from error

    def parse_here(path: str, roster: Collection[str]) -> Reading:
        return parse(path, roster, handins)

    there = {first_part(path)[0] for path in paths}
    missing = (
        name for name in handins if name not in there and "/" not in name and name not in {"", ".", ".."}
    )
    return Reader(parse_here, tuple(f"{name}/" for name in missing))


GRADESCOPE = Platform("gradescope", "a Gradescope export", "submission_200000001", _reader)
