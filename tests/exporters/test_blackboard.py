"""Blackboard's download with the scores in it, and what Blackboard makes of it."""

import pytest

from grader.exporters import ExportContext
from grader.exporters.blackboard import export
from tests.exporters.readers import blackboard
from tests.exporters.sheets.results import result

TEXT = (
    '"Last Name"\t"First Name"\t"Username"\t"Assignment 1 [Total Pts: 100] |664617"\t"Assignment 2 |664618"\r\n'
    '"One"\t"Student"\t"student_1"\t""\t"5"\r\n'
    '"Two"\t"Ann ""A"""\t"ann"\t"Needs Grading"\t""'
)
RESULTS = [result("Student One", 87.5, username="student_1"), result("Ann Two", 90.0, login="ANN")]


def context(sheet, column="664617"):
    return ExportContext("mini", "Mini", sheet=sheet, sheet_name="gc.xls", column=column)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_scores_go_into_the_column_in_the_files_own_encoding(encoding):
    made = export(RESULTS, context(TEXT.encode(encoding)))

    (artifact,) = made.artifacts
    expected = TEXT.replace('1"\t""\t"5"', '1"\t"87.50"\t"5"').replace("Needs Grading", "90.00")
    assert artifact.content == expected.encode(encoding)
    grades, new = blackboard.read(artifact.content, {"student_1", "ann"})
    assert grades == {
        ("664617", "student_1"): "87.50", ("664617", "ann"): "90.00", ("664618", "student_1"): "5",
    }  # fmt: skip
    assert new == []
    assert made.remarks == ("Grades to be replaced: Ann Two (ANN): Needs Grading becomes 90.00",)


@pytest.mark.parametrize("column", ["Assignment 1", "664617", "Assignment 1 [Total Pts: 100] |664617"])
def test_a_column_is_named_by_title_id_or_header(column):
    assert export(RESULTS, context(TEXT.encode(), column)).matched == 2


@pytest.mark.parametrize(
    "sheet, column, problem",
    [
        (
            TEXT,
            None,
            (
                "gc.xls: which column? 2 match: 'Assignment 1 [Total Pts: 100] |664617' and 'Assignment 2 |664618'; name"
                " one with --column"
            ),
        ),
        (
            TEXT.replace(" |664617", ""),
            "Assignment 1 [Total Pts: 100]",
            (
                "gc.xls: the column 'Assignment 1 [Total Pts: 100]' does not end in |id: Blackboard would"
                " make it a new column worth 0"
            ),
        ),
        (
            "a,b\n1,2\n",
            None,
            (
                "gc.xls: no column Username; name the column of ids with --key, if this is from Blackboard; the header is 'a' and"
                " 'b'"
            ),
        ),
    ],
)
def test_a_column_that_is_not_sure_is_refused(sheet, column, problem):
    assert export(RESULTS, context(sheet.encode(), column)).problems == (problem,)


def test_without_a_sheet_there_is_no_export():
    assert (
        export(RESULTS, context(None))
        .problems[0]
        .startswith("blackboard needs the file that the grade center")
    )
