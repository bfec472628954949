"""Grades a class: every submission gets a report, and none that is up to date is graded again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

from grader import __version__, formatting
from grader.batch.class_record import ClassRecord
from grader.batch.previous import change_in_words, with_previous
from grader.batch.results import read_words
from grader.batch.rows import results_of
from grader.batch.rules.applied import Applied, Words, applied
from grader.batch.second_timing import open_checks, with_second
from grader.batch.store import ReportStore
from grader.errors import OutputError, SubmissionError
from grader.execution.executor import Executor
from grader.execution.job import GradeJob, signed
from grader.grading.grade import guarded
from grader.grading.settings import Settings
from grader.intake.entry import ClassEntry, load_entry
from grader.model.report import CheckPart, RegradeReason, Report
from grader.model.student_result import StudentResult
from grader.sandbox.isolation import IsolationLevel
from grader.spec import LoadedSpec

Progress = Callable[["Outcome | None", int, int], None]
"""Called with each outcome, the number done and the number of submissions; before the first with None and 0.

One that is "open" is not done: it comes once more at the end."""

Working = Callable[[Sequence[str]], None]
"""Called with the ids of the submissions that are being graded, whenever they change."""

_PAUSE_SECONDS, _PAUSES = 3.0, 19.0
"""Between two times that a table is derived: at least so long, and so many times as long as the last one took, so that a
class of any size spends no more than a twentieth of its time on it."""


class Pages(Protocol):
    """What is derived from a class besides its gradebook. All is called while other runs are kept out."""

    def graded(
        self, entry: ClassEntry, report: Report, results_on: Callable[[str], Sequence[StudentResult]]
    ) -> None:
        """Called with each final report. results_on: of the students of a submission, as they are now."""

    def so_far(self, results: Sequence[StudentResult], remarks: Sequence[str]) -> None:
        """Called now and then with the results, and the remarks on rules and overrides."""

    def finished(self, results: Sequence[StudentResult], remarks: Sequence[str]) -> None:
        """Called with the same at the end."""

    def stopped(self, results: Sequence[StudentResult], remarks: Sequence[str]) -> None:
        """Called with the same where the run is stopped."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One submission with its report."""

    id: str
    how: Literal["graded", "unchanged", "open"]
    """open: graded, but its timing will be repeated."""
    report: Report

    before: Report | None = None
    """The report that it replaced, if it was graded again."""

    @property
    def change(self) -> str:
        """As "ann 40 -> 42 (spec)"; empty if the score is the same as before."""
        return "" if self.before is None else change_in_words(self.id, self.before, self.report)


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The outcomes, in the order of the entries. Curves and pictures are only in the reports on disk."""

    outcomes: tuple[Outcome, ...]

    skipped: tuple[str, ...] = ()
    """Paths in the download that belong to nobody."""

    earlier: tuple[str, ...] = ()
    """Paths of attempts that were not graded: a newer one counts."""

    without_page: tuple[str, ...] = ()
    """Ids of submissions whose page the grader failed to make."""

    results: tuple[StudentResult, ...] = ()
    """One for each student of the class, with the instructor's rules and overrides applied."""

    remarks: tuple[str, ...] = ()
    """On the instructor's rules and overrides: whom they do not fit, what could not be told."""

    @property
    def applied_words(self) -> tuple[str, ...]:
        """How many students the rules and overrides touch, in words."""
        changes = [change for each in self.results for change in each.changes]
        late = sum(bool(each.late_words) for each in self.results)
        off = -sum(change.points for change in changes if change.kind == "late")
        own = sum(any(change.kind == "override" for change in each.changes) for each in self.results)
        lines = []
        if late:
            cost = f": {formatting.points(off)} points off in all" if off else ""
            lines.append(f"{formatting.count(late, 'student')} handed in late{cost}")
        if own:
            lines.append(f"{formatting.count(own, 'student')} with overridden points")
        return tuple(lines)

    @property
    def changes(self) -> tuple[str, ...]:
        """The scores that a regrade changed, as "ann 40 -> 42 (spec)"."""
        return tuple(filter(None, (outcome.change for outcome in self.outcomes)))

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
    """How to grade a class, where the reports go, and which of them are up to date."""

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
        record: ClassRecord | None = None,
        own_files: Mapping[str, bytes] | None = None,
        progress: Progress | None = None,
        working: Working | None = None,
        pages: Pages | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> ClassResult:
        """Grade the entries. Each report is on disk before progress is called with it.

        Those with an up-to-date report come first. Checks that were too noisy to decide are timed once more at the end, one
        submission at a time, while nothing else runs. Until then their reports are on disk with the higher credit, and
        after a stop the next run finds them there.

        The gradebook is derived every few seconds, at the end, and when the run is stopped.

        whole_class: all entries, if only some are graded: the gradebook keeps earlier reports on the others.
        record: the class, put on disk before anything is graded. own_files: the instructor's, by the name of the copy.
        pages: derives more from the same results. clock: in seconds.
        Raises OutputError if a report cannot be written or another run is at work on the same folder, RulesError if the
        instructor's rules or overrides there are not valid, and the executor's errors.
        """
        with self.store.held():
            self.store.keep(own_files or {})
            if record is not None:
                self.store.write_record(record)
            words = read_words(self.store, record)
            book = _Gradebook(self.store, whole_class or entries, record, words, pages, clock)
            try:
                outcomes = self._grade(entries, executor, book, progress, working)
            except BaseException:
                with suppress(OutputError):  # the first error counts
                    book.write()
                    if pages is not None and book.reports:
                        pages.stopped(book.results, book.remarks)
                raise
            book.write()
            if pages is not None:
                pages.finished(book.results, book.remarks)
        ordered = tuple(outcomes[entry.id] for entry in entries)
        return ClassResult(ordered, results=book.results, remarks=book.remarks)

    def _grade(
        self,
        entries: Sequence[ClassEntry],
        executor: Executor,
        book: _Gradebook,
        progress: Progress | None,
        working: Working | None,
    ) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        undecided: dict[str, Report] = {}

        def finish(outcome: Outcome) -> None:
            book.take(outcome.id, outcome.report)
            if outcome.id not in undecided and open_checks(outcome.report):
                undecided[outcome.id] = outcome.report
                if progress is not None:
                    progress(replace(outcome, how="open"), len(outcomes), len(entries))
                return
            outcomes[outcome.id] = replace(outcome, report=outcome.report.without_pictures)
            if progress is not None:
                progress(outcome, len(outcomes), len(entries))

        if progress is not None:
            progress(None, 0, len(entries))
        before = dict(book.reports)
        todo = [entry for entry in entries if not self._is_kept(entry, book, finish)]
        by_id = {entry.id: entry for entry in todo}
        for job, made in _watched(executor, map(self._job, todo), working):
            report = self._with_previous(made, before.get(job.id))
            self.store.write(job.id, report)
            finish(Outcome(job.id, "graded", report, before.get(job.id)))
            if job.id not in undecided:
                book.show(by_id[job.id], report)
            book.write_sometimes()
        for entry in (each for each in entries if each.id in undecided):
            again = _watched(executor, [self._second_job(entry, undecided[entry.id])], working)
            report = self._with_second(entry, self.store.read(entry.id) or undecided[entry.id], again)
            finish(Outcome(entry.id, "graded", report, before.get(entry.id)))
        return outcomes

    def _is_kept(self, entry: ClassEntry, book: _Gradebook, finish: Callable[[Outcome], None]) -> bool:
        """Whether there is an up-to-date report on the entry; then it is finished."""
        report = None if self.regrade else book.reports.get(entry.id)
        sha256 = None if report is None else guarded(partial(_sha256, entry))
        if report is None or sha256 is None or not self.is_up_to_date(report, sha256):
            return False
        current = signed(report, entry)  # the platform may have marked it late since
        if current != report:
            self.store.write(entry.id, signed(self.store.read(entry.id) or report, entry))
        finish(Outcome(entry.id, "unchanged", current))
        return True

    def _job(self, entry: ClassEntry) -> GradeJob:
        return GradeJob(entry, self.loaded, self.settings, self.least_isolation)

    def _second_job(self, entry: ClassEntry, report: Report) -> GradeJob:
        """Of the report's open checks alone."""
        settings = replace(self.settings, only=open_checks(report), seed=report.environment.seed)
        return GradeJob(entry, self.loaded, settings, self.least_isolation, report.submission.sha256)

    def _with_second(
        self, entry: ClassEntry, report: Report, again: Iterable[tuple[GradeJob, Report]]
    ) -> Report:
        for _, second in again:
            report = with_second(report, second)
            self.store.write(entry.id, report)
        return report

    def is_up_to_date(self, report: Report, sha256: str) -> bool:
        """Whether the report is of the submission with this SHA-256, and made as this run would make it."""
        return report.status == "graded" and not self.changes_since(report, sha256)

    def changes_since(self, report: Report, sha256: str) -> tuple[RegradeReason, ...]:
        """Why this run would make another report of the submission, which has this SHA-256 now."""
        made, settings, checks = report.environment, self.settings, self.loaded.spec.checks
        left_out = {check.id for check in report.checks if check.status == "not_run"}
        to_leave_out = {check.id for check in checks if settings.reason_left_out(check) is not None}
        changes: dict[RegradeReason, bool] = {
            "spec": report.assignment.spec_sha256 != self.loaded.sha256,
            "grader": made.grader_version != __version__,
            "submission": report.submission.sha256 != sha256,
            "seed": self.pinned_seed not in {None, made.seed},
            "device": made.device != settings.device,
            "data": made.data != settings.data_name(checks, made.seed),
            "isolation": IsolationLevel(made.isolation).rank < self.least_isolation.rank,
            "full": (settings.is_full and any(map(_stopped_early, report.checks)))
            or (
                report.status != "unreadable"
                and report.assignment.spec_sha256 == self.loaded.sha256
                and left_out != to_leave_out
            ),
        }
        return tuple(reason for reason, has_changed in changes.items() if has_changed)

    def _with_previous(self, report: Report, old: Report | None) -> Report:
        if old is None:
            return report
        sha256 = report.submission.sha256 or old.submission.sha256  # empty if the grader could not read it
        asked: tuple[RegradeReason, ...] = ("asked",) if self.regrade else ()
        return with_previous(report, old, (*self.changes_since(old, sha256), *asked))


