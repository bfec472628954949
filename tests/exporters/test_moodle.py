"""Moodle's worksheet with the scores in it, the file for its grade import, and what Moodle makes of both."""

from datetime import UTC, datetime

import pytest

from grader.exporters import ExportContext
from grader.exporters.moodle import export
from grader.model.student_result import StudentResult
from tests.exporters.readers import moodle
from tests.exporters.readers.moodle import Participant
from tests.exporters.sheets.results import absent, result

SHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 1001,Student One,s1@x.edu,Submitted for grading,,100.00,Yes,"Monday, 20 April 2026, 8:58 PM",-,\n'
    "Participant 1002,Ann Two,s2@x.edu,No submission,80.00,100.00,Yes,-,"
    '"Monday, 20 April 2026, 9:58 PM","<p>well done</p>"\n'
    "Participant 1003,Ben Three,s3@x.edu,Submitted for grading,70.00,100.00,No,-,Montag,\n"
    'Participant 1004,"Four, Cem",s4@x.edu,Submitted for grading,,100.00,Yes,-,-,\n'
).encode()


def context(sheet=SHEET, column=None, **settings):
    return ExportContext(
        "mini", "Mini", sheet=sheet, sheet_name="grades.csv", column=column, settings=settings
    )


def people():
    graded = datetime(2026, 4, 20, 21, 58, tzinfo=UTC)
    return {
        1001: Participant(),
        1002: Participant(80.0, graded, feedback="<p>well done</p>"),
        1003: Participant(70.0, graded, is_locked=True),
        1004: Participant(),
    }


RESULTS = [
    result("Student One", 87.5, moodle="1001"),
    result("Ann Two", 90.0, email="s2@x.edu"),
    result("Ben Three", 75.0, moodle="1003"),
    result("Cem Four", 101.0, moodle="1004"),
]


def test_moodle_takes_the_scores_and_skips_what_was_told():
    made = export(RESULTS, context())

    (artifact,) = made.artifacts
    done = moodle.read_worksheet(artifact.content, people(), 100.0)
    assert done.grades == {1001: 87.5, 1002: 90.0}
    assert done.skipped == {1003: "stale", 1004: "above"}
    assert done.feedback == {}
    assert made.remarks == (
        (
            "Moodle silently skips anyone graded there after this worksheet was downloaded, unless you tick"
            " the option to update records that were modified more recently in Moodle"
        ),
        "Grades to be replaced: Ann Two (s2@x.edu): 80.00 becomes 90.00 and Ben Three (1003): 70.00 becomes 75.00",
        "Moodle will skip: Ben Three (1003) because the grade is locked",
        "Above the maximum, which Moodle skips silently: Cem Four (1004): 101.00 of 100",
    )


def test_a_date_that_is_not_in_english_is_told_of():
    sheet = SHEET.replace(b"100.00,No,-,Montag", b"100.00,Yes,-,Montag")

    assert (
        "Moodle will skip: Ben Three (1003) because PHP may not read the date 'Montag' of the grade there,"
        " unless you tick the option to update records that were modified more recently"
    ) in export(RESULTS, context(sheet)).remarks


def test_only_grade_cells_change():
    made = export(RESULTS[:1], context())

    assert made.artifacts[0].content == SHEET.replace(b"grading,,100.00", b"grading,87.50,100.00", 1)


def test_feedback_is_html_and_only_where_it_is_asked_for():
    made = export(RESULTS[:2], context(feedback="Feedback comments"))

    done = moodle.read_worksheet(made.artifacts[0].content, people(), 100.0)
    assert done.feedback[1001] == (
        "87.5 of 100 points.<br />f: values (87.5 of 100): 2 * reg * W is missing &lt;b&gt;&amp;amp;"
    )
    assert "Feedback to be replaced: Ann Two (s2@x.edu)" in made.remarks


def test_a_worksheet_in_german_is_found_by_its_cells():
    sheet = (
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,"
        "Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
        'Teilnehmer/in1001,One Student,s1@x.edu,Abgegeben,,"100,00",Ja,-,-,\n'
    ).replace("in1001", "in 1001")

    made = export(RESULTS[:1], context(sheet.encode()))

    assert made.artifacts[0].content == sheet.replace("Abgegeben,,", 'Abgegeben,"87,50",').encode()


