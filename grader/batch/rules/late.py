"""How late a submission is, and what that costs by the rules of the class. Only what is certain is charged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from grader import formatting
from grader.batch.rules.class_rules import ClassRules, Constant, LateDays, NoPenalty, PerDay
from grader.model.report import SubmissionPart
from grader.model.roster import Extension

DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Lateness:
    """A submission beside its student's due date."""

    is_late: bool
    """For sure, and beyond the grace."""

    seconds: float | None = None
    """Since the student's due date; None if unknown or in time."""

    charged_seconds: float | None = None
    """Since the end of the grace; None if that is unknown."""

    words: str = ""
    """As "2 days 3 h late"; empty if it is in time, or unknown."""

    remark: str = ""
    """For the instructor: what could not be told, or does not fit."""

    @property
    def days(self) -> int:
        """Days that have begun; one for a late submission without a time."""
        return 1 if self.charged_seconds is None else max(1, math.ceil(self.charged_seconds / DAY_SECONDS))


IN_TIME = Lateness(is_late=False)


def lateness(submission: SubmissionPart, rules: ClassRules, extension: Extension | None = None) -> Lateness:
    """How late the submission is; by the platform's mark where no time can tell."""
    due = rules.due_of(extension)
    at = submitted_at(submission, rules)
    if due is None or at is None:
        return _by_the_mark(submission, rules, extension)
    seconds = (at - due).total_seconds()
    if seconds <= 0:
        if submission.late_mark and extension is None:
            return Lateness(
                is_late=False,
                remark="marked late by the platform, but handed in before the due date of class.toml",
            )
        return IN_TIME
    charged = seconds - rules.grace
    words = f"{span(seconds)} late"
    if charged <= 0:
        return Lateness(is_late=False, seconds=seconds, words=f"{words}, within the grace")
    return Lateness(is_late=True, seconds=seconds, charged_seconds=charged, words=words)


def submitted_at(submission: SubmissionPart, rules: ClassRules) -> datetime | None:
    """The time of submission in UTC; None if it is unknown, or its zone is."""
    try:
        moment = datetime.fromisoformat(submission.submitted_at or "")
    except ValueError:
        return None
    return rules.instant(moment, zone=rules.platform_zone, is_due=False)


def _by_the_mark(submission: SubmissionPart, rules: ClassRules, extension: Extension | None) -> Lateness:
    if not submission.late_mark:
        return IN_TIME
    words = "marked late by the platform"
    if extension is not None or rules.grace:
        allowance = "an extension" if extension is not None else f"a grace of {span(rules.grace)}"
        remark = f"{words}, and there is {allowance}, but no time of submission: nothing is taken off"
        return Lateness(is_late=False, words=words, remark=remark)
    policy = rules.late
    remark = ""
    if policy.closes_after is not None:
        remark = f"{words}, but no time of submission: it may have come after the class closed"
    if isinstance(policy, PerDay | LateDays):
        remark = f"{words}, but no time of submission: one day is charged, as more is not certain"
    return Lateness(is_late=True, words=words, remark=remark)


@dataclass(frozen=True, slots=True)
class Penalty:
    """The points that lateness costs, and why."""

    points: float

    words: str
    """The rest of a sentence that begins with how late it is: 20 % of 20 points off (10 % a day for 2 days)."""


def penalty(
    late: Lateness, rules: ClassRules, max_score: float, days_left: int | None = None
) -> Penalty | None:
    """What a late submission costs; None if it is not late, or lateness costs nothing.

    max_score: the points possible, of which a percentage is taken. days_left: late days that the student still has, if
    that is known.
    """
    policy = rules.late
    if not late.is_late:
        return None
    if policy.closes_after is not None and (late.charged_seconds or 0.0) > policy.closes_after:
        return Penalty(math.inf, f"not accepted more than {span(policy.closes_after)} after the due date")
    match policy:
        case NoPenalty():
            return None
        case Constant(points=None):
            percent = policy.percent or 0.0
            return Penalty(_share(percent, max_score), _of(percent, max_score))
        case Constant():
            return Penalty(policy.points or 0.0, f"{formatting.points(policy.points or 0.0)} points off")
        case PerDay():
            return _per_day(policy, late.days, max_score)
        case LateDays():
            free = policy.days if days_left is None else min(policy.days, days_left)
            used, rest = min(late.days, free), max(0, late.days - free)
            words = f"{formatting.count(used, 'late day')} used" if used else "no late days left"
            if not rest:
                return Penalty(0.0, words)
            cost = _per_day(policy, rest, max_score)
            return Penalty(cost.points, f"{words}, {cost.words}")
        case _:
            assert_never(policy)


def _per_day(policy: PerDay | LateDays, days: int, max_score: float) -> Penalty:
    whole = min(policy.percent * days, policy.at_most)
    each = f"{formatting.number(policy.percent)} % a day for {formatting.count(days, 'day')}"
    if policy.percent * days > policy.at_most:
        each += f", at most {formatting.number(policy.at_most)} %"
    return Penalty(_share(whole, max_score), f"{_of(whole, max_score)} ({each})")


def _share(percent: float, max_score: float) -> float:
    return round(percent / 100 * max_score, 2)


def _of(percent: float, max_score: float) -> str:
    return f"{formatting.number(percent)} % of {formatting.points(max_score)} points off"


def span(seconds: float) -> str:
    """As "2 days 3 h" or "12 min", the rest cut off."""
    minutes = int(seconds // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return formatting.count(days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if minutes else "less than 1 min"
