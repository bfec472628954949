"""Applies the instructor's rules and overrides to the results of a class. Reports stay as they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from grader import formatting
from grader.batch.rules.class_rules import ClassRules, LateDays, NoPenalty, Override
from grader.batch.rules.late import IN_TIME, lateness, penalty, submitted_at
from grader.batch.rules.whose import Directory
from grader.model.roster import Extension
from grader.model.student_result import Change, StudentResult

Source = Literal["class.toml", "overrides.toml"]


@dataclass(frozen=True, slots=True)
class Words:
    """The instructor's own words on a class."""

    rules: ClassRules = field(default_factory=ClassRules)

    overrides: tuple[Override, ...] = ()
    """Of `grader override`: they count where class.toml has others."""

    extensions: Mapping[str, Extension] = field(default_factory=dict)
    """Of the roster, by student id; those of class.toml count before them."""

    strangers: frozenset[tuple[str, str]] = frozenset()
    """(submission, student's id by the platform) of who is nobody on the roster, whatever id they share with somebody there."""

    @property
    def name_students(self) -> bool:
        """Whether some of them are on students or submissions by name."""
        rules = self.rules
        has_days = isinstance(rules.late, LateDays) and bool(rules.late.left)
        return bool(self.overrides or rules.overrides or rules.extensions or has_days)


@dataclass(frozen=True, slots=True)
class Applied:
    """The results with all changes, and sentences for the instructor on what fits nobody or could not be told."""

    results: tuple[StudentResult, ...]

    remarks: tuple[str, ...] = ()


def applied(results: Sequence[StudentResult], words: Words) -> Applied:
    """The results with the words applied."""
    return _Application(results, words).applied()


@dataclass(frozen=True, slots=True)
class _Given:
    """An override with where it stands."""

    override: Override
    source: Source


