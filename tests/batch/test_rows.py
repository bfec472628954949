"""Rows by the record of a class: whose they are by the roster, and who handed in nothing."""

from pathlib import Path

from grader.batch.class_record import ClassRecord, UnmatchedPart, entry_parts
from grader.batch.results import derived
from grader.batch.store import ReportStore
from grader.intake.entry import ClassEntry
from grader.intake.matching import match
from grader.intake.roster import parse_roster
from tests.samples import report_of


def named(identifier):
    return report_of(submission={"id": identifier, "sha256": "a" * 64, "files": []})


def recorded(roster_text, *identifiers):
    roster, _ = parse_roster(roster_text)
    found = match([ClassEntry(each, Path("class")) for each in identifiers], roster)
    return ClassRecord(
        format="folder",
        words="",
        spec="mini",
        title="Mini",
        entries=entry_parts(found.entries),
        roster=roster,
        unmatched=tuple(
            UnmatchedPart(
                submission=each.submission,
                student=None,
                reason=each.reason,
                candidates=tuple(who.id for who in each.candidates),
            )
            for each in found.unmatched
        ),
        not_submitted=tuple(each.id for each in found.not_submitted),
    )


def test_the_roster_names_the_students_in_the_order_of_the_record_and_those_who_are_missing(tmp_path):
    store = ReportStore(tmp_path)
    for each in ("ann", "ben_cem", "zoe", "of_an_earlier_run"):
        store.write(each, named(each))
    text = "id,login,name\n0012,ann,Ann\n0013,ben,Ben\n0014,cem,Cem\n../ben_cem,dia,Dia\n"
    store.write_record(recorded(text, "zoe", "ann", "ben_cem"))

    rows = [
        (each.id, each.student and each.student.id, each.score, each.remarks)
        for each in derived(store).results
    ]

    assert rows == [
        ("zoe", None, 10.0, ("not on the roster",)),
        ("ann", "0012", 10.0, ()),
        ("ben_cem", None, 10.0, ("its name has ids of Ben (0013) and Cem (0014)",)),
        ("0013", "0013", None, ("submission ben_cem may be theirs",)),
        ("0014", "0014", None, ("submission ben_cem may be theirs",)),
        ("_ben_cem", "../ben_cem", None, ()),
    ]


def test_the_row_of_a_student_without_a_submission_has_an_id_of_its_own(tmp_path):
    store = ReportStore(tmp_path)
    store.write("0012", named("0012"))
    record = recorded("id,login\n0012,ann\n", "zoe")
    store.write_record(
        record.model_copy(update={"entries": (record.entries[0].model_copy(update={"id": "0012"}),)})
    )

    assert [(each.id, each.report is None) for each in derived(store).results] == [
        ("0012", False),
        ("0012_", True),
    ]
