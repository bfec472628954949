"""Any table of a class as CSV, with the scores in the column that the instructor names."""

from __future__ import annotations

from collections.abc import Sequence

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.sheets.columns import listed, named
from grader.exporters.sheets.filling import fill
from grader.exporters.sheets.grid import Grid, Line, SheetError
from grader.exporters.sheets.layout import Layout, feedback_column, name_columns
from grader.exporters.sheets.persons import Key
from grader.model.student_result import StudentResult

_PREAMBLE = 10
"""The header is among so many rows: some exports begin with a title."""


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The sheet of the context with the scores in --column, matched by the ids in --key."""
    missing = [
        option
        for option, value in (
            ("--sheet", context.sheet),
            ("--key", context.key),
            ("--column", context.column),
        )
        if value is None
    ]
    if missing:
        words = f"sheet needs {formatting.listing(missing)}: the file to fill in, its column of ids, its column of scores"
        return Export(problems=(words,))
    return fill(results, context, layout)


def layout(grid: Grid, context: ExportContext) -> Layout:
    """The named columns, in the first row that has both."""
    key, column = context.key or "", context.column or ""
    first = next(row for row, line in enumerate(grid.lines) if not line.is_blank)
    for row, line in enumerate(grid.lines[first : first + _PREAMBLE], first):
        if _has(line, key) and _has(line, column):
            return Layout(
                "The platform",
                row,
                (Key(named(line, key), None),),
                named(line, column),
                _names(grid, row, key),
                feedback_column(grid, row, context),
            )
    header = grid.lines[first]
    absent = [repr(formatting.printable(each)) for each in (key, column) if not _has(header, each)]
    raise SheetError(f"there is no column {formatting.listing(absent, 'or')}; {listed(header)}")


def _has(line: Line, name: str) -> bool:
    """Whether there is such a column; two of them are one too many, which is said later."""
    return any(cell.plain.casefold() == name.strip().casefold() for cell in line.cells if name.strip())


def _names(grid: Grid, row: int, key: str) -> tuple[int, ...]:
    """The columns of names, unless one is the key."""
    found = name_columns(grid, row)
    return () if named(grid.lines[row], key) in found else found
