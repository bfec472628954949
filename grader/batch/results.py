"""The results of a class, derived from its output folder: one for each student."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.batch.class_record import ClassRecord
from grader.batch.store import ReportStore
from grader.intake.identifiers import unique_ids
from grader.model.report import Report
from grader.model.student_result import StudentResult


def class_results(store: ReportStore) -> tuple[StudentResult, ...]:
    """A result for each student, from the output folder alone, in the order of the submissions' ids."""
    ids = sorted(path.stem for path in store.reports_folder.glob("*.json") if not path.name.startswith("."))
    return results_of((each, report) for each in ids if (report := store.read(each)) is not None)


def results_of(
    reports: Iterable[tuple[str, Report]], record: ClassRecord | None = None
) -> tuple[StudentResult, ...]:
    """A result for each student of these (submission id, report), in the given order; for each member of a group.

    record: of the class; its students are the current ones, and those who handed in nothing come last.
    """
    entries = {} if record is None else {entry.id: entry.students for entry in record.entries}
    results = tuple(
        StudentResult(submission_id, student, report)
        for submission_id, report in reports
        for student in entries.get(submission_id, ())
        or report.submission.members
        or (report.submission.student,)
    )
    missing = () if record is None else tuple(_without_submission(record))
    return (*results, *missing)


def _without_submission(record: ClassRecord) -> Iterator[StudentResult]:
    """The students of the roster who handed in nothing, each with an id that is no submission's."""
    taken = {entry.id for entry in record.entries}
    stems = [each.id for each in record.missing]
    for name, student in zip(unique_ids(stems, stems), record.missing, strict=True):
        identifier = name
        while identifier in taken:
            identifier += "_"
        taken.add(identifier)
        yield StudentResult(identifier, student, None)
