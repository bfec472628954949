"""Rosters of every platform: who is in the class, every id as text, and every fault with its line."""

import time
from datetime import datetime

import pytest

from grader.errors import RosterError
from grader.intake.roster import parse_roster, read_roster
from grader.intake.table import TableError


def students_of(text):
    roster, _ = parse_roster(text)
    return [(each.id, each.login, each.email, each.name) for each in roster.students]


def notes_of(text):
    return parse_roster(text)[1]


@pytest.mark.parametrize(
    "row, email",
    [
        ("ann@x.edu,", "ann@x.edu"),
        ("ann@x.edu,a.one@x.edu", "a.one@x.edu"),
        ("ann,", None),
        ("ann@x,", None),
    ],
)
def test_a_login_that_is_an_address_is_the_email_of_who_has_no_other(row, email):
    (student,) = parse_roster(f"id,login,email\n1,{row}\n")[0].students

    assert student.part({}).email == email


MOODLE = "Identifier,Full name,Last modified (submission),Last modified (grade)\nParticipant 1,Ann,{},-\n"


@pytest.mark.parametrize(
    "cell, time",
    [
        ('"Monday, 20 April 2026, 8:58 PM"', "2026-04-20T20:58:00"),
        ('"Monday, 20 April 2026, 12:05\u202fAM"', "2026-04-20T00:05:00"),
        ('"Monday, April 20, 2026, 20:58"', "2026-04-20T20:58:00"),
        ("-", None),
        ("", None),
    ],
)
def test_the_time_of_submission_in_moodles_worksheet(cell, time):
    roster, notes = parse_roster(MOODLE.format(cell))

    assert roster.students[0].submitted_at == (None if time is None else datetime.fromisoformat(time))
    assert notes == ()


def test_a_time_that_cannot_be_read_is_said():
    cell = "Montag, 20. April 2026, 20:58"

    assert notes_of(MOODLE.format(f'"{cell}"')) == (
        f"submission times that are not in English: line 2 ({cell}); they are ignored",
    )


def fault_of(text):
    with pytest.raises(TableError) as caught:
        parse_roster(text)
    return str(caught.value)


