"""Where things stand in a platform's sheet, and what the platform makes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from grader.exporters.export import ExportContext
from grader.exporters.sheets.columns import named
from grader.exporters.sheets.grid import Grid, Line, SheetError
from grader.exporters.sheets.persons import Key
from grader.intake.roster_columns import columns_of
from grader.intake.table import Row

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:[.,][0-9]{1,12})?")
_IN_EXCEL = re.compile(r'="(.*)"')


def _nothing(_: Line) -> None:
    return None


def _no_objection(_: Line, __: float) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one sheet by number, and the platform's rules for its rows."""

    platform: str
    """As a sentence names it."""

    header: int
    """Number of the row with the header, in `Grid.lines`."""

    keys: tuple[Key, ...]
    """The columns of ids, the strongest first."""

    grade: int

    names: tuple[int, ...] = ()
    """The columns of names, which only cross-check."""

    feedback: int | None = None
    """The column for words on the score, if it was asked for."""

    is_html: bool = False
    """Whether those words are HTML."""

    is_person: Callable[[Line], bool] = field(default=lambda _: True)

    kept: Callable[[Line], str | None] = _nothing
    """Why a row's grade must stay as it is, in words that follow a student's name; None if it need not."""

    maximum: float | None = None
    """The greatest grade; None if unknown, or in a column."""

    maximum_column: int | None = None
    """The column of the greatest grade."""

    above: str = "is above the maximum"
    """The platform's way with a greater grade, in words that follow the score."""

    objection: Callable[[Line, float], str | None] = _no_objection
    """Why the platform would skip a row with this grade, in words that follow a student's name."""

    is_a_team: Callable[[str], bool] = field(default=lambda _: False)
    """Whether a student's name that shares no word with the row's could be that of a team, whose number is not a student's."""

    drops_rows_without_grade: bool = False

    remarks: tuple[str, ...] = ()
    """On the sheet as a whole."""

    def maximum_of(self, line: Line) -> float | None:
        """The greatest grade that a row may have; None if unknown."""
        return self.maximum if self.maximum_column is None else number(line[self.maximum_column])


def number(text: str) -> float | None:
    """A cell as a number; either mark is a decimal one. None if it is anything else."""
    text = text.strip()
    inside = _IN_EXCEL.fullmatch(text)
    text = text if inside is None else inside[1].strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def decimal_mark(grid: Grid, layout: Layout) -> str:
    """The mark of the grades in the column, else of the other numbers in the sheet; a point where there are none."""
    keys = {key.column for key in layout.keys}
    for is_column in (True, False):
        marks = [
            "," if "," in text else "."
            for line in grid.lines[layout.header + 1 :]
            for column, cell in enumerate(line.cells)
            if (column == layout.grade) is is_column and column not in keys
            if ("," in (text := cell.plain) or "." in text) and number(text) is not None
        ]
        if marks:
            return max(".,", key=marks.count)
    return "."


def header_row(grid: Grid) -> int:
    """The number of the first row with anything in it."""
    return grid.lines.index(grid.header)


def name_columns(grid: Grid, header: int) -> tuple[int, ...]:
    """The columns of names by their headers: a whole name, or first and last."""
    lines = grid.lines[header:]
    first, *below = (Row(line.number, line.texts) for line in lines if line.cells)
    at = columns_of(first, below).at
    if "name" in at:
        return (at["name"],)
    return tuple(at[role] for role in ("first_name", "last_name") if role in at)


def feedback_column(grid: Grid, header: int, context: ExportContext) -> int | None:
    """The column that was asked for by --set feedback=NAME."""
    wanted = context.settings.get("feedback")
    return None if wanted is None else named(grid.lines[header], wanted)


def at_header(header: Line, words: frozenset[str]) -> Iterator[int]:
    """The columns with one of these headers, which are in lower case."""
    for column, cell in enumerate(header.cells):
        if cell.plain.casefold() in words:
            yield column


def own_key(grid: Grid, header: int, context: ExportContext) -> tuple[Key, ...] | None:
    """The column of --key, which may hold any id; None if there is none."""
    return None if context.key is None else (Key(named(grid.lines[header], context.key), None),)


def keys_by_header(
    grid: Grid, header: int, context: ExportContext, kinds: Iterable[tuple[str, frozenset[str]]]
) -> tuple[Key, ...]:
    """The column of --key; without it, of these headers with the kinds of their ids, the ones that are there."""
    names = [cell.plain for cell in grid.lines[header].cells]
    known = tuple(Key(names.index(name), own) for name, own in kinds if name in names)
    return own_key(grid, header, context) or known


def require_apart(layout: Layout) -> Layout:
    """The layout, unless two of its columns are the same: SheetError."""
    written = [layout.grade, *([] if layout.feedback is None else [layout.feedback])]
    read = {*(key.column for key in layout.keys), *layout.names}
    if len(set(written)) < len(written) or read & set(written):
        raise SheetError("the column to fill in also identifies the students; name another")
    return layout
