"""The students' pages of a class."""

import os
from dataclasses import replace

import pytest

from grader.batch.pages import Pages
from grader.batch.store import ReportStore
from grader.intake.entry import load_entry
from grader.intake.folder import find_entries
from tests.samples import report_of


@pytest.fixture
def course(tmp_path):
    """A class of one, with its report on disk."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ann.py").write_text("def f(W, X, y, reg): return 'her code'\n")
    (entry,) = find_entries(tmp_path / "class")
    where = {"file": "ann.py", "cell": None, "line": 1}
    part = {"id": "ann", "sha256": load_entry(entry).sha256, "files": [{"path": "ann.py", "sha256": "0"}]}
    report = report_of(
        submission=part,
        functions={"f": {"status": "correct", "where": where, "diagnosis": [], "notes": []}},
    )
    store = ReportStore(tmp_path / "out")
    store.write("ann", report)
    return entry, store, report


def test_a_page_shows_the_report_beside_the_code(course):
    entry, store, report = course
    pages = Pages(store, [entry])

    pages.write("ann", report)

    page = (store.folder / "feedback" / "ann.html").read_text()
    assert '10</span> <span class="of">of 10 points' in page
    assert "her code" in page
    assert pages.failed == []


def test_a_page_is_written_again_only_if_the_report_was(course):
    entry, store, report = course
    pages = Pages(store, [entry])
    pages.path("ann").parent.mkdir()
    pages.path("ann").write_text("as it was")
    now = store.report_path("ann").stat().st_mtime_ns
    for seconds, expected in ((1, True), (-1, False)):
        os.utime(pages.path("ann"), ns=(0, now + seconds * 10**9))

        pages.write("ann", report)

        assert (pages.path("ann").read_text() == "as it was") is expected


def test_a_submission_that_is_gone_has_a_page_without_code(course):
    entry, store, report = course
    pages = Pages(store, [replace(entry, path=entry.path.with_name("gone.py"))])

    pages.write("ann", report)

    assert "her code" not in pages.path("ann").read_text()


def test_a_page_that_cannot_be_made_is_noted_and_stops_nothing(course, monkeypatch):
    entry, store, report = course
    monkeypatch.setattr("grader.batch.pages.student_page", lambda *_: 1 // 0)
    pages = Pages(store, [entry])

    pages.write("ann", report)

    assert pages.failed == ["ann"]
    assert not pages.path("ann").exists()
