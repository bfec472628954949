"""The causes of lost points: functions that are not there, and checks that failed for the same reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grader import formatting
from grader.extract.missing import is_plain
from grader.model.report import CheckPart, FailurePart, Report

OPTIONAL = "Not in the submission, but worth no points"
"""How the line on functions begins that need not be there."""

_IS = re.compile(r"(?: \([^()]*\))? is ")
"""How the rest of a reason must begin for several names to share it: a location, and a verb that has a plural."""

_OF_NAMES = frozenset({"NameError", "ImportError", "ModuleNotFoundError"})
"""Exceptions with one cause wherever they are raised: the name or module is not there."""

_NO_EXCEPTION = frozenset({"timed out", "ended", "not called"})
"""Kinds of failure of which the first explains the later ones: the function is then not called again."""

_LIMITS = frozenset({"MemoryError", "_ArrayMemoryError", "RecursionError"})
"""Exceptions that one fault raises at whatever line a limit is reached."""


def absent_lines(report: Report, checks: Sequence[CheckPart]) -> Iterator[tuple[str, list[str]]]:
    """For all functions that do not parse, are missing or are not written yet: a line, and the lines that belong below it."""
    missing, unwritten = _absent(report, "missing"), _absent(report, "not_written")
    counted = [name for name in missing if _is_counted(name, report)]
    optional = [name for name in missing if name not in counted]
    broken = {name for name in counted if report.functions[name].where is not None}
    for label, names, verb in (
        ("Does not parse", [name for name in counted if name in broken], "were skipped"),
        ("Missing", [name for name in counted if name not in broken], "were skipped"),
        ("Not written yet", unwritten, "fail until"),
    ):
        if not names:
            continue
        it = "it" if len(names) == 1 else "them"
        until = f" {'it is' if len(names) == 1 else 'they are'}" if names is unwritten else ""
        below = [] if names is unwritten else list(_reasons(report, names))
        failed = [
            check.title
            for check in checks
            if check.status == "failed" and set(check.caused_by) & set(names)
            if not {*check.functions} & {*missing, *unwritten}
        ]
        if failed:
            below.append(f"Failed because of {it}: {listed(failed)}.")
        yield f"{label}: {formatting.listing(names)}; the checks that need {it} {verb}{until}.", below
    if optional:
        yield f"{OPTIONAL}: {formatting.listing(optional)}.", []


def causes(report: Report, checks: Sequence[CheckPart]) -> list[list[CheckPart]]:
    """The checks that did not pass, grouped by cause; the first of a group tells it.

    Checks that wait for a missing or unwritten function are left out, and so are hidden ones.
    """
    absent = {*_absent(report, "missing"), *_absent(report, "not_written")}
    failed = [
        check
        for check in checks
        if check.status != "passed" and check.message and not absent & {*check.caused_by}
    ]
    ids = {check.id for check in failed}
    by_cause: dict[object, list[CheckPart]] = {}
    by_id: dict[str, list[CheckPart]] = {}
    for check in sorted(failed, key=lambda check: not ids.isdisjoint(check.caused_by)):  # causes first
        group = next((by_id[name] for name in check.caused_by if name in by_id), None)
        if group is None:
            cause = (check.message, check.hint) if check.failure is None else _cause(check.failure)
            group = by_cause.setdefault(cause, [])
            by_id[check.id] = group
        group.append(check)
    return list(by_cause.values())


def listed(titles: Sequence[str]) -> str:
    """Titles in a row; those that begin with the same name share it: "f: values; loops; g: values"."""
    words: list[str] = []
    before = ""
    for title in titles:
        name, colon, rest = title.partition(": ")
        words.append(rest if colon and name == before else title)
        before = name if colon else ""
    return "; ".join(words)


def _cause(failure: FailurePart) -> tuple[object, ...]:
    """Equal for failures of one cause: the numbers in a message may differ from call to call."""
    if failure.kind in _NO_EXCEPTION:
        return (failure.function,)
    if failure.kind in _LIMITS:
        return (failure.function, failure.kind)
    message = re.sub(r"\d+", "0", failure.message)
    return (failure.kind, message, None if failure.kind in _OF_NAMES else failure.where)


def _absent(report: Report, status: str) -> list[str]:
    return [name for name, part in report.functions.items() if part.status == status]


def _is_counted(name: str, report: Report) -> bool:
    """Whether points are lost without the function; an optional one is in checks of 0 points only."""
    return any(check.max_points for check in report.checks if name in check.functions)


def _reasons(report: Report, names: Sequence[str]) -> Iterator[str]:
    """Why functions are missing, where there is more to say than that; those of one reason together."""
    alike: dict[str, list[str]] = {}
    for name in names:
        reason = next(iter(report.functions[name].notes), "")
        if reason and not is_plain(reason):
            rest = reason.removeprefix(name)
            can_share = rest != reason and _IS.match(rest) is not None
            alike.setdefault(rest if can_share else reason, []).append(name)
    for reason, group in alike.items():
        begins_with_name = _IS.match(reason) is not None
        rest = reason.replace(" is ", " are ", 1) if len(group) > 1 else reason
        words = f"{formatting.listing(group)}{rest}" if begins_with_name else reason
        yield words if words.endswith(("?", ".")) else f"{words}."
