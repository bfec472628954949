"""A sheet as bytes: where each cell begins and ends, so that single cells can be written and nothing else changes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader import formatting
from grader.intake.table import DELIMITERS, TableError, text_of

GREATEST_BYTES = 64 << 20
_GREATEST_CELL = 100_000
_GREATEST_COLUMN = 16_384
"""As many as a spreadsheet has."""

_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_NEWLINE = re.compile(r"\r\n|\r|\n")
_IN_QUOTES = re.compile(r'"[^"]*"')
_LOGICAL_LINE = re.compile(r'(?:"[^"]*"|[^"\r\n])+')
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n)")
"""A first line for Excel."""


class SheetError(ValueError):
    """The sheet cannot be filled in; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with the bytes that it takes up, its quotes included."""

    text: str
    start: int
    end: int
    is_quoted: bool = False

    @property
    def plain(self) -> str:
        """The text without spaces around it."""
        return self.text.strip()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet with the bytes that it takes up, its line end included."""

    number: int
    """The line of the file on which it begins, from 1."""

    cells: tuple[Cell, ...]
    start: int
    end: int

    def __getitem__(self, column: int) -> str:
        """The text of a cell without spaces around it; empty where the row is too short."""
        return self.cells[column].plain if column < len(self.cells) else ""

    def joined(self, columns: Iterable[int]) -> str:
        """The texts of these cells with a space between, such as a first and a last name."""
        return " ".join(filter(None, (self[column] for column in columns)))

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it."""
        return not any(cell.plain for cell in self.cells)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of its cells, as they are."""
        return tuple(cell.text for cell in self.cells)


Edits = Mapping[tuple[int, int], str]
"""New texts of cells, by row (counted in `Grid.lines`) and column."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet that was read. Its rows are all there, blank ones too."""

    content: bytes
    codec: str
    delimiter: str
    lines: tuple[Line, ...]

    @property
    def header(self) -> Line:
        """The first row with anything in it."""
        return next(line for line in self.lines if not line.is_blank)

    def written(self, text: str, *, is_quoted: bool) -> bytes:
        """A cell's bytes. Quoted if it was, or must be."""
        must_be = text != text.strip() or not {'"', "\r", "\n", self.delimiter}.isdisjoint(text)
        if is_quoted or must_be:
            text = '"{}"'.format(text.replace('"', '""'))
        try:
            return text.encode(self.codec)
        except UnicodeEncodeError as error:
            character = formatting.printable(text[error.start])
            raise SheetError(
                f"the sheet's encoding ({self.codec}) has no {character!r}; save the sheet as CSV (UTF-8)"
            ) from error


def read_grid(content: bytes, encoding: str | None = None) -> Grid:
    """The cells of a sheet, and where they are.

    encoding: of the text, if it is neither UTF-8 nor, by its byte order mark, UTF-16. SheetError if it cannot be read.
    """
    if len(content) > GREATEST_BYTES:
        raise SheetError(f"more than {formatting.size(GREATEST_BYTES)}; this is not a class sheet")
    text, codec, start = _decoded(content, encoding)
    separator = _SEPARATOR_LINE.match(text)
    lines: list[Line] = []
    if separator is None:
        delimiter, at, number = _delimiter_of(text), 0, 1
    else:
        delimiter, at, number = separator[1], separator.end(), 2
        end = start + len(separator[0].encode(codec))
        lines.append(Line(1, (), start, end))
        start = end
    lines.extend(_lines(text, at, number, start, codec, delimiter))
    if not lines or lines[-1].end != len(content):
        raise SheetError(f"its bytes are not valid {codec}; for UTF-16 give utf-16-le or utf-16-be")
    if all(line.is_blank for line in lines):
        raise SheetError("the sheet is empty")
    return Grid(content, codec, delimiter, tuple(lines))


def filled(grid: Grid, edits: Edits, dropped: frozenset[int] = frozenset()) -> bytes:
    """The sheet with new texts in some cells and without some rows. Every other byte is as it was.

    A row that is too short gets the delimiters that it lacks. The result is read again and compared before it is returned.
    """
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), text in edits.items():
        by_row.setdefault(row, {})[column] = text
    pieces: list[bytes] = []
    done = 0
    for row in sorted({*by_row, *dropped}):
        line = grid.lines[row]
        if row in dropped:
            pieces.append(grid.content[done : line.start])
            done = line.end
            continue
        new = by_row[row]
        for column, cell in enumerate(line.cells):
            if column in new:
                pieces += [
                    grid.content[done : cell.start],
                    grid.written(new[column], is_quoted=cell.is_quoted),
                ]
                done = cell.end
        if max(new) >= len(line.cells):
            end = _end_of_cells(line)
            pieces.append(grid.content[done:end])
            done = end
            delimiter = grid.delimiter.encode(grid.codec)
            for column in range(len(line.cells), max(new) + 1):
                pieces += [delimiter, grid.written(new.get(column, ""), is_quoted=False)]
    pieces.append(grid.content[done:])
    after = b"".join(pieces)
    _prove(grid, after, by_row, dropped)
    return after


def _end_of_cells(line: Line) -> int:
    return line.cells[-1].end if line.cells else line.start


