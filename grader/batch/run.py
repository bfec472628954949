"""A batch: every submission ends in a report, and what was finished before is not done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from grader import formatting
from grader.batch.store import Fingerprint, ReportStore
from grader.errors import SubmissionError, SubmissionUnavailable
from grader.grading.grade import grade, guarded
from grader.grading.reporting import failed_report, unreadable_report
from grader.grading.settings import Settings
from grader.intake.folder import ClassEntry
from grader.intake.submission import Submission
from grader.model.report import Report
from grader.sandbox.isolation import IsolationLevel, require
from grader.sandbox.protocols import SandboxLike
from grader.spec import LoadedSpec

Progress = Callable[["Outcome", int, int], None]
"""Called after each submission with its outcome, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one submission."""

    id: str
    how: Literal["graded", "kept", "unreadable"]
    report: Report


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcomes in the order of the hand-ins."""

    outcomes: tuple[Outcome, ...]

    @property
    def has_grader_faults(self) -> bool:
        """Whether the grader itself failed on a submission."""
        return any(outcome.report.has_grader_faults for outcome in self.outcomes)


def grade_batch(
    hand_ins: Sequence[ClassEntry],
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    store: ReportStore,
    settings: Settings,
    *,
    regrade: bool,
    pinned_seed: int | None,
    least_isolation: IsolationLevel,
    progress: Progress,
    whole_class: Sequence[ClassEntry] | None = None,
) -> BatchResult:
    """Grade one after the other; each report is on disk before the next submission begins.

    regrade: also those whose report is up to date. pinned_seed: a kept report must have this seed, None for any.
    least_isolation: nothing is graded below it, and no report from below it is kept. whole_class: where only some of a
    class are graded, all of it: the gradebook keeps what earlier reports say of the others.
    Raises OutputError when a report cannot be written, SandboxError when no worker can be had, IsolationError
    when they are isolated less than was asked for.
    """
    require(sandbox.isolation, least_isolation)
    store.prepare()
    rules = _Rules(regrade, pinned_seed, least_isolation)
    outcomes: list[Outcome] = []
    for hand_in in hand_ins:
        outcome = _grade_one(hand_in, loaded, sandbox, store, settings, rules)
        if outcome.how != "kept":
            store.write(hand_in.id, outcome.report)
        outcomes.append(outcome)
        progress(outcome, len(outcomes), len(hand_ins))
    new = {outcome.id: outcome.report for outcome in outcomes}
    ids = [hand_in.id for hand_in in (hand_ins if whole_class is None else whole_class)]
    reports = ((name, new.get(name) or store.read(name)) for name in ids)
    store.write_gradebook((name, report) for name, report in reports if report is not None)
    return BatchResult(tuple(outcomes))


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which reports are kept; see `grade_batch`."""

    regrade: bool
    pinned_seed: int | None
    least_isolation: IsolationLevel


def _grade_one(
    hand_in: ClassEntry,
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    store: ReportStore,
    settings: Settings,
    rules: _Rules,
) -> Outcome:
    read = guarded(lambda: _read(hand_in))
    if read is None:
        reason = "the grader failed while it read the submission; this is not the student's fault"
        report = failed_report(hand_in.id, reason, loaded, settings, sandbox.isolation)
        return Outcome(hand_in.id, "graded", report)
    if isinstance(read, SubmissionError):
        return _not_read(hand_in, read, loaded, sandbox, settings)
    submission = Submission(hand_in.id, read.files, read.student)
    if not rules.regrade:
        wanted = Fingerprint.wanted(
            submission.sha256,
            loaded.sha256,
            settings.device,
            rules.pinned_seed,
            rules.least_isolation,
            settings.data_name(loaded.spec.checks),
        )
        kept = store.read(hand_in.id)
        if kept is not None and wanted.fits(kept):
            return Outcome(hand_in.id, "kept", kept)
    try:
        return Outcome(hand_in.id, "graded", grade(submission, loaded, sandbox, settings))
    except SubmissionError as error:
        return _not_read(hand_in, error, loaded, sandbox, settings)


def _not_read(
    hand_in: ClassEntry, error: SubmissionError, loaded: LoadedSpec, sandbox: SandboxLike, settings: Settings
) -> Outcome:
    """No points for what no machine could read; no score where only this one cannot."""
    make = failed_report if isinstance(error, SubmissionUnavailable) else unreadable_report
    report = make(hand_in.id, _without_folders(error), loaded, settings, sandbox.isolation)
    return Outcome(hand_in.id, "unreadable", report)


def _read(hand_in: ClassEntry) -> Submission | SubmissionError:
    try:
        return hand_in.load()
    except SubmissionError as error:
        return error


def _without_folders(error: SubmissionError) -> str:
    """The sentence with the hand-in's name for its path: a student is not shown where the class lies."""
    return str(error).replace(formatting.printable(str(error.path)), formatting.printable(error.path.name))
