"""Submissions of a class that are not among its results, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from grader import formatting
from grader.batch.store import ReportStore
from grader.errors import ReportError, UsageError
from grader.model.report import parse_report
from grader.model.student_result import StudentResult
from grader.output_files import read_own


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The submissions that no result is of."""

    unread: Mapping[str, str] = field(default_factory=dict)
    """Why their reports cannot be read, by submission."""

    not_graded: tuple[str, ...] = ()
    """Of the class, without a report so far: the run was stopped."""

    strangers: tuple[str, ...] = ()
    """With a report of an earlier run, and not in the class graded last."""

    has_unread_record: bool = False
    """Whether the class.json cannot be read, or is gone: then nobody knows who handed in nothing."""


def require_class(store: ReportStore) -> None:
    """UsageError if the folder is not one that `grader batch` wrote, or cannot be read."""
    try:
        if store.reports_folder.is_dir():
            next(store.reports_folder.iterdir(), None)  # a folder that is closed would look empty
            store.require_files()
            return
    except OSError as error:
        shown = formatting.printable(str(error.filename or store.folder))
        raise UsageError(f"{shown}: cannot be read: {error.strerror or error}") from error
    folder, above = (
        formatting.printable(str(each)) for each in (store.folder, store.folder.resolve().parent)
    )
    if not store.folder.is_dir():
        raise UsageError(
            f"{folder}: there is no such folder; give the folder that grader batch wrote with --out"
        )
    if store.folder.resolve().name == "reports":
        raise UsageError(f"{folder}: give the folder above the reports, {above}")
    raise UsageError(
        f"{folder}: not the --out folder of a class: it has no folder reports; grade the class first, with"
        f" grader batch CLASS --spec NAME --out {folder}"
    )


def left_out(store: ReportStore, results: Iterable[StudentResult]) -> LeftOut:
    """What is in the folder and not among these results, which are all that can be derived from it."""
    read = {each.id for each in results if each.report is not None}
    unread: dict[str, str] = {}
    strangers: list[str] = []
    on_disk = [path for path in store.reports_folder.glob("*.json") if not path.name.startswith(".")]
    for path in sorted(on_disk):
        if path.stem in read:
            continue
        try:
            parse_report(read_own(path))
            strangers.append(path.stem)
        except ReportError as error:
            unread[path.stem] = str(error)
        except UnicodeDecodeError:
            unread[path.stem] = "not a report: not UTF-8 text"
        except OSError as error:
            unread[path.stem] = f"cannot be read: {error.strerror or error}"
    record, there = store.read_record(), {path.stem for path in on_disk}
    entries = () if record is None else record.entries
    return LeftOut(
        unread,
        tuple(each.id for each in entries if each.id not in there),
        tuple(strangers),
        has_unread_record=record is None and store.had_record,
    )


def doubts(outside: LeftOut, results: Sequence[StudentResult]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remarks and problems of a folder whose scores are about to leave it."""
    remarks, problems = [], []
    if outside.has_unread_record:
        problems.append(
            "class.json is missing or unreadable, so it is unknown who is in the class: run grader batch again"
        )
    names = {each.report.assignment.name for each in results if each.report is not None}
    if len(names) > 1:
        shown = formatting.listing(sorted(map(formatting.printable, names)))
        problems.append(f"the reports are for {shown}: grade each assignment into a folder of its own")
    if outside.strangers:
        count = formatting.count(len(outside.strangers), "report")
        words = formatting.several([formatting.printable(each) for each in outside.strangers])
        remarks.append(f"{count} from an earlier run, not in the class graded last: {words}")
    return tuple(remarks), tuple(problems)
