"""The one place where numbers, indices and lists become words."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import SupportsInt

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, marks that turn the direction of writing, and surrogates."""

_UNHELD = re.compile(f"(?![\t\n\r]){_UNPRINTABLE.pattern}")
"""Of those, what a text of several lines cannot hold either."""

_SHOWN_CHARACTERS = 60
"""Of a string from a spec."""


def number(value: float, digits: int = 6) -> str:
    """A number as a student reads it; nan and infinity are words."""
    value = float(value)
    if math.isnan(value):
        return "nan (not a number)"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return f"{value:.{digits}g}"


def rough(value: float) -> str:
    """A measured number: three digits are enough; all of a whole one."""
    return number(value, 6 if value == round(value, 0) else 3)


def small(value: float) -> str:
    """A difference or bound: two digits are enough."""
    return number(value, 2)


def points(value: float) -> str:
    """Points with at most two decimals: 10, 2.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def seconds(value: float) -> str:
    """A duration: 0.04 s, 1.3 s, 2 min 5 s."""
    if value < 0.95:
        return f"{value:.2g} s"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def size(amount: int) -> str:
    """Bytes in the largest unit that holds them: 512 MiB, 1.5 GiB."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= factor:
            return f"{amount / factor:.3g} {unit}"
    return count(amount, "byte")


def index(position: Iterable[SupportsInt]) -> str:
    """An index into an array: [17, 3]."""
    return "[" + ", ".join(str(int(each)) for each in position) + "]"


def count(amount: int, noun: str) -> str:
    """1 entry, 2 entries."""
    if amount == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{amount} {plural}"


def listing(words: Sequence[str], joined: str = "and") -> str:
    """a, b and c; with another word in place of the `and`: a, b or c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joined} {words[-1]}"


def choices(names: Iterable[str]) -> str:
    """'a', 'b' or 'c'."""
    *most, last = map(repr, names)
    return f"{', '.join(most)} or {last}" if most else last


def near(name: object, names: Iterable[str]) -> str:
    """The name that was probably meant, as a question; empty if none is close."""
    close = get_close_matches(str(name), list(names), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def toml(value: object) -> str:
    """A value of a TOML file, in TOML's words; a long string is cut."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            cut = len(value) > _SHOWN_CHARACTERS
            return repr(f"{value[:_SHOWN_CHARACTERS]}..." if cut else value)
        case dict():
            return "a table"
        case tuple():
            return "a list" if value else "an empty list"
        case _:
            return str(value)


def printable(name: str) -> str:
    """A file name for a message or JSON: undecodable bytes and control characters replaced."""
    with contextlib.suppress(UnicodeEncodeError):  # a lone surrogate that stands for no byte
        name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _UNPRINTABLE.sub("\ufffd", name)


def held(text: str, greatest: int) -> str:
    """A text of at most so many characters, in which line ends and tabs are the only unprintable ones."""
    if len(text) > greatest:
        text = f"{text[: greatest - 3]}..."
    return _UNHELD.sub("\ufffd", text)