def _watched(
    executor: Executor, jobs: Iterable[GradeJob], working: Working | None
) -> Iterator[tuple[GradeJob, Report]]:
    """What the executor gives; `working` is told of each job that is drawn or done."""
    now: list[str] = []
    tell: Working = working or (lambda _: None)

    def drawn() -> Iterator[GradeJob]:
        for job in jobs:
            now.append(job.id)
            tell(tuple(now))
            yield job

    for job, report in executor.run(drawn()):
        now.remove(job.id)
        tell(tuple(now))
        yield job, report


class _Gradebook:
    """The latest report on each submission of the class, and the table that is derived from them."""

    def __init__(
        self,
        store: ReportStore,
        whole_class: Sequence[ClassEntry],
        record: ClassRecord | None,
        words: Words,
        pages: Pages | None,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._record, self._words = store, record, words
        self._pages, self._clock = pages, clock
        self.results: tuple[StudentResult, ...] = ()
        """The latest table."""
        self.remarks: tuple[str, ...] = ()
        """On the instructor's rules and overrides."""
        self._ids = [entry.id for entry in whole_class]
        self.reports = {
            each: report.without_pictures for each in self._ids if (report := store.read(each)) is not None
        }
        """Without curves and pictures."""
        self._next = clock()

    def take(self, submission_id: str, report: Report) -> None:
        """Note a report that is on disk."""
        self.reports[submission_id] = report.without_pictures

    def show(self, entry: ClassEntry, report: Report) -> None:
        """Have the pages show a report that was taken, with its curves and pictures."""
        if self._pages is not None:
            self._pages.graded(entry, report, self.results_on)

    def results_on(self, submission_id: str) -> tuple[StudentResult, ...]:
        """Of the submission's students, as the table would have them."""
        # Whom a name of the instructor's means depends on the whole class.
        ids = self._ids if self._words.name_students else [submission_id]
        return tuple(each for each in self._derived(ids).results if each.id == submission_id)

    def write_sometimes(self) -> None:
        """Write the table, and have the pages show it, if that was long enough ago."""
        if (started := self._clock()) < self._next:
            return
        self.write()
        if self._pages is not None:
            self._pages.so_far(self.results, self.remarks)
        ended = self._clock()
        self._next = ended + max(_PAUSE_SECONDS, _PAUSES * (ended - started))

    def write(self) -> None:
        """Write the table; none before the first report. Reports whose files were removed meanwhile are written again."""
        if self.reports:
            self._store.restore(self.reports, self._record)
            found = self._derived(self._ids)
            self._store.write_gradebook(found.results)
            self.results, self.remarks = found.results, found.remarks

    def _derived(self, ids: Sequence[str]) -> Applied:
        latest = ((each, self.reports.get(each)) for each in ids)
        return applied(results_of(latest, self._record), self._words)


def _stopped_early(check: CheckPart) -> bool:
    """Whether its training ended before the handout's number of iterations, clear of the bars."""
    return check.measured.get("iterations", 0) < check.allowed.get("iterations", 0)


def _sha256(entry: ClassEntry) -> str | None:
    """The entry's SHA-256; None if its files cannot be read: its report will say why."""
    try:
        return load_entry(entry).sha256
    except SubmissionError:
        return None
