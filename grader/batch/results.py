"""The results of a class, derived from its output folder: one for each student."""

from __future__ import annotations

from collections.abc import Iterable

from grader.batch.store import ReportStore
from grader.model.report import Report
from grader.model.student_result import StudentResult


def class_results(store: ReportStore) -> tuple[StudentResult, ...]:
    """A result for each student, from the output folder alone, in the order of the submissions' ids."""
    ids = sorted(path.stem for path in store.reports_folder.glob("*.json") if not path.name.startswith("."))
    return results_of((each, report) for each in ids if (report := store.read(each)) is not None)


def results_of(reports: Iterable[tuple[str, Report]]) -> tuple[StudentResult, ...]:
    """A result for each student of these (submission id, report), in the given order; for each member of a group."""
    return tuple(
        StudentResult(submission_id, student, report)
        for submission_id, report in reports
        for student in report.submission.members or (report.submission.student,)
    )
