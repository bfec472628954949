"""Times as platforms write them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<part>[0-9]{1,9}))?"
    r" *(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)


def time_of(written: str) -> datetime | None:
    """An ISO 8601 time in UTC, with a fraction of up to nine digits; UTC too where no zone is written.

    None if it is not such a time.
    """
    seen = _TIME.fullmatch(written)
    if seen is None:
        return None
    zone = seen["zone"] if seen["zone"] and seen["zone"][0] in "+-" else "+00:00"
    try:
        whole = datetime.fromisoformat(f"{seen['date']}T{seen['time']}{zone}")
        return (whole + timedelta(microseconds=int((seen["part"] or "0").ljust(6, "0")[:6]))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_IN_WORDS = tuple(
    f"%A, {day}, {clock}" for day in ("%d %B %Y", "%B %d, %Y") for clock in ("%I:%M %p", "%H:%M")
)


def time_in_words(written: str) -> datetime | None:
    """A time such as Monday, 20 April 2026, 8:58 PM, of a zone that is not written; None if it is none, or not in English."""
    for each in _IN_WORDS:
        with suppress(ValueError):
            return datetime.strptime(written, each)  # noqa: DTZ007
    return None


def stamp_of(written: str) -> datetime | None:
    """A time such as 2026-04-20-20-58-10, of a zone that is not written; None if there is no such time."""
    try:
        return datetime.strptime(written, "%Y-%m-%d-%H-%M-%S")  # noqa: DTZ007
    except ValueError:
        return None
