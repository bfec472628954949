"""The students' pages as Moodle's feedback files, and whom Moodle would give them to."""

import pytest

from grader.exporters import ExportContext
from grader.exporters.moodle_feedback import export
from tests.exporters.readers import moodle
from tests.exporters.sheets.results import absent, result
from tests.exporters.test_moodle import SHEET


def context(sheet=None, page=lambda each: f"page of {each}".encode()):
    return ExportContext("mini", "Mini", sheet=sheet, sheet_name="grades.csv", page=page)


@pytest.mark.parametrize(
    "path, owner",
    [
        ("import/.hiddenfile", None),
        ("import/~hiddenfile", None),
        ("import/some_path_here/RandomFile.txt", None),
        ("import/Student Name_StringID_assignsubmission_file_My_cool_filename.txt", None),
        ("import/Student Name_1101_assignsubmission_file_My_cool_filename.txt", None),
        ("import/Student Name_1001_assignsubmission_noplugin_My_cool_filename.txt", None),
        (
            "import/Student Name_1001_assignsubmission_file_My_cool_filename.txt",
            (1001, "My_cool_filename.txt"),
        ),
        (
            "import/some_path_here/Student Name_1001_assignsubmission_file_/some_path/My File.txt",
            (1001, "/some_path/My File.txt"),
        ),
    ],
)
def test_the_reader_has_moodles_own_cases(path, owner):
    assert moodle.owner_of_file(path, {1001}) == owner


@pytest.mark.parametrize(
    "name",
    [
        "Student One",
        "../../One_2_x",
        "_One_1002_assignsubmission_file",
        ".hidden",
        "~One",
        "One/Two\\..",
        "\u202eOne",
        "..",
        "O" * 300,
    ],
)
def test_each_page_goes_to_its_student_whatever_the_name(name):
    made = export([result(name, moodle="1001")], context())

    (artifact,) = made.artifacts
    assert moodle.owner_of_file(f"import/{artifact.name}", {1001, 1002}) == (1001, "/feedback.html")
    assert ".." not in artifact.name.split("/")
    assert artifact.content.startswith(b"page of ")


def test_the_folder_has_the_prefix_of_the_download():
    made = export([result("Student_One", moodle="1001")], context())

    assert made.artifacts[0].name == "Student One_1001_assignsubmission_file_/feedback.html"


def test_a_fault_has_no_file_and_a_missing_page_is_told():
    results = [
        result("Ann", None, moodle="1"), absent("Ben", moodle="2"), result("Cem", id="3"), result("Dan", moodle="4"),
        result("Eve", moodle="5"),
    ]  # fmt: skip

    made = export(results, context(page=lambda each: None if each == "dan" else b"page"))

    assert [each.name for each in made.artifacts] == ["Eve_5_assignsubmission_file_/feedback.html"]
    assert [each.student for each in made.withheld] == ["Ann (1)"]
    assert made.not_submitted == ("Ben (2)",)
    assert made.left_out == (
        "Cem (3): no Moodle participant number",
        "Dan (4): no feedback page; run grader batch again, with pages",
    )


def test_team_work_is_refused():
    members = [result(name, submission="team_7", moodle="7") for name in ("Ann", "Ben")]

    assert export(members, context()).problems == (
        (
            "team work: team_7. Moodle takes feedback files by the number of a participant, and a team's"
            " number may belong to somebody else: fill in the worksheet with --set feedback=COLUMN instead"
        ),
    )
    doubted = result(
        "Team A", moodle="7", remarks=["7 is Ann on the roster, but here it is Team A: is it a team? A"]
    )
    assert export([doubted], context()).problems[0].startswith("team work: teama.")


def test_two_students_with_one_number_are_refused():
    made = export([result("Ann", moodle="7"), result("Ben", moodle="7")], context())

    assert made.problems == ("participant 7 is Ann (7) and Ben (7): which one is it?",)


def test_the_worksheet_finds_participants_by_other_ids_and_compares_names():
    results = [
        result("Student One", canvas="101", email="s1@x.edu"),
        result("Ann Two", moodle="1002"),
        result("Zoe", email="zoe@x.edu"),
    ]

    made = export(results, context(SHEET))

    assert [each.name.partition("/")[0] for each in made.artifacts] == [
        "Student One_1001_assignsubmission_file_", "Ann Two_1002_assignsubmission_file_",
    ]  # fmt: skip
    assert made.left_out == ("Zoe (zoe@x.edu): no Moodle participant number",)
    assert made.remarks == ("Moodle notifies the students at once",)
    assert export([result("Team A", moodle="1001")], context(SHEET)).problems == (
        "participant 1001 is Student One in the worksheet, but here Team A (1001): another person, or a team?",
    )


def test_a_class_without_participants_is_told_what_to_give():
    assert export([result("Ann", canvas="101")], context()).problems == (
        "no student has a Moodle participant number: give the grading worksheet that Moodle exported with --sheet",
    )
    made = export([result("Ann", canvas="101")], context(b"id,x\n1,2\n"))
    assert made.problems[0].startswith("grades.csv: not a Moodle grading worksheet")
