"""Canvas: the gradebook that it exported, with the scores in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from grader.exporters.export import Export, ExportContext
from grader.exporters.sheets.columns import graded, listed
from grader.exporters.sheets.filling import fill
from grader.exporters.sheets.grid import Grid, Line, SheetError
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

_TITLE = re.compile(r"(?P<title>.*)\((?P<id>[0-9]+)\)", re.DOTALL)
_KEYS = (
    ("ID", frozenset({"canvas"})),
    ("SIS User ID", NUMBERS),
    ("SIS Login ID", LOGINS),
)
_TOTALS = re.compile(
    "Current (?:Score|Points|Grade)|Final (?:Score|Points|Grade)|Override (?:Score|Grade|Status)"
)
"""Canvas drops a column with one of these anywhere in its header."""
_OF_POSTING = re.compile(r"\s*(?:muted|manual posting.*)?\s*", re.IGNORECASE | re.DOTALL)
_READ_ONLY = re.compile(r"read\s+only", re.IGNORECASE)
_NOT_ASSIGNED = frozenset({"n/a"})


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The gradebook of the context with the scores in the column of the assignment.

    Without a gradebook there are problems in words: Canvas makes a new assignment of a column that it does not know.
    """
    if context.sheet is None:
        words = (
            "canvas needs the gradebook that Canvas exported (Grades, Export): give it with --sheet. With a header of our"
            " own Canvas could make a new assignment"
        )
        return Export(problems=(words,))
    return fill(results, context, layout)


def layout(grid: Grid, context: ExportContext) -> Layout:
    """The columns of a gradebook."""
    at = header_row(grid)
    header = grid.lines[at]
    is_split = "LastName" in header[0] and "FirstName" in header[1] and "ID" in header[2]
    if len(header.cells) <= 3 or not (is_split or ("Student" in header[0] and "ID" in header[1])):
        raise SheetError(
            "not a gradebook that Canvas exported: expected a header that begins with Student,ID;"
            f" {listed(header)}. For another table use the format sheet, with --key and --column"
        )
    points = next((line for line in grid.lines[at + 1 :] if "Points Possible" in line[0]), None)
    grade = graded(
        header,
        context.column,
        _TITLE,
        "column of an assignment, such as Assignment 1 (90210)",
        lambda column: bool(
            _TOTALS.search(header[column]) or (points is not None and _READ_ONLY.search(points[column]))
        ),
    )
    title = header[grade]
    if _TOTALS.search(title):
        raise SheetError(
            f"Canvas ignores a column with words such as Final Score in its title, as in {title!r}; rename"
            " the assignment"
        )
    if points is not None and _READ_ONLY.search(points[grade]):
        raise SheetError(f"Canvas does not import the column {title!r}: it is read only")
    unnumbered = f"the column {title!r} has no (id): Canvas finds the assignment by its whole title, or makes a new one"
    return Layout(
        "Canvas",
        at,
        keys_by_header(grid, at, context, _KEYS),
        grade,
        (0, 1) if is_split else name_columns(grid, at) or (0,),
        feedback_column(grid, at, context),
        is_person=_is_person,
        kept=partial(_kept, grade=grade),
        maximum=None if points is None else number(points[grade]),
        above="Canvas takes as extra points",
        remarks=() if _TITLE.fullmatch(title) else (unnumbered,),
    )


def _is_person(line: Line) -> bool:
    return "Points Possible" not in line[0] and not all(
        _OF_POSTING.fullmatch(cell.text) for cell in line.cells
    )


def _kept(line: Line, grade: int) -> str | None:
    """An excuse is somebody's decision."""
    cell = line[grade].casefold()
    if cell == "ex":
        return "is excused in the sheet (EX): the cell stays; clear it to write the score"
    if cell in _NOT_ASSIGNED:
        return f"is not assigned this work in Canvas ({line[grade]}): the cell stays"
    return None
