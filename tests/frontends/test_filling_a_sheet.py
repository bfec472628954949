"""A class from Canvas's zip to Canvas's gradebook and to Moodle's feedback files, a command for each, checked row by row."""

import csv
import io
import sys
import zipfile

import pytest

from grader.batch.enrolment import enrolment
from grader.batch.store import ReportStore
from grader.frontends import cli
from grader.intake.folder import find_class
from tests.exporters.readers import canvas, moodle
from tests.frontends.test_cli import Ran, in_one_line
from tests.samples import check_part, mini_spec, report_of

GRADEBOOK = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Mini (90210),Other (90211)\r\n"
    "    Points Possible,,,,,15,10\r\n"
    + "".join(
        f'"{last}, {first}",{number},{number:05},{login}@example.edu,"S1, lab ""A""",{grade},9.5\r\n'
        for first, last, number, login, grade in (
            ("Ann", "Arbor", 101, "ann", ""),
            ("=Ben", "cmd|x", 102, "ben", "3.00"),
            ("Cem", "Öner", 103, "cem", ""),
            ("Dia", "Late", 104, "dia", ""),
            ("Eve", "Fault", 105, "eve", "4"),
            ("Fay", "Pdf", 106, "fay", ""),
            ("Gil", "Excused", 107, "gil", "EX"),
            ("Hal", "Absent", 108, "hal", "1"),
            ("Student", "Test", 199, "test", ""),
        )
    )
)  # fmt: skip
FILES = (
    "arborann_101_5001_hw.py", "cmdxben_102_5002_hw.py", "önercem_103_5003_hw.ipynb", "latedia_LATE_104_5004_hw.py",
    "faulteve_105_5005_hw.py", "pdffay_106_5006_hw.pdf", "excusedgil_107_5007_hw.py",
)  # fmt: skip
SCORES = {"101": 15.0, "102": 2.5, "103": 0.0, "104": 7.254, "106": 0.0, "107": 9.0}
EXPECTED = {101: "15.00", 102: "2.50", 103: "0.00", 104: "7.25", 106: "0.00"}

WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    + "".join(
        f"Participant {9000 + number},{name},{login}@example.edu,Submitted,,15.00,Yes,-,-,\n"
        for number, name, login in (
            (3, "Ann Arbor", "ann"), (1, "Ben", "ben"), (2, "Cem Öner", "cem"), (7, "Dia Late", "dia"),
            (5, "Eve Fault", "eve"), (6, "Fay Pdf", "fay"), (4, "Gil Excused", "gil"), (8, "Zoe New", "zoe"),
        )
    )
)  # fmt: skip
PARTICIPANTS = {"ann": 9003, "ben": 9001, "cem": 9002, "dia": 9007, "fay": 9006, "gil": 9004}


@pytest.fixture
def school(tmp_path):
    """out/, graded from Canvas's zip with its gradebook as roster; gradebook.csv and worksheet.csv beside it."""
    (tmp_path / "gradebook.csv").write_bytes(GRADEBOOK.encode())
    (tmp_path / "worksheet.csv").write_bytes(WORKSHEET.encode())
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for name in FILES:
            archive.writestr(name, "def f(): pass\n")
    store = ReportStore(tmp_path / "out")
    store.prepare()
    found = find_class(tmp_path / "submissions.zip")
    joined, record = enrolment(store, tmp_path / "gradebook.csv").joined(found, mini_spec(tmp_path).spec)
    store.write_record(record)
    for entry in joined.entries:
        (student,) = entry.students
        score = SCORES.get(student.part.platform["canvas"])
        status = "errored" if score is None else "failed"
        report = report_of(
            submission={
                "id": entry.id, "sha256": "a" * 64, "files": [], "student": student.part.model_dump(),
            },
            status="incomplete" if score is None else "graded",
            score=score,
            max_score=15.0,
            checks=[check_part(status=status, points=score or 0.0, max_points=15.0)],
        )  # fmt: skip
        store.write(entry.id, report)
        store.write_page(entry.id, f"<p>{entry.id}</p>")
    return store


