"""A table that people save from a spreadsheet or download from a platform: from its bytes to text, and from that to rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t")

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How .xlsx, .ods and .numbers (zip archives) begin, and .xls."""

_GREATEST_CELL = 100_000


class TableError(ValueError):
    """The bytes are not such a table; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the line on which it begins, from 1."""

    line: int
    cells: tuple[str, ...]


def text_of(content: bytes) -> str:
    """The text: UTF-16 where a byte order mark says so, else UTF-8. TableError if it is anything else."""
    if content.startswith(_WORKBOOKS):
        raise TableError("this is a spreadsheet's own file; open it there and save it as CSV (UTF-8)")
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content:
            raise TableError("this is not text; give a CSV file") from error
        line = content.count(b"\n", 0, error.start) + 1
        raise TableError(f"line {line} is not UTF-8; save it as CSV (UTF-8)") from error
    if "\0" in text:
        raise TableError("this is not text; give a CSV file")
    if not text.strip():
        raise TableError("the file is empty")
    return text


def rows_of(text: str, delimiter: str) -> Iterator[Row]:
    """The rows that are not blank. TableError where the quotes do not fit."""
    stream = io.StringIO(text, newline="")
    rows = csv.reader(stream, delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise TableError(
                f"line {before + 1}: a quote is left open, stands inside a quoted cell without its double, or the cell is"
                ' far too long; write a quote in a quoted cell as ""'
            ) from error
        if cells is None:
            return
        line, before = before + 1, rows.line_num
        if any(len(cell) > _GREATEST_CELL for cell in cells):
            raise TableError(
                f"line {line}: a cell of more than {_GREATEST_CELL:,} characters; is a quote left open?"
            )
        if any(cell.strip() for cell in cells):
            yield Row(line, tuple(cells))
