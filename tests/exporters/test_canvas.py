"""Canvas's gradebook with the scores in it, and what Canvas makes of it."""

import pytest

from grader.exporters import ExportContext
from grader.exporters.canvas import export
from grader.model.report import StudentPart
from grader.model.student_result import StudentResult
from tests.exporters.readers import canvas
from tests.exporters.sheets.results import absent, result

SHEET = (
    b"\xef\xbb\xbf"
    b"Student,ID,SIS User ID,SIS Login ID,Section,Assignment 1 (90210),Assignment 2 (90211),Final Score\r\n"
    b"    Points Possible,,,,,100,10,(read only)\r\n"
    b"Manual Posting,,,,,,,\r\n"
    b'"One, Student",101,,student1@example.edu,CS231n-01,,"9.0",51\r\n'
    b'"Two, Ann",102,0012,ann,CS231n-01,80.00,,\r\n'
    b'"=Three, Ben",103,0013,ben,"CS231n-01\nand 02",,,\r\n'
    b'"Four, Cem",104,0014,cem,CS231n-01,EX,,\r\n'
    b'"Student, Test",199,,test,CS231n-01,,,\r\n'
)
STUDENTS = {
    101: ("", "student1@example.edu", "One, Student"),
    102: ("0012", "ann", "Two, Ann"),
    103: ("0013", "ben", "=Three, Ben"),
    104: ("0014", "cem", "Four, Cem"),
    199: ("", "test", "Student, Test"),
}
TITLES = {"90210": "Assignment 1", "90211": "Assignment 2"}
STORED = {("90211", 101): "9.0", ("90210", 102): "80.00", ("90210", 104): "EX"}


def context(sheet=SHEET, column="90210", **fields):
    return ExportContext("mini", "Mini", sheet=sheet, sheet_name="grades.csv", column=column, **fields)


def content(made):
    assert made.problems == ()
    (artifact,) = made.artifacts
    return artifact.content


def test_scores_go_into_the_assignments_column_and_nothing_else_changes():
    made = export(
        [result("Student One", 87.5, canvas="101"), result("Ann Two", 79.996, canvas="102")], context()
    )

    assert content(made) == SHEET.replace(b'CS231n-01,,"9.0"', b'CS231n-01,87.50,"9.0"', 1)
    assert made.matched == 2  # Ann has her 80 already


def test_canvas_takes_exactly_the_scores():
    made = export(
        [
            result("Student One", canvas="101"),
            result("Ann Two", 100.0, login="ann"),
            result("Ben Three", 0.0, id="0013"),
        ],
        context(),
    )

    upload = canvas.read(content(made), STUDENTS, STORED, TITLES)

    assert upload.grades == {"90210": {101: "87.50", 102: "100.00", 103: "0.00"}}
    assert (upload.new_assignments, upload.unknown_students) == ([], [])
    assert upload.points_possible == {"90210": "100", "90211": "10"}


def test_a_sheet_without_changes_changes_nothing_in_canvas():
    upload = canvas.read(SHEET, STUDENTS, STORED, TITLES)

    assert upload.grades == {}


def test_everything_that_does_not_fit_is_told():
    results = [
        result("Ann Two", 91.25, canvas="102"),
        result("Ben Drei", 120.0, canvas="103"),
        result("Cem Four", canvas="104"),
        result("Dan Five", None, canvas="101"),
        absent("Eve Six", canvas="105"),
        absent("Fay Seven", canvas="106", is_awaited=True),
    ]

    made = export(results, context())

    assert made.matched == 2
    assert made.left_out == (
        "Cem Four (104) is excused in the sheet (EX): the cell stays; clear it to write the score",
    )
    assert [each.student for each in made.withheld] == ["Dan Five (101)", "Fay Seven (106)"]
    assert made.not_submitted == ("Eve Six (105)",)
    assert made.remarks == (
        "Matched by id, under another name: line 4 is called One, Student, the report Dan Five (101)",
        "Rows of the sheet without a report, left as they are (1): line 9 (Student, Test)",
        "Grades to be replaced: Ann Two (102): 80.00 becomes 91.25",
        "Above the maximum, which Canvas takes as extra points: Ben Drei (103): 120.00 of 100",
    )
    upload = canvas.read(content(made), STUDENTS, STORED, TITLES)
    assert upload.grades == {"90210": {102: "91.25", 103: "120.00"}}


