"""The code cells of a notebook of any format, even a damaged one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import formatting
from grader.errors import UnreadableNotebook

_GREATEST_LISTS = 1_000_000
_GREATEST_ITEMS = 5_000_000
"""Most lists and objects, and most commas, in a notebook's text: each takes many times its length in memory."""

_CONFLICT_MARKER = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Lone surrogates, which no text encoding accepts."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell; `number` counts from 1 over the code cells."""

    number: int
    source: str


@dataclass(frozen=True, slots=True)
class TextCell:
    """One cell that is not code. kind: "Markdown", "raw" or another. after: how many code cells come before it."""

    kind: str
    after: int
    source: str


def read_notebook(content: bytes, path: str) -> tuple[Cell, ...]:
    """The code cells of a .ipynb; `path` is for messages. Nothing in it is executed.

    A malformed cell counts, with an empty source, so the numbers are those that Jupyter shows.
    Raises UnreadableNotebook if `content` is not a notebook.
    """
    return read_text_cells(content, path)[0]


def read_text_cells(content: bytes, path: str) -> tuple[tuple[Cell, ...], tuple[TextCell, ...]]:
    """The code cells as `read_notebook` has them, and the other cells."""
    code: list[Cell] = []
    texts: list[TextCell] = []
    for cell in _cells_of(parse_notebook(content, path), path):
        source, kind = _source_of(cell), cell.get("cell_type")
        if kind == "code":
            code.append(Cell(len(code) + 1, source))
        else:
            name = {"markdown": "Markdown"}.get(str(kind), formatting.printable(str(kind))[:20])
            texts.append(TextCell(name, len(code), source))
    return tuple(code), tuple(texts)


def parse_notebook(content: bytes, path: str) -> dict[str, Any]:
    """The notebook as JSON. Raises UnreadableNotebook if it is none."""
    text = content.decode(json.detect_encoding(content), "replace")
    start = text[:1000].lstrip("\ufeff \t\r\n")
    if not text.strip("\ufeff \t\r\n\0"):
        raise _unreadable(path, "an empty file", "save the notebook again")
    if start.startswith("<") and not start.startswith("<<<<<<<"):
        raise _unreadable(
            path, "a web page", "download the notebook itself (on GitHub: Raw), not the page that shows it"
        )
    if text.count("[") + text.count("{") > _GREATEST_LISTS or text.count(",") > _GREATEST_ITEMS:
        raise _unreadable(
            path, "more lists and numbers than any notebook needs", "clear its outputs and save it again"
        )
    try:
        document = json.loads(text)
    except RecursionError:
        raise _unreadable(path, "lists or objects nested too deeply", "save the notebook again") from None
    except ValueError as error:
        if _CONFLICT_MARKER.search(text):
            raise _unreadable(
                path,
                "Git's merge conflict markers (<<<<<<<)",
                "resolve the conflict and save the notebook again",
            ) from None
        seen = "invalid JSON"
        if isinstance(error, json.JSONDecodeError):
            if error.msg.startswith("Unterminated") or not text[error.pos :].strip():
                seen = f"a file that ends abruptly in line {text.count(chr(10)) + 1}"
                raise _unreadable(path, seen, "download it or export it again") from None
            seen += f" (line {error.lineno}: {error.msg})"
        raise _unreadable(path, seen, "open it in Jupyter and save it again") from None
    if not isinstance(document, dict):
        kinds = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
        seen = f"JSON that is {kinds.get(type(document), 'a number')}"
        raise _unreadable(path, seen, "open it in Jupyter and save it again")
    return document


def _cells_of(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """All cells in order, without their outputs, which may be large."""
    if "cells" not in document and "worksheets" not in document:
        raise _unreadable(
            path, 'a JSON object without "cells"', "check that this is the notebook and not another file"
        )
    holders = [document]
    if isinstance(worksheets := document.get("worksheets"), list):
        holders += [sheet for sheet in worksheets if isinstance(sheet, dict)]
    cells = []
    for holder in holders:
        if isinstance(found := holder.get("cells"), list):
            cells += [cell for cell in found if isinstance(cell, dict)]
    for cell in cells:
        cell.pop("outputs", None)
        cell.pop("attachments", None)
    document.clear()
    return cells


def _source_of(cell: dict[str, Any]) -> str:
    """The cell's text with Unix line ends; formats 3 and 1 call it `input` and `code`."""
    source: Any = next((cell[key] for key in ("source", "input", "code") if cell.get(key) is not None), "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return _SURROGATE.sub("\ufffd", source).replace("\r\n", "\n").replace("\r", "\n")


def _unreadable(path: str, seen: str, advice: str) -> UnreadableNotebook:
    return UnreadableNotebook.unlike(Path(path), "a notebook", seen, advice)
