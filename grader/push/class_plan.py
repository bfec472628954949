"""The plan of a push from a class's output folder and the instructor's files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from grader import formatting
from grader.batch.left_out import doubts, left_out
from grader.batch.results import derived, read_words
from grader.batch.rules.class_rules import ClassRules
from grader.batch.rules.late import submitted_at
from grader.batch.store import ReportStore
from grader.errors import PushError
from grader.intake.table import TableError, text_of
from grader.model.student_result import StudentResult
from grader.push.config import PushConfig
from grader.push.journal import JOURNAL_NAME
from grader.push.plan import Plan, PlanContext, planned
from grader.push.score import Terms
from grader.push.users import Users, user_rows, users_by_kind, users_by_table

_GREATEST_BYTES = 64 << 20


def journal_path(store: ReportStore) -> Path:
    """Where the journal of a class is."""
    return store.folder / JOURNAL_NAME


def class_plan(
    store: ReportStore, config: PushConfig, folder: Path, terms: Terms, *, has_zeros: bool
) -> Plan:
    """What a push of the class should bring about.

    RulesError or PushError if the instructor's files are not valid.

    Args:
        store: the class.
        config: the settings.
        folder: where they are; paths in them begin there.
        terms: what holds for all scores.
        has_zeros: whether students who did not submit get 0.

    """
    made = derived(store)
    outside = left_out(store, made.results)
    users = _users(made.results, config, folder)
    remarks, problems = doubts(outside, made.results)
    context = PlanContext(
        config=config,
        users=users,
        now=terms.now,
        ruled_at=terms.ruled_at,
        submitted_at=partial(_submitted_at, read_words(store).rules),
        report_sha256={
            each.id: hashlib.sha256(store.report_path(each.id).read_bytes()).hexdigest()
            for each in made.results
            if each.report is not None
        },
        why_unread=outside.unread,
        has_zeros=has_zeros,
    )
    plan = planned(made.results, context)
    return replace(
        plan, remarks=(*made.remarks, *remarks, *plan.remarks), problems=(*problems, *plan.problems)
    )


def ruled_at(store: ReportStore, now: datetime) -> datetime:
    """When the instructor's own files in the folder changed last; without any, when the class was read."""
    own = (store.rules_path, store.overrides_path, store.roster_path)
    paths = [each for each in own if each.is_file()] or [
        each for each in (store.record_path,) if each.is_file()
    ]
    moments = [datetime.fromtimestamp(each.stat().st_mtime, UTC) for each in paths]
    return min(max(moments, default=now), now)


def _submitted_at(rules: ClassRules, result: StudentResult) -> datetime | None:
    return None if result.report is None else submitted_at(result.report.submission, rules)


def _users(results: Sequence[StudentResult], config: PushConfig, folder: Path) -> Users:
    users = config.users
    if users.file is None:
        return users_by_kind(results, users.id or "id")
    path = folder / users.file
    shown = formatting.printable(str(path))
    try:
        rows = user_rows(text_of(_content_of(path)), users.student or "", users.user or "")
    except OSError as error:
        raise PushError(f"{shown}: cannot be read: {error.strerror or error}") from error
    except TableError as error:
        raise PushError(f"{shown}: {error}") from error
    return users_by_table(results, rows)


def _content_of(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_GREATEST_BYTES + 1)
    if len(content) > _GREATEST_BYTES:
        raise TableError(f"more than {formatting.size(_GREATEST_BYTES)}; this is not a list of users")
    return content