@pytest.mark.parametrize(
    "sheet, column, problem",
    [
        (
            b"name,points\nAnn,1\n",
            None,
            (
                "grades.csv: not a gradebook that Canvas exported: expected a header that begins with Student,ID; the header"
                " is 'name' and 'points'. For another table use the format sheet, with --key and --column"
            ),
        ),
        (
            SHEET,
            None,
            (
                "grades.csv: which column? 2 match: 'Assignment 1 (90210)' and 'Assignment 2 (90211)'; name one with"
                " --column"
            ),
        ),
        (
            SHEET,
            "Homework 1",
            (
                "grades.csv: there is no column 'Homework 1'; the header is 'Student', 'ID', 'SIS User ID',"
                " 'SIS Login ID',"
                " 'Section', 'Assignment 1 (90210)', 'Assignment 2 (90211)' and 'Final Score'"
            ),
        ),
        (
            SHEET.replace(b"Assignment 2", b"Assignment 1"),
            "Assignment 1",
            (
                "grades.csv: 2 columns are named 'Assignment 1'; the header is 'Student', 'ID', 'SIS User"
                " ID', 'SIS Login"
                " ID', 'Section', 'Assignment 1 (90210)', 'Assignment 1 (90211)' and 'Final Score'"
            ),
        ),
        (
            SHEET,
            "Final Score",
            (
                "grades.csv: Canvas ignores a column with words such as Final Score in its title, as in"
                " 'Final Score'; rename"
                " the assignment"
            ),
        ),
        (
            SHEET.replace(b",,100,10,", b",,(read only),10,"),
            "90210",
            "grades.csv: Canvas does not import the column 'Assignment 1 (90210)': it is read only",
        ),
        (
            SHEET,
            "Section",
            "grades.csv: the column to fill in also identifies the students; name another",
        ),
    ],
)
def test_a_sheet_or_column_that_is_not_sure_is_refused_with_the_header(sheet, column, problem):
    fields = {"key": "Section"} if column == "Section" else {}

    made = export([result("Student One", canvas="101")], context(sheet, column, **fields))

    assert (made.problems, made.artifacts) == ((problem,), ())


def test_the_only_assignment_needs_no_name():
    sheet = SHEET.replace(b"Assignment 2 (90211)", b"Notes")

    assert b"87.50" in content(export([result("Student One", canvas="101")], context(sheet, None)))


def test_a_column_without_an_id_is_told_of():
    sheet = SHEET.replace(b"Assignment 1 (90210)", b"Assignment 1")

    made = export([result("Student One", canvas="101")], context(sheet, "Assignment 1"))

    assert made.remarks[0] == (
        "the column 'Assignment 1' has no (id): Canvas finds the assignment by its whole title, or makes a new one"
    )


def test_without_a_sheet_there_is_no_export():
    made = export([result("Student One", canvas="101")], context(None))

    assert made.problems == (
        (
            "canvas needs the gradebook that Canvas exported (Grades, Export): give it with --sheet. With a header of our own"
            " Canvas could make a new assignment"
        ),
    )


def test_a_semicolon_sheet_with_decimal_commas_is_filled_in_its_own_way():
    sheet = (
        'Student;ID;SIS Login ID;Section;"Loss, gradient (7)";A2 (8)\n'
        "    Points Possible;;;;100;10\n"
        '"Öner, Ann";101;ann;S;;"7,5"\n'
    ).encode()

    made = content(export([result("Ann Öner", canvas="101")], context(sheet, "7")))

    assert made == sheet.replace(b";S;;", b";S;87,50;")
    upload = canvas.read(made, {101: ("", "ann", "Ann Öner")}, {}, {"7": "Loss, gradient", "8": "A2"})
    assert upload.grades["7"] == {101: "87.50"}


def test_nobody_is_matched_by_a_name():
    made = export([result("Student One", canvas="999")], context())

    assert made.artifacts == ()
    assert made.problems == (
        (
            "no row matches a student: the sheet has ids in 'ID', 'SIS User ID' and 'SIS Login ID', the class has ids of the"
            " kinds canvas. Is it the sheet of this class? If it is, regrade with a roster that has these"
            " ids too"
        ),
    )


def test_a_canvas_id_is_not_taken_for_an_id_of_the_school():
    sheet = SHEET.replace(b"102,0012", b"102,101")

    upload = canvas.read(
        content(export([result("Student One", canvas="101")], context(sheet))), STUDENTS, STORED, TITLES
    )

    assert upload.grades == {"90210": {101: "87.50"}}


def test_a_submission_that_names_nobody_is_matched_by_its_own_id_and_told():
    nobody = StudentResult("ann", None, result("x").report)

    made = export([nobody], context())

    assert made.remarks[0] == "Matched by the name of the submission: line 5: ann"
    assert made.matched == 1


def test_gradebooks_with_last_and_first_name_are_read():
    sheet = b"LastName,FirstName,ID,Section,A1 (7)\n,,,,\n=One,Student,101,S,\n"

    made = content(export([result("Student One", canvas="101")], context(sheet, None)))

    assert made == sheet.replace(b"S,\n", b"S,87.50\n")


def test_an_id_of_an_unknown_kind_under_another_name_is_not_believed():
    ann = StudentResult("a", StudentPart(id="101", name="Ann Two"), result("x").report)

    made = export([ann], context())

    assert made.problems == (
        (
            "line 4 is One, Student, but by its id Ann Two (101): another person? Give a roster with the ids of this platform"
            " and grade again"
        ),
    )


def test_ids_in_one_row_that_are_of_two_students_are_a_problem():
    made = export(
        [result("Student One", canvas="101"), result("Ann Two", email="student1@example.edu")], context()
    )

    assert made.problems == (
        (
            "line 4: '101' and 'student1@example.edu' are ids of Student One (101) and Ann Two (student1@example.edu): correct"
            " the sheet or the roster"
        ),
    )
