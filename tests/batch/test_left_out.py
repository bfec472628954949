"""A folder that is not a class's, and what of a class no result is of."""

from pathlib import Path

import pytest

from grader.batch.class_record import ClassRecord, EntryPart
from grader.batch.left_out import LeftOut, left_out, require_class
from grader.batch.results import derived
from grader.batch.store import ReportStore
from grader.errors import UsageError
from tests.samples import report_of


def test_reports_that_cannot_be_read_are_named_with_the_reason(tmp_path):
    store = ReportStore(tmp_path)
    store.write("ann", report_of())
    for name, text in (
        ("cut", b'{"schema_version": "2", "assi'),
        ("old", b'{"schema_version": "1"}'),
        ("odd", b"\xff"),
        (".half", b""),
    ):
        (store.reports_folder / f"{name}.json").write_bytes(text)
    (store.reports_folder / "folder.json").mkdir()

    assert left_out(store, derived(store).results).unread == {
        "cut": "not a report: invalid JSON: Unterminated string starting at: line 1 column 25 (char 24)",
        "folder": "cannot be read: Is a directory",
        "odd": "not a report: not UTF-8 text",
        "old": (
            'not a report of this version: expected schema_version "2", found "1"; grade the submission again'
        ),
    }


def record_of(*ids):
    entries = tuple(
        EntryPart(id=each, students=(), attempt=None, submitted_at=None, late_mark=None, earlier=(), notes=())
        for each in ids
    )
    return ClassRecord(format="folder", words="A folder.", spec="mini", title="Mini", entries=entries)


def test_submissions_without_a_report_are_not_graded_yet_and_reports_of_others_are_an_earlier_runs(tmp_path):
    store = ReportStore(tmp_path)
    store.write("ann", report_of())
    store.write("gone", report_of())
    store.write_record(record_of("ann", "bob"))
    results = [each for each in derived(store).results if each.id != "gone"]

    assert left_out(store, results) == LeftOut(not_graded=("bob",), strangers=("gone",))


def test_a_record_that_cannot_be_read_is_noticed(tmp_path):
    store = ReportStore(tmp_path)
    store.write("ann", report_of())
    store.record_path.write_text("{}")

    assert left_out(store, derived(store).results) == LeftOut(has_unread_record=True)


def test_a_folder_that_no_batch_wrote_is_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        require_class(ReportStore(tmp_path))

    assert str(caught.value) == (
        f"{tmp_path}: not the --out folder of a class: it has no folder reports; grade the class first, with"
        f" grader batch CLASS --spec NAME --out {tmp_path}"
    )


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        require_class(ReportStore(tmp_path / "no"))

    assert str(caught.value) == (
        f"{tmp_path}/no: there is no such folder; give the folder that grader batch wrote with --out"
    )


def test_the_folder_of_the_reports_is_not_that_of_the_class(tmp_path):
    store = ReportStore(tmp_path)
    store.prepare()

    with pytest.raises(UsageError) as caught:
        require_class(ReportStore(store.reports_folder))

    assert str(caught.value) == f"{tmp_path}/reports: give the folder above the reports, {tmp_path}"


def test_a_folder_that_is_closed_is_not_an_empty_one(tmp_path, monkeypatch):
    store = ReportStore(tmp_path)
    store.prepare()

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UsageError) as caught:
        require_class(store)

    assert str(caught.value) == f"{store.reports_folder}: cannot be read: Permission denied"
