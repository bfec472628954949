"""Brightspace: `123456-654321 - Student One - Apr 20, 2026 858 PM/softmax.py`; older exports are flat."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from grader.intake.platforms.parsed import (
    Own,
    Parsed,
    Platform,
    Reading,
    Student,
    first_part,
    joined,
    stateless,
)

_NAME = re.compile(
    r"(?P<ids>[0-9]+-[0-9]+) - (?P<name>.+?) - (?P<month>[A-Za-z]{3,9})\.? (?P<day>[0-9]{1,2}), (?P<year>[0-9]{4})"
    r" (?P<time>[0-9]{1,4}) (?P<half>AM|PM)(?: - (?P<file>.+))?",
    re.DOTALL,
)
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip


def parse(path: str, roster: Collection[str]) -> Reading:  # noqa: ARG001
    """Nobody documents what the two numbers mean: a person is the name and both of them."""
    first, rest = first_part(path)
    if path == "index.html":
        return Own()
    seen = _NAME.fullmatch(first)
    written = None if seen is None else _time(seen)
    if seen is None or written is None or ("/" not in path and seen["file"] is None):
        return None
    return Parsed(
        (Student((f"name:{seen['name']}", f"brightspace:{seen['ids']}"), seen["name"]),),
        joined(seen["file"] or "", path, rest),
        attempt=written.isoformat(timespec="minutes"),
        submitted_at=written,
    )


def _time(seen: re.Match[str]) -> datetime | None:
    """The time as written, which has no colon: "9" is 9:00, "858" is 8:58."""
    month = seen["month"].lower()
    months = [at for at, name in enumerate(_MONTHS, 1) if name.startswith(month[:3])]
    is_month = bool(months) and (_MONTHS[months[0] - 1].startswith(month) or month == "sept")
    digits = seen["time"]
    hour, minute = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
    if not is_month or not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if seen["half"] == "PM" else 0)
    try:
        return datetime(int(seen["year"]), months[0], int(seen["day"]), hour, minute)  # noqa: DTZ001  none is written
    except ValueError:
        return None


BRIGHTSPACE = Platform(
    "brightspace",
    "a Brightspace download",
    "123456-654321 - Student One - Apr 20, 2026 858 PM",
    stateless(parse),
)
