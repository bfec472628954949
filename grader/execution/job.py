"""One submission to grade, as data that any process can run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from grader import formatting
from grader.errors import SandboxError, SubmissionError, SubmissionUnavailable
from grader.grading.grade import grade, guarded
from grader.grading.reporting import report_without_code
from grader.grading.settings import Settings
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.submission import Submission
from grader.model.report import Report
from grader.sandbox.isolation import Isolation, IsolationLevel, require
from grader.sandbox.protocols import SandboxLike
from grader.spec import LoadedSpec

FAILED = "the grader failed on this submission; this is not the student's fault"


@dataclass(frozen=True, slots=True, eq=False)
class GradeJob:
    """A submission and how to grade it: picklable and small. A job equals only itself."""

    source: ClassEntry | Submission
    """The location of the files, or the files themselves for a machine that does not have them."""

    loaded: LoadedSpec

    settings: Settings

    least_isolation: IsolationLevel = IsolationLevel.process

    sha256: str | None = None
    """Of the submission, if it was read before: files that have changed since are not graded."""

    @property
    def id(self) -> str:
        """The submission's id."""
        return self.source.id


def run(job: GradeJob, sandbox: SandboxLike) -> Report:
    """Grade the job's submission. A report comes back whatever the student's code does and whatever fails in the grader.

    Raises SandboxError if no worker can be started, IsolationError if workers are isolated less than the job asks for,
    DeviceError if they cannot open the GPU that it asks for.
    """
    settings = job.settings
    require(sandbox.isolation, job.least_isolation)
    if settings.device == "cuda":
        memory_bytes = job.loaded.spec.assignment.limits.device_memory_bytes
        sandbox.open_device(memory_bytes, job.least_isolation)
    report = guarded(lambda: _graded(job, sandbox), SandboxError)
    if report is None:
        return fault_report(job, FAILED, sandbox.isolation)
    return signed(report, job.source) if isinstance(job.source, ClassEntry) else report


def fault_report(job: GradeJob, reason: str, isolation: Isolation) -> Report:
    """The report on a submission that the grader failed on: no score, grade again."""
    report = report_without_code(job.id, "grader_fault", reason, job.loaded, job.settings, isolation)
    return signed(report, job.source) if isinstance(job.source, ClassEntry) else report


def by_value(job: GradeJob) -> GradeJob:
    """The job with the submission's files, for a machine that does not have them. SubmissionError if they cannot be read."""
    return replace(job, source=_read(job), sha256=None)


def unread_report(job: GradeJob, error: SubmissionError, isolation: Isolation) -> Report:
    """The report on a submission that cannot be read: the student's fault, or this machine's."""
    kind: Literal["unreadable", "grader_fault"]
    kind = "grader_fault" if isinstance(error, SubmissionUnavailable) else "unreadable"
    # A student is not shown the path of the class.
    path, name = map(formatting.printable, (str(error.path), error.path.name))
    reason = str(error).replace(path, name)
    if isinstance(job.source, ClassEntry):
        reason = "; ".join((reason, *job.source.remarks))
    return report_without_code(job.id, kind, reason, job.loaded, job.settings, isolation)


def with_shared_data(job: GradeJob) -> GradeJob:
    """The job with its data set in sealed memory, which other processes map once they have unpickled it.

    Only the first job of a class waits for it. Nothing is made if no check of the job trains.
    """
    settings = job.settings
    training = [
        check
        for check in job.loaded.spec.checks
        if check.needs_data and check.is_slow and settings.reason_left_out(check) is None
    ]
    if not training:
        return job
    data = settings.data_set
    names = {getattr(check, "dtype", "float32") for check in training}
    for name in sorted(names, reverse=True):  # float64 first: the float32 are cast from it
        dtype = np.float64 if name == "float64" else np.float32
        _ = data.split("train", dtype), data.judged(dtype)
    return replace(job, settings=replace(settings, data=data))


def _graded(job: GradeJob, sandbox: SandboxLike) -> Report:
    try:
        return grade(_read(job), job.loaded, sandbox, job.settings)
    except SubmissionError as error:
        return unread_report(job, error, sandbox.isolation)


def signed(report: Report, entry: ClassEntry) -> Report:
    """The report with the entry's students, attempt and time of submission."""
    students = tuple(each.part for each in entry.students)
    known = {
        "student": next(iter(students), None),
        "members": students if len(students) > 1 else (),
        "attempt": entry.attempt,
        "submitted_at": None if entry.submitted_at is None else entry.submitted_at.isoformat(),
        "late_mark": entry.late_mark,
    }
    return report.model_copy(update={"submission": report.submission.model_copy(update=known)})


def _read(job: GradeJob) -> Submission:
    source = job.source
    submission = load_entry(source) if isinstance(source, ClassEntry) else source
    if job.sha256 not in {None, submission.sha256}:
        raise SubmissionUnavailable(
            f"{job.id}: changed while the class was being graded; grade again", path=Path(job.id)
        )
    return submission
