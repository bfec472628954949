"""Grades as nbgrader itself exports them."""

from dataclasses import replace

from grader.exporters import ExportContext
from grader.exporters.nbgrader import export
from grader.model.student_result import Change, StudentResult
from tests.exporters.readers import nbgrader
from tests.exporters.sheets.results import absent, part, result
from tests.samples import report_of

CONTEXT = ExportContext("a1", "Assignment 1")


def test_lines_are_those_of_nbgraders_own_export():
    submission = {
        "id": "student1", "sha256": "a" * 64, "files": [], "submitted_at": "2026-04-20T22:58:10.123456+02:00",
    }  # fmt: skip
    report = report_of(score=87.5, max_score=100.0, submission=submission)
    changes = (Change("override", 2.0, "x"), Change("late", -8.95, "late"))
    one = StudentResult(
        "student1", part("Student One", "student1@example.edu", {"username": "student1"}), report, changes
    )

    made = export([one, absent("Two, Ann B", login="ann"), result("Ben", None, id="13")], CONTEXT)

    (artifact,) = made.artifacts
    assert artifact.content.decode() == nbgrader.written(
        [
            {
                "assignment": "a1", "timestamp": "2026-04-20 20:58:10.123456", "student_id": "student1", "last_name": "One",
                "first_name": "Student", "email": "student1@example.edu", "raw_score": 89.5,
                "late_submission_penalty": 8.95, "max_score": 100.0,
            },
            {
                "assignment": "a1", "student_id": "ann", "last_name": "Two", "first_name": "Ann B", "raw_score": 0.0,
                "late_submission_penalty": 0.0, "max_score": 100.0,
            },
            {"assignment": "a1", "student_id": "13", "last_name": "Ben", "max_score": 100.0},
        ]
    )  # fmt: skip
    assert made.remarks == ("did not submit, so 0 points and no timestamp, as in nbgrader: Two, Ann B (ann)",)
    assert (made.matched, [each.student for each in made.withheld]) == (1, ["Ben (13)"])


def test_a_penalty_never_takes_more_than_there_is():
    late = (Change("late", -200.0, "a year"),)

    row = (
        export([result("Ann", 87.5, changes=late, login="ann")], CONTEXT)
        .artifacts[0]
        .content.decode()
        .splitlines()[1]
    )

    assert row.split(",")[7:10] == ["87.5", "200.0", "0.0"]


def test_quotes_are_told_because_nbgrader_writes_none():
    made = export([result('Ann "A" =One', login="a,b"), result("=cmd|x", login="c")], CONTEXT)

    assert made.artifacts[0].content.decode().splitlines()[1:] == [
        'a1,,,"a,b",\'=One,"Ann ""A""",,87.5,0.0,87.5,100.0',
        "a1,,,c,'=cmd|x,,,87.5,0.0,87.5,100.0",
    ]
    assert made.remarks == (
        'a cell with a comma, semicolon or quote is quoted here, which nbgrader\'s own export never does: Ann "A" =One (a,b)',
    )


def test_a_score_that_ends_in_5_makes_no_penalty():
    changes = (Change("override", 2.87, "by hand"),)

    (_, row) = (
        export([result("Ann", 7.125, changes=changes)], CONTEXT).artifacts[0].content.decode().splitlines()
    )

    assert row.split(",")[7:10] == ["9.99", "0.0", "9.99"]


def test_who_may_have_handed_in_something_has_no_zero():
    perhaps = replace(absent("Ann", login="ann"), remarks=("submission x may be theirs",))

    made = export([perhaps], CONTEXT)

    assert made.artifacts[0].content.decode().splitlines()[1] == "a1,,,ann,Ann,,,,,,"
    assert [(each.student, each.why) for each in made.withheld] == [
        (
            "Ann (ann)",
            (
                "submission x may be theirs: give a roster with the ids of the download and grade again,"
                " or use grader override"
            ),
        )
    ]


def test_two_whom_the_download_knows_by_one_name_are_two_students():
    smiths = [
        StudentResult(
            f"smith_{ids}", part("John Smith", None, {"name": "John Smith", "brightspace": ids}), report_of()
        )
        for ids in ("1-9", "2-9")
    ]

    assert export(smiths, CONTEXT).problems == ()
    twice = [replace(smiths[0], id="again"), smiths[0]]
    assert "John Smith has several submissions (again and smith_1-9)" in export(twice, CONTEXT).problems[0]
