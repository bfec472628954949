"""The results of a class, derived from its output folder: one for each student."""

from __future__ import annotations

from pathlib import Path

from grader import formatting
from grader.batch.class_record import ClassRecord
from grader.batch.rows import results_of
from grader.batch.rules.applied import Applied, Words, applied
from grader.batch.rules.class_rules import ClassRules, read_rules
from grader.batch.rules.overrides import read_overrides
from grader.batch.store import RULES_NAME, ReportStore


def derived(store: ReportStore) -> Applied:
    """A result for each student from the output folder alone, with the instructor's words applied, as the gradebook has them.

    In the order of class.json; in a folder of an older version, which has none, in that of the submissions' ids.
    Reports are without curves and pictures. RulesError if the rules or overrides in the folder are not valid.
    """
    record = store.read_record()
    on_disk = sorted(
        path.stem for path in store.reports_folder.glob("*.json") if not path.name.startswith(".")
    )
    ids = on_disk if record is None else [entry.id for entry in record.entries]
    found = ((each, store.read(each)) for each in ids)
    reports = ((each, report and report.without_pictures) for each, report in found)
    return applied(results_of(reports, record), read_words(store, record))


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


def read_words(store: ReportStore, record: ClassRecord | None = None) -> Words:
    """The instructor's rules and overrides in the folder, and the roster's extensions. RulesError for a fault in them.

    record: that of the folder, if it is known.
    """
    record = record or store.read_record()
    students = () if record is None or record.roster is None else record.roster.students
    unmatched = () if record is None else record.unmatched
    return Words(
        rules=read_rules(store.rules_path)[0] if store.rules_path.exists() else ClassRules(),
        overrides=read_overrides(store.overrides_path),
        extensions={each.id: each.extension for each in students if each.extension is not None},
        strangers=frozenset(
            (each.submission, each.student) for each in unmatched if each.student is not None
        ),
    )
