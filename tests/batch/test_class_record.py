"""class.json: its fields, its schema, and that it survives its own text."""

import json
from pathlib import Path

import pytest

from grader.batch.class_record import ClassRecord, entry_parts, parse_class_record
from grader.intake.entry import ClassEntry
from grader.intake.platforms.parsed import Student
from grader.intake.roster import parse_roster


@pytest.fixture
def record():
    roster, _ = parse_roster("id,name,extension\n0012,Ann One,2 days\n0013,Ben Two,\n0014,Cem,2026-04-22\n")
    ann, ben, _ = roster.students
    entry = ClassEntry(
        "team",
        Path("class"),
        students=(Student(("canvas:101",), "annone", ann), Student(("canvas:999",), "zoe")),
        attempt=2,
    )
    return ClassRecord(
        format="canvas",
        words="This is a Canvas download: 2 students.",
        spec="mini",
        title="Mini",
        entries=entry_parts([entry], {"team": ["a note"]}),
        roster=roster,
        not_submitted=(ben.id, "0014"),
    )


def test_a_record_survives_its_own_text(record):
    assert parse_class_record(record.to_json()) == record


def test_it_holds_the_students_as_the_roster_names_them(record):
    data = json.loads(record.to_json())

    assert data["entries"][0]["students"] == [
        {"id": "0012", "name": "Ann One", "email": None, "platform": {"id": "0012", "canvas": "101"}},
        {"id": "999", "name": "zoe", "email": None, "platform": {"canvas": "999"}},
    ]
    assert data["entries"][0]["notes"] == ["a note"]
    assert data["roster"]["students"][0]["extension"] == {"seconds": 172800.0, "due_at": None}
    assert data["roster"]["students"][2]["extension"] == {"seconds": None, "due_at": "2026-04-22T23:59:59"}


def test_the_students_without_a_hand_in_are_in_the_order_of_the_roster(record):
    assert [each.id for each in record.missing] == ["0013", "0014"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema_version": "9"}', '{"schema_version": "1"}'])
def test_what_is_not_a_record_is_none(text):
    assert parse_class_record(text) is None


def test_the_schema_is_pinned():
    schema = json.dumps(ClassRecord.model_json_schema(mode="serialization"), sort_keys=True)

    seen = {
        name: sorted(part["properties"])
        for name, part in {**json.loads(schema)["$defs"], "ClassRecord": json.loads(schema)}.items()
    }
    assert seen == {
        "ClassRecord": [
            "entries", "format", "not_submitted", "roster", "schema_version", "spec", "title", "unmatched", "words",
        ],
        "EntryPart": ["attempt", "earlier", "id", "late_mark", "notes", "students", "submitted_at"],
        "Extension": ["due_at", "seconds"],
        "Roster": ["columns", "students"],
        "RosterStudent": ["email", "extension", "group", "id", "ids", "line", "login", "name", "submitted_at"],
        "StudentPart": ["email", "id", "name", "platform"],
        "UnmatchedPart": ["candidates", "reason", "student", "submission"],
    }  # fmt: skip
