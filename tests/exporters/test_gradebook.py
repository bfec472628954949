"""The table of scores of a class."""

import csv
import io

import pytest

from grader.exporters import gradebook
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of

HEADING = "submission,student_id,student,status,score,max_score,graded_score,late_points,override_points,reason,previous_score,regraded_for,email"


def result_of(identifier, report, **fields):
    return StudentResult(identifier, **{"student": report.submission.student, "report": report, **fields})


def table_of(reports):
    return table_of_results([result_of(*each) for each in reports])


def table_of_results(results):
    made = gradebook(results)
    assert (made.name, made.media_type) == ("gradebook.csv", "text/csv")
    return made.content.decode()


def submitted(identifier, student=None):
    return {"id": identifier, "sha256": "a" * 64, "student": student and {"id": student}, "files": []}


def test_the_gradebook_has_a_line_for_each_submission_and_a_column_for_each_check():
    two = [check_part(), check_part(id="g_values", points=2.5, max_points=5.0, status="failed")]
    table = table_of(
        [
            (
                "alice",
                report_of(checks=two, score=12.5, max_score=15.0, submission=submitted("alice", "Alice A.")),
            ),
            ("bob", report_of(status="incomplete", score=None)),
        ]
    )

    assert table == (
        f"{HEADING},f_values,g_values,note\n"
        "alice,Alice A.,Alice A.,graded,12.5,15,12.5,,,,,,,10,2.5,\n"
        "bob,,,incomplete,,10,,,,,,,,10,,\n"
    )


def row_of(result):
    (row,) = csv.DictReader(io.StringIO(table_of_results([result])))
    return row


def test_the_score_that_counts_stands_beside_the_graded_one_with_the_reasons():
    changes = (
        Change("override", -2.0, "copied", "f_values"),
        Change("late", -1.5, "20 h late: 15 % off"),
        Change("override", 0.5, "=1+1"),
    )
    ann = result_of(
        "ann", report_of(), changes=changes, late_words="20 h late", remarks=("extension: illness",)
    )

    row = row_of(ann)

    assert [row[name] for name in ("score", "graded_score", "late_points", "override_points", "f_values")] == [
        "7", "10", "-1.5", "-1.5", "8",
    ]  # fmt: skip
    assert row["reason"] == "20 h late: 15 % off; f_values -2: copied; total +0.5: =1+1"
    assert row["note"] == "Extension: illness."


def test_lateness_that_costs_nothing_is_told():
    row = row_of(result_of("ann", report_of(), late_words="1 h late"))

    assert (row["late_points"], row["reason"]) == ("", "1 h late")


def test_the_score_before_a_regrade_is_told():
    previous = {"score": 8.0, "max_score": 10.0, "graded_at": "2025-12-31", "reasons": ["spec", "asked"]}

    row = row_of(result_of("ann", report_of(previous=previous)))

    assert (row["previous_score"], row["regraded_for"]) == ("8", "spec asked")


def test_a_student_without_a_submission_has_a_line_and_no_score():
    table = table_of_results(
        [
            StudentResult("s1", StudentPart(id="s1", name="Bo", email="bo@x.edu"), None),
            result_of("a", report_of()),
        ]
    )

    assert table.splitlines()[1] == "s1,s1,Bo,not_submitted,,,,,,,,,bo@x.edu,,"


def test_a_check_without_a_result_is_an_empty_cell():
    checks = [
        check_part(id=status, status=status, points=0.0)
        for status in ("failed", "skipped", "not_run", "errored")
    ]

    table = table_of([("bob", report_of(status="incomplete", score=None, checks=checks))])

    assert table.splitlines()[1] == "bob,,,incomplete,,10,,,,,,,,0,0,,,"


def test_checks_without_points_give_no_score():
    table = table_of([("bob", report_of(score=None, max_score=0.0, checks=[check_part(points=0.0)]))])

    assert table.splitlines()[1] == "bob,,,graded,,,,,,,,,,0,"


def test_a_gradebook_without_submissions_is_its_heading():
    assert table_of([]) == f"{HEADING},note\n"


@pytest.mark.parametrize(
    "name",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "  =1", "|cmd", "%0A=1",
        "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\ufe661", "\ufe621", "\ufe631", "\ufe6bA1", "\u22121",
        "\u00a0=1", "\u3000\uff1d1", "\uff5ccmd",
    ],
)  # fmt: skip
def test_a_cell_is_no_formula(name):
    table = table_of([(name, report_of(submission=submitted("alice", name)))])

    _, row = csv.reader(io.StringIO(table, newline=""))
    shown = "'" + name.replace("\t", " ").replace("\r", " ")
    assert row[0] == shown
    assert row[2] == ("<U+000D>=1" if name == "\r=1" else shown)  # a report holds no such character


def test_a_name_with_commas_quotes_and_lines_is_one_cell_on_one_line():
    table = table_of([('Doe, "Jo"\r\nAnn\x1b[31m', report_of())])

    _, row = csv.reader(io.StringIO(table, newline=""))
    assert row[0] == 'Doe, "Jo"  Ann<U+001B>[31m'
    assert len(table.splitlines()) == 2


@pytest.mark.parametrize(
    "name", ["\u200b=1+1", "\ufeff=1", "\u202e=1", "\xad=1", "\x00=1", "\u2028=1", "\u2066+1"]
)
def test_what_cannot_be_seen_is_shown_and_hides_no_formula(name):
    table = table_of([(name, report_of())])

    _, row = csv.reader(io.StringIO(table, newline=""))
    assert row[0] == f"<U+{ord(name[0]):04X}>{name[1:]}"


def test_a_cell_with_a_semicolon_stands_in_quotes_because_some_spreadsheets_separate_by_it():
    table = table_of([("ann;=1+1", report_of())])

    assert table.splitlines()[1].startswith('"ann;=1+1",')
