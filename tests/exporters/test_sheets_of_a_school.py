"""The golden sheets as their platforms read them: everybody's score, and nothing else."""

import csv
import io

from tests.exporters import school_sheets
from tests.exporters.golden.cases import files, made
from tests.exporters.readers import blackboard, brightspace, canvas, moodle
from tests.exporters.school import RESULTS, SCORES

_STUDENTS = [each.student for each in RESULTS if each.student is not None]
BY_ID = {int(each.id): float(SCORES[each.name]) for each in _STUDENTS if each.name in SCORES}
"""Scores by the school's id, 1000 to 1009."""


def content(name):
    (found,) = files(name).values()
    return found


def test_canvas_reads_all_but_the_excused():
    students = {100 + at: (f"100{at}", f"student{at}@example.edu", "") for at in school_sheets.NUMBERS}
    stored = {("90211", each): "9.5" for each in students} | {("90210", 105): "EX"}

    upload = canvas.read(content("canvas"), students, stored, {"90210": "Mini", "90211": "Other"})

    read = {number + 900: float(grade) for number, grade in upload.grades.pop("90210").items()}
    assert read == {number: score for number, score in BY_ID.items() if number != 1005}
    assert (upload.grades, upload.new_assignments, upload.unknown_students) == ({}, [], [])


def test_moodle_reads_all_from_its_worksheet():
    people = {9000 + at: moodle.Participant() for at in school_sheets.NUMBERS}

    done = moodle.read_worksheet(content("moodle"), people, 18.0)

    assert {number - 8000: grade for number, grade in done.grades.items()} == BY_ID
    assert set(done.feedback) == {number + 8000 for number in BY_ID} - {9009}  # an oral exam has no report
    assert set(done.skipped.values()) == {"blank"}


def test_moodle_reads_all_from_a_new_file_by_either_id():
    users = [(f"100{at}", f"student{at}@example.edu") for at in school_sheets.NUMBERS]

    for key in ("ID number", "Email address"):
        grades = moodle.read_grades(content("moodle-new"), users, key, "Mini", 18.0)
        assert {int(number): grade for (number, _), grade in grades.items()} == BY_ID


def test_moodle_gives_each_page_to_its_student():
    owners = {
        moodle.owner_of_file(name, set(range(9000, 9010))): page.decode()
        for name, page in files("moodle-feedback").items()
    }

    assert owners == {
        (9001, "/feedback.html"): "<p>one</p>",
        (9002, "/feedback.html"): "<p>two</p>",
        (9005, "/feedback.html"): "<p>five</p>",
    }


def test_blackboard_reads_all():
    grades, new = blackboard.read(content("blackboard"), {f"student{at}" for at in school_sheets.NUMBERS})

    assert {1000 + int(name[-1]): float(grade) for (_, name), grade in grades.items()} == BY_ID
    assert {column for column, _ in grades} == {"664617"}
    assert new == []


def test_brightspace_reads_all_from_its_sheet_and_from_a_new_file():
    for name in ("brightspace", "brightspace-new"):
        grades = brightspace.read(content(name), {f"100{at}" for at in school_sheets.NUMBERS}, {"Mini": 18.0})
        assert {int(number): grade for (_, number), grade in grades.items()} == BY_ID


def test_any_sheet_has_all():
    rows = list(csv.reader(io.StringIO(content("sheet").decode(), newline=""), delimiter=";"))[3:]

    read = {int(row[0]): float(row[2].replace(",", ".")) for row in rows}
    assert read == {1000 + at: BY_ID.get(1000 + at, 1.5) for at in school_sheets.NUMBERS}


def test_a_dry_run_shows_whose_row_is_whose():
    assert made("canvas").scores[1:3] == (
        ("Student One (1001)", "15 of 15, line 4 (One, Student)"),
        ("Two, =Student<U+202E> (1002)", "7.7 of 18, line 5 (=Two, Student)"),
    )
