"""Every row of the table of download names: a path says whose it is, whether late, which attempt, which file."""

import pytest

from grader.intake.platforms import (
    autolab,
    blackboard,
    brightspace,
    canvas,
    collector,
    github,
    moodle,
    nbgrader,
)
from grader.intake.platforms.parsed import Listed, Own, Parsed


def parsed_of(reading):
    assert isinstance(reading, Parsed), reading
    return reading


def when(reading):
    at = parsed_of(reading).submitted_at
    assert at is not None
    return at.isoformat()


def row(reading):
    parsed = parsed_of(reading)
    (student,) = parsed.students
    return ", ".join(student.keys), parsed.late, parsed.attempt, parsed.file


CANVAS = [
    ("onestudent_101_678901_linear_classifier.ipynb", [], "canvas:101", False, "linear_classifier.ipynb"),
    (
        "onestudent_LATE_101_678955_a1_code_submission-1.zip",
        [],
        "canvas:101",
        True,
        "a1_code_submission-1.zip",
    ),
    ("onestudent_late_101_678955_softmax.py", [], "canvas:101", True, "softmax.py"),
    ("onestudent_101_678956_2024_hw_1.py", [], "canvas:101", False, "2024_hw_1.py"),
    ("onestudent_101_678956_2024_hw_1.py", ["101"], "canvas:101", False, "2024_hw_1.py"),
    ("anna_2_101_678957_softmax.py", ["101"], "canvas:101", False, "softmax.py"),
    ("anna_2_LATE_101_678957_softmax.py", ["101"], "canvas:101", True, "softmax.py"),
    ("anon_x7Ka9_678955_softmax.ipynb", [], "canvas-anon:x7Ka9", False, "softmax.ipynb"),
    ("LATE_anon_x7Ka9_678955_softmax.ipynb", [], "canvas-anon:x7Ka9", True, "softmax.ipynb"),
    ("anon_x7Ka9_text.html", [], "canvas-anon:x7Ka9", False, None),
    ("anon_101_678955_softmax.ipynb", ["101"], "canvas:101", False, "softmax.ipynb"),
    ("onestudent_101_text.html", [], "canvas:101", False, None),
    ("onestudent_LATE_101_link.html", [], "canvas:101", True, None),
    ("onestudent_101_678901_student1_00000001_A2.zip", [], "canvas:101", False, "student1_00000001_A2.zip"),
    ("łukasz_101_678901_softmax.py", [], "canvas:101", False, "softmax.py"),
    ("李雷_101_678901_a/b.py", [], "canvas:101", False, "a/b.py"),
    ("_101_678901_softmax.py", [], "canvas:101", False, "softmax.py"),
    ("one\nstudent_101_678901_so\nft.py", [], "canvas:101", False, "so\nft.py"),
]


@pytest.mark.parametrize("path,roster,key,late,file", CANVAS)
def test_canvas(path, roster, key, late, file):
    assert row(canvas.parse(path, roster)) == (key, late, None, file)


def test_canvas_without_a_roster_takes_the_first_reading_and_says_so():
    parsed = parsed_of(canvas.parse("anna_2_101_678957_softmax.py", []))

    assert row(parsed) == ("canvas:2", False, None, "678957_softmax.py")
    assert parsed.note == "Canvas user 2 is the first of several readings of the file's name"
    assert not parsed_of(canvas.parse("onestudent_101_678901_softmax.py", [])).note


@pytest.mark.parametrize(
    "path,key",
    [
        ("ann_103_5001_102_9_x.py", "canvas:103"),
        ("ann_LATE_103_5001_LATE_102_9_x.py", "canvas:103"),
        ("anon_x7Ka9_5001_102_9_x.py", "canvas-anon:x7Ka9"),
    ],
)
def test_a_canvas_file_cannot_be_named_so_that_it_is_another_students(path, key):
    assert row(canvas.parse(path, ["102"]))[0] == key


@pytest.mark.parametrize(
    "path",
    [
        "anna_2_softmax.py",
        "softmax.py",
        "anna_101_678_",
        "anna_1x1_678_a.py",
        "101_678901_a.py",
        "anna_²_³_a.py",
    ],
)
def test_other_names_are_not_canvas(path):
    assert canvas.parse(path, []) is None


