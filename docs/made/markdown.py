"""Tables and names in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, and an empty line after it."""
    lines = (head, ["---"] * len(head), *rows)
    return [*(f"| {' | '.join(map(_cell, each))} |" for each in lines), ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def code(text: str) -> str:
    """As it is, in a line."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def prose(text: str) -> str:
    """Words of a docstring or a description as they are; options such as --quick as code."""
    parts = re.split(r"(`[^`]*`|(?<![\w-])--[a-z][a-z-]*)", text)
    return "".join(
        part
        if part.startswith("`")
        else code(part)
        if part.startswith("--")
        else re.sub(r"([<>*_\[\]{}\\$])", r"\\\1", part)
        for part in parts
    )


def heading(level: int, text: str, anchor: str) -> list[str]:
    """A heading that `anchor` links to."""
    return [f"({anchor})=", f"{'#' * level} {text}", ""]
