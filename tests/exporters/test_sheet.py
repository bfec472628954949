"""Any table of a class: the columns that the instructor names, rows by id, and words on everything that does not fit."""

import pytest

from grader.exporters import ExportContext
from grader.exporters.sheet import export
from grader.model.student_result import Change, StudentResult
from tests.exporters.sheets.results import absent, result
from tests.samples import check_part, report_of


def context(sheet, key="id", column="points", **settings):
    return ExportContext(
        "mini", "Mini", sheet=sheet, sheet_name="class.csv", key=key, column=column, settings=settings
    )


def filled(results, sheet, **fields):
    made = export(results, context(sheet, **fields))
    assert made.problems == ()
    (artifact,) = made.artifacts
    assert artifact.name == "class-graded.csv"
    return artifact.content


def problems(results, sheet, **fields):
    made = export(results, context(sheet, **fields))
    assert made.artifacts == ()
    return list(made.problems)


ANN = result("Ann One", 7.25, id="0012", email="ann@x.edu", login="ann")
BEN = result("Ben Two", 8.0, id="13", login="ben")


@pytest.mark.parametrize(
    "sheet, expected",
    [
        (b"id,points\n0012,\n13,\n", b"id,points\n0012,7.25\n13,8.00\n"),
        (b"id;points\r\n0012;3,5\r\n13;\r\n", b"id;points\r\n0012;7,25\r\n13;8,00\r\n"),
        (b'id,points,a2\n0012,,\n13,,"9,5"\n', b'id,points,a2\n0012,"7,25",\n13,"8,00","9,5"\n'),
        (b"id\tpoints\n0012\n13", b"id\tpoints\n0012\t7.25\n13\t8.00"),
        (
            b'CS231n\n\nname,id,points\n=cmd|x,"0012",""\n"Two,\nBen", 13 ,8\n\n,,\n',
            b'CS231n\n\nname,id,points\n=cmd|x,"0012","7.25"\n"Two,\nBen", 13 ,8\n\n,,\n',
        ),
        (b'id,points\n="0012",="5"\n\'13,\n', b'id,points\n="0012",7.25\n\'13,8.00\n'),
        ("id,points\n0012,\n13,\n".encode("utf-16"), "id,points\n0012,7.25\n13,8.00\n".encode("utf-16")),
    ],
)
def test_only_grade_cells_change(sheet, expected):
    names = [each.model_copy(update={"name": None}) for each in (ANN.student, BEN.student)]
    results = [
        StudentResult(each.id, name, each.report) for each, name in zip((ANN, BEN), names, strict=True)
    ]

    assert filled(results, sheet) == expected


@pytest.mark.parametrize("key, cells", [("login", "ANN"), ("mail", " Ann@X.edu"), ("number", "0012")])
def test_the_key_may_be_any_id_of_the_student(key, cells):
    assert (
        filled([ANN], f"{key},points\n{cells},\n".encode(), key=key)
        == f"{key},points\n{cells},7.25\n".encode()
    )


def test_leading_zeros_are_part_of_an_id():
    told = problems([ANN, BEN], b"id,points\n12,\n13,\n")

    assert told == [
        (
            "1 student with a score but no row in the sheet: Ann One (0012) (line 2 has 12: a spreadsheet"
            " dropped the leading zeros of"
            " 0012). Export the sheet again, or go on without them with --set unmatched=skip"
        )
    ]


def test_going_on_without_the_unmatched_is_the_instructors_word():
    made = export([ANN, BEN], context(b"id,points\n13,\n14,\n", unmatched="skip"))

    assert made.artifacts[0].content == b"id,points\n13,8.00\n14,\n"
    assert made.left_out == ("Ann One (0012): no row of the sheet has one of their ids",)
    assert made.remarks[0] == "Rows of the sheet without a report, left as they are (1): line 3 (14)"
    assert problems([ANN], b"id,points\n0012,\n", unmatched="maybe") == [
        "--set unmatched=maybe: the only value is skip"
    ]


def test_a_key_that_occurs_twice_is_a_problem_if_somebody_here_has_it():
    sheet = b"id,points\n13,\n13,\n99,\n99,\n"

    assert problems([BEN], sheet) == [
        "lines 2 and 3 are all Ben Two (13): remove all but one, or export the sheet again"
    ]
    made = export([ANN], context(b"id,points\n0012,\n99,\n99,\n"))
    assert "Duplicate ids: 99 in lines 3 and 4" in made.remarks


def test_what_nobody_gets_a_score_from_is_no_problem():
    twins = [absent("Fay", id="2", login="x"), absent("Gil", id="3", login="x")]

    made = export([*twins, BEN], context(b"id,points\n13,\nx,\n2,\n2,\n"))

    assert made.problems == ()
    assert made.artifacts[0].content == b"id,points\n13,8.00\nx,\n2,\n2,\n"
    assert "Duplicate ids: 2 in lines 4 and 5" in made.remarks


