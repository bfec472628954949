"""Brightspace's sheet with the scores in it, an import file of our own, and what Brightspace makes of both."""

import pytest

from grader.exporters import ExportContext
from grader.exporters.brightspace import export
from tests.exporters.readers import brightspace
from tests.exporters.sheets.results import absent, result

SHEET = (
    b"\xef\xbb\xbfOrgDefinedId,Last Name,First Name,Assignment 1 Points Grade <Numeric MaxPoints:100 Weight:10>,"
    b"End-of-Line Indicator\r\n"
    b"#0012,One,Student,,#\r\n#13,Two,Ann,55,#\r\n#14,Three,Ben,60,#\r\n"
)
RESULTS = [
    result("Student One", 87.5, id="0012"),
    result("Ann Two", 101.0, id="13"),
    result("Ben Three", None, id="14"),
]


def context(sheet=SHEET, column=None, **fields):
    return ExportContext("mini", "Mini", sheet=sheet, sheet_name="g.csv", column=column, **fields)


def test_rows_without_a_grade_are_left_out():
    made = export([*RESULTS, absent("Cem", id="15")], context())

    (artifact,) = made.artifacts
    assert artifact.content == SHEET.replace(b"Student,,", b"Student,87.50,").replace(
        b"Ann,55", b"Ann,101.00"
    ).replace(b"#14,Three,Ben,60,#\r\n", b"")
    grades = brightspace.read(artifact.content, {"0012", "13", "14"}, {"Assignment 1": 100.0})
    assert grades == {("Assignment 1", "0012"): 87.5, ("Assignment 1", "13"): 100.0}
    assert (
        "Above the maximum, which Brightspace cuts off at the maximum unless the item can exceed it: Ann Two"
        " (13): 101.00 of 100" in made.remarks
    )


def test_without_a_sheet_there_is_an_import_file():
    made = export(RESULTS, context(None, "Assignment 1"))

    (artifact,) = made.artifacts
    assert artifact.content == (
        b"OrgDefinedId,Assignment 1 Points Grade,End-of-Line Indicator\n0012,87.50,#\n13,101.00,#\n"
    )
    assert len(brightspace.read(artifact.content, {"0012", "13"}, {"Assignment 1": 100.0})) == 2
    assert made.remarks == (
        "above the maximum, which Brightspace cuts off at the maximum unless the item can exceed it: Ann Two (13): 101 of 100",
        "the grade item 'Assignment 1' must be in Brightspace, or the import can create it; name another with --column",
    )


@pytest.mark.parametrize(
    "sheet, problem",
    [
        (
            SHEET.replace(b"55,#", b"55,"),
            "g.csv: line 3 does not end with #, as Brightspace wants it: export the sheet again",
        ),
        (
            SHEET.replace(b"Points Grade <", b"Text Grade <"),
            (
                "g.csv: there is no column of points, such as Assignment 1 Points Grade; name the column with --column; the"
                " header is 'OrgDefinedId', 'Last Name', 'First Name', 'Assignment 1 Text Grade <Numeric MaxPoints:100"
                " Weight:10>' and 'End-of-Line Indicator'"
            ),
        ),
        (
            b"a,b\n1,2\n",
            (
                "g.csv: not grades that Brightspace exported: the last column is not 'End-of-Line Indicator'; the header is 'a'"
                " and 'b'"
            ),
        ),
    ],
)
def test_another_table_is_refused(sheet, problem):
    assert export(RESULTS, context(sheet)).problems == (problem,)
