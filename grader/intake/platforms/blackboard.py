"""Blackboard: `Assignment 1_student1_attempt_2026-04-20-20-58-10_softmax.py`, and a receipt for each attempt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from grader.intake.platforms.parsed import (
    Folder,
    Parsed,
    Platform,
    Reader,
    Reading,
    Student,
    common_start,
    first_part,
    joined,
)
from grader.intake.platforms.times import stamp_of

_NAME = re.compile(
    r"(?P<head>.+?)_attempt_(?P<stamp>[0-9]{4}(?:-[0-9]{2}){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)


_SIGNED = re.compile(r"\ufeff?Name: *(?P<name>[^\r\n]*?) *\((?P<username>[^()\s]+)\) *(?:\r?\n|$)")
"""The first line of a receipt."""
_RECEIPT_BYTES = 1 << 20


def parse(
    path: str, roster: Collection[str], assignment: str | None = None, names: Mapping[str, str] | None = None
) -> Reading:
    """The username may contain `_`: the longest one in the roster, else what follows the assignment, else the last part.

    It is never shorter than what follows the assignment: x_ben must not be ben.

    assignment: the start of all names in the download, with its `_`, if it is known. names: by username, as receipts
    tell them.
    """
    first, rest = first_part(path)
    seen = _NAME.fullmatch(first)
    if seen is None:
        return None
    head, stamp, file = seen.groups()
    parts = head.split("_")
    ends = ["_".join(parts[at:]) for at in range(1, len(parts))] or [head]
    names = names or {}
    given = assignment is not None and head.startswith(assignment) and len(head) > len(assignment)
    shortest = head[len(assignment or "") :] if given else ends[-1]
    long_enough = (each for each in ends if len(each) >= len(shortest))
    known = next((each for each in long_enough if each in roster or each in names), shortest)
    return Parsed(
        (Student((f"username:{known}",), names.get(known) or None),),
        None if file is None else joined(file, path, rest),
        attempt=stamp,
        submitted_at=stamp_of(stamp),
        remark="receipt" if file is None else "",
    )


def _reader(folder: Folder, paths: Sequence[str], roster: Collection[str]) -> Reader:  # noqa: ARG001
    seen = {path: read for path in paths if (read := _NAME.fullmatch(first_part(path)[0]))}
    receipts = folder.texts([path for path, read in seen.items() if read["file"] is None], _RECEIPT_BYTES)
    signed = (_SIGNED.match(text) for text in receipts.values())
    names = {each["username"]: each["name"] for each in signed if each is not None}
    assignment = common_start({read["head"] for read in seen.values()}, "_") or None

    def parse_here(path: str, roster: Collection[str]) -> Reading:
        return parse(path, roster, assignment, names)

    return Reader(parse_here)


BLACKBOARD = Platform(
    "blackboard",
    "a Blackboard download",
    "Assignment 1_student1_attempt_2026-04-20-20-58-10_softmax.py",
    _reader,
)
