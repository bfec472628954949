"""The rows of a class: a result for each student of its submissions, and for each of the roster who handed in nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from grader.batch.class_record import ClassRecord
from grader.intake.identifiers import unique_ids
from grader.model.report import Report, StudentPart
from grader.model.student_result import StudentResult


def results_of(
    reports: Iterable[tuple[str, Report | None]], record: ClassRecord | None = None
) -> tuple[StudentResult, ...]:
    """A result for each student of these (submission id, report), in the given order; for each member of a group.

    Without a report it is not graded yet. record: of the class; its students are the current ones, and those who handed in nothing come last.
    """
    entries = {} if record is None else {entry.id: entry.students for entry in record.entries}
    unmatched = () if record is None else record.unmatched
    reasons = {(each.submission, each.student): each.reason for each in unmatched}
    results = tuple(
        StudentResult(
            submission_id,
            student,
            report,
            remarks=_remarks(reasons.get((submission_id, None if student is None else student.id))),
            is_awaited=report is None,
        )
        for submission_id, report in reports
        for student in entries.get(submission_id, ()) or _students_of(report)
    )
    missing = () if record is None else tuple(_without_submission(record))
    return (*results, *missing)


def _students_of(report: Report | None) -> tuple[StudentPart | None, ...]:
    if report is None:
        return (None,)
    return report.submission.members or (report.submission.student,)


def _remarks(reason: str | None) -> tuple[str, ...]:
    return () if reason is None else (reason,)


def _without_submission(record: ClassRecord) -> Iterator[StudentResult]:
    """The students of the roster who handed in nothing, each with an id that is no submission's."""
    perhaps: defaultdict[str, list[str]] = defaultdict(list)
    for each in record.unmatched:
        for candidate in each.candidates:
            perhaps[candidate].append(each.submission)
    taken = {entry.id for entry in record.entries}
    missing = record.missing
    stems = [each.id for each in missing]
    for name, student in zip(unique_ids(stems, stems), missing, strict=True):
        identifier = name
        while identifier in taken:
            identifier += "_"
        taken.add(identifier)
        remarks = tuple(f"submission {each} may be theirs" for each in perhaps[student.id])
        yield StudentResult(identifier, student, None, remarks=remarks)
