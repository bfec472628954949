"""What a push should bring about: whose score should be there, whose is withheld, who has no place in the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from grader.exporters import Withheld
from grader.exporters.grades import Grade, about_scores, by_student, grades, several_words
from grader.model.student_result import StudentResult
from grader.push.comment import comment_of
from grader.push.config import PushConfig
from grader.push.journal import instant
from grader.push.users import Users

_AHEAD = timedelta(minutes=1)
"""A submission time further ahead than this is refused by Canvas."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A score that should be in the platform."""

    who: str
    """The name with the id."""

    student: str
    submission: str
    user_id: str
    score: float
    max_score: float
    comment: str | None
    graded_at: datetime
    submitted_at: datetime | None
    report_sha256: str | None


@dataclass(frozen=True, slots=True)
class WithheldScore:
    """A student for whom nothing is sent because there is no score."""

    withheld: Withheld
    student: str
    user_id: str | None
    report_sha256: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everybody in the class, each in one of these. While there are problems, nothing may be sent."""

    wanted: tuple[Wanted, ...] = ()

    withheld: tuple[WithheldScore, ...] = ()

    left_out: tuple[str, ...] = ()
    """Students with a score and without a place in the platform: who, and why."""

    not_submitted: tuple[str, ...] = ()
    """Students who did not submit, and for whom nothing is sent."""

    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What the plan needs beside the results."""

    config: PushConfig
    users: Users
    now: datetime

    ruled_at: datetime
    """When the instructor's own files changed last: the time of a score that no grading gave."""

    submitted_at: Callable[[StudentResult], datetime | None]
    report_sha256: Mapping[str, str]
    """Of the reports on disk, by submission."""

    why_unread: Mapping[str, str]
    """Why reports cannot be read, by submission."""

    has_zeros: bool = False
    """Whether who handed in nothing gets 0."""


def planned(results: Sequence[StudentResult], context: PlanContext) -> Plan:
    """The plan for a class."""
    found = grades(results)
    class_maximum = max((each.max_score or 0.0 for each in found.given), default=0.0)
    zeros = found.not_submitted if context.has_zeros else ()
    given = (*found.given, *(Grade(each, 0.0, None) for each in zeros))
    entries = by_student(results)
    wanted, left_out, remarks = [], [], [*about_scores(results), *context.users.remarks]
    for grade in given:
        student, most = grade.result.student, grade.max_score or class_maximum
        user_id = None if student is None else context.users.ids.get(student.id)
        if student is None:
            left_out.append(f"{grade.who}: it is unknown whose submission this is")
        elif len(entries[student.id]) > 1:
            left_out.append(several_words(entries[student.id]))
        elif user_id is None:
            left_out.append(f"{grade.who}: no LTI user id")
        elif most <= 0:
            left_out.append(f"{grade.who}: the maximum score is unknown, because nothing was graded")
        else:
            each = _wanted(grade, student.id, user_id, most, context)
            if each.submitted_at is not None and each.submitted_at > context.now + _AHEAD:
                remarks.append(f"the time of submission of {grade.who} is in the future; it was left out")
                each = replace(each, submitted_at=None)
            wanted.append(each)
    return Plan(
        wanted=tuple(wanted),
        withheld=tuple(_withheld(result, withheld, context) for result, withheld in found.withheld),
        left_out=tuple(dict.fromkeys(left_out)),
        not_submitted=() if context.has_zeros else found.told["not_submitted"],
        remarks=tuple(remarks),
        problems=context.users.problems,
    )


def _wanted(grade: Grade, student: str, user_id: str, max_score: float, context: PlanContext) -> Wanted:
    result, config = grade.result, context.config
    report = result.report
    started = context.ruled_at if report is None else instant(report.started_at)
    return Wanted(
        who=grade.who,
        student=student,
        submission=result.id,
        user_id=user_id,
        score=grade.score,
        max_score=max_score,
        comment=None if config.comment == "none" else comment_of(grade, max_score, config.comment_end),
        graded_at=started or context.ruled_at,
        submitted_at=context.submitted_at(result),
        report_sha256=None if report is None else context.report_sha256.get(result.id),
    )


def _withheld(result: StudentResult, withheld: Withheld, context: PlanContext) -> WithheldScore:
    student = result.id if result.student is None else result.student.id
    unread = context.why_unread.get(result.id)
    return WithheldScore(
        withheld if unread is None else replace(withheld, why=f"its report cannot be read: {unread}"),
        student,
        None if result.student is None else context.users.ids.get(student),
        context.report_sha256.get(result.id),
    )
