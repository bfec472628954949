"""The roster of a run: given, or kept from an earlier one."""

import pytest

from grader.batch.enrolment import enrolment
from grader.batch.store import ReportStore
from grader.errors import RosterError
from grader.intake.folder import find_class
from tests.samples import mini_spec

ROSTER = "Student ID,Login,Name\n0012,ann,Ann One\n0013,ben,Ben Two\n0014,cem,Cem\n"


@pytest.fixture
def store(tmp_path):
    return ReportStore(tmp_path / "out")


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(ROSTER)
    return path


def test_without_a_roster_a_class_stays_as_it_is(tmp_path, store):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ann.py").touch()
    found = find_class(tmp_path / "class")

    joined, record = enrolment(store, None).joined(found, mini_spec(tmp_path).spec)

    assert joined == found
    assert (record.roster, record.unmatched, record.not_submitted) == (None, (), ())
    assert [(each.id, each.students) for each in record.entries] == [("ann", ())]


def test_moodles_worksheet_tells_when_a_submission_came(tmp_path, store):
    for folder in ("Ann_1_assignsubmission_file", "Ben_2_assignsubmission_file"):
        (tmp_path / "class" / folder).mkdir(parents=True)
        (tmp_path / "class" / folder / "hw.py").touch()
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "Identifier,Full name,Last modified (submission)\n"
        'Participant 1,Ann,"Monday, 20 April 2026, 8:58 PM"\nParticipant 2,Ben,-\n'
    )

    joined, record = enrolment(store, sheet).joined(find_class(tmp_path / "class"), mini_spec(tmp_path).spec)

    assert [each.submitted_at for each in record.entries] == ["2026-04-20T20:58:00", None]
    assert "time of submission from 'Last modified (submission)'" in joined.remarks[0]


def test_a_roster_names_the_students_and_those_who_are_missing(tmp_path, store, given):
    for name in ("ann.py", "zoe.py"):
        (tmp_path / "class").mkdir(exist_ok=True)
        (tmp_path / "class" / name).touch()

    enrolled = enrolment(store, given)
    joined, record = enrolled.joined(find_class(tmp_path / "class"), mini_spec(tmp_path).spec)

    assert joined.remarks == (
        "Roster: 3 students; login from 'Login', name from 'Name', id from 'Student ID'.",
        "1 submission of 3 students; 2 did not submit: Ben Two (0013) and Cem (0014).",
        "Not on the roster: zoe (graded, under the name in the download).",
    )
    assert [(each.id, [who.id for who in each.students]) for each in record.entries] == [
        ("ann", ["0012"]),
        ("zoe", []),
    ]
    assert [each.submission for each in record.unmatched] == ["zoe"]
    assert record.not_submitted == ("0013", "0014")
    assert dict(enrolled.own_files) == {"roster.csv": ROSTER.encode()}


def test_the_roster_of_an_earlier_run_holds_and_is_said(store, given):
    store.prepare()
    store.keep(dict(enrolment(store, given).own_files))
    given.unlink()

    enrolled = enrolment(store, None)

    assert enrolled.own_files == ()
    assert enrolled.roster is not None
    assert [each.id for each in enrolled.roster.students] == ["0012", "0013", "0014"]
    assert enrolled.remarks[1] == (
        f"It is the one of an earlier run, {store.roster_path}; pass --roster for another, or remove the file to grade"
        " without."
    )


def test_notes_on_the_roster_are_said(store, given):
    given.write_text("id,name\n1,Ann\n1,Ann\n")

    assert enrolment(store, given).remarks[1:] == (
        "Roster, the same student twice: line 3 (Ann (1)) repeats line 2.",
    )


def test_a_roster_that_cannot_be_read_stops_a_run(store, tmp_path):
    with pytest.raises(RosterError):
        enrolment(store, tmp_path / "none.csv")