@pytest.mark.parametrize(
    "given,chosen",
    [
        ("best-1.pt", "best.pt"),
        ("best-7.pt", "best.pt"),
        ("best-3f2a9c1e-1111-4222-8333-444455556666.pt", "best.pt"),
        ("a1_code_submission-1.zip", "a1_code_submission.zip"),
        ("hw-1", "hw-1"),
        ("best-model.pt", "best-model.pt"),
    ],
)
def test_canvas_marks_a_repeated_name_before_its_suffix(given, chosen):
    assert canvas.without_mark(given) == chosen


MOODLE = [
    (
        "Student One_1001_assignsubmission_file/linear_classifier.ipynb",
        "moodle:1001",
        "linear_classifier.ipynb",
    ),
    ("Student One_1001_assignsubmission_file_/cs/softmax.py", "moodle:1001", "cs/softmax.py"),
    (
        "Student One_1001_assignsubmission_file_a1_code_submission.zip",
        "moodle:1001",
        "a1_code_submission.zip",
    ),
    ("Participant_1001_assignsubmission_file/softmax.py", "moodle:1001", "softmax.py"),
    ("Participante_1001_assignsubmission_file/softmax.py", "moodle:1001", "softmax.py"),
    ("Student 2_1001_assignsubmission_file/", "moodle:1001", ""),
    ("Student One_1001_assignsubmission_onlinetext/onlinetext.html", "moodle:1001", None),
    ("Student One_1001_assignsubmission_onlinetext_/onlinetext.html", "moodle:1001", None),
    ("Student One_1001_assignsubmission_onlinetext_onlinetext.html", "moodle:1001", None),
    ("Team 7_77_assignsubmission_file/softmax.py", "moodle:77", "softmax.py"),
]


@pytest.mark.parametrize("path,key,file", MOODLE)
def test_moodle(path, key, file):
    assert row(moodle.parse(path, [])) == (key, None, None, file)


def test_a_moodle_team_without_a_number_is_listed():
    parsed = moodle.parse("Default group_assignsubmission_file/softmax.py", [])

    assert parsed == Listed("Default group is a team without a number")
    assert moodle.parse("Student One_1001_file/softmax.py", []) is None


STAMP = "2026-04-20-20-58-10"
BLACKBOARD = [
    (f"Assignment 1_student1_attempt_{STAMP}_softmax.py", [], "username:student1", "softmax.py"),
    (f"Assignment 1_student_1_attempt_{STAMP}_softmax.py", ["student_1"], "username:student_1", "softmax.py"),
    (f"Assignment_1_student_1_attempt_{STAMP}_a_b.py", ["1", "student_1"], "username:student_1", "a_b.py"),
    (f"Assignment 1_student1_attempt_{STAMP}.txt", [], "username:student1", None),
    (f"Assignment 1_student1_attempt_{STAMP}_notes.txt", [], "username:student1", "notes.txt"),
]


@pytest.mark.parametrize("path,roster,key,file", BLACKBOARD)
def test_blackboard(path, roster, key, file):
    parsed = blackboard.parse(path, roster)

    assert row(parsed) == (key, None, STAMP, file)
    assert when(parsed) == "2026-04-20T20:58:10"


BRIGHTSPACE = [
    (
        "123456-654321 - Student One - Apr 20, 2026 858 PM/softmax.py",
        "Student One",
        "2026-04-20T20:58",
        "softmax.py",
    ),
    (
        "123456-654321 - One - Two, Student - Sept 1, 2026 9 AM/softmax.py",
        "One - Two, Student",
        "2026-09-01T09:00",
        "softmax.py",
    ),
    ("1-2 - A - January 31, 2026 12 AM/", "A", "2026-01-31T00:00", ""),
    ("1-2 - A - Dec 31, 2026 1259 PM - hw - 1.py", "A", "2026-12-31T12:59", "hw - 1.py"),
    ("1-2 - A - B - C - May 3, 2026 1105 AM/x/y.py", "A - B - C", "2026-05-03T11:05", "x/y.py"),
]


@pytest.mark.parametrize("path,name,attempt,file", BRIGHTSPACE)
def test_brightspace(path, name, attempt, file):
    parsed = parsed_of(brightspace.parse(path, []))

    assert parsed.students[0].keys[0] == f"name:{name}"
    assert (parsed.late, parsed.attempt, parsed.file) == (None, attempt, file)


