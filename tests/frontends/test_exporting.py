"""`grader export`: exit codes, what is written and what is not, and what the terminal says, at 80 columns."""

import json
import sys
import zipfile
from pathlib import Path

import pytest

from grader.batch.store import ReportStore
from grader.exporters import EXPORTERS
from grader.frontends import cli
from grader.frontends.export_files import write_artifacts
from grader.model.artifact import Artifact
from tests.frontends.test_cli import Ran, in_one_line, printed_by
from tests.samples import check_part, report_of

FAULT = {"status": "incomplete", "score": None, "checks": [check_part(status="errored", points=0.0)]}


@pytest.fixture
def grader(monkeypatch, capsys, tmp_path):
    """(words of the command line) to its exit code and output, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return Ran(caught.value.code or 0, captured.out, captured.err)

    return run


def submission(number):
    student = {"id": f"100{number}", "name": f"Student {number}", "email": f"s{number}@example.edu"}
    return {"id": f"s{number}", "sha256": "a" * 64, "student": student, "files": []}


@pytest.fixture
def school(tmp_path):
    """out/, a class of two."""
    store = ReportStore(tmp_path / "out")
    store.prepare()
    for number in (1, 2):
        store.write(f"s{number}", report_of(submission=submission(number)))
    return store


@pytest.fixture
def with_fault(school):
    """The same, and a third for whom the grader failed."""
    school.write("s3", report_of(submission=submission(3), **FAULT))
    return school


def export(grader, *words):
    return grader("export", *words)


def test_a_class_goes_into_one_file(grader, school, tmp_path):
    ran = export(grader, "csv", "out", "-o", "grades.csv")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Mini: 2 students with a score, for csv\n\nWritten: grades.csv\n"
    assert (tmp_path / "grades.csv").read_text().count("\n") == 3


def test_a_file_for_each_student_goes_into_a_zip_that_is_always_the_same(grader, school, tmp_path):
    assert export(grader, "gradescope", "out", "-o", "a.zip").out.endswith("Written: a.zip (2 files)\n")
    export(grader, "gradescope", "out", "-o", "b.zip")

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["s1.json", "s2.json"]
    assert export(grader, "gradescope", "out", "-o", "a.zip").code == 0  # an export is replaced


def test_or_into_a_new_folder(grader, school, tmp_path):
    assert export(grader, "junit", "out", "-o", "xml").code == 0

    assert sorted(path.name for path in (tmp_path / "xml").iterdir()) == ["s1.xml", "s2.xml"]
    again = export(grader, "junit", "out", "-o", "xml")
    assert again.code == 2
    assert again.err == (
        "grader: xml: the folder is not empty, so nothing was written into it; remove it, give another name, or give a .zip, which may be replaced\n"
    )


@pytest.mark.parametrize("place", ["", ".", "new/.."])
def test_the_current_folder_is_not_replaced_by_an_export(grader, school, tmp_path, monkeypatch, place):
    (tmp_path / "empty" / "new").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "empty")

    ran = export(grader, "junit", str(tmp_path / "out"), "-o", place)

    assert (ran.code, ran.err) == (
        2,
        f"grader: {Path(place)}: is the current folder; give the name of a new one, or of a file\n",
    )


def test_one_student_goes_to_standard_output_and_the_words_elsewhere(grader, school):
    ran = export(grader, "autolab", "out", "--student", "1002", "-o", "-")

    assert ran.code == 0
    assert ran.out.endswith('\n{"scores": {"Score": 10}}\n')
    assert ran.err.startswith("Mini: 1 student with a score, for autolab\n")


def test_several_files_cannot_go_to_standard_output(grader, school):
    ran = export(grader, "gradescope", "out", "-o", "-")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(
        "grader: 2 files cannot go to standard output; give -o a .zip or a folder, or one student with --student ID\n"
    )


def test_a_single_report_is_exported_as_it_is(grader, tmp_path):
    (tmp_path / "report.json").write_text(report_of().to_json())

    assert export(grader, "gradescope", "report.json", "-o", "results.json").code == 0

    assert json.loads((tmp_path / "results.json").read_text())["score"] == 10


def test_a_fault_is_withheld_told_and_in_the_exit_code(grader, with_fault, tmp_path):
    ran = export(grader, "gradescope", "out", "-o", "a.zip")

    assert ran.code == 1
    assert (
        "Withheld (1): no score yet, and never a 0\n  Student 3 (1003)  the grader failed in f: values: grade again"
        in ran.out
    )
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["s1.json", "s2.json"]


def test_a_fault_alone_writes_nothing(grader, tmp_path):
    (tmp_path / "report.json").write_text(report_of(**FAULT).to_json())

    ran = export(grader, "gradescope", "report.json", "-o", "results.json")

    assert ran.code == 1
    assert ran.out.endswith("Nothing was written: no student has a score.\n")
    assert not (tmp_path / "results.json").exists()


def test_a_dry_run_tells_and_writes_nothing(grader, with_fault, tmp_path):
    before = sorted(tmp_path.rglob("*"))

    ran = export(grader, "prairielearn", "out", "--dry-run")

    assert ran.code == 1
    assert ran.out.startswith(
        "Mini: 2 students with a score, for prairielearn\n\nMatched (2)\n  Student 1 (1001)  10 of 10"
    )
    assert "Withheld (1): no score yet, and never a 0" in ran.out
    assert "Dry run: nothing was written. It would be\n  s1.json (" in ran.out
    assert sorted(tmp_path.rglob("*")) == before


def test_all_problems_are_told_and_nothing_is_written(grader, school, tmp_path):
    (tmp_path / "out" / "class.toml").write_text(
        "".join(
            f'[[overrides]]\nid = "s{number}"\npoints = 1{number}\nreason = "a bonus"\n' for number in (1, 2)
        )
    )

    ran = export(grader, "prairielearn", "out", "-o", "a.zip")

    assert (ran.code, ran.out) == (2, "")
    told = in_one_line(ran.err)
    assert told.startswith(
        "Nothing was written: 2 problems to fix first. 1. Student 1 (1001): 11 of 10 points:"
    )
    assert " 2. Student 2 (1002): 12 of 10 points:" in told
    assert not (tmp_path / "a.zip").exists()


def test_every_line_fits_in_80_columns(grader, with_fault):
    for name in EXPORTERS:
        for words in ((), ("--set", "problems=functions") if name == "autolab" else ()):
            ran = export(grader, name, "out", "--dry-run", *words)
            assert all(len(line.rstrip()) <= 80 for line in (ran.out + ran.err).splitlines()), name


def test_another_roster_gives_ids_and_names_who_handed_in_nothing(grader, school, tmp_path):
    (tmp_path / "roster.csv").write_text(
        "Student ID,Email,Name\n1001,new@example.edu,Ann\n1002,s2@example.edu,Ben\n1009,s9@example.edu,Zoe\n"
    )

    ran = export(grader, "autolab-bulk", "out", "--roster", "roster.csv", "-o", "grades.csv")

    assert ran.code == 0
    assert (tmp_path / "grades.csv").read_text() == "new@example.edu,10,\ns2@example.edu,10,\n"
    assert "No submission (1)\n  Zoe (1009)\n" in ran.out


def test_the_runners_environment_identifies_a_submission_of_classroom_50(grader, tmp_path, monkeypatch):
    (tmp_path / "report.json").write_text(report_of().to_json())
    told = ("CLASSROOM", "ASSIGNMENT", "OWNER", "COMMIT_URL", "RELEASE_URL")
    for variable in told:
        monkeypatch.setenv(variable, variable.lower())
    monkeypatch.setenv("SUBMISSION_TAG", "submit/1")
    time = "datetime=2026-04-20T22:58:10+02:00"

    ran = export(
        grader, "classroom50", "report.json", "-o", "result.json", "--set", time, "--set", "owner=ann"
    )

    assert ran.code == 0
    data = json.loads((tmp_path / "result.json").read_text())
    assert (data["classroom"], data["owner"], data["datetime"]) == (
        "classroom",
        "ann",
        "2026-04-20T20:58:10Z",
    )


@pytest.mark.parametrize(
    "words, message",
    [
        (("gradescop", "out", "--dry-run"), "there is no format 'gradescop': did you mean 'gradescope'?"),
        (("csv", "out"), "give -o FILE to write, or --dry-run to write nothing"),
        (("csv", "out", "--dry-run", "--column", "a"), "--column has no effect for csv; leave it out"),
        (("csv", "out", "--dry-run", "--key", "a"), "--key has no effect for csv; leave it out"),
        (("csv", "out", "--dry-run", "--set", "a"), "--set a: write NAME=VALUE"),
        (("csv", "out", "--dry-run", "--set", "a=1"), "--set a=1: not a setting of csv: it takes none"),
        (
            ("autolab", "out", "--dry-run", "--set", "a=1"),
            "--set a=1: not a setting of autolab: it takes problems",
        ),
        (
            ("autolab", "out", "--dry-run", *("--set", "problems=score") * 2),
            "--set problems is given twice",
        ),
        (("csv", "out", "-o", "no/x.csv"), "no/x.csv: cannot be written: there is no folder no; make it first"),
        (("csv", "nothing", "--dry-run"), "nothing: there is no such file or folder"),
        (("csv", "out/class.json", "--dry-run"), "out/class.json: there is no such file or folder"),
        (("csv", "out", "--dry-run", "--student", "zz"), "--student: no submission or student is 'zz'"),
        (
            ("csv", "out", "-o", "out/reports/s1.json"),
            "out/reports/s1.json: the export is made from this; give -o another name",
        ),
        (("csv", "out", "-o", "hw.py"), "hw.py: an export would replace this .py file; give -o another name"),
        (
            ("gradescope", "out", "-o", "class.zip"),
            "class.zip: this .zip is not an export, so it is not replaced; give -o another name",
        ),
        (("csv", "hw.py", "--dry-run"), "hw.py: not a report: invalid JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)  # fmt: skip
def test_wrong_words_are_told_and_nothing_is_written(grader, school, tmp_path, words, message):
    (tmp_path / "hw.py").write_text("x = 1\n")
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("hw.py", "x = 1\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    ran = export(grader, *words)

    assert (ran.code, ran.out, ran.err) == (2, "", f"grader: {message}\n")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_report_that_cannot_be_read_is_withheld_with_the_reason(grader, school, tmp_path):
    from grader.batch.class_record import ClassRecord, EntryPart

    entries = tuple(
        EntryPart(
            id=f"s{number}",
            students=(),
            attempt=None,
            submitted_at=None,
            late_mark=None,
            earlier=(),
            notes=(),
        )
        for number in (1, 2)
    )
    record = ClassRecord(format="folder", words="2 files", spec="mini", title="Mini", entries=entries)
    school.write_record(record)
    school.report_path("s2").write_text("{")

    ran = export(grader, "csv", "out", "--dry-run")

    assert ran.code == 1
    assert "s2 its report cannot be read: not a report: invalid JSON" in in_one_line(ran.out)


def test_a_class_that_nobody_knows_is_not_exported(grader, school, tmp_path):
    (tmp_path / "out" / "class.json").write_text("{")

    ran = export(grader, "csv", "out", "-o", "a.csv")

    assert ran.code == 2
    assert "1. class.json is missing or unreadable, so it is unknown who is in the class" in in_one_line(
        ran.err
    )
    assert not (tmp_path / "a.csv").exists()


def test_a_zero_of_what_could_not_be_read_is_told(grader, school):
    school.write("s1", report_of(submission=submission(1), status="unreadable", score=0.0, checks=[]))

    ran = export(grader, "csv", "out", "--dry-run")

    assert (
        "0 points because the submission could not be read: Student 1 (1001); if it deserves points"
        in in_one_line(ran.out)
    )


def test_a_quick_run_is_told(grader, school):
    checks = [check_part(), check_part(id="speed", status="not_run", points=0.0, max_points=4.0)]
    school.write("s1", report_of(submission=submission(1), checks=checks))

    ran = export(grader, "csv", "out", "--dry-run")

    assert (
        "Graded with --quick (Student 1 (1001)): checks worth 4 points were left out, and the scores are out of the rest."
        in in_one_line(ran.out)
    )


def test_a_student_who_could_be_two_of_the_roster_stops_the_export(grader, school, tmp_path):
    (tmp_path / "roster.csv").write_text("Student ID,Name\n7,Student 1\n8,Student 1\n1002,Student 2\n")

    ran = export(grader, "csv", "out", "--roster", "roster.csv", "-o", "a.csv")

    assert ran.code == 2
    assert "1. roster: Student 1: " in in_one_line(ran.err).replace("Roster", "roster")
    assert not (tmp_path / "a.csv").exists()


def test_two_assignments_in_one_folder_are_not_one_export(grader, school):
    other = {"name": "other", "title": "Other", "spec_sha256": "5" * 64}
    school.write("s9", report_of(submission=submission(9), assignment=other))

    ran = export(grader, "csv", "out", "--dry-run")

    assert ran.code == 2
    assert (
        "1. the reports are for mini and other: grade each assignment into a folder of its own."
        in in_one_line(ran.err).lower()
    )


def test_a_folder_that_cannot_be_written_is_not_there_at_all(tmp_path):
    artifacts = [Artifact("a.txt", "text/plain", b"1"), Artifact("a.txt", "text/plain", b"2")]

    with pytest.raises(Exception, match="cannot be written: File exists"):
        write_artifacts(str(tmp_path / "made"), artifacts)

    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "a\\b"])
def test_a_name_that_leads_elsewhere_is_written_nowhere(tmp_path, name):
    artifacts = [Artifact("a.txt", "text/plain", b"1"), Artifact(name, "text/plain", b"2")]

    for place in ("made", "made.zip"):
        with pytest.raises(Exception, match="not a safe name for a file"):
            write_artifacts(str(tmp_path / place), artifacts)

    assert [*tmp_path.iterdir()] == []


def test_help_names_every_format_and_imports_neither_torch_nor_numpy():
    lines = printed_by(
        "import sys; sys.argv[1:] = ['export', '--help']; import grader.frontends.cli as c\n"
        "try: c.main()\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'numpy', 'nbformat', 'grader.exporters') if name in sys.modules])"
    )

    told = " ".join(lines).replace("│", " ").replace(".", ",").split()
    assert lines[-1] == "[]"
    assert {f"{name}," for name in EXPORTERS} <= set(told)


@pytest.mark.parametrize("name", ["class.toml", "overrides.toml", "pushed.jsonl", "roster.csv"])
def test_no_export_is_taken_for_the_class_s_own_file(grader, school, tmp_path, name):
    ran = export(grader, "csv", "out", "-o", f"out/{name}")

    assert (ran.code, ran.err) == (
        2,
        f"grader: out/{name}: one of the class's own files has this name; give -o another name\n",
    )
    assert not (tmp_path / "out" / name).exists()


def test_no_export_is_taken_for_a_report(grader, school, tmp_path):
    ran = export(grader, "csv", "out", "-o", "out/reports/s9.json")

    assert (ran.code, ran.err) == (
        2,
        "grader: out/reports/s9.json: this folder is for the grader's own files; give -o another place\n",
    )


def test_the_roster_is_not_replaced(grader, school, tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n1001,Student 1\n")

    ran = export(grader, "csv", "out", "--roster", "roster.csv", "-o", "roster.csv")

    assert (ran.code, ran.err) == (
        2,
        "grader: roster.csv: the export is made from this; give -o another name\n",
    )


def test_several_files_do_not_become_a_folder_called_like_one(grader, school, tmp_path):
    ran = export(grader, "gradescope", "out", "-o", "results.json")

    assert ran.code == 2
    assert ran.err == (
        "grader: results.json: 2 files cannot be one; give -o a .zip or a new folder, or one student with --student ID\n"
    )
    assert not (tmp_path / "results.json").exists()


def test_a_file_of_an_earlier_export_is_not_taken_for_a_withheld_student(grader, with_fault, tmp_path):
    export(grader, "gradescope", "out", "--student", "s1", "-o", "results.json")

    ran = export(grader, "gradescope", "out", "--student", "s3", "-o", "results.json")

    assert ran.code == 1
    assert ran.out.endswith(
        "Nothing was written: no student has a score.\nresults.json is still the file of an earlier export.\n"
    )
