"""Moodle: `Student One_1001_assignsubmission_file/softmax.py`, as a folder or as the start of a flat name."""

from __future__ import annotations

import re
from collections.abc import Collection

from grader.intake.platforms.parsed import (
    Listed,
    Parsed,
    Platform,
    Reading,
    Student,
    first_part,
    joined,
    stateless,
)

_NAME = re.compile(
    r"(?P<name>.*?)_(?:(?P<id>[0-9]{1,20})_)?assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL
)


def parse(path: str, roster: Collection[str]) -> Reading:  # noqa: ARG001
    """The number is the assignment's participant, or a group; without one nobody is named."""
    first, rest = first_part(path)
    seen = _NAME.fullmatch(first)
    if seen is None:
        return None
    name, identifier, plugin, file = seen["name"], seen["id"], seen["plugin"], seen["file"] or ""
    if identifier is None:
        return Listed(f"{name} is a team without a number")
    is_text = plugin == "onlinetext"
    return Parsed(
        (Student((f"moodle:{identifier}",), name or None),),
        None if is_text else joined(file, path, rest),
        label=f"{name}_{identifier}" if name else identifier,
        remark="online text" if is_text else "",
    )


MOODLE = Platform("moodle", "a Moodle download", "Student One_1001_assignsubmission_file", stateless(parse))
