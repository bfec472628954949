"""Gives and removes overrides in the output folder of a class, and derives its gradebook and pages anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from grader import formatting
from grader.batch.pages import refresh_pages
from grader.batch.results import derived
from grader.batch.rules.applied import Applied
from grader.batch.rules.class_rules import GREATEST_POINTS, Override
from grader.batch.rules.overrides import overrides_text, read_overrides
from grader.batch.rules.whose import Directory
from grader.batch.store import ReportStore
from grader.batch.student_name import StudentName
from grader.errors import RulesError
from grader.model.report import Report
from grader.model.student_result import Change, StudentResult
from grader.output_files import write_atomically

GREATEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Overridden:
    """Whose points were changed, before and after."""

    before: tuple[StudentResult, ...]
    after: tuple[StudentResult, ...]

    remarks: tuple[str, ...] = ()
    """What the overrides led to in the class: whom they do not fit, which others they replace."""

    without_page: tuple[str, ...] = ()
    """Ids of submissions whose page the grader failed to change."""


def give(
    store: ReportStore,
    name: str,
    points: Mapping[str | None, float],
    reason: str,
    at: datetime,
    *,
    may_exceed: bool = False,
) -> Overridden:
    """Put overrides on disk, in place of earlier ones of the same points, and derive the gradebook.

    Args:
        store: the class.
        name: a submission, or a student's id or email.
        points: what counts, by check; None for the total.
        reason: why; the student may read it.
        at: now.
        may_exceed: allow more points than the check, or the assignment, is worth.

    Raises:
        RulesError: the name is nobody's or several persons', there is no such check, the points are out of range, or the
            folder is not a class's.
        OutputError: it cannot be written, or a run is at work there.

    """
    words = formatting.printable(reason.strip())
    if not words:
        raise RulesError("an override needs a reason, which the student may read; pass --reason")
    if len(words) > GREATEST_REASON:
        raise RulesError(f"a reason has at most {GREATEST_REASON:,} characters, not {len(words):,}")
    with _held(store):
        before = derived(store)
        found, key = _found(before, store, name)
        most = max((each.max_score or 0.0 for each in before.results), default=0.0)
        for check, amount in points.items():
            _require_possible(found[0], check, amount, most, may_exceed=may_exceed)
        new = [
            Override(id=key, check=check, points=amount, reason=words, at=at)
            for check, amount in points.items()
        ]
        directory = Directory(before.results)
        kept = [
            each
            for each in read_overrides(store.overrides_path)
            if each.check not in points or not _is_for(each, key, found, directory)
        ]
        done = _written(store, [*kept, *new], found, before)
        if None in points:
            return done
        hidden = [result for result in done.after if any(map(_is_total, result.changes))]
        return replace(done, remarks=(*done.remarks, *map(_total_counts, hidden)))


def remove(store: ReportStore, name: str, checks: frozenset[str | None] | None = None) -> Overridden:
    """Take overrides off disk, and derive the gradebook. RulesError if there is none; else raises what `give` raises.

    checks: those of which the override is removed, None for the total; all overrides if there is no set.
    """
    with _held(store):
        before, overrides = derived(store), read_overrides(store.overrides_path)
        directory = Directory(before.results)
        found, key = directory.find(name), name
        if all(each.id != name for each in overrides):  # not even on somebody who has left the class
            found, key = _found(before, store, name)
        own = [each for each in overrides if _is_for(each, key, found, directory)]
        gone = [each for each in own if checks is None or each.check in checks]
        if not gone:
            raise RulesError(_no_override(name, own, checks))
        return _written(store, [each for each in overrides if each not in gone], found, before)


def given(store: ReportStore) -> tuple[Override, ...]:
    """The overrides on disk."""
    _require_class(store)
    return read_overrides(store.overrides_path)


@contextmanager
def _held(store: ReportStore) -> Iterator[None]:
    _require_class(store)
    with store.held("wait for it to finish, or stop it"):
        if store.had_record and store.read_record() is None:
            shown = formatting.printable(str(store.record_path))
            raise RulesError(
                f"{shown}: missing or unreadable, so the gradebook would lose students who did not submit;"
                " run `grader batch`"
                " again first"
            )
        yield


def _require_class(store: ReportStore) -> None:
    if not store.reports_folder.is_dir():
        shown = formatting.printable(str(store.folder))
        raise RulesError(f"{shown}: there are no reports; give the --out folder of `grader batch`")
    store.require_files()


def _found(found: Applied, store: ReportStore, name: str) -> tuple[tuple[StudentResult, ...], str]:
    """Whom the name means, and the id to keep: the submission's for all of it, the student's for one."""
    directory = Directory(found.results)
    if fault := directory.fault(name):
        raise RulesError(f"{formatting.printable(str(store.folder))}: {fault}")
    results = directory.find(name)
    first = results[0]
    if first.student is None or name.strip().casefold() == first.id.casefold():
        return results, first.id
    is_elsewhere = any(each.id != first.id for each in directory.find(first.student.id))
    return results, name.strip() if is_elsewhere else first.student.id


def _is_for(override: Override, key: str, found: tuple[StudentResult, ...], directory: Directory) -> bool:
    """Whether an override is for just these students, whichever of their ids it was given by."""
    if override.id == key:
        return True
    return bool(found) and set(map(_key, directory.find(override.id))) == set(map(_key, found))


def _require_possible(
    result: StudentResult, check: str | None, amount: float, class_maximum: float, *, may_exceed: bool
) -> None:
    """RulesError if the points cannot be given. class_maximum: for one who handed in nothing."""
    report, what = result.report, "the total" if check is None else formatting.printable(check)
    if report is None and check is not None:
        shown = formatting.printable(result.id)
        why = "not graded yet" if result.is_awaited else "nothing was submitted"
        raise RulesError(f"{shown}: {why}, so there are no checks; use --points")
    worth = class_maximum if report is None else report.max_score if check is None else _worth(report, check)
    if not 0 <= amount <= GREATEST_POINTS:
        seen = formatting.number(amount)
        raise RulesError(f"the points for {what} must be from 0 to {GREATEST_POINTS:,.0f}, not {seen}")
    if amount > worth and not may_exceed:
        raise RulesError(
            f"{formatting.points(amount)} points are more than the {formatting.points(worth)} that {what} is worth; pass"
            " --bonus if they are meant"
        )


def _worth(report: Report, name: str) -> float:
    checks = {check.id: check for check in report.checks}
    if name not in checks:
        near = formatting.near(name, checks)
        words = near or f"choose from {', '.join(checks)}"
        raise RulesError(f"there is no check {formatting.printable(name)!r}; {words}")
    if checks[name].status == "not_run":
        raise RulesError(f"{name} was not run, and does not count; grade the class without --quick first")
    return checks[name].max_points


def _no_override(name: str, own: list[Override], checks: frozenset[str | None] | None) -> str:
    shown = formatting.printable(name)
    if not own:
        return f"there is no override for {shown}"
    there = formatting.listing([each.check or "the total" for each in own])
    wanted = formatting.listing([each or "the total" for each in checks or ()])
    return f"there is no override of {wanted} for {shown}, only of {there}"


def _written(
    store: ReportStore, overrides: list[Override], found: tuple[StudentResult, ...], before: Applied
) -> Overridden:
    write_atomically(store.overrides_path, overrides_text(overrides))
    now = derived(store)
    store.write_gradebook(now.results)
    without_page = refresh_pages(store, now.results, now.results, now.remarks)
    keys = set(map(_key, found))
    new = tuple(each for each in now.remarks if each not in before.remarks)
    after = tuple(each for each in now.results if _key(each) in keys)
    return Overridden(found, after, new, tuple(without_page))


def _is_total(change: Change) -> bool:
    return change.kind == "override" and change.check is None


def _total_counts(result: StudentResult) -> str:
    return (
        f"{StudentName.of(result)} has an override of the total, which counts: {formatting.points(result.score or 0.0)};"
        " remove it if the points of the check should count"
    )


def _key(result: StudentResult) -> tuple[str, str | None]:
    return result.id, None if result.student is None else result.student.id