EXPORTS = {
    "Canvas's gradebook": (
        ("Student,ID,SIS User ID,SIS Login ID,Section,Assignment 1 (90210)\n"
        "    Points Possible,,,,,100\n"
        '"One, Student",101,,student1@example.edu,CS231n-01,87.50\n'),
        ("101", "student1@example.edu", None, "One, Student"),
    ),
    "Canvas's gradebook with semicolons and a row on posting": (
        "Student;ID;SIS Login ID;Section;A1 (1)\n;;;;Manual Posting\n    Points Possible;;;;(read only)\nOne;101;s1;01;\n",
        ("101", "s1", None, "One"),
    ),
    "Moodle's worksheet": (
        ("Identifier,Full name,Email address,Status,Grade,Feedback comments\n"
        'Participant 1001,Student One,student1@example.edu,Submitted,87.50,"two\nlines"\n'),
        ("student1@example.edu", None, "student1@example.edu", "Student One"),
    ),
    "Moodle's worksheet in German": (
        "ID;Vollständiger Name;E-Mail-Adresse\nTeilnehmer/in 1001;Student One;student1@example.edu\n".replace("ID;", "Kennung;"),
        ("student1@example.edu", None, "student1@example.edu", "Student One"),
    ),
    "Moodle's worksheet under blind marking": (
        "Identifier,Status,Grade\nParticipant 1001,Submitted,-\n", ("1001", None, None, None),
    ),
    "Moodle's participants": (
        "First name,Last name,ID number,Email address\nStudent,One,0001001,student1@example.edu\n",
        ("0001001", None, "student1@example.edu", "Student One"),
    ),
    "Gradescope": (
        "First Name,Last Name,SID,Email,Role,Sections\nStudent,One,1001,student1@example.edu,Student,\n",
        ("1001", None, "student1@example.edu", "Student One"),
    ),
    "Gradescope's grades": (
        "Name,SID,Email,Total Score,Status,Submission ID,Submission Time\nStudent One,1001,s1@x.edu,,Missing,,\n",
        ("1001", None, "s1@x.edu", "Student One"),
    ),
    "Blackboard": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Availability"\n"One"\t"Student"\t"student1"\t"0012"\t"Yes"\n',
        ("0012", "student1", None, "Student One"),
    ),
    "Brightspace": (
        ("OrgDefinedId,Username,Last Name,First Name,Email,A1 Points Grade,End-of-Line Indicator\n"
        "#0012,#student1,One,Student,s1@x.edu,,#\n"),
        ("0012", "student1", "s1@x.edu", "Student One"),
    ),
    "nbgrader": (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,score\na1,,,student1,One,Student,s1@x.edu,0\n",
        ("student1", None, "s1@x.edu", "Student One"),
    ),
    "a list by hand": ("student_id,name\n007,Student One\n", ("007", None, None, "Student One")),
    "a list with a title and blank lines": (
        "CS231n in spring\n\n,,\nNetID ; Full Name\n\n s1 ; Student One \n;\n", ("s1", "s1", None, "Student One"),
    ),
    "a list for Excel": ('sep=;\r\nMatrikelnummer;Name;Vorname\r\n="0012";One;Student\r\n', ("0012", None, None, "Student One")),
    "names alone": ("Name\nStudent One\n", ("Student One", None, None, "Student One")),
    "logins alone": ("uniqname,section\nstudent1,1\n", ("student1", "student1", None, None)),
    "a column of addresses under a word of another language": (
        "Correu,Cognoms i nom\nstudent1@x.edu,One\n", ("student1@x.edu", None, "student1@x.edu", None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("text, student", EXPORTS.values(), ids=EXPORTS.keys())
def test_the_export_of_a_platform_names_its_students(text, student):
    assert students_of(text) == [student]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_utf_8_or_what_its_mark_says(tmp_path, encoding):
    path = tmp_path / "roster.csv"
    path.write_text("id\tname\n1\tŁukasz 李\n", encoding=encoding)

    read = read_roster(path)

    assert [each.name for each in read.roster.students] == ["Łukasz 李"]
    assert read.content == path.read_bytes()


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (b"PK\x03\x04rest", "this is a spreadsheet's own file; open it there and save it as CSV (UTF-8)"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            "this is a spreadsheet's own file; open it there and save it as CSV (UTF-8)",
        ),
        (b"\x7fELF\x00\xff", "this is not text; give a CSV file"),
        (b"id,name\n1\x00,x\n", "this is not text; give a CSV file"),
        (b"id,name\n1,Ren\xe9\n", "line 2 is not UTF-8; save it as CSV (UTF-8)"),
        (b"id,name\n", "it names no students: there are no rows below the header"),
        (
            b"1001,Student One\n",
            (
                "expected a header that names a column of ids, logins, emails or names (such as student_id,email,name),"
                " found '1001' and 'Student One'"
            ),
        ),
        (
            b"s1@x.edu,One\ns2@x.edu,Two\n",
            (
                "expected a header that names a column of ids, logins, emails or names (such as student_id,email,name),"
                " found 's1@x.edu' and 'One'"
            ),
        ),
        (
            b"id,name\n1,One, Student\n",
            "line 2 has 3 cells, the header 2: is a comma in a name? Put the name in quotes",
        ),
        (
            b'id,name\n1,"One\n2,Two\n',
            (
                "line 2: a quote is left open, stands inside a quoted cell without its double, or the cell is far too long;"
                ' write a quote in a quoted cell as ""'
            ),
        ),
        (b'id,name\n1,"One\n2,Two"\n3,X\n', "line 2: a cell spans several lines; is a quote left open?"),
    ],
)
def test_what_is_not_a_roster_is_refused_in_words(tmp_path, content, words):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)

    with pytest.raises(RosterError) as caught:
        read_roster(path)

    assert str(caught.value) == f"{path}: {words}"


def test_a_folder_and_nothing_are_no_rosters(tmp_path):
    for path, words in (
        (tmp_path, "this is a folder; give the roster, a CSV file"),
        (tmp_path / "x", "there is no roster at this path"),
    ):
        with pytest.raises(RosterError) as caught:
            read_roster(path)
        assert str(caught.value) == f"{path}: {words}"


def test_names_of_any_kind_are_only_names():
    names = ['One, "Ann"', "../../etc/passwd", "👩‍💻 Ada", "=HYPERLINK(1)", "O'Neil-Śmith"]
    rows = "".join(f'{at},"{name.replace(chr(34), chr(34) * 2)}"\n' for at, name in enumerate(names))

    found = [name for _, _, _, name in students_of(f"id,name\n{rows}")]

    assert found == ['One, "Ann"', "../../etc/passwd", "👩💻 Ada", "=HYPERLINK(1)", "O'Neil-Śmith"]


