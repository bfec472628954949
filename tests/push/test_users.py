"""LTI user ids of students."""

import pytest

from grader.intake.table import TableError
from grader.model.report import StudentPart
from grader.model.student_result import StudentResult
from grader.push.users import UserRow, user_rows, users_by_kind, users_by_table

ANN = StudentPart(id="0012", email="ann@x.edu", platform={"login": "ann", "canvas": "77"})
BEN = StudentPart(id="13", name="Ben", platform={"login": "ben"})
CLASS = [StudentResult("a", ANN, None), StudentResult("b", BEN, None), StudentResult("c", None, None)]


def test_the_lines_of_a_csv_are_read_by_their_headers():
    assert user_rows("sep\n", "sep", "sep") == ()
    assert user_rows('Name;ID;LTI\nAnn;="0012";u1\n;;\nBen;13;\n', "id", "lti") == (
        UserRow(2, "0012", "u1"),
        UserRow(4, "13", ""),
    )


@pytest.mark.parametrize(
    "text, fault",
    [
        ("id,sub\n1,2\n", "no column 'lti'; its header has 'id' and 'sub'"),
        ("id,lti,LTI\n1,2,3\n", "2 columns 'lti'; its header has 'id', 'lti' and 'LTI'"),
    ],
)
def test_a_column_that_is_not_there_once_is_said(text, fault):
    with pytest.raises(TableError) as caught:
        user_rows(text, "id", "lti")

    assert str(caught.value) == fault


@pytest.mark.parametrize("key", ["0012", "ANN@x.edu", "ann", "77"])
def test_a_student_is_found_by_any_id(key):
    assert users_by_table(CLASS, [UserRow(2, key, "u1")]).ids == {"0012": "u1"}


def test_a_name_is_no_id_and_who_is_nobody_is_said():
    found = users_by_table(
        CLASS, [UserRow(2, "Ben", "u1"), UserRow(3, "12", "u2"), UserRow(4, "x\u202e", "u3")]
    )

    assert found.ids == {"13": "u1"}  # the login, not the name
    assert found.remarks == ("2 lines of the user ids match no student here: 12 and x<U+202E>",)


@pytest.mark.parametrize(
    "rows, problem",
    [
        ([("0012", "u1"), ("ann", "u2")], "line 3 (ann) and line 2 give 0012 two LTI user ids"),
        ([("0012", "u1"), ("13", "u1")], "several students have the LTI user id u1: 0012 and 13"),
        ([("0012", "u" * 256)], f"the LTI user id of 0012 is invalid: '{'u' * 60}...'"),
    ],
)
def test_ids_that_do_not_tell_who_is_who_are_problems(rows, problem):
    found = users_by_table(CLASS, [UserRow(line, *each) for line, each in enumerate(rows, 2)])

    assert found.problems == (problem,)


def test_an_id_that_could_be_either_of_two_names_both():
    both = [
        StudentResult(each, StudentPart(id=each, platform={"login": "same"}), None) for each in ("1", "2")
    ]

    found = users_by_table(both, [UserRow(2, "same", "u1")])

    assert found.problems == ("line 2 (same) could be any of 1 and 2: give their student ids",)


def test_the_ids_of_the_roster_serve_by_their_kind():
    assert users_by_kind(CLASS, "canvas").ids == {"0012": "77"}
    assert users_by_kind(CLASS, "id").ids == {"0012": "0012", "13": "13"}
    assert users_by_kind(CLASS, "lti").problems == (
        "no student has an id of the kind 'lti'; the class has id, email, login and canvas",
    )


@pytest.mark.parametrize("user", ["5.3235E+06", "5,3e+17", "5323497.0", "5,323,497"])
def test_a_number_that_a_spreadsheet_rounded_is_not_an_id(user):
    (problem,) = users_by_table(CLASS, [UserRow(2, "0012", user)]).problems

    assert problem == (
        f"the LTI user id of 0012, '{user}', is a number as a spreadsheet rounds it: export the users' file again, and open"
        " it with that column as text"
    )
