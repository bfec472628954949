"""nbgrader: the tree `submitted/student1/a1/`, and inbound folders `student1+a1+2026-04-20 20:58:10.123456 UTC/`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from grader import formatting
from grader.intake.platforms.parsed import (
    Folder,
    Own,
    Parsed,
    Platform,
    Reader,
    Reading,
    Student,
    first_part,
    joined,
    stateless,
)
from grader.intake.platforms.times import time_of

_TREE = re.compile(r"submitted/(?P<student>[^/]+)/(?:(?P<assignment>[^/]+)/(?P<file>.*))?", re.DOTALL)
_INBOUND = re.compile(
    r"(?P<student>[^+]+)\+(?P<assignment>[^+]+)"
    r"\+(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}[ _T][0-9]{2}[:_-][0-9]{2}[:_-][0-9]{2}[^+]*)(?:\+[^+]*)?",
    re.DOTALL,
)
STAMP_FILE = "timestamp.txt"


def parse(path: str, roster: Collection[str]) -> Reading:  # noqa: ARG001
    """A path of the tree; the time is in a file beside the hand-in, which this does not read."""
    seen = _TREE.fullmatch(path)
    if seen is None:
        return None
    file = seen["file"]
    if file == STAMP_FILE:
        return Own()
    return Parsed(
        (Student((f"username:{seen['student']}",)),), file or "", assignment=seen["assignment"] or ""
    )


def parse_inbound(path: str, roster: Collection[str]) -> Reading:  # noqa: ARG001
    """A path of the exchange's inbound folder."""
    first, rest = first_part(path)
    seen = _INBOUND.fullmatch(first)
    if seen is None or "/" not in path:
        return None
    if rest == STAMP_FILE:
        return Own()
    return Parsed(
        (Student((f"username:{seen['student']}",)),),
        joined("", path, rest),
        attempt=seen["stamp"],
        submitted_at=time_of(seen["stamp"]),
        assignment=seen["assignment"],
    )


def _tree_reader(folder: Folder, paths: Sequence[str], roster: Collection[str]) -> Reader | None:  # noqa: ARG001
    if all(path.startswith("submitted/") for path in paths):  # the tree is in there
        return None
    if folder.name != "submitted" and not any(folder.holds(f"{path}{STAMP_FILE}") for path in paths):
        return None

    stamps = folder.texts([f"{path}{STAMP_FILE}" for path in paths if path.count("/") == 2], 1_000)

    def parse_here(path: str, roster: Collection[str]) -> Reading:
        parsed = parse(f"submitted/{path}", roster)
        if not isinstance(parsed, Parsed) or not parsed.assignment:
            return parsed
        student, assignment = path.split("/")[:2]
        stamp = stamps.get(f"{student}/{assignment}/{STAMP_FILE}", "")
        written = formatting.printable(formatting.shortened(stamp.strip(), 40))
        return replace(parsed, attempt=written or None, submitted_at=time_of(written))

    return Reader(parse_here)


NBGRADER = Platform("nbgrader", "nbgrader's submitted tree", "submitted/student1/a1", _tree_reader, depth=2)
NBGRADER_INBOUND = Platform(
    "nbgrader",
    "nbgrader's inbound folder",
    "student1+a1+2026-04-20 20:58:10.123456 UTC",
    stateless(parse_inbound),
)