class _Application:
    """One application of words to results, and the remarks that it leads to."""

    def __init__(self, results: Sequence[StudentResult], words: Words) -> None:
        self._results = results
        self._rules = words.rules
        self._strangers = words.strangers
        self._directory = Directory(results)
        self._remarks: dict[str, None] = {}
        self._extensions, self._reasons = self._all_extensions(words)
        self._days_left = self._all_days_left()
        self._given = self._all_given(words)
        self._without_zone = 0

    def applied(self) -> Applied:
        results = tuple(map(self._changed, self._results))
        submissions = [each.report.submission for each in results if each.report is not None]
        if not isinstance(self._rules.late, NoPenalty) and submissions:
            if self._rules.due is None:
                self._remark("class.toml has no due date: only the platform's marks tell who is late")
            elif not any(each.submitted_at for each in submissions):
                marked = any(each.late_mark for each in submissions)
                self._remark(
                    "no submission has a time: only the platform's marks tell who is late"
                    if marked
                    else "no submission has a time, or a late mark of the platform's: no submission counts as late"
                )
        if self._without_zone:
            self._remark(
                f"the times of {formatting.count(self._without_zone, 'submission')} have no offset: set time_zone in"
                " class.toml, because without it nobody can be marked late"
            )
        return Applied(results, tuple(self._remarks))

    def _person(self, result: StudentResult) -> str:
        """The student's id; for nobody, and who is not on the roster, something that is no id."""
        own = "" if result.student is None else result.student.id
        is_stranger = not own or (result.id, own) in self._strangers
        return f"{result.id}\n{own}" if is_stranger else own

    def _remark(self, words: str) -> None:
        self._remarks[words] = None

    def _students(self, name: str, where: str) -> Iterator[str]:
        """The ids of the students whom a name of class.toml means."""
        found = self._directory.find(name)
        ids = set(map(self._person, found))
        if len(ids) != 1 and (fault := self._directory.fault(name)):
            self._remark(f"class.toml: {where}: {fault}")
            return
        yield from ids

    def _all_extensions(self, words: Words) -> tuple[dict[str, Extension], dict[str, str]]:
        extensions, reasons = dict(words.extensions), {}
        for name, rule in self._rules.extensions.items():
            for student in self._students(name, f"extensions.{formatting.printable(name)}"):
                extensions[student] = Extension(seconds=rule.by, due_at=rule.due)
                reasons[student] = rule.reason
        return extensions, reasons

    def _all_days_left(self) -> dict[str, int]:
        policy = self._rules.late
        if not isinstance(policy, LateDays):
            return {}
        return {
            student: days
            for name, days in policy.left.items()
            for student in self._students(name, f"late.left.{formatting.printable(name)}")
        }

    def _all_given(self, words: Words) -> dict[tuple[str, str], dict[str | None, _Given]]:
        """The overrides that count, by submission and student, and by check."""
        given: dict[tuple[str, str], dict[str | None, _Given]] = {}
        sources: tuple[tuple[Source, tuple[Override, ...]], ...] = (
            ("class.toml", self._rules.overrides),
            ("overrides.toml", words.overrides),
        )
        for source, overrides in sources:
            # A word on a group comes before one on a member, which replaces it.
            found = [(each, self._meant(each, source)) for each in overrides]
            for override, results in sorted(found, key=lambda each: -len(each[1])):
                for result in results:
                    own = given.setdefault((result.id, self._person(result)), {})
                    self._note_replaced(own.get(override.check), override, source, result)
                    own[override.check] = _Given(override, source)
        return given

    def _meant(self, override: Override, source: Source) -> tuple[StudentResult, ...]:
        if fault := self._directory.fault(override.id):
            self._remark(f"{source}: override of {_of(override)}: {fault}")
            return ()
        return self._directory.find(override.id)

    def _note_replaced(
        self, before: _Given | None, override: Override, source: Source, result: StudentResult
    ) -> None:
        if before is None or before.source == source or before.override.points == override.points:
            return
        self._remark(
            f"{formatting.printable(result.id)}: {before.source} gives {formatting.points(before.override.points)}"
            f" points for {override.check or 'the total'}, and `grader override`"
            f" {formatting.points(override.points)}: the latter count"
        )

    def _changed(self, result: StudentResult) -> StudentResult:
        given = self._given.get((result.id, self._person(result)), {})
        changes = [change for each in given.values() if (change := self._of_check(result, each)) is not None]
        result = self._with_lateness(replace(result, changes=tuple(changes)))
        if None in given:
            override = given[None].override
            points = round(override.points - result.base - sum(each.points for each in result.changes), 4)
            result = replace(result, changes=(*result.changes, Change("override", points, override.reason)))
        return result

    def _of_check(self, result: StudentResult, given: _Given) -> Change | None:
        override = given.override
        if override.check is None:
            return None
        checks = {} if result.report is None else {check.id: check for check in result.report.checks}
        check = checks.get(override.check)
        if check is None:
            near = formatting.near(override.check, checks)
            words = f"there is no check {override.check!r}" + (f" ({near})" if near else "")
            if result.report is None:
                why = "it is not graded yet" if result.is_awaited else "nothing was submitted"
                words = f"{why}: an override of the total gives points"
            self._remark(f"{given.source}: override of {_of(override)}: {words}")
            return None
        points = round(override.points - check.points, 4)
        return Change("override", points, override.reason, override.check)

    def _with_lateness(self, result: StudentResult) -> StudentResult:
        if result.report is None:
            return result
        submission, student = result.report.submission, self._person(result)
        extension = self._extensions.get(student)
        if self._rules.due is not None and submission.submitted_at and not submission.late_mark:
            self._without_zone += submitted_at(submission, self._rules) is None
        late = lateness(submission, self._rules, extension)
        if late is IN_TIME and extension is None:
            return result
        remarks = (*result.remarks, late.remark) if late.remark else result.remarks
        if extension is not None:
            reason = self._reasons.get(student) or "more time was given"
            remarks = (*remarks, f"extension: {reason}")
        result = replace(result, late_words=late.words, remarks=remarks)
        score, most = result.score, result.max_score
        if score is None or most is None:
            return result
        cost = penalty(late, self._rules, most, self._days_left.get(student))
        if cost is None:
            return result
        reason = f"{late.words}: {cost.words}"
        if score < cost.points < math.inf:
            reason += f", but no more than the score of {formatting.points(score)}"
        change = Change("late", round(0.0 - min(cost.points, score), 4), reason)
        return replace(result, changes=(*result.changes, change))


def _of(override: Override) -> str:
    return formatting.printable(override.id) + (
        f", {formatting.printable(override.check)}" if override.check else ""
    )
