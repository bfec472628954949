"""The text that tagged cells of a notebook printed. It is what a student claims: the cell may have been edited since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.intake.notebook import parse_notebook

GREATEST_TEXT = 100_000
"""Characters of one cell's output that are looked at, from its end: what a cell prints last counts."""

_NUMBER = r"([-+]?(?:\d{1,20}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?)[ \t]{0,5}(%?)"


@dataclass(frozen=True, slots=True)
class PrintedCell:
    """A tagged code cell and what it wrote to its standard output. number: counts from 1 over the code cells."""

    number: int
    tag: str
    text: str


def printed_cells(content: bytes, path: str) -> tuple[PrintedCell, ...]:
    """The tagged cells of a .ipynb with an output; `path` is for messages.

    A cell's tag is its metadata.test, or the metadata.id of CS231n's notebooks of 2021. Raises UnreadableNotebook.
    """
    if b'"metadata"' not in content or not (b'"test"' in content or b'"id"' in content):
        return ()
    found = []
    for number, cell in enumerate(_code_cells(parse_notebook(content, path)), start=1):
        metadata = cell.get("metadata")
        tags = [metadata.get(key) for key in ("test", "id")] if isinstance(metadata, dict) else []
        tag = next((each for each in tags if isinstance(each, str)), None)
        outputs = cell.get("outputs")
        if tag is not None and isinstance(outputs, list):
            text = "".join(_texts(outputs))[-GREATEST_TEXT:]
            if text.strip():
                found.append(PrintedCell(number, tag, text))
    return tuple(found)


def last_number(text: str, before: str) -> float | None:
    """The last number after the words `before`, of whatever case and spacing; without words, the last that has a line to itself.

    A percentage comes as a share: 37.1 % as 0.371.
    """
    words = r"[ \t]+".join(map(re.escape, before.split()))
    pattern = (
        rf"{words}[ \t]{{0,20}}[:=]?[ \t]{{0,20}}{_NUMBER}" if words else rf"^[ \t]{{0,20}}{_NUMBER}[ \t]*$"
    )
    found = re.findall(pattern, text, re.IGNORECASE | re.MULTILINE)
    if not found:
        return None
    digits, percent = found[-1]
    return float(digits) / (100 if percent else 1)


def _code_cells(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    cells = document.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            yield cell


def _texts(outputs: list[Any]) -> Iterator[str]:
    """The printed blocks in order, which may end within a line; the value of the last expression on lines of its own."""
    for output in outputs:
        match output:
            case {"output_type": "stream", "name": "stderr"}:
                continue
            case {"output_type": "stream", "text": text}:
                yield _joined(text)
            case {"output_type": "execute_result", "data": {"text/plain": text}}:
                yield f"\n{_joined(text)}\n"


def _joined(text: object) -> str:
    """Jupyter writes a list of lines; others write one string."""
    if isinstance(text, list):
        return "".join(each for each in text if isinstance(each, str))
    return text if isinstance(text, str) else ""
