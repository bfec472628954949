"""The pages of a class: out/feedback/ID.html for everyone, each derived from a report and the files it is on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from grader.batch.store import ReportStore, write_atomically
from grader.errors import SubmissionError
from grader.feedback.page import student_page
from grader.grading.grade import guarded
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.model.report import Report


class Pages:
    """Writes the students' pages beside their reports. A page that cannot be made costs nobody a grade.

    Attributes:
        failed: ids of the submissions whose page the grader failed to make.
    """

    def __init__(self, store: ReportStore, entries: Iterable[ClassEntry]) -> None:
        self._store = store
        self._entries = {entry.id: entry for entry in entries}
        self.failed: list[str] = []

    def path(self, submission_id: str) -> Path:
        """The path of the page on a submission."""
        return self._store.feedback_folder / f"{submission_id}.html"

    def write(self, submission_id: str, report: Report) -> None:
        """Write the page, unless it is newer than the report on disk. OutputError if it cannot be written."""
        if self._is_up_to_date(submission_id):
            return
        files = guarded(partial(self._files, submission_id))
        page = guarded(partial(student_page, report, files))
        if page is None:
            self.failed.append(submission_id)
        else:
            write_atomically(self.path(submission_id), page.content.decode())

    def _files(self, submission_id: str) -> Submission | None:
        """The files that were graded; None if they cannot be read."""
        try:
            return load_entry(self._entries[submission_id])
        except SubmissionError:
            return None

    def _is_up_to_date(self, submission_id: str) -> bool:
        try:
            report = self._store.report_path(submission_id).stat()
            return self.path(submission_id).stat().st_mtime_ns > report.st_mtime_ns
        except OSError:
            return False
