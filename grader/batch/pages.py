"""The pages of a class: out/feedback/ID.html for everyone, each derived from a report, the files it is on and the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from grader.batch.run import ClassResult
from grader.batch.store import ReportStore, write_atomically
from grader.errors import SubmissionError
from grader.feedback.page import fingerprint, student_page
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.model.report import Report
from grader.model.student_result import StudentResult

_HEAD_BYTES = 4_000
"""The fingerprint is among the first bytes of a page."""


def write_pages(
    store: ReportStore,
    entries: Sequence[ClassEntry],
    result: ClassResult,
    working: Callable[[Sequence[str]], None] | None = None,
) -> tuple[str, ...]:
    """Write the pages that are not there as they would be made now; the ids of those that the grader failed to make.

    A page that cannot be made costs nobody a grade. OutputError if one cannot be written.
    """
    by_id: dict[str, list[StudentResult]] = {}
    for each in result.results:
        by_id.setdefault(each.id, []).append(each)
    places = {entry.id: entry for entry in entries}
    failed = []
    for outcome in result.outcomes:
        if working is not None:
            working((outcome.id,))
        made = guarded(
            partial(_page, store, places[outcome.id], outcome.report, tuple(by_id.get(outcome.id, ())))
        )
        if made is None:
            failed.append(outcome.id)
        elif made:
            write_atomically(store.page_path(outcome.id), made)
    if working is not None:
        working(())
    return tuple(failed)


def _page(store: ReportStore, entry: ClassEntry, held: Report, results: Sequence[StudentResult]) -> str:
    """The page; empty if the one on disk is the same. held: the report, perhaps without the pictures that are on disk."""
    report = store.read(entry.id) or held
    if fingerprint(report, results) in _head(store.page_path(entry.id)):
        return ""
    return student_page(report, _files(entry), results).content.decode()


def _head(path: Path) -> str:
    if not path.is_file():  # a pipe could keep us waiting
        return ""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _files(entry: ClassEntry) -> Submission | None:
    """The files that were graded; None if they cannot be read."""
    try:
        return load_entry(entry)
    except SubmissionError:
        return None
