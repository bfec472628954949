"""What an instructor wants to know about a class, computed from its results; nothing is read or printed here."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grader.batch.overview.equal_files import EqualFiles, EqualFilesTally
from grader.batch.overview.mistakes import ClassMistake, Key, MistakeTally, cause_of
from grader.batch.student_name import StudentName
from grader.model.report import CheckPart, FlagPart, PreviousPart, Report
from grader.model.student_result import Change, StudentResult
from grader.model.verdict import FlagKind, VerdictStatus

_MOST_BINS = 10
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

WithoutScore = Literal["grader_fault", "not_all_run", "nothing_to_score"]
"""Why a report has no score."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How numbers are spread."""

    count: int
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float
    mean: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread | None:
        """None if there are no numbers."""
        if not numbers:
            return None
        lower, median, upper = (
            statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3
        )
        return cls(len(numbers), min(numbers), lower, median, upper, max(numbers), statistics.fmean(numbers))


@dataclass(frozen=True, slots=True)
class Bin:
    """How many scores are at least `low` and below `high`."""

    low: float

    high: float | None
    """None: full marks, and whatever is above them."""

    count: int


@dataclass(frozen=True, slots=True)
class ScoreStatistics:
    """The distribution of the scores that count."""

    spread: Spread

    max_score: float
    """100 where the scores are in percent."""

    is_percent: bool
    """Whether the class has several maximal scores, so that only shares can be compared."""

    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class CheckCause:
    """Students who did not pass a check for the same reason."""

    status: VerdictStatus

    words: str
    """The mistake, or else the message to the first of them."""

    students: tuple[StudentName, ...]


@dataclass(frozen=True, slots=True)
class CheckStatistics:
    """One check over the class."""

    assignment: str
    id: str
    title: str
    max_points: float
    is_hidden: bool
    statuses: Mapping[VerdictStatus, int]

    following: int
    """Of the failed ones, those that follow from another check or function."""

    mean_credit: float | None
    """The mean share of its points, 0 to 1, where it has a result; None if it is worth none, or has none."""

    causes: tuple[CheckCause, ...]
    """Who did not pass it, or cannot be told to, and why; the commonest reason first."""

    @property
    def not_passed(self) -> int:
        """How many students did not pass it, because it failed or a function is missing."""
        return self.statuses.get("failed", 0) + self.statuses.get("skipped", 0)

    @property
    def by_itself(self) -> int:
        """How many failed it for a reason of its own."""
        return self.statuses.get("failed", 0) - self.following

    @property
    def judged(self) -> int:
        """How many students have a result of it."""
        return self.statuses.get("passed", 0) + self.not_passed


@dataclass(frozen=True, slots=True)
class SpeedStatistics:
    """A timed check over the class."""

    assignment: str
    id: str
    title: str
    speedup: Spread
    """Beside the student's own naive function."""
    slowdown: Spread | None
    """Beside the reference; None if it was not measured."""


@dataclass(frozen=True, slots=True)
class AbsentFunction:
    """A function that points are lost without, where it is not there."""

    name: str
    missing: tuple[StudentName, ...]
    not_written: tuple[StudentName, ...]


@dataclass(frozen=True, slots=True)
class RegradedScore:
    """A score that differs from the one before the latest regrade."""

    student: StudentName
    before: PreviousPart
    score: float | None
    max_score: float


@dataclass(frozen=True, slots=True)
class ClassStatistics:
    """A class in numbers and names. Each member of a group is a student; names are in the order of the class."""

    students: int

    assignments: Mapping[tuple[str, str], int]
    """How many students were graded as which assignment, by (name, title); the most first."""

    outdated: Mapping[str, int]
    """Assignments with reports by several versions of their spec, and how many versions."""

    scores: ScoreStatistics | None
    without_score: Mapping[WithoutScore, tuple[StudentName, ...]]

    nothing_submitted: tuple[StudentName, ...]

    remarks: tuple[tuple[StudentName, str], ...]
    """Students and what the instructor should know of them: whose submission it may be, how late, an extension."""

    not_graded: int
    """How many students' submissions have no report yet."""

    unreadable: tuple[tuple[StudentName, str], ...]
    """Students whose submission cannot be read, and why."""

    checks: tuple[CheckStatistics, ...]
    """In the order of the assignment."""

    mistakes: tuple[ClassMistake, ...]
    absent: tuple[AbsentFunction, ...]
    speeds: tuple[SpeedStatistics, ...]

    flags: Mapping[FlagKind, tuple[tuple[StudentName, FlagPart], ...]]

    equal_files: tuple[EqualFiles, ...]

    late: tuple[tuple[StudentName, str, float], ...]
    """Students, how late they were with what follows from it, and the points that it changes."""

    overrides: tuple[tuple[StudentName, Change], ...]

    regraded: tuple[RegradedScore, ...]
    """Scores of the grader's that a regrade changed."""

    @property
    def graded(self) -> int:
        """How many students have a report on a submission that could be read."""
        return self.students - len(self.nothing_submitted) - self.not_graded - len(self.unreadable)

    @property
    def hardest_checks(self) -> list[CheckStatistics]:
        """Checks that not everybody passed, the largest share first, those that fail by themselves before others."""
        failed = [check for check in self.checks if check.not_passed]
        return sorted(failed, key=lambda check: (-check.not_passed / check.judged, -check.by_itself))

    @property
    def not_run(self) -> list[CheckStatistics]:
        """Checks that were left out of some student's run."""
        return [check for check in self.checks if check.statuses.get("not_run")]

    @property
    def look_alikes(self) -> Counter[str | None]:
        """How many submissions look like another assignment, by its spec; None if none covers it."""
        return Counter(flag.spec for _, flag in self.flags.get("wrong_spec", ()))


