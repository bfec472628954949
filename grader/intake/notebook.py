"""The code cells of a notebook of any version, however roughly it was saved."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import formatting
from grader.errors import UnreadableNotebook

_CURRENT_FORMAT = 4
_GREATEST_LISTS = 1_000_000
_GREATEST_ITEMS = 5_000_000
"""Lists and objects, and commas, in the text of a notebook: each takes memory many times its length."""

_CONFLICT_MARKER = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell; `number` counts from 1 over the code cells; lines of `source` end as Python counts them."""

    number: int
    source: str


def read_notebook(content: bytes, path: str) -> tuple[Cell, ...]:
    """The code cells of a .ipynb; `path` is for messages. Nothing in it is executed.

    A cell that is malformed counts, with an empty source, so that numbers stay those that Jupyter shows.
    Raises UnreadableNotebook where `content` is no notebook.
    """
    document = _parse(content, path)
    format_number = _format_number(document)
    cells = [_tidy(cell) for cell in _cells_of(document, path) if _is_code(cell)]
    if format_number < _CURRENT_FORMAT:
        cells = _upgraded(cells, format_number, path)
    return tuple(Cell(number, _clean(cell["source"])) for number, cell in enumerate(cells, start=1))


def _parse(content: bytes, path: str) -> dict[str, Any]:
    text = content.decode(json.detect_encoding(content), "replace")
    start = text[:1000].lstrip("\ufeff \t\r\n")
    if not text.strip("\ufeff \t\r\n\0"):
        raise _unreadable(path, "an empty file", "save the notebook again")
    if start.startswith("<") and not start.startswith("<<<<<<<"):
        raise _unreadable(
            path,
            "an HTML or XML page",
            "download the notebook itself (on GitHub: Raw), not the page that shows it",
        )
    if text.count("[") + text.count("{") > _GREATEST_LISTS or text.count(",") > _GREATEST_ITEMS:
        raise _unreadable(
            path,
            "more lists and numbers than a notebook's code can need",
            "clear its outputs and save it again",
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
        seen = "what is no JSON"
        if isinstance(error, json.JSONDecodeError):
            seen += f" (line {error.lineno}: {error.msg})"
        raise _unreadable(path, seen, "open it in Jupyter and save it again") from None
    if not isinstance(document, dict):
        raise _unreadable(
            path, f"JSON that is {_json_kind(document)}", "open it in Jupyter and save it again"
        )
    return document


def _format_number(document: dict[str, Any]) -> int:
    number = document.get("nbformat")
    if isinstance(number, int) and 1 <= number <= _CURRENT_FORMAT and number != _CURRENT_FORMAT:
        return int(number)
    # Format 3 kept its cells in worksheets; a number that is missing or odd is told by that.
    return 3 if "worksheets" in document and "cells" not in document else _CURRENT_FORMAT


def _cells_of(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """The cells of every kind in order; outputs are dropped here, so that a large one costs nothing further."""
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


def _is_code(cell: dict[str, Any]) -> bool:
    return cell.get("cell_type") == "code"


def _tidy(cell: dict[str, Any]) -> dict[str, Any]:
    """A well-formed cell with the same source; `input` and `code` are what formats 3 and 1 called it."""
    source: Any = next((cell[key] for key in ("source", "input", "code") if cell.get(key) is not None), "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return {"cell_type": "code", "source": source if isinstance(source, str) else ""}


def _upgraded(cells: list[dict[str, Any]], format_number: int, path: str) -> list[dict[str, Any]]:
    """The cells after nbformat's own conversion to the current format."""
    import nbformat  # noqa: PLC0415  0.3 s, which a module or a notebook of today need not pay

    old = [
        {
            "cell_type": "code",
            "language": "python",
            "metadata": {},
            "collapsed": False,
            "prompt_number": None,
            "outputs": [],
            "input": cell["source"],
            "code": cell["source"],
        }
        for cell in cells
    ]
    layout: dict[str, Any] = (
        {"cells": old} if format_number == 1 else {"worksheets": [{"cells": old, "metadata": {}}]}
    )
    document = {"nbformat": format_number, "nbformat_minor": 0, "metadata": {"name": ""}, **layout}
    try:
        notebook = nbformat.from_dict(document)  # type: ignore[no-untyped-call]
        converted = nbformat.convert(notebook, _CURRENT_FORMAT)  # type: ignore[no-untyped-call]
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(
            path,
            f"a notebook of format {format_number} that does not convert",
            "open it in Jupyter and save it again",
        ) from error
    return [cell for cell in converted["cells"] if cell["cell_type"] == "code"]


def _clean(source: str) -> str:
    """Lines as Python counts them, and no lone surrogates, which no text encoding takes."""
    return _SURROGATE.sub("\ufffd", source).replace("\r\n", "\n").replace("\r", "\n")


def _json_kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _unreadable(path: str, seen: str, remedy: str) -> UnreadableNotebook:
    return UnreadableNotebook(
        f"{formatting.printable(path)}: expected a notebook, found {seen}; {remedy}", path=Path(path)
    )