@pytest.mark.parametrize(
    "sheet, problem",
    [
        (
            SHEET.replace(b"Participant ", b"P"),
            (
                "grades.csv: not a Moodle grading worksheet: no column with cells such as Participant 1001;"
                " name the column of"
                " ids with --key; the header is 'Identifier', 'Full name', 'Email address', 'Status', 'Grade', 'Maximum grade',"
                " 'Grade can be changed', 'Last modified (submission)', 'Last modified (grade)' and 'Feedback comments'"
            ),
        ),
        (
            SHEET.replace(b"Last modified (grade)", b"Date"),
            (
                "grades.csv: Moodle takes no worksheet without its column Last modified (grade): download it again; the header"
                " is 'Identifier', 'Full name', 'Email address', 'Status', 'Grade', 'Maximum grade', 'Grade can be changed',"
                " 'Last modified (submission)', 'Date' and 'Feedback comments'"
            ),
        ),
        (
            SHEET.replace(b",Grade,", b",Points,"),
            (
                "grades.csv: there is no column Grade; name the column with --column; the header is 'Identifier', 'Full name',"
                " 'Email address', 'Status', 'Points', 'Maximum grade', 'Grade can be changed', 'Last modified (submission)',"
                " 'Last modified (grade)' and 'Feedback comments'"
            ),
        ),
    ],
)
def test_another_table_is_refused_with_its_header(sheet, problem):
    assert export(RESULTS, context(sheet)).problems == (problem,)


def test_a_teams_number_is_not_a_participants():
    made = export([result("Team A", 50.0, moodle="1001")], context())

    assert made.problems == (
        (
            "line 2 is Student One, but by its id Team A (1001): another person, or a team? Give a roster with the ids of this"
            " platform and grade again"
        ),
    )
    assert export([result("Participant", 50.0, moodle="1001")], context()).matched == 1  # blind marking


def test_another_name_with_two_ids_that_agree_is_a_remark():
    made = export([result("Wei Wang", moodle="1001", email="s1@x.edu")], context())

    assert made.matched == 1
    assert made.remarks[1].startswith("Matched by id, under another name: line 2 is called Student One")


def test_without_a_worksheet_there_is_a_file_for_the_grade_import():
    results = [
        result("One, =Student", 87.5, id="0012", email="s1@x.edu"),
        result("-Ann", 90.0, id="0013", email="s2@x.edu"),
        result("Ben", None, id="0014"),
        absent("Cem", id="0015"),
    ]

    made = export(results, context(None))

    (artifact,) = made.artifacts
    assert artifact.content.decode() == (
        "ID number,Email address,Full name,Mini\n"
        '0012,s1@x.edu,"One, =Student",87.50\n'
        "0013,s2@x.edu,'-Ann,90.00\n"
    )
    users = [("0012", "s1@x.edu"), ("0013", "s2@x.edu")]
    for key in ("ID number", "Email address"):
        read = moodle.read_grades(artifact.content, users, key, "Mini", 100.0)
        assert read == dict(zip(users, [87.5, 90.0], strict=True))
    assert [each.student for each in made.withheld] == ["Ben (0014)"]
    assert made.not_submitted == ("Cem (0015)",)


def test_a_column_of_ids_is_there_only_if_everybody_has_one():
    results = [result("One", id="1", email="s1@x.edu"), result("Two", id="2", login="two")]

    assert export(results, context(None, "A1")).artifacts[0].content.decode() == (
        "ID number,Full name,A1\n1,One,87.50\n2,Two,87.50\n"
    )


def test_nobody_goes_to_the_person_of_the_row_before():
    results = [result("One", id="1"), StudentResult("two.ipynb", None, result("x").report)]

    assert export(results, context(None)).problems == (
        (
            "1 student without an id for ID number, Email address or Username: two.ipynb. Grade again with a roster that has"
            " it, or go on without them with --set unmatched=skip"
        ),
    )
    made = export(results, context(None, unmatched="skip"))
    assert made.artifacts[0].content.decode() == "ID number,Full name,Mini\n1,One,87.50\n"
    assert made.left_out == ("two.ipynb: no id for ID number, Email address or Username",)


def test_an_id_that_is_a_formula_or_somebody_elses_is_refused():
    results = [result("One", id="=1+1"), result("Two", id="2"), result("Three", id="2")]

    assert export(results, context(None)).problems == (
        (
            "One (=1+1): the ID number '=1+1' is not valid: a spreadsheet could run it as a formula; correct the roster and"
            " grade again"
        ),
        "ID number 2 is an id of Two (2) (two) and Three (2) (three): which one is it?",
    )


def test_more_points_than_moodles_import_takes_are_told():
    (told, _) = export([result("Ann", 101.0, id="1")], context(None)).remarks

    assert told == (
        "above the maximum, which Moodle refuses with the whole file, unless the site has unlimited grades: Ann (1): 101 of 100"
    )
