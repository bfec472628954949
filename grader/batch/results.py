"""The results of a class, derived from its output folder: one for each student."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader import formatting
from grader.batch.applied import Applied, Words, applied
from grader.batch.class_rules import ClassRules, read_rules
from grader.batch.overrides import read_overrides
from grader.batch.store import RULES_NAME, ReportStore
from grader.model.report import Report
from grader.model.student_result import StudentResult


def class_results(store: ReportStore) -> tuple[StudentResult, ...]:
    """A result for each student, from the output folder alone; see `derived` for the errors."""
    return derived(store).results


def derived(store: ReportStore) -> Applied:
    """A result for each student, in the order of the submissions' ids, with the instructor's words applied.

    RulesError if the rules or overrides in the folder are not valid.
    """
    ids = sorted(path.stem for path in store.reports_folder.glob("*.json") if not path.name.startswith("."))
    reports = [(each, report) for each in ids if (report := store.read(each)) is not None]
    record, graded = store.read_record(), {each for each, _ in reports}
    others = (
        StudentResult(entry.id, student, None)
        for entry in (() if record is None else record.entries)
        if entry.id not in graded
        for student in (*entry.students, None)
    )
    return applied(results_of(reports), read_words(store), tuple(others))


def own_rules(store: ReportStore, path: Path | None) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The class.toml to keep in the folder, and what to say of one that is there from an earlier run.

    RulesError, before anything is graded, if the rules or the overrides in the folder are not valid.
    """
    if path is not None:
        _, content = read_rules(path)
        read_overrides(store.overrides_path)
        return {RULES_NAME: content}, ()
    read_words(store)
    if not store.rules_path.exists():
        return {}, ()
    shown = formatting.printable(str(store.rules_path))
    return {}, (f"the rules of an earlier run hold: {shown}; remove the file to grade without",)


def read_words(store: ReportStore) -> Words:
    """The instructor's rules and overrides in the folder, and the roster's extensions. RulesError for a fault in them."""
    record = store.read_record()
    students = () if record is None or record.roster is None else record.roster.students
    return Words(
        rules=read_rules(store.rules_path)[0] if store.rules_path.exists() else ClassRules(),
        overrides=read_overrides(store.overrides_path),
        extensions={each.id: each.extension for each in students if each.extension is not None},
    )


def results_of(reports: Iterable[tuple[str, Report]]) -> tuple[StudentResult, ...]:
    """A result for each student of these (submission id, report), in the given order; for each member of a group."""
    return tuple(
        StudentResult(submission_id, student, report)
        for submission_id, report in reports
        for student in report.submission.members or (report.submission.student,)
    )