@pytest.fixture
def export(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["grader", "export", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return Ran(caught.value.code or 0, captured.out, captured.err)

    return run


def test_canvass_gradebook_is_filled_row_by_row(export, school, tmp_path):
    ran = export("canvas", "out", "--sheet", "gradebook.csv", "--column", "90210", "-o", "filled.csv")

    assert (ran.code, ran.err) == (1, "")
    filled = (tmp_path / "filled.csv").read_bytes()
    before, after = (list(csv.reader(io.StringIO(each, newline=""))) for each in (GRADEBOOK, filled.decode()))
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        number = int(old[1]) if old[1].isdigit() else 0
        assert new == [*old[:5], EXPECTED.get(number, old[5]), old[6]]
    stored = {("90210", 102): "3.00", ("90210", 105): "4", ("90210", 107): "EX", ("90210", 108): "1"}
    stored |= {("90211", int(row[1])): "9.5" for row in before[2:]}
    students = {int(row[1]): (row[2], row[3], row[0]) for row in before[2:]}
    upload = canvas.read(filled, students, stored, {"90210": "Mini", "90211": "Other"})
    assert upload.grades == {"90210": EXPECTED}
    assert (upload.new_assignments, upload.unknown_students) == ([], [])


def test_the_terminal_tells_everybody_who_is_not_in_it(export, school, tmp_path):
    ran = export("canvas", "out", "--sheet", "gradebook.csv", "--column", "Mini", "--dry-run")

    said = in_one_line(ran.out)
    assert ran.code == 1
    assert "Mini: 5 students with a score, for canvas" in said
    assert "Fault, Eve (105) the grader failed in f: values: grade again" in said
    assert "Excused, Gil (107) is excused in the sheet (EX)" in said
    assert "No submission (2) Absent, Hal (108) Test, Student (199)" in said
    assert "Grades to be replaced: cmd|x, =Ben (102): 3.00 becomes 2.50." in said
    assert sorted(each.name for each in tmp_path.glob("*.csv")) == ["gradebook.csv", "worksheet.csv"]


def test_moodles_feedback_files_reach_their_students(export, school, tmp_path):
    ran = export("moodle-feedback", "out", "--sheet", "worksheet.csv", "-o", "feedback.zip")

    assert (ran.code, ran.err) == (1, "")  # Eve is withheld
    with zipfile.ZipFile(tmp_path / "feedback.zip") as archive:
        found = {
            moodle.owner_of_file(f"import/{name}", set(range(9001, 9009))): archive.read(name).decode()
            for name in archive.namelist()
        }
    assert {number: page for (number, _), page in found.items()} == {
        PARTICIPANTS["ann"]: "<p>arborann_101</p>",
        PARTICIPANTS["ben"]: "<p>cmdxben_102</p>",
        PARTICIPANTS["cem"]: "<p>önercem_103</p>",
        PARTICIPANTS["dia"]: "<p>latedia_104</p>",
        PARTICIPANTS["fay"]: "<p>pdffay_106</p>",
        PARTICIPANTS["gil"]: "<p>excusedgil_107</p>",
    }
    assert {name for _, name in found} == {"/feedback.html"}


def test_moodles_worksheet_is_filled_from_the_same_class(export, school, tmp_path):
    export(
        "moodle", "out", "--sheet", "worksheet.csv", "-o", "filled.csv", "--set", "feedback=Feedback comments"
    )

    people = {number: moodle.Participant() for number in range(9001, 9009)}
    done = moodle.read_worksheet((tmp_path / "filled.csv").read_bytes(), people, 15.0)
    assert done.grades == {9003: 15.0, 9001: 2.5, 9002: 0.0, 9007: 7.25, 9006: 0.0, 9004: 9.0}
    assert set(done.feedback) == set(done.grades)
    assert done.skipped == {9005: "blank", 9008: "blank"}


def test_the_sheet_itself_is_never_written_over(export, school, tmp_path):
    ran = export("canvas", "out", "--sheet", "gradebook.csv", "--column", "90210", "-o", "gradebook.csv")

    assert (ran.code, ran.out) == (2, "")
    assert "the export is made from this; give -o another name" in in_one_line(ran.err)
    assert (tmp_path / "gradebook.csv").read_bytes() == GRADEBOOK.encode()


def test_problems_stop_everything(export, school, tmp_path):
    (tmp_path / "gradebook.csv").write_bytes(
        GRADEBOOK.replace('"Arbor, Ann",101,00101,ann@', '"Other, Zoe",131,00131,zoe@').encode()
    )

    ran = export("canvas", "out", "--sheet", "gradebook.csv", "--column", "90210", "-o", "filled.csv")

    assert (ran.code, ran.out) == (2, "")
    assert "1 student with a score but no row in the sheet: Arbor, Ann (101)." in in_one_line(ran.err)
    assert not (tmp_path / "filled.csv").exists()
    again = export(
        "canvas",
        "out",
        "--sheet",
        "gradebook.csv",
        "--column",
        "90210",
        "-o",
        "filled.csv",
        "--set",
        "unmatched=skip",
    )
    assert again.code == 1
    assert "Arbor, Ann (101): no row of the sheet has one of their ids" in in_one_line(again.out)
