"""Brightspace: the grades that it exported, with the scores in it, or an import file of our own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from grader.exporters.export import Export, ExportContext
from grader.exporters.sheets.columns import graded, listed
from grader.exporters.sheets.filling import fill
from grader.exporters.sheets.grid import Grid, SheetError
from grader.exporters.sheets.import_table import IdColumn, ImportFormat, import_table
from grader.exporters.sheets.layout import Layout, header_row, keys_by_header, name_columns, number
from grader.exporters.sheets.persons import LOGINS, NUMBERS
from grader.model.student_result import StudentResult

_TITLE = re.compile(r"(?P<title>.*) Points Grade(?: <(?P<more>.*)>)?(?P<id>)", re.DOTALL)
_MOST = re.compile(r"MaxPoints: ?([0-9]+(?:[.,][0-9]+)?)")
_KEYS = (("OrgDefinedId", NUMBERS), ("Username", LOGINS), ("UserName", LOGINS))
_ABOVE = "Brightspace cuts off at the maximum unless the item can exceed it"
_END = "End-of-Line Indicator"

_IMPORT = ImportFormat(
    "brightspace.csv",
    (IdColumn("OrgDefinedId", ("id", "sid", "sis")), IdColumn("Username", ("login", "username"))),
    above=_ABOVE,
    last=((_END, "#"),),
)


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The sheet of the context, or a new import file, with the students who have a score. Rows without one are left out."""
    if context.sheet is not None:
        return fill(results, context, layout)
    item = (context.column or context.title).strip().removesuffix(" Points Grade")
    remark = f"the grade item {item!r} must be in Brightspace, or the import can create it; name another with --column"
    made = import_table(results, context, _IMPORT, f"{item} Points Grade")
    return replace(made, remarks=(*made.remarks, remark))


def layout(grid: Grid, context: ExportContext) -> Layout:
    """The columns of an exported sheet."""
    at = header_row(grid)
    header = grid.lines[at]
    if header.cells[-1].plain != _END:
        raise SheetError(
            f"not grades that Brightspace exported: the last column is not {_END!r}; {listed(header)}"
        )
    for line in grid.lines[at + 1 :]:
        if not line.is_blank and line[len(header.cells) - 1] != "#":
            raise SheetError(
                f"line {line.number} does not end with #, as Brightspace wants it: export the sheet again"
            )
    keys = keys_by_header(grid, at, context, _KEYS)
    if not keys:
        raise SheetError(f"no column OrgDefinedId or Username; {listed(header)}")
    grade = graded(header, context.column, _TITLE, "column of points, such as Assignment 1 Points Grade")
    seen = _TITLE.fullmatch(header[grade])
    if seen is None:
        raise SheetError(
            f"the column {header[grade]!r} is not one of points, as in Assignment 1 Points Grade"
        )
    most = _MOST.search(seen["more"] or "")
    return Layout(
        "Brightspace",
        at,
        keys,
        grade,
        name_columns(grid, at),
        maximum=None if most is None else number(most[1]),
        above=_ABOVE,
        drops_rows_without_grade=True,
    )