def _prove(
    before: Grid, content: bytes, by_row: Mapping[int, Mapping[int, str]], dropped: frozenset[int]
) -> None:
    """Read the new sheet and compare: the cells that were named have the new texts, all else is the same bytes."""
    after = read_grid(content, before.codec)
    kept = [row for row in range(len(before.lines)) if row not in dropped]
    if len(after.lines) != len(kept) or after.delimiter != before.delimiter:
        raise _unproved("its rows differ")
    for line, row in zip(after.lines, kept, strict=True):
        old, new = before.lines[row], by_row.get(row, {})
        for column, cell in enumerate(line.cells):
            was = old.cells[column].text if column < len(old.cells) else ""
            if cell.text != new.get(column, was):
                raise _unproved(f"line {old.number} differs in column {column + 1}")
        if _outside(after, line, new, len(old.cells)) != _outside(before, old, new, len(old.cells)):
            raise _unproved(f"line {old.number} differs outside the cells that were to be written")
    first = (before.lines[0].start, after.lines[0].start if after.lines else before.lines[0].start)
    if before.content[: first[0]] != content[: first[1]]:
        raise _unproved("its byte order mark differs")


def _outside(grid: Grid, line: Line, new: Mapping[int, str], width: int) -> bytes:
    """The bytes of a row but for the named cells, and for those beyond the width that it had."""
    pieces, at = [], line.start
    for column, cell in enumerate(line.cells):
        if column >= width:
            break
        if column in new:
            pieces.append(grid.content[at : cell.start])
            at = cell.end
    if len(line.cells) > width:
        end = line.cells[width - 1].end if width else line.start
        pieces.append(grid.content[at:end])
        at = _end_of_cells(line)
    return b"".join((*pieces, grid.content[at : line.end]))


def _unproved(words: str) -> RuntimeError:
    """Our own fault: nothing is written."""
    return RuntimeError(f"the filled sheet does not match the one that was read: {words}")


def _decoded(content: bytes, encoding: str | None) -> tuple[str, str, int]:
    """The text, its codec, and at which byte it begins."""
    for mark, codec in _MARKS:
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(codec), codec, len(mark)
            except UnicodeDecodeError as error:
                raise SheetError(f"it starts like {codec} but is not; export it again") from error
    if encoding is not None:
        try:
            text = content.decode(encoding)
        except LookupError as error:
            raise SheetError(
                f"there is no encoding {encoding!r}; give one such as cp1252 or utf-16-le"
            ) from error
        except UnicodeError as error:
            raise SheetError(f"it is not in the encoding {encoding}") from error
        return text, encoding, 0
    if content[1:2] == b"\0" or content[:1] == b"\0":
        raise SheetError(
            "it looks like UTF-16 without a byte order mark; say so with --set encoding=utf-16-le (or utf-16-be)"
        )
    try:
        return text_of(content), "utf-8", 0
    except TableError as error:
        words = str(error)
        if "is not UTF-8" in words:
            words += ", or give its encoding, as in --set encoding=cp1252"
        raise SheetError(words) from error


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _delimiter_of(text: str) -> str:
    """The delimiter of which there are most in the first line that has any outside quotes; else a comma."""
    for line in _LOGICAL_LINE.finditer(text):
        outside = _IN_QUOTES.sub("", line[0])
        counts = {each: outside.count(each) for each in DELIMITERS}
        if any(counts.values()):
            return max(DELIMITERS, key=lambda each: counts[each])
    return ","


def _lines(text: str, at: int, number: int, start: int, codec: str, delimiter: str) -> Iterator[Line]:
    """The rows from a character on, which is on this line and at this byte."""
    bare = re.compile(f"[^{re.escape(delimiter)}\r\n]*")
    width = len(delimiter.encode(codec))
    while at < len(text):
        first_byte, first_line = start, number
        cells: list[Cell] = []
        while True:
            cell, at, newlines = _cell(text, at, start, codec, bare, number)
            cells.append(cell)
            number += newlines
            start = cell.end
            if not text.startswith(delimiter, at):
                break
            at += 1
            start += width
            if len(cells) > _GREATEST_COLUMN:
                raise SheetError(f"line {first_line} has more than {_GREATEST_COLUMN:,} cells")
        newline = _NEWLINE.match(text, at)
        if newline is not None:
            at = newline.end()
            start += len(newline[0].encode(codec))
            number += 1
        elif at < len(text):
            raise SheetError(f'line {number}: a quoted cell contains a single "; write it as ""')
        yield Line(first_line, tuple(cells), first_byte, start)


def _cell(
    text: str, at: int, start: int, codec: str, bare: re.Pattern[str], number: int
) -> tuple[Cell, int, int]:
    """The cell at a character, where it ends, and how many lines it goes over."""
    is_quoted = text.startswith('"', at)
    seen = (_QUOTED if is_quoted else bare).match(text, at)
    if seen is None or seen.end() - at > _GREATEST_CELL:
        raise SheetError(
            f"line {number}: a quote is left open, or a cell has more than {_GREATEST_CELL:,} characters"
        )
    content = seen[1].replace('""', '"') if is_quoted else seen[0]
    cell = Cell(content, start, start + len(seen[0].encode(codec)), is_quoted)
    return cell, seen.end(), len(_NEWLINE.findall(seen[0])) if is_quoted else 0