@pytest.mark.parametrize(
    "path",
    [
        "1-2 - A - Feb 30, 2026 9 AM/a.py", "1-2 - A - Foo 3, 2026 9 AM/a.py", "1-2 - A - Apr 3, 2026 1399 PM/a.py",
        "1-2 - A - Apr 3, 2026 13 PM/a.py", "A - Apr 3, 2026 9 AM/a.py", "1-2 - A - Apr 3, 2026 9 AM",
    ],
)  # fmt: skip
def test_other_names_are_not_brightspace(path):
    assert brightspace.parse(path, []) is None


def test_brightspaces_own_index_is_nobodys():
    assert brightspace.parse("index.html", []) == Own()


AUTOLAB = [
    ("student1@example.edu_3_handin.zip", [], "student1@example.edu", 3, "handin.zip"),
    (
        "3_a1_student1@example.edu_code_submission.zip",
        [],
        "student1@example.edu",
        3,
        "a1_code_submission.zip",
    ),
    ("3_student1@example.edu_code_submission.zip", [], "student1@example.edu", 3, "code_submission.zip"),
    ("handin/student1@example.edu/3_handin.zip", [], "student1@example.edu", 3, "handin.zip"),
    ("student1@example.edu/3_a1_handin.py", [], "student1@example.edu", 3, "a1_handin.py"),
    ("stu_dent@example.edu_12_handin.py", [], "stu_dent@example.edu", 12, "handin.py"),
    (
        "3_a1_stu_dent@example.edu_code_x.zip",
        ["stu_dent@example.edu"],
        "stu_dent@example.edu",
        3,
        "a1_code_x.zip",
    ),
]


@pytest.mark.parametrize("path,roster,email,version,file", AUTOLAB)
def test_autolab(path, roster, email, version, file):
    assert row(autolab.parse(path, roster)) == (f"email:{email}", None, version, file)


@pytest.mark.parametrize(
    "path", ["student1_3_handin.zip", "a@b.c", "a@b.c_x_handin.zip", "@_3_handin.zip", "_", ""]
)
def test_other_names_are_not_autolab(path):
    assert autolab.parse(path, []) is None


def test_nbgrader():
    tree = nbgrader.parse("submitted/student1/a1/linear_classifier.ipynb", [])
    inbound = nbgrader.parse_inbound("student1+a1+2026-04-20 20:58:10.123456 UTC+Zk3x/softmax.py", [])
    without_random = nbgrader.parse_inbound("student1+a1+2026-04-20 20:58:10.123456 UTC/x/softmax.py", [])

    assert row(tree) == ("username:student1", None, None, "linear_classifier.ipynb")
    attempt = "2026-04-20 20:58:10.123456 UTC"
    assert row(inbound) == ("username:student1", None, attempt, "softmax.py")
    assert row(without_random) == ("username:student1", None, attempt, "x/softmax.py")
    assert when(inbound) == "2026-04-20T20:58:10.123456+00:00"
    assert nbgrader.parse("submitted/student1/a1/timestamp.txt", []) == Own()
    assert nbgrader.parse("student1/a1/x.py", []) is None
    assert nbgrader.parse_inbound("c++notes/x.py", []) is None


def test_course_collectors():
    whole = collector.parse("student1_00000001_A2.zip", [])

    assert row(whole) == ("username:student1, id:00000001", None, None, "student1_00000001_A2.zip")
    assert row(collector.parse("student1_00000001_A2/two.ipynb", [])) == (*row(whole)[:3], "two.ipynb")
    assert collector.parse("a1_code_submission.zip", []) == Listed("it names no student")
    assert collector.parse("student1_1_A2.zip", []) is None


def test_github():
    assert row(github.parse("hw-1-student-1/softmax.py", [], "hw-1-")) == (
        "github:student-1",
        None,
        None,
        "softmax.py",
    )
    assert row(github.parse("hw-1-b/x.py", ["1-b"], "hw-1-"))[0] == "github:1-b"
    assert github.parse("other/x.py", [], "hw-1-") is None


def test_a_longer_login_is_not_the_one_that_it_ends_in():
    assert row(github.parse("hw-1-zz-ben/x.py", ["ben"], "hw-1-"))[0] == "github:zz-ben"
    assert row(blackboard.parse(f"A 1_x_ben_attempt_{STAMP}_a.py", ["ben"], "A 1_"))[0] == "username:x_ben"