def class_statistics(results: Iterable[StudentResult]) -> ClassStatistics:
    """The statistics of a class. Each result is looked at once, so they need not all be in memory."""
    tally = _Tally()
    for result in results:
        tally.add(result)
    return tally.statistics()


def bins_of(scores: Sequence[float], max_score: float) -> tuple[Bin, ...]:
    """At most ten bins of a round width from 0 to full marks, which have a bin of their own."""
    width = _width(max_score)
    count = math.ceil(round(max_score / width, 9))
    lows = [round(width * number, 9) for number in range(count)]
    found = Counter(
        count if score >= max_score else min(count - 1, int(round(score / width, 9))) for score in scores
    )
    highs = [*lows[1:], max_score]
    bins = [Bin(low, high, found[number]) for number, (low, high) in enumerate(zip(lows, highs, strict=True))]
    return (*bins, Bin(max_score, None, found[count]))


def _width(max_score: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of 10 that needs no more bins than allowed."""
    least = max_score / _MOST_BINS
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


@dataclass(slots=True)
class _CheckTally:
    assignment: str
    first: CheckPart
    statuses: Counter[VerdictStatus] = field(default_factory=Counter)
    following: int = 0
    credits: list[float] = field(default_factory=list)
    speedups: list[float] = field(default_factory=list)
    slowdowns: list[float] = field(default_factory=list)
    causes: dict[tuple[VerdictStatus, Key], tuple[str, list[StudentName]]] = field(default_factory=dict)

    def add(self, name: StudentName, check: CheckPart) -> None:
        self.statuses[check.status] += 1
        if check.status in {"passed", "failed", "skipped"} and check.max_points:
            self.credits.append(check.points / check.max_points)
        if check.status == "failed" and check.caused_by:
            self.following += 1
        for ratio, numbers in (("speedup", self.speedups), ("slowdown", self.slowdowns)):
            if ratio in check.measured:
                numbers.append(check.measured[ratio])
        if check.status in {"failed", "skipped", "errored"}:
            key, words = cause_of(check)
            _, students = self.causes.setdefault((check.status, key), (words, []))
            students.append(name)

    def statistics(self) -> CheckStatistics:
        found = (
            CheckCause(status, words, tuple(students))
            for (status, _), (words, students) in self.causes.items()
        )
        return CheckStatistics(
            self.assignment,
            self.first.id,
            self.first.title,
            self.first.max_points,
            self.first.visibility == "hidden",
            dict(self.statuses),
            self.following,
            statistics.fmean(self.credits) if self.credits else None,
            tuple(sorted(found, key=lambda cause: -len(cause.students))),
        )

    def speed(self) -> SpeedStatistics | None:
        speedup, slowdown = map(Spread.of, (self.speedups, self.slowdowns))
        if speedup is None:
            return None
        return SpeedStatistics(self.assignment, self.first.id, self.first.title, speedup, slowdown)


class _Tally:
    def __init__(self) -> None:
        self._students = 0
        self._assignments: Counter[tuple[str, str]] = Counter()
        self._versions: defaultdict[str, set[str]] = defaultdict(set)
        self._scores: list[tuple[float, float | None]] = []
        self._without: defaultdict[WithoutScore, list[StudentName]] = defaultdict(list)
        self._nothing: list[StudentName] = []
        self._remarks: list[tuple[StudentName, str]] = []
        self._not_graded = 0
        self._unreadable: list[tuple[StudentName, str]] = []
        self._checks: dict[tuple[str, str], _CheckTally] = {}
        self._absent: defaultdict[str, dict[str, list[StudentName]]] = defaultdict(
            lambda: {"missing": [], "not_written": []}
        )
        self._flags: defaultdict[FlagKind, list[tuple[StudentName, FlagPart]]] = defaultdict(list)
        self._late: list[tuple[StudentName, str, float]] = []
        self._overrides: list[tuple[StudentName, Change]] = []
        self._regraded: list[RegradedScore] = []
        self._mistakes, self._equal_files = MistakeTally(), EqualFilesTally()

    def add(self, result: StudentResult) -> None:
        name, report = StudentName.of(result), result.report
        self._students += 1
        if result.score is not None:
            self._scores.append((result.score, result.max_score))
        deducted = [change for change in result.changes if change.kind == "late"]
        if result.late_words or deducted:
            words = "; ".join(change.reason for change in deducted) or result.late_words
            self._late.append((name, words, sum(change.points for change in deducted)))
        self._overrides += [(name, change) for change in result.changes if change.kind == "override"]
        self._remarks += [(name, remark) for remark in result.remarks]
        if result.is_awaited:
            self._not_graded += 1
        elif report is None:
            self._nothing.append(name)
        else:
            self._add_report(name, report, has_score=result.score is not None)

    def _add_report(self, name: StudentName, report: Report, *, has_score: bool) -> None:
        assignment = report.assignment
        self._assignments[assignment.name, assignment.title] += 1
        self._versions[assignment.name].add(assignment.spec_sha256)
        before = report.previous
        if before and (before.score, before.max_score) != (report.score, report.max_score):
            self._regraded.append(RegradedScore(name, before, report.score, report.max_score))
        for flag in report.flags:
            self._flags[flag.kind].append((name, flag))
        if report.status == "unreadable":
            reasons = [flag.message for flag in report.flags if flag.kind == "unreadable"]
            self._unreadable.append((name, " ".join(reasons)))
            return
        if not has_score:
            self._without[_why_no_score(report)].append(name)
        for check in report.checks:
            key = (assignment.name, check.id)
            if key not in self._checks:
                self._checks[key] = _CheckTally(assignment.name, check)
            self._checks[key].add(name, check)
        for function in _counted(report):
            status = report.functions[function].status
            if status in {"missing", "not_written"}:
                self._absent[function][status].append(name)
        self._mistakes.add(name, report)
        self._equal_files.add(name, report)

    def statistics(self) -> ClassStatistics:
        checks = self._checks.values()
        return ClassStatistics(
            students=self._students,
            assignments=dict(self._assignments.most_common()),
            outdated={name: len(seen) for name, seen in self._versions.items() if len(seen) > 1},
            scores=_score_statistics(self._scores),
            without_score={why: tuple(who) for why, who in self._without.items()},
            nothing_submitted=tuple(self._nothing),
            remarks=tuple(self._remarks),
            not_graded=self._not_graded,
            unreadable=tuple(self._unreadable),
            checks=tuple(each.statistics() for each in checks),
            mistakes=self._mistakes.mistakes(),
            absent=tuple(
                AbsentFunction(name, tuple(who["missing"]), tuple(who["not_written"]))
                for name, who in self._absent.items()
            ),
            speeds=tuple(speed for each in checks if (speed := each.speed()) is not None),
            flags={kind: tuple(found) for kind, found in self._flags.items()},
            equal_files=self._equal_files.groups(),
            late=tuple(self._late),
            overrides=tuple(self._overrides),
            regraded=tuple(self._regraded),
        )


def _counted(report: Report) -> Iterator[str]:
    """The functions that points are lost without."""
    needed = {name for check in report.checks if check.max_points for name in check.functions}
    return (name for name in report.functions if name in needed)


def _why_no_score(report: Report) -> WithoutScore:
    if report.has_grader_faults or any(flag.kind == "grader_fault" for flag in report.flags):
        return "grader_fault"
    return "not_all_run" if report.max_score else "nothing_to_score"


def _score_statistics(scores: Sequence[tuple[float, float | None]]) -> ScoreStatistics | None:
    """Without a maximal score, as for an override of somebody who handed in nothing, the class's counts."""
    most = Counter(each for _, each in scores if each is not None)
    usual = max(most, key=most.__getitem__, default=0.0)
    is_percent = len(most) > 1
    max_score = 100.0 if is_percent else usual
    numbers = [100 * score / (each or usual) if is_percent else score for score, each in scores if usual]
    spread = Spread.of(numbers)
    return (
        None
        if spread is None
        else ScoreStatistics(spread, max_score, is_percent, bins_of(numbers, max_score))
    )
