"""Moodle: the grading worksheet of an assignment with the scores in it, or a file for the grade import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from grader.exporters.export import Export, ExportContext
from grader.exporters.sheets.columns import listed, named, only
from grader.exporters.sheets.filling import fill
from grader.exporters.sheets.grid import Grid, Line, SheetError
from grader.exporters.sheets.import_table import IdColumn, ImportFormat, import_table
from grader.exporters.sheets.layout import (
    Layout,
    at_header,
    feedback_column,
    header_row,
    name_columns,
    number,
    own_key,
)
from grader.exporters.sheets.persons import LOGINS, NUMBERS, Key
from grader.intake.persons import folded
from grader.intake.platforms.times import time_in_words
from grader.intake.roster_columns import columns_of, participant_number
from grader.intake.table import Row
from grader.model.student_result import StudentResult

_GRADE = frozenset(
    {"grade", "bewertung", "note", "calificación", "valutazione", "cijfer", "nota", "beoordeling"}
)
"""In some of the languages of a site; a worksheet has one of them."""
_MAXIMUM = frozenset({"maximum grade"})
_CAN_CHANGE = frozenset({"grade can be changed"})
_GRADED_AT = frozenset({"last modified (grade)"})
_NO = frozenset({"no", "nein", "non", "nee", "não", "nej", "ei"})

_IMPORT = ImportFormat(
    "moodle.csv",
    (
        IdColumn("ID number", ("id", "sid", "sis")),
        IdColumn("Email address", ("email",)),
        IdColumn("Username", ("login", "username")),
    ),
    above="Moodle refuses with the whole file, unless the site has unlimited grades",
    has_names=True,
)


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The worksheet of the context, or, without one, a CSV for the grade import (Grades, Import, CSV file)."""
    if context.sheet is not None:
        return fill(results, context, layout)
    title = context.column or context.title
    made = import_table(results, context, _IMPORT, title)
    used = "Moodle's import takes all rows or none: identify students by one of the id columns, map"
    remark = f"{used} {title!r} to the grade item and the name to nothing"
    return replace(made, remarks=(*made.remarks, remark))


def layout(grid: Grid, context: ExportContext) -> Layout:
    """The columns of a worksheet, in the language of the site."""
    at = header_row(grid)
    header = grid.lines[at]
    keys = own_key(grid, at, context) or id_columns(grid, at)
    graded_at = next(at_header(header, _GRADED_AT), None)
    if "Identifier" in (cell.plain for cell in header.cells) and graded_at is None:
        raise SheetError(
            f"Moodle takes no worksheet without its column Last modified (grade): download it again; {listed(header)}"
        )
    if context.column is not None:
        grade = named(header, context.column)
    else:
        grade = only(header, at_header(header, _GRADE), "column Grade")
    maximum = next(at_header(header, _MAXIMUM), None)
    if maximum is None:
        maximum = _numeric(grid, at, grade + 1)
    can_change = next(at_header(header, _CAN_CHANGE), None)
    if can_change is None and maximum == grade + 1:
        can_change = grade + 2
    return Layout(
        "Moodle",
        at,
        keys,
        grade,
        name_columns(grid, at),
        feedback_column(grid, at, context),
        is_html=True,
        maximum_column=maximum,
        above="Moodle skips silently",
        objection=partial(_objection, grade=grade, can_change=can_change, graded_at=graded_at),
        is_a_team=can_be_a_team,
        remarks=(
            (
                "Moodle silently skips anyone graded there after this worksheet was downloaded, unless you"
                " tick the option to update records that were modified more recently in Moodle"
            ),
        ),
    )


def id_columns(grid: Grid, at: int) -> tuple[Key, ...]:
    """The columns of ids: the participant's number first. SheetError if there is none of participants."""
    header = grid.lines[at]
    first, *below = (Row(line.number, line.texts) for line in grid.lines[at:] if not line.is_blank)
    roles = columns_of(first, below).at
    if "moodle" not in roles:
        raise SheetError(
            "not a Moodle grading worksheet: no column with cells such as Participant 1001; name the column"
            " of ids with"
            f" --key; {listed(header)}"
        )
    return (
        Key(roles["moodle"], frozenset({"moodle"}), participant_number),
        *(
            Key(roles[role], kinds)
            for role, kinds in (("id", NUMBERS), ("email", LOGINS), ("login", LOGINS))
            if role in roles
        ),
    )


def _numeric(grid: Grid, at: int, column: int) -> int | None:
    """The column, if it holds numbers alone: that of the maximum follows the grade."""
    cells = [line[column] for line in grid.lines[at + 1 :] if line[column]]
    return column if cells and all(number(each) is not None for each in cells) else None


def _objection(line: Line, _: float, grade: int, can_change: int | None, graded_at: int | None) -> str | None:
    """Why Moodle would skip the row, as far as the worksheet tells."""
    if can_change is not None and line[can_change].casefold() in _NO:
        return "because the grade is locked"
    is_graded = number(line[grade]) is not None
    if is_graded and graded_at is not None and time_in_words(line[graded_at]) is None:
        return (
            f"because PHP may not read the date {line[graded_at]!r} of the grade there, unless you tick the"
            " option to update records that were modified more recently"
        )
    return None


def can_be_a_team(name: str) -> bool:
    """Whether a student's name in a download may be a team's: under blind marking everybody is called Participant."""
    return folded(name) != "participant"
