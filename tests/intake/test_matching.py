"""Hand-ins and the students of a roster: the strongest id decides, and a name never where two could have it."""

import time
from pathlib import Path

import pytest

from grader.intake.entry import ClassEntry
from grader.intake.folder import find_class
from grader.intake.matching import known_ids, match
from grader.intake.platforms.parsed import Student
from grader.intake.roster import parse_roster

CANVAS_ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section\n"
    '"One, Student",101,00000001,student1@example.edu,01\n"Two, Anna",102,00000002,student2@example.edu,01\n'
)


def entry(identifier, *keys, name=None):
    students = (Student(keys, name),) if keys else ()
    return ClassEntry(identifier, Path("class"), students=students)


def matched(text, *entries):
    return match(entries, parse_roster(text)[0])


def ids(result):
    """The roster's id of each student, by the entry."""
    return {each.id: [who.enrolled and who.enrolled.id for who in each.students] for each in result.entries}


def laid(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return folder


def downloaded(folder, roster_text, *names):
    roster, _ = parse_roster(roster_text)
    found = find_class(laid(folder, *names), roster=known_ids(roster))
    return match(found.entries, roster)


def test_a_name_taken_at_github_is_not_the_login_of_somebody_with_another_name_there():
    found = matched(
        "login,name,github\nben,Ben One,octocat\nann,Ann Two,\n",
        entry("ben", "github:ben"),
        entry("ann", "github:ann"),
    )

    assert ids(found) == {"ben": [None], "ann": ["ann"]}


BY_ID = [
    (CANVAS_ROSTER, "canvas:101", "101"),
    ("id,name\n0101,One\n", "canvas:0101", "0101"),
    (CANVAS_ROSTER, "email:Student1@Example.edu", "101"),
    (CANVAS_ROSTER, "sid:00000001", "101"),
    (CANVAS_ROSTER, "username:student2", "102"),
    (
        "Identifier,Full name,Email address\nParticipant 1001,Student One,s1@x.edu\n",
        "moodle:1001",
        "s1@x.edu",
    ),
    ("SID,Email\n0012,s1@x.edu\n", "sid:0012", "0012"),
    ("student_id,github username\n7,octo-Cat\n", "github:octo-cat", "7"),
    ("Username,Student ID\nstudent_1,0012\n", "username:student_1", "0012"),
    ("NetID,Name\nstudent1,One\n", "email:student1@example.edu", "student1"),
    ("uniqname,umid\nstudent1,00000001\n", "id:00000001", "00000001"),
]


@pytest.mark.parametrize("text, key, expected", BY_ID)
def test_an_id_of_the_platform_finds_the_student(text, key, expected):
    result = matched(text, entry("x", key))

    assert ids(result) == {"x": [expected]}
    assert (result.unmatched, dict(result.notes)) == ((), {})


@pytest.mark.parametrize(
    "text, key", [("id\n1\n", "canvas:001"), ("id\n001\n", "sid:1"), (CANVAS_ROSTER, "canvas:00000001")]
)
def test_ids_are_text_of_one_kind(text, key):
    result = matched(text, entry("x", key))

    assert [(each.submission, each.reason) for each in result.unmatched] == [("x", "not on the roster")]


FILES = [
    "0012", "student1", "student1@example.edu", "0012_hw1", "hw1-student1", "A2 (student1)", "Student1_0012_A2",
    "one.student", "Student_One", "One, Student",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_name_of_a_file_finds_the_student(name):
    text = "student_id,email,name\n0012,student1@example.edu,Student One\n0013,student2@example.edu,Student Two\n"

    assert ids(matched(text, entry(name))) == {name: ["0012"]}


def test_the_name_of_a_file_that_is_two_students_is_nobodys():
    text = "id,login,name\n1001,ann,Ann A\n1002,ben,Ben B\n"

    result = matched(text, entry("ann_ben"), entry("other"))

    assert [(each.submission, each.reason) for each in result.unmatched] == [
        ("ann_ben", "its name has ids of Ann A (1001) and Ben B (1002)"),
        ("other", "not on the roster"),
    ]
    assert [each.id for each in result.unmatched[0].candidates] == ["1001", "1002"]
    assert [each.id for each in result.not_submitted] == ["1001", "1002"]


def test_what_all_names_of_a_class_have_in_common_is_nobodys_id():
    text = "id,login\n1,ann\n2,ben\n3,cem\n"

    assert ids(matched(text, entry("hw_3_ann"), entry("hw_3_ben"))) == {"hw_3_ann": ["1"], "hw_3_ben": ["2"]}


def test_a_matched_student_has_the_rosters_id_name_and_email_and_the_platforms_ids_beside():
    text = "Student ID,Name,Email,Canvas ID\n0012,Student One,s1@x.edu,101\n"

    (student,) = matched(text, entry("onestudent_101", "canvas:101", name="onestudent")).entries[0].students

    assert student.part.model_dump() == {
        "id": "0012",
        "name": "Student One",
        "email": "s1@x.edu",
        "platform": {"id": "0012", "canvas": "101"},
    }


def test_a_name_alone_will_do_where_the_platform_gives_nothing_else():
    text = "OrgDefinedId,Last Name,First Name\n#0012,One,Student\n#0013,Two,Student\n"
    brightspace = entry("Student One", "name:Student One", "brightspace:1-2", name="Student One")

    result = matched(text, brightspace)

    assert ids(result) == {"Student One": ["0012"]}
    assert result.notes == {"Student One": ("is Student One (0012) by name only",)}


def test_a_name_that_two_students_have_is_nobodys():
    text = 'id,name\n1,Wei Zhang\n2,"Zhang, Wei"\n'

    result = matched(text, entry("x", "name:Wei Zhang", "brightspace:1-2", name="Wei Zhang"))

    (refused,) = result.unmatched
    assert refused.reason == "two students share its name: Wei Zhang (1) and Zhang, Wei (2)"
    assert ids(result) == {"x": [None]}


def test_two_hand_ins_of_one_name_are_nobodys():
    first, second = (
        entry(f"Wei{at}", "name:Wei Zhang", f"brightspace:{at}-2", name="Wei Zhang") for at in (1, 2)
    )

    result = matched("id,name\n1,Wei Zhang\n", first, second)

    assert [each.reason for each in result.unmatched] == [
        "its name is that of Wei Zhang (1), whose submission may also be Wei2",
        "its name is that of Wei Zhang (1), whose submission may also be Wei1",
    ]
    assert result.notes == {}


def test_a_hand_in_by_an_id_keeps_its_student_from_one_by_the_name():
    result = matched("id,name,login\n1,Ann One,ann\n", entry("ann"), entry("Ann One"))

    assert ids(result) == {"ann": ["1"], "Ann One": []}
    assert [each.submission for each in result.unmatched] == ["Ann One"]


def test_two_hand_ins_of_one_id_are_both_the_students_with_a_note():
    result = matched("id,login\n1,ann\n", entry("ann"), entry("hw_1"))

    assert ids(result) == {"ann": ["1"], "hw_1": ["1"]}
    assert result.notes["ann"] == ("is of the same student as hw_1; decide which one counts",)


def test_a_name_does_not_do_where_the_roster_has_ids_of_the_platform():
    result = matched(CANVAS_ROSTER, entry("onestudent_999", "canvas:999", name="onestudent"))

    (refused,) = result.unmatched
    assert refused.reason == "no Canvas user 999 on the roster, but its name is that of One, Student (101)"
    assert [each.id for each in refused.candidates] == ["101"]


def test_a_canvas_name_finds_the_student_in_a_registrars_list():
    text = "student_id,name\n0012,Student One\n0013,Anna Maria Two\n"

    result = matched(
        text, entry("a", "canvas:101", name="onestudent"), entry("b", "canvas:102", name="mariatwoanna")
    )

    assert ids(result) == {"a": ["0012"], "b": ["0013"]}
    assert result.notes["a"] == ("is Student One (0012) by name only",)


def test_a_number_of_another_kind_is_no_match_where_the_name_is_somebody_elses():
    text = "id,name\n101,Ben Two\n102,Student One\n"

    result = matched(text, entry("x", "canvas:101", name="onestudent"))

    assert [each.reason for each in result.unmatched] == [
        "its number and its name are of Ben Two (101) and Student One (102)"
    ]


def test_an_id_of_the_same_kind_outweighs_a_name_with_a_note():
    result = matched(CANVAS_ROSTER, entry("x", "canvas:101", name="twoanna"))

    assert ids(result) == {"x": ["101"]}
    assert result.notes["x"] == ("is One, Student (101) by id, but is called twoanna in the download",)


def test_ids_of_two_persons_are_nobodys():
    text = "SID,Email,Name\n1,a@x.edu,Ann\n2,b@x.edu,Ben\n"

    result = matched(text, entry("x", "sid:1", "email:b@x.edu"))

    assert [each.reason for each in result.unmatched] == ["its ids are of Ann (1) and Ben (2)"]


def test_an_address_that_two_share_is_nobodys():
    text = "SID,Email,Name\n1,a@x.edu,Ann\n2,a@x.edu,Ben\n"

    result = matched(text, entry("x", "email:a@x.edu"), entry("y", "sid:2", "email:a@x.edu"))

    assert ids(result) == {"x": [None], "y": ["2"]}
    assert [each.reason for each in result.unmatched] == ["its id is shared by Ann (1) and Ben (2)"]


def test_a_canvas_name_with_several_readings_is_settled_by_the_roster(tmp_path):
    result = downloaded(
        tmp_path, CANVAS_ROSTER, "two_2_101_678957_softmax.py", "twoanna_102_678958_softmax.py"
    )

    assert sorted(each for [each] in ids(result).values()) == ["101", "102"]
    assert not any(each.notes for each in result.entries)


DOWNLOADS = [
    (
        "Assignment 1_student_1_attempt_2026-04-20-20-58-10_softmax.py",
        "Username,Student ID\nstudent_1,0012\n",
    ),
    ("student1_00000001_A2.zip", "uniqname,Student ID\nstudent1,0012\n"),
    ("s_1@example.edu_3_handin.zip", "Student ID,Email\n0012,s_1@example.edu\n"),
    ("submitted/student1/a1/softmax.py", "Student ID,Email\n0012,student1@example.edu\n"),
    ("student1+a1+2026-04-20 20:58:10.123456 UTC/softmax.py", "Student ID,NetID\n0012,student1\n"),
    (
        "123456-654321 - One - Two, Student - Sept 1, 2026 9 AM/softmax.py",
        'Student ID,Name\n0012,"One - Two, Student"\n',
    ),
    (
        "123456-654321 - Student One - Apr 20, 2026 858 PM/softmax.py",
        'OrgDefinedId,Name\n#0012,"One, Student"\n',
    ),
    ("anna_2_101_678957_softmax.py", "Student ID,Canvas ID,Name\n0012,101,Anna 2\n"),
]


@pytest.mark.parametrize("name, text", DOWNLOADS)
def test_a_download_of_any_platform_finds_its_students(tmp_path, name, text):
    assert [each for [each] in ids(downloaded(tmp_path, text, name)).values()] == ["0012"]


def test_moodles_worksheet_names_the_participants(tmp_path):
    text = "Identifier,Full name,Email address\nParticipant 1001,Student One,s1@x.edu\nParticipant 1002,Ann Two,s2@x.edu\n"

    result = downloaded(
        tmp_path,
        text,
        "Participant_1001_assignsubmission_file/softmax.py",
        "Participant_1002_assignsubmission_file/softmax.py",
    )

    assert sorted(each for [each] in ids(result).values()) == ["s1@x.edu", "s2@x.edu"]
    assert result.lines == ("2 submissions of 2 students.",)


def test_a_moodle_teams_number_is_no_participant(tmp_path):
    text = "Identifier,Full name,Email address\nParticipant 1001,Student One,s1@x.edu\n"

    result = downloaded(tmp_path, text, "Team A_1001_assignsubmission_file/softmax.py")

    assert [each.reason for each in result.unmatched] == [
        (
            "1001 is Student One (s1@x.edu) on the roster, but here it is Team A: is it a team?"
            " A column Group in the roster names its members"
        )
    ]


@pytest.mark.parametrize(
    "name", ["Team A_1001_assignsubmission_file/softmax.py", "teama_101_678901_softmax.py", "team-a.py"]
)
def test_a_group_is_its_members(tmp_path, name):
    text = "Student ID,Canvas ID,Name,Group\n1,101,Student One,Team A\n2,102,Ann Two,Team A\n3,103,Ben Three,Team B\n"

    result = downloaded(tmp_path, text, name)

    assert list(ids(result).values()) == [["1", "2"]]
    assert [each.id for each in result.not_submitted] == ["3"]


@pytest.mark.parametrize(
    "name", ["Team A_77_assignsubmission_file/softmax.py", "teama_101_678901_softmax.py"]
)
def test_the_number_beside_a_groups_name_is_no_other_members(tmp_path, name):
    text = "Student ID,Canvas ID,Moodle Participant,Group\n1,101,1001,Team A\n2,102,1002,Team A\n"

    ((entry),) = downloaded(tmp_path, text, name).entries

    assert [each.part.platform for each in entry.students] == [
        {"id": "1", "canvas": "101", "moodle": "1001"},
        {"id": "2", "canvas": "102", "moodle": "1002"},
    ]


def test_as_many_students_out_as_in_is_said_in_words():
    text = "id,login,name\n1,ann,Ann\n2,ben,Ben\n3,cem,Cem\n"

    result = matched(text, entry("ann"), entry("zoe"), entry("ben_cem"))

    assert result.lines == (
        "1 submission of 3 students; 2 may have submitted one of those below: Ben (2) and Cem (3).",
        "Not on the roster: zoe.",
        "ben_cem: its name has ids of Ben (2) and Cem (3).",
        "2 submissions without a student of the roster keep their rows, under the name in the download.",
    )


def test_a_roster_of_another_class_is_said():
    assert matched("id\n1\n", entry("ann")).lines[1] == (
        "No submission belongs to a student on the roster: is it the roster of this class?"
    )


def test_a_great_class_takes_time_in_proportion():
    def seconds(count):
        rows = "".join(f'{at:08},"Last{at}, First",s{at}@example.edu\n' for at in range(count))
        roster, _ = parse_roster(f"student_id,name,email\n{rows}")
        entries = [entry(f"hw_{at:08}") for at in range(0, count, 2)]
        began = time.process_time()
        assert len(match(entries, roster).not_submitted) == count // 2
        return time.process_time() - began

    assert seconds(4000) < 40 * seconds(400) + 0.1
