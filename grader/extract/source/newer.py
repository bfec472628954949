"""Syntax that is newer than the Python that grades."""

from __future__ import annotations

import re
import sys

Version = tuple[int, int]

_NAME = r"[^\W\d]\w*"


def _in_braces(what: str) -> re.Pattern[str]:
    """An f-string of one line with this in braces."""
    plain = r"(?:(?!(?P=quote))[^{}\\])*"
    return re.compile(
        rf"""(?:^|\W)(?:[fF][rR]?|[rR][fF])(?P<quote>["'])(?:{plain}\{{{plain}\}})*{plain}\{{{plain}{what}"""
    )


_NEWER: tuple[tuple[Version, re.Pattern[str], str], ...] = (
    ((3, 10), re.compile(r"\s*(?:match|case)\b.*:\s*(?:#.*)?$"), "a match statement"),
    ((3, 11), re.compile(r"\s*except\s*\*"), "except*"),
    ((3, 12), re.compile(rf"\s*(?:async\s+)?def\s+{_NAME}\s*\["), "a function with type parameters"),
    ((3, 12), re.compile(rf"\s*class\s+{_NAME}\s*\["), "a class with type parameters"),
    ((3, 12), re.compile(rf"\s*type\s+{_NAME}\s*(?:\[.*\])?\s*="), "a type statement"),
    ((3, 12), _in_braces("(?P=quote)"), "an f-string with the same quotes inside"),
    ((3, 12), _in_braces(r"\\"), "a backslash inside the braces of an f-string"),
    ((3, 14), re.compile(r"""(?:^|[^\w])[tT][rR]?["']"""), "a template string"),
)
"""The first version that has it, how a line with it looks, and its name."""


def newer_syntax(line: str, running: Version = sys.version_info[:2]) -> str | None:
    """Which Python a line needs that does not parse here, as a clause; None if no newer one would help."""
    for version, pattern, name in _NEWER:
        if version > running and pattern.search(line[:1000]):
            needs, has = (".".join(map(str, each)) for each in (version, running))
            return f"{name} needs Python {needs} or later, and Python {has} grades here"
    return None
