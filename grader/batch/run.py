"""Grades a class: every submission ends in a report, and none that is finished is graded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from grader.batch.store import Fingerprint, ReportStore
from grader.errors import SubmissionError
from grader.execution.executor import Executor
from grader.execution.job import GradeJob
from grader.grading.grade import guarded
from grader.grading.settings import Settings
from grader.intake.entry import ClassEntry, load_entry
from grader.model.report import Report
from grader.sandbox.isolation import IsolationLevel
from grader.spec import LoadedSpec

Progress = Callable[["Outcome | None", int, int], None]
"""Called with each outcome, the number done and the number of submissions; before the first with None and 0."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One submission with its report."""

    id: str
    how: Literal["graded", "unchanged"]
    report: Report


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The outcomes, in the order of the entries."""

    outcomes: tuple[Outcome, ...]

    skipped: tuple[str, ...] = ()
    """Names of the files in the class's folder that are not submissions."""

    @property
    def reports(self) -> tuple[Report, ...]:
        """All reports, unchanged ones too."""
        return tuple(outcome.report for outcome in self.outcomes)

    @property
    def has_grader_faults(self) -> bool:
        """Whether the grader itself failed on a submission."""
        return any(report.has_grader_faults for report in self.reports)


@dataclass(frozen=True, slots=True)
class ClassRun:
    """How to grade a class: with what, where the reports go, and which of them are up to date."""

    loaded: LoadedSpec
    settings: Settings
    store: ReportStore

    regrade: bool = False
    """Grade submissions whose reports are up to date too."""

    pinned_seed: int | None = None
    """An up-to-date report has this seed; None for any."""

    least_isolation: IsolationLevel = IsolationLevel.confined
    """Nothing is graded below it, and no report from below it is up to date."""

    def grade(
        self,
        entries: Sequence[ClassEntry],
        executor: Executor,
        *,
        whole_class: Sequence[ClassEntry] | None = None,
        progress: Progress | None = None,
    ) -> ClassResult:
        """Grade the entries. Each report is on disk before its progress is told.

        whole_class: all entries, where only some are graded: the gradebook keeps earlier reports on the others.
        Raises OutputError when a report cannot be written, and what the executor raises.
        """
        self.store.prepare()
        done = _Done(len(entries), progress)
        for job, report in executor.run(self._jobs(entries, done)):
            self.store.write(job.id, report)
            done.add(Outcome(job.id, "graded", report))
        self._write_gradebook(whole_class or entries, done)
        return ClassResult(tuple(done.outcomes[entry.id] for entry in entries))

    def _write_gradebook(self, entries: Sequence[ClassEntry], done: _Done) -> None:
        new = {outcome.id: outcome.report for outcome in done.outcomes.values()}
        reports = ((entry.id, new.get(entry.id) or self.store.read(entry.id)) for entry in entries)
        self.store.write_gradebook((name, report) for name, report in reports if report is not None)

    def _jobs(self, entries: Sequence[ClassEntry], done: _Done) -> Iterator[GradeJob]:
        """A job for each submission without an up-to-date report."""
        for entry in entries:
            report = None if self.regrade else self.store.read(entry.id)
            sha256 = None if report is None else guarded(partial(_sha256, entry))
            if report is not None and sha256 is not None and self._fingerprint(sha256).fits(report):
                done.add(Outcome(entry.id, "unchanged", report))
            else:
                yield GradeJob(entry, self.loaded, self.settings, self.least_isolation, sha256)

    def _fingerprint(self, sha256: str) -> Fingerprint:
        settings = self.settings
        checks = self.loaded.spec.checks
        return Fingerprint(
            sha256,
            self.loaded.sha256,
            settings.device,
            self.pinned_seed,
            self.least_isolation,
            settings.data_name(checks),
            not_run=frozenset(check.id for check in checks if settings.reason_left_out(check) is not None),
        )


@dataclass(slots=True)
class _Done:
    """The outcomes so far, and whom to tell."""

    total: int
    progress: Progress | None
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.progress is not None:
            self.progress(None, 0, self.total)

    def add(self, outcome: Outcome) -> None:
        self.outcomes[outcome.id] = outcome
        if self.progress is not None:
            self.progress(outcome, len(self.outcomes), self.total)


def _sha256(entry: ClassEntry) -> str | None:
    """Of the entry's files; None where they cannot be read: its report will say why."""
    try:
        return load_entry(entry).sha256
    except SubmissionError:
        return None