def test_marks_of_direction_belong_to_nobodys_id_or_name():
    assert students_of("id,name\n\u200e00\u202e12\u00a0,\u202eeno\n") == [("0012", None, None, "eno")]


def test_two_persons_under_one_id_are_both_named():
    assert fault_of("id,name\n1,Ann\n2,Cem\n1,Ben\n") == (
        "line 2 (Ann (1)) and line 4 (Ben (1)) are two students under the id '1'; which one is it?"
    )


def test_every_fault_is_told_at_once():
    faults = fault_of("id,name,extension\n1,Ann,\n1,Ben,\n2,A,B,C\n3,Cem,soon\n")

    assert faults.splitlines() == [
        "3 faults",
        "  line 2 (Ann (1)) and line 3 (Ben (1)) are two students under the id '1'; which one is it?",
        "  line 4 has 4 cells, the header 3: is a comma in a name? Put the name in quotes",
        "  line 5: extension 'soon' is not an extension; write it as 48 h, 2 days, or 2026-04-22 23:59",
    ]


def test_one_person_on_two_lines_is_one_student_with_all_that_is_known():
    text = 'id,name,email,extension\n1,Ann One,,\n1,"One, Ann",a@x.edu,2 days\n'
    roster, notes = parse_roster(text)

    (student,) = roster.students
    assert (student.name, student.email, student.extension and student.extension.seconds) == (
        "Ann One",
        "a@x.edu",
        172_800,
    )
    assert notes == ("the same student twice: line 3 (One, Ann (1)) repeats line 2",)


def test_two_extensions_of_one_student_are_a_fault():
    assert fault_of("id,extension\n1,2 days\n1,3 days\n") == (
        "line 2 (1) and line 3 (1) have two extensions; which one counts?"
    )


def test_an_address_that_two_share_is_told_with_both():
    assert notes_of("id,name,email\n1,Ann,a@x.edu\n2,Ben,A@x.edu\n") == (
        (
            "several students share one address or id: email 'a@x.edu' of Ann (1) on line 2 and Ben (2) on line 3;"
            " it is ignored for all of them"
        ),
    )


def test_rows_without_ids_are_told_with_their_lines():
    text = "id,name,email,role\n,Ann,,\n1,Ben,,\n,,,Student\n,Prof,p@x.edu,Instructor\n1.2E+05,Eve,,student\n"

    assert notes_of(text) == (
        "line 4: no id, login, email or name; skipped",
        "line 5: staff according to the column 'role'; skipped",
        "without an id, login or email: line 2 (Ann); only their names can tell whose submission is theirs",
        (
            "ids that a spreadsheet has turned into numbers: line 6 (1.2E+05); export the roster again and"
            " do not open it in a spreadsheet first"
        ),
    )
    assert [each[0] for each in students_of(text)] == ["Ann", "1", "1.2E+05"]


def test_two_of_one_name_without_ids_cannot_be_told_apart():
    assert fault_of("name\nAnn\nann\n") == (
        "line 2 (Ann) and line 3 (ann) have the same name and no id to tell them apart"
    )


def test_the_columns_that_were_read_are_kept():
    roster, _ = parse_roster("Student,ID,SIS User ID,SIS Login ID,Section,A (1)\nOne,101,0007,s1,,\n")

    assert roster.columns == {
        "name": "Student",
        "canvas": "ID",
        "sis": "SIS User ID",
        "login": "SIS Login ID",
    }
    assert roster.students[0].ids == {"canvas": "101", "sis": "0007"}


def test_the_student_id_counts_before_a_bare_id():
    roster, _ = parse_roster("ID,Student Number,Name\n17,0012,Ann\n")

    assert (roster.students[0].id, roster.students[0].ids) == ("0012", {"id": "0012", "other_id": "17"})


def test_a_worksheets_participants_are_found_under_a_bare_id():
    roster, _ = parse_roster("ID,Name\nTeilnehmer/in 1001,Ann\nTeilnehmer/in 1002,Ben\n")

    assert [each.ids for each in roster.students] == [{"moodle": "1001"}, {"moodle": "1002"}]


def test_a_great_roster_takes_time_in_proportion():
    def seconds(count):
        rows = "".join(f'{at:08},"Last{at}, First",s{at}@example.edu\n' for at in range(count))
        began = time.process_time()
        parse_roster(f"student_id,name,email\n{rows}")
        return time.process_time() - began

    assert seconds(8000) < 40 * seconds(800) + 0.1
