"""An extension as instructors write it in a cell: hours, days, or a due date of the student's own."""

from __future__ import annotations

import re
from datetime import datetime, time

from grader.model.roster import Extension

_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_UNITS = {
    "m": "minute", "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour", "hours": "hour",
    "d": "day", "day": "day", "days": "day", "w": "week", "week": "week", "weeks": "week",
}  # fmt: skip
_NUMBER = r"[0-9]{1,6}(?:[.,][0-9]{1,6})?"
_AMOUNT = re.compile(rf"({_NUMBER})\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})\.?(?![a-z])")
_AMOUNTS = re.compile(rf"\+?(?:{_AMOUNT.pattern}(?:\s|,|and)*)+")
_DATE = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]+(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?))?"
    r" *(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_NONE = frozenset({"", "-", "--", "no", "none", "n/a", "na", "0"})
_MOST_SECONDS = 400 * 86_400

EXAMPLES = "as 48 h, 2 days, or 2026-04-22 23:59"


def extension_of(cell: str, unit: str | None) -> Extension | None:
    """The extension in a cell; None for no extension. unit: hour or day, for a number alone, as the header says.

    ValueError with the rest of a sentence if it cannot be read.
    """
    text = cell.strip().casefold()
    if text in _NONE:
        return None
    if (seen := _DATE.fullmatch(text)) is not None:
        return Extension(due_at=_due(seen))
    if re.fullmatch(rf"\+?{_NUMBER}", text):
        if unit is None:
            raise ValueError("is a number without a unit; write hours or days into the cell or the header")
        seconds = _number(text) * _SECONDS[unit]
    elif _AMOUNTS.fullmatch(text):
        seconds = sum(_number(amount) * _SECONDS[_UNITS[name]] for amount, name in _AMOUNT.findall(text))
    else:
        raise ValueError(f"is not an extension; write it {EXAMPLES}")
    if seconds > _MOST_SECONDS:
        raise ValueError("is more than a year")
    return Extension(seconds=seconds) if seconds else None


def _number(text: str) -> float:
    return float(text.lstrip("+").replace(",", "."))


def _due(seen: re.Match[str]) -> datetime:
    """A day alone is meant to its last second."""
    written, zone = seen["time"], (seen["zone"] or "").upper()
    offset = "+00:00" if zone in {"Z", "UTC", "GMT"} else zone
    try:
        if written is None:
            day = datetime.fromisoformat(f"{seen['date']}T00:00:00{offset}")
            return datetime.combine(day.date(), time(23, 59, 59), day.tzinfo)
        whole, _, part = written.partition(".")
        hours, _, rest = whole.partition(":")
        return datetime.fromisoformat(
            f"{seen['date']}T{hours:0>2}:{rest}{f'.{part[:6]}' if part else ''}{offset}"
        )
    except ValueError as error:
        raise ValueError(f"is not a day and time that exist; write it {EXAMPLES}") from error