def test_a_sheet_of_which_a_spreadsheet_took_all_zeros_is_told():
    assert problems([ANN], b"id,points\n12,\n") == [
        (
            "no row matches a student: the sheet has ids in 'id', the class has ids of the kinds email, id and login (line 2 has"
            " 12: a spreadsheet dropped the leading zeros of 0012). Is it the sheet of this class? If it is, regrade"
            " with a roster that has these ids too"
        )
    ]


def test_two_students_with_one_id_are_both_named():
    other = result("Cem Three", 3.0, id="14", login="13")

    assert problems([BEN, other], b"id,points\n13,\n14,\n") == [
        "line 2: '13' is an id of Ben Two (13) and Cem Three (14): correct the sheet or the roster"
    ]


def test_two_submissions_of_one_student_are_a_problem():
    again = result("Ben Two", 3.0, submission="other", id="13", login="ben")

    assert problems([BEN, again], b"id,points\n13,\n") == [
        (
            "line 2: Ben Two (13) has several submissions (bentwo and other): decide which one counts, and grade the class"
            " without the others"
        )
    ]


def test_a_comma_in_a_name_without_quotes_is_a_problem():
    assert problems([BEN], b"id,name,points\n13,Two, Ben,\n") == [
        "line 2 (Ben Two (13)) has 4 cells, the header 3: is a comma in a name? Put the name in quotes"
    ]


def test_withheld_and_absent_students_keep_their_cells():
    sheet = b"id,points\n1,5\n2,6\n3,\n13,\n"

    made = export(
        [result("Eve", None, id="1"), absent("Fay", id="2"), absent("Gil", id="3", is_awaited=True), BEN],
        context(sheet),
    )

    assert made.artifacts[0].content == b"id,points\n1,5\n2,6\n3,\n13,8.00\n"
    assert [each.student for each in made.withheld] == ["Eve (1)", "Gil (3)"]
    assert made.not_submitted == ("Fay (2)",)


def test_a_class_without_scores_makes_no_file():
    made = export([result("Eve", None, id="1")], context(b"id,points\n1,\n"))

    assert (made.artifacts, made.problems, made.matched) == ((), (), 0)


def test_options_that_are_missing_are_named():
    made = export([BEN], ExportContext(key="id"))

    assert made.problems == (
        "sheet needs --sheet and --column: the file to fill in, its column of ids, its column of scores",
    )


def test_a_column_that_is_not_there_is_said_with_the_header():
    assert problems([BEN], b"id,Points\n13,\n", column="grade") == [
        "class.csv: there is no column 'grade'; the header is 'id' and 'Points'"
    ]
    assert problems([BEN], b"id,points,Points,POINTS\n13,,,\n", column="poINTS") == [
        "class.csv: 3 columns are named 'poINTS'; the header is 'id', 'points', 'Points' and 'POINTS'"
    ]


def test_bytes_that_are_not_utf_8_are_asked_about_and_kept():
    sheet = "id;name;points\n13;Ben Twö;\n".encode("latin-1")

    assert problems([BEN], sheet) == [
        "class.csv: line 2 is not UTF-8; save it as CSV (UTF-8), or give its encoding, as in --set encoding=cp1252"
    ]
    assert filled([BEN], sheet, encoding="latin-1") == sheet.replace(b";\n", b";8.00\n")


def test_feedback_is_written_if_it_is_asked_for_and_only_what_the_student_may_see():
    report = report_of(
        score=3.0,
        max_score=15.0,
        checks=[
            check_part(status="failed", points=3.0, message="=cmd|x\n\x1b[31m2 * reg * W \u202eis missing"),
            check_part(
                id="h",
                title="secret",
                status="failed",
                points=0.0,
                max_points=5.0,
                visibility="hidden",
                message="secret",
            ),
        ],
    )
    changes = (Change("late", -1.0, "=1 day late"),)
    ben = StudentResult("ben", BEN.student, report, changes)
    sheet = b"id,points,words\n13,,old\n"

    made = export([ben], context(sheet, feedback="words"))

    assert made.artifacts[0].content.decode() == (
        'id,points,words\n13,2.00,"2 of 15 points.\nLate: -1 points: =1 day late.\nf: values (3 of 10): =cmd|x <U+001B>[31m2 * reg * W'
        ' <U+202E>is missing\nHidden check (0 of 5)"\n'
    )
    assert "secret" not in made.artifacts[0].content.decode()
    assert made.remarks == ("Feedback to be replaced: Ben Two (13)",)


def test_long_feedback_is_cut_at_a_whole_line():
    checks = [
        check_part(id=f"c{at}", status="failed", points=0.0, message=f"why {at} " * 100) for at in range(20)
    ]
    ben = StudentResult("ben", BEN.student, report_of(score=0.0, max_score=200.0, checks=checks))

    content = filled([ben], b"id,points,words\n13,,\n", feedback="words").decode()

    assert len(content) < 1700
    assert content.endswith('More on your feedback page."\n')


@pytest.mark.parametrize(
    "score, cell", [(0.0, "0.00"), (1e-9, "0.00"), (66.665, "66.67"), (1234567.891, "1234567.89")]
)
def test_numbers_have_two_decimals_and_no_exponent(score, cell):
    assert filled([result("B", score, id="13")], b"id,points\n13,\n") == f"id,points\n13,{cell}\n".encode()
