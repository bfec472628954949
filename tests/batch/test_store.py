"""Reports on disk: whole or not there, read back, and made into a table."""

import errno
import os

import pytest

from grader.batch.left_out import left_out
from grader.batch.store import ReportStore
from grader.errors import OutputError
from grader.exporters import gradebook
from grader.model.student_result import StudentResult
from tests.samples import report_of

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "written, write",
    [
        ("reports/ann.json", lambda store: store.write("ann", report_of())),
        ("feedback/ann.html", lambda store: store.write_page("ann", "page")),
        ("index.html", lambda store: store.write_class_page(b"page")),
        ("gradebook.csv", lambda store: store.write_gradebook(())),
    ],
)
def test_a_full_disk_says_how_to_go_on(tmp_path, monkeypatch, written, write):
    def fail(_):
        raise NO_SPACE

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError) as caught:
        write(ReportStore(tmp_path))

    assert str(caught.value) == (
        f"{tmp_path}/{written}: cannot be written: No space left on device;"
        " free some space and run the same command again; finished reports are kept"
    )


def test_a_report_is_there_if_this_version_wrote_it(tmp_path):
    store = ReportStore(tmp_path)
    assert not store.has_report("ann")

    path = store.write("ann", report_of())
    assert store.has_report("ann")

    path.write_text(path.read_text().replace('"schema_version": "2"', '"schema_version": "1"'))
    assert not store.has_report("ann")

    path.unlink()
    os.mkfifo(path)
    assert not store.has_report("ann")


def test_pipes_and_links_of_others_in_the_output_folder_are_neither_read_nor_followed(tmp_path):
    store = ReportStore(tmp_path / "out")
    store.prepare()
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    os.mkfifo(store.report_path("ann"))
    os.mkfifo(store.record_path)
    store.report_path("bob").symlink_to(theirs)
    store.gradebook_path.symlink_to(theirs)

    assert store.read("ann") is None
    assert store.read_record() is None
    assert left_out(store, ()).unread["ann"] == "cannot be read: it is not a file"
    for name in ("ann", "bob"):
        store.write(name, report_of())
        assert store.report_path(name).is_file()
    store.write_gradebook(())
    assert theirs.read_text() == "theirs"
    os.mkfifo(store.rules_path)
    with pytest.raises(OutputError, match=r"class\.toml: is not a file; remove it$"):
        store.require_files()


def test_a_report_comes_back_from_the_store(tmp_path):
    store = ReportStore(tmp_path / "out")

    path = store.write("alice", report_of())

    assert path == tmp_path / "out" / "reports" / "alice.json"
    assert store.read("alice") == report_of()


def test_a_report_that_is_not_there_is_none(tmp_path):
    assert ReportStore(tmp_path).read("alice") is None


WHOLE = report_of().to_json()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE.encode()[: len(WHOLE) // 2],
        b"{}",
        b"null",
        WHOLE.replace('"2"', '"1"', 1).encode(),
        WHOLE.replace("10.0", "NaN", 1).encode(),
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=["empty", "half", "no report", "null", "of another version", "not finite", "no text", "deep"],
)
def test_a_report_that_cannot_be_read_is_none(tmp_path, content):
    store = ReportStore(tmp_path)
    store.prepare()
    store.report_path("alice").write_bytes(content)

    assert store.read("alice") is None


def test_a_store_is_tried_before_the_first_submission(tmp_path):
    (tmp_path / "out").touch()

    with pytest.raises(OutputError) as caught:
        ReportStore(tmp_path / "out").prepare()

    assert str(caught.value) == f"{tmp_path}/out/reports: cannot be written: {tmp_path}/out is not a folder"


def test_a_store_that_was_tried_is_empty(tmp_path):
    ReportStore(tmp_path).prepare()

    assert names_in(tmp_path / "reports") == []


def test_the_gradebook_is_written_beside_the_reports(tmp_path):
    store = ReportStore(tmp_path)

    results = [StudentResult("alice", None, report_of())]

    store.write_gradebook(results)

    assert store.gradebook_path.read_text() == gradebook(results).content.decode()
