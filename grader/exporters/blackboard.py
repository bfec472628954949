"""Blackboard: the grade center's download, with the scores in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.exporters.export import Export, ExportContext
from grader.exporters.sheets.columns import graded, listed
from grader.exporters.sheets.filling import fill
from grader.exporters.sheets.grid import Grid, SheetError
from grader.exporters.sheets.layout import (
    Layout,
    feedback_column,
    header_row,
    keys_by_header,
    name_columns,
    number,
)
from grader.exporters.sheets.persons import LOGINS, NUMBERS
from grader.model.student_result import StudentResult

_TITLE = re.compile(r"(?P<title>.*?)\s*(?:\[(?P<points>[^\[\]]*)\][^|\[\]]*)?\|\s*(?P<id>[0-9]+)", re.DOTALL)
_KEYS = (("Username", LOGINS), ("Student ID", NUMBERS))
_POINTS = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The download of the context with the scores in the column of the assignment."""
    if context.sheet is None:
        words = (
            "blackboard needs the file that the grade center downloads (Work Offline, Download): give it with --sheet."
            " Without the column's own id, Blackboard makes a new column worth 0"
        )
        return Export(problems=(words,))
    return fill(results, context, layout)


def layout(grid: Grid, context: ExportContext) -> Layout:
    """The columns of a download."""
    at = header_row(grid)
    header = grid.lines[at]
    keys = keys_by_header(grid, at, context, _KEYS)
    if not keys:
        raise SheetError(
            f"no column Username; name the column of ids with --key, if this is from Blackboard; {listed(header)}"
        )
    grade = graded(
        header,
        context.column,
        _TITLE,
        "column of an assignment, such as Assignment 1 [Total Pts: 100] |664617",
    )
    seen = _TITLE.fullmatch(header[grade])
    if seen is None:
        raise SheetError(
            f"the column {header[grade]!r} does not end in |id: Blackboard would make it a new column worth 0"
        )
    points = _POINTS.search(seen["points"] or "")
    return Layout(
        "Blackboard",
        at,
        keys,
        grade,
        name_columns(grid, at),
        feedback_column(grid, at, context),
        maximum=None if points is None else number(points[0]),
        above="Blackboard takes as extra points",
    )
