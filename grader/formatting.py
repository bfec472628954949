"""The one place where numbers, indices and lists become words."""

from __future__ import annotations

import contextlib
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import groupby
from typing import SupportsInt

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls (also of the direction of writing), surrogates and line separators."""

_MARKS = frozenset({"Mn", "Me"})
"""Unicode's categories of marks that take no room of their own."""

_STACKED = 3
"""Marks above and below one letter that a line has room for."""

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


def worth(value: float) -> str:
    """1 point, 2.5 points."""
    shown = points(value)
    return f"{shown} {'point' if shown == '1' else 'points'}"


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
            value = amount / factor
            return f"{value:.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"
    return count(amount, "byte")


def index(position: Iterable[SupportsInt]) -> str:
    """An index into an array: [17, 3]."""
    return "[" + ", ".join(str(int(each)) for each in position) + "]"


def count(amount: int, noun: str) -> str:
    """1 entry, 2 entries, 3 days."""
    if amount == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{amount} {plural}"


def listing(words: Sequence[str], joined: str = "and") -> str:
    """a, b and c; with another word in place of the `and`: a, b or c. Words with a comma, as One, Ann, have semicolons between."""
    if len(words) < 2:
        return "".join(words)
    between = "; " if any(", " in word for word in words) else ", "
    return f"{between.join(words[:-1])} {joined} {words[-1]}"


def sentence(words: str) -> str:
    """With a capital, unless it begins with the name of a file, and a full stop, unless it ends with another mark."""
    first = words.partition(" ")[0]
    stop = "" if words.endswith((".", "!", "?")) else "."
    return f"{words}{stop}" if "." in first or "_" in first else f"{words[:1].upper()}{words[1:]}{stop}"


def several(words: Sequence[str], most: int = 5) -> str:
    """As `listing`, but of many only the first ones: a, b and 9,998 more."""
    more = len(words) - most
    return listing([*words[:most], f"{more:,} more"]) if more > 1 else listing(words)


def first(lines: Sequence[str], most: int) -> list[str]:
    """The first lines; where there are more, the last says how many."""
    more = len(lines) - most
    return [*lines[:most], f"and {more:,} more"] if more > 1 else list(lines)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


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
    """A text in which everything can be seen: `<U+202E>` for an invisible character, `<FF>` for an undecodable byte.

    Names that differ only in such characters stay different.
    """
    if name.isprintable():
        return name
    with contextlib.suppress(UnicodeEncodeError):  # a lone surrogate that stands for no byte
        name = name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return "".join(map(_shown, name))


def is_unseen(character: str) -> bool:
    """Whether a character has no shape of its own: a control, a mark of direction, a separator of lines."""
    return unicodedata.category(character) in _UNSEEN


def _shown(character: str) -> str:
    if not is_unseen(character):
        return character
    code = ord(character)
    is_byte = 0xDC80 <= code <= 0xDCFF  # as Python decodes a file name that is not UTF-8
    return f"<{code - 0xDC00:02X}>" if is_byte else f"<U+{code:04X}>"


def printable_lines(text: str) -> str:
    """As `printable`, with the ends of lines and the tabs as they are."""
    if text.isprintable():
        return text
    return "".join(part if part in "\t\n" else printable(part) for part in re.split("([\t\n])", text))


def unstacked(text: str) -> str:
    """A text whose marks above and below letters stay on their line: of a tall stack the first few are shown, the others counted."""
    if text.isascii():
        return text
    parts: list[str] = []
    for is_mark, run in groupby(text, lambda character: unicodedata.category(character) in _MARKS):
        marks = "".join(run)
        more = len(marks) - _STACKED if is_mark else 0
        parts.append(f"{marks[:_STACKED]}<{more:,} more marks>" if more > 1 else marks)
    return "".join(parts)


def held(text: str, greatest: int) -> str:
    """A text of at most so many characters, in which line ends and tabs are the only unprintable ones."""
    if len(text) <= greatest and text.isprintable():  # nearly all: a class has millions
        return text
    return shortened(printable_lines(shortened(text, greatest)), greatest)
