"""The pages of a class: out/feedback/ID.html for everyone, and out/index.html for the instructor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from grader.batch.left_out import left_out
from grader.batch.overview.class_page import class_page
from grader.batch.store import ReportStore
from grader.errors import OutputError, SubmissionError
from grader.feedback.page import fingerprint, standing_fingerprint, student_page, with_standing
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.model.report import Report
from grader.model.student_result import StudentResult

CLASS_PAGE = "the class"
"""Stands for the class's page where the ids of submissions stand for theirs."""

BRIEFLY_SECONDS = 2.0
"""For students' pages after a stop."""

SHARE, FREE_SECONDS = 0.1, 1.0
"""Of the time of a run, at most, goes to students' pages before its end, and a second for what they import: while one is
made, no job is handed out."""

_HEAD_BYTES = 4_000
"""The fingerprints are among the first bytes of a page."""


class PagesOfRun:
    """The pages of a class that is being graded: a student's soon after the report, the class's now and then.

    A page that cannot be made or written meanwhile costs nothing: all that are not as they ought to be are made at the end.
    """

    def __init__(
        self,
        store: ReportStore,
        entries: Sequence[ClassEntry],
        working: Callable[[Sequence[str]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._entries, self._working, self._clock = store, entries, working, clock
        self._began, self._spent = clock(), 0.0
        self._waiting: dict[str, ClassEntry] = {}
        self._is_class_page_bad = False
        self.failed: tuple[str, ...] = ()
        """Of the pages that were made last, those that the grader failed to make; as `write_pages` returns."""

    def graded(
        self, entry: ClassEntry, report: Report, results_on: Callable[[str], Sequence[StudentResult]]
    ) -> None:
        """Write the student's page, and those that wait, as far as there is time for them."""
        self._waiting[entry.id] = entry
        while self._waiting:
            started = self._clock()
            if self._spent > FREE_SECONDS + SHARE * (started - self._began):
                return
            submission_id, waiting = self._waiting.popitem()  # the latest first: its report is at hand
            self._write(waiting, report if submission_id == entry.id else None, results_on)
            self._spent += self._clock() - started

    def so_far(self, results: Sequence[StudentResult], remarks: Sequence[str]) -> None:
        """Write the class's page; not again before the end once the grader failed to make it."""
        if not self._is_class_page_bad:
            with suppress(OutputError):
                self._is_class_page_bad = bool(refresh_pages(self._store, (), results, remarks))

    def finished(self, results: Sequence[StudentResult], remarks: Sequence[str]) -> None:
        """Write all pages that are not as they ought to be. OutputError if one cannot be written."""
        self.failed = write_pages(self._store, self._entries, results, remarks, working=self._working)

    def stopped(self, results: Sequence[StudentResult], remarks: Sequence[str]) -> None:
        """The same where somebody waits: students' pages that take longer are left to the next run."""
        end = self._clock() + BRIEFLY_SECONDS
        self.failed = write_pages(
            self._store, self._entries, results, remarks, may_go_on=lambda: self._clock() < end
        )

    def _write(
        self,
        entry: ClassEntry,
        report: Report | None,
        results_on: Callable[[str], Sequence[StudentResult]],
    ) -> None:
        """report: with its curves and pictures; None for the one on disk."""

        def page() -> str:
            results = results_on(entry.id)
            held = report or results[0].report
            return (
                "" if held is None else _page(self._store, entry, held, results, is_whole=report is not None)
            )

        if made := guarded(page):
            with suppress(OutputError):
                self._store.write_page(entry.id, made)


def write_pages(
    store: ReportStore,
    entries: Sequence[ClassEntry],
    results: Sequence[StudentResult],
    remarks: Sequence[str] = (),
    *,
    working: Callable[[Sequence[str]], None] | None = None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> tuple[str, ...]:
    """Write the pages that are not there as they would be made now; the ids of those that the grader failed to make.

    A page that cannot be made costs nobody a grade. OutputError if one cannot be written.

    entries: those whose files are at hand; others keep the code that their pages show.
    results, remarks: of the whole class. may_go_on: asked before each student's page; the class's is always written.
    """
    by_id = _by_submission(results)
    failed = []
    for entry in entries:
        own = by_id.pop(entry.id, ())
        report = own[0].report if own else None
        if report is None or not may_go_on():
            continue
        if working is not None:
            working((entry.id,))
        made = guarded(partial(_page, store, entry, report, own))
        if made is None:
            failed.append(entry.id)
        elif made:
            store.write_page(entry.id, made)
    if working is not None:
        working(())
    failed += refresh_pages(store, [each for own in by_id.values() for each in own], results, remarks)
    return tuple(failed)


def refresh_pages(
    store: ReportStore,
    changed: Sequence[StudentResult],
    results: Sequence[StudentResult],
    remarks: Sequence[str] = (),
) -> list[str]:
    """Write the class's page, and the standing on the pages of these students where it is not the one that counts.

    Raises and returns what `write_pages` does.
    """
    failed = []
    for submission_id, own in _by_submission(changed).items():
        path, report = store.page_path(submission_id), own[0].report
        if report is None or not (head := _head(path)) or standing_fingerprint(report, own) in head:
            continue
        made = guarded(partial(_refreshed, path, head, report, own))
        if made is None:
            failed.append(submission_id)
        elif made:
            store.write_page(submission_id, made)
    page = guarded(partial(_class_page, store, results, remarks))
    if page is None:
        failed.append(CLASS_PAGE)
    else:
        store.write_class_page(page)
    return failed


def _by_submission(results: Sequence[StudentResult]) -> dict[str, tuple[StudentResult, ...]]:
    found: dict[str, tuple[StudentResult, ...]] = {}
    for each in results:
        found[each.id] = (*found.get(each.id, ()), each)
    return found


def _page(
    store: ReportStore,
    entry: ClassEntry,
    held: Report,
    results: Sequence[StudentResult],
    *,
    is_whole: bool = False,
) -> str:
    """The page; empty if the one on disk is the same. is_whole: `held` has the curves and pictures that are on disk."""
    head = _head(store.page_path(entry.id))
    if standing_fingerprint(held, results) in head and fingerprint(held) in head:
        return ""
    report = held if is_whole else store.read(entry.id) or held
    return student_page(report, _files(entry), results).content.decode()


def _refreshed(path: Path, head: str, report: Report, results: Sequence[StudentResult]) -> str:
    """The page with its new standing; empty if the rest of it is not of this report, which the next run puts right."""
    if fingerprint(report) not in head:
        return ""
    return with_standing(path.read_text(encoding="utf-8"), report, results)


def _class_page(store: ReportStore, results: Sequence[StudentResult], remarks: Sequence[str]) -> bytes:
    folder = store.feedback_folder
    pages = frozenset(path.stem for path in folder.glob("*.html")) if folder.is_dir() else frozenset()
    outside = left_out(store, results)
    return class_page(results, outside, remarks, pages).content


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
