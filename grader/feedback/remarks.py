"""The notes and flags of a report that no check's message tells already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.model.report import CheckPart, FlagPart, Report


def notes(report: Report, checks: Sequence[CheckPart]) -> dict[str, list[str]]:
    """Each note once, with its functions; none on functions that are missing or not written."""
    said = _said(checks)
    found: dict[str, list[str]] = {}
    for name, function in report.functions.items():
        for note in function.notes if function.status not in {"missing", "not_written"} else ():
            if (note.partition(": ")[2] or note) not in said:
                found.setdefault(note, []).append(name)
    return found


def flags(report: Report, checks: Sequence[CheckPart]) -> Iterator[FlagPart]:
    """The flags, except those that a check's message or a function's note contains already."""
    said = _said(checks)
    for flag in report.flags:
        if flag.kind != "restriction_noted" and flag.message not in said:
            yield flag


def _said(checks: Sequence[CheckPart]) -> str:
    return " ".join(check.message for check in checks)
