"""What a person reads in the terminal: reports, extractions and batches, at 80 columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader import formatting
from grader.checks import SLOW_KINDS
from grader.extract import Chunk, Extracted
from grader.grading.settings import NOT_ASKED_FOR
from grader.model.report import CheckPart, Report, WherePart
from grader.sandbox.isolation import not_isolated
from grader.spec import Spec

_MARKS = {
    "passed": ("✔", "green"),
    "failed": ("✘", "red"),
    "skipped": ("-", "yellow"),
    "errored": ("!", "magenta"),
}
_PLAIN_MARKS = {"passed": "ok", "failed": "FAIL", "skipped": "skip", "errored": "ERR"}
_STATUS_STYLES = {"correct": "green", "incorrect": "red", "missing": "yellow", "unjudged": "magenta"}


# Control characters but the line's end, and the marks that turn the direction of what follows them.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _text(words: str, style: str = "") -> Text:
    """Words that may be a student's: shown as they are, in no style of their own, with no say over the terminal."""
    return Text(plain(words), style=style)


def plain(words: str) -> str:
    """The words with a visible sign for each character that a terminal would obey or cannot write."""
    return _UNSEEN.sub("\ufffd", words.replace("\t", "    ")).encode("utf-8", "replace").decode("utf-8")


def make_console(*, stderr: bool = False) -> Console:
    """A console of the terminal's width, 80 columns elsewhere; plain where output is no terminal."""
    return Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=False)


def show_report(console: Console, report: Report) -> None:
    """Checks with their points, a paragraph for each that did not pass, the functions, the score."""
    console.print(_text(report.assignment.title, style="bold"))
    console.print(_text(_circumstances(report), style="dim"))
    console.print()
    checks = [check for check in report.checks if not is_left_aside(report, check)]
    console.print(_check_table(console, checks))
    _show_failures(console, checks)
    _show_measured(console, checks)
    _show_functions(console, report)
    _show_flags(console, report, checks)
    console.print()
    console.print(_score_line(report))


def _show_flags(console: Console, report: Report, checks: Sequence[CheckPart]) -> None:
    """What an instructor should look at, but for what stands in a check's words or among the functions' notes."""
    said = " ".join(check.message for check in checks)
    for each in report.integrity:
        if each.kind == "forbidden_help" and each.message not in said:
            console.print(Padding(_text(f"Not allowed: {each.message}", style="bold red"), (0, 0, 0, 2)))
        elif each.kind not in {"forbidden_help", "noted_help"}:
            console.print(Padding(_text(f"Note: {each.message}", style="yellow"), (0, 0, 0, 2)))


def is_left_aside(report: Report, check: CheckPart) -> bool:
    """Whether a check was not asked for, with --only."""
    return report.status == "incomplete" and check.message == NOT_ASKED_FOR


def _circumstances(report: Report) -> str:
    environment = report.environment
    missing = environment.isolation_missing
    gaps = f" ({not_isolated(missing)})" if missing else ""
    device = "cpu" if environment.device == "cpu" else f"{environment.device} ({environment.device_name})"
    return (
        f"{report.submission.id}, seed {environment.seed}, {device},"
        f" isolation: {environment.isolation}{gaps}, {formatting.seconds(report.seconds)}"
    )


def _mark(console: Console, status: str) -> Text:
    sign, style = _MARKS[status]
    try:
        sign.encode(console.encoding)
    except UnicodeEncodeError:
        sign = _PLAIN_MARKS[status]
    return _text(sign, style=style)


def _check_table(console: Console, checks: Iterable[CheckPart]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold", expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("Check", ratio=1)
    table.add_column("Result")
    table.add_column("Points", justify="right", no_wrap=True)
    for check in checks:
        worth = f"{formatting.points(check.points)} / {formatting.points(check.max_points)}"
        style = _MARKS[check.status][1]
        table.add_row(
            _mark(console, check.status), _text(check.title), _text(check.status, style=style), worth
        )
    return table


def _show_measured(console: Console, checks: Iterable[CheckPart]) -> None:
    """What passed checks measured, where a student wants to read the numbers: speed and accuracy."""
    measured = [check for check in checks if check.status == "passed" and check.kind in SLOW_KINDS]
    if measured:
        console.print()
    for check in measured:
        console.print(_text(check.title, style="bold green"))
        console.print(Padding(_text(check.message), (0, 0, 0, 2)))


def _show_failures(console: Console, checks: Iterable[CheckPart]) -> None:
    """A paragraph for each check that did not pass; those with the same words share one."""
    grouped: dict[tuple[str, str | None], list[CheckPart]] = {}
    for check in checks:
        if check.status != "passed":
            grouped.setdefault((check.message, check.hint), []).append(check)
    for (message, hint), group in grouped.items():
        console.print()
        style = f"bold {_MARKS[group[0].status][1]}"
        for check in group:
            console.print(_text(f"{check.title} ({check.status})", style=style))
        console.print(Padding(_text(message), (0, 0, 0, 2)))
        if hint:
            console.print(Padding(_text(f"Hint: {hint}", style="cyan"), (0, 0, 0, 2)))


def _show_functions(console: Console, report: Report) -> None:
    console.print()
    table = Table(box=None, padding=(0, 1), header_style="bold", expand=True)
    table.add_column("Function", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Where it stands", ratio=1)
    for name, function in report.functions.items():
        status = _text(function.status, style=_STATUS_STYLES[function.status])
        table.add_row(_text(name), status, _text(_where(function.where)))
    console.print(table)
    for note, names in _notes(report).items():
        words = f"{formatting.listing(names)}: {note.removesuffix('.')}."
        console.print(Padding(_text(words, style="dim"), (0, 0, 0, 2)))


def _notes(report: Report) -> dict[str, list[str]]:
    """Each note once, with the functions that it is on; a missing function's says why and stands with its checks."""
    notes: dict[str, list[str]] = {}
    for name, function in report.functions.items():
        for note in function.notes if function.status != "missing" else ():
            notes.setdefault(note, []).append(name)
    return notes


def _where(where: WherePart | None) -> str:
    if where is None:
        return ""
    cell = "" if where.cell is None else f", cell {where.cell}"
    return f"{where.file}{cell}, line {where.line}"


def _score_line(report: Report) -> Text:
    if report.score is not None:
        style = "bold green" if report.score >= report.max_score else "bold"
        return _text(
            f"Score: {formatting.points(report.score)} of {formatting.points(report.max_score)}", style=style
        )
    ran = [check for check in report.checks if check.status in {"passed", "failed"}]
    got, worth = sum(check.points for check in ran), sum(check.max_points for check in ran)
    reason = (
        "the grader failed in some checks; grade again"
        if report.has_grader_faults
        else "not every check was run"
    )
    return _text(
        f"No score: {reason}. The checks that ran gave {formatting.points(got)} of {formatting.points(worth)}"
        f" (all: {formatting.points(report.max_score)}).",
        style="bold yellow",
    )


def batch_line(number: int, total: int, submission_id: str, report: Report, how: str) -> str:
    """One finished submission of a batch in one line."""
    if report.score is None:
        score = "no score"
    else:
        score = f"{formatting.points(report.score)} of {formatting.points(report.max_score)}"
    counts = [check.status for check in report.checks]
    failed = len(counts) - counts.count("passed")
    words = {"kept": "kept, nothing has changed", "unreadable": "cannot be read"}.get(how)
    if how == "unreadable" and report.integrity:
        words = f"cannot be read: {report.integrity[0].message}"
    if words is None:
        words = (
            "all checks passed"
            if failed == 0
            else f"{failed} of {formatting.count(len(counts), 'check')} not passed"
        )
        words += f", {formatting.seconds(report.seconds)}"
    width = len(str(total))
    return plain(f"[{number:>{width}}/{total}] {submission_id}: {score} ({words})")


def show_batch_summary(console: Console, reports: Sequence[Report], title: str) -> None:
    """How many were graded, the scores' range and median, the checks that fail most."""
    scores = sorted(report.score for report in reports if report.score is not None)
    console.print()
    console.print(_text(title, style="bold"))
    if scores:
        middle = len(scores) // 2
        median = scores[middle] if len(scores) % 2 else (scores[middle - 1] + scores[middle]) / 2
        best, worst = formatting.points(scores[-1]), formatting.points(scores[0])
        console.print(
            f"{formatting.count(len(scores), 'score')}: lowest {worst}, median {formatting.points(median)}, highest {best}"
            f" of {formatting.points(reports[0].max_score)}"
        )
    if len(scores) < len(reports):
        console.print(
            f"{len(reports) - len(scores)} without a score: the grader failed there; run the command again"
        )
    fails: dict[str, int] = {}
    for report in reports:
        for check in report.checks:
            if check.status != "passed":
                fails[check.title] = fails.get(check.title, 0) + 1
    for title_of_check, times in sorted(fails.items(), key=lambda item: -item[1])[:3]:
        console.print(
            Padding(_text(f"not passed by {times} of {len(reports)}: {title_of_check}"), (0, 0, 0, 2))
        )


def show_extracted(console: Console, extracted: Extracted, names: Iterable[str]) -> None:
    """Each function with where it stood and what it needs; what was left out and why."""
    table = Table(box=None, padding=(0, 1), header_style="bold", expand=True)
    table.add_column("Function", no_wrap=True)
    table.add_column("Where it stands", ratio=1)
    is_single = len({chunk.location.file for chunk in extracted.chunks}) == 1
    by_number = {chunk.number: chunk for chunk in extracted.chunks}
    for name in names:
        function = extracted.functions.get(name)
        if function is None:
            table.add_row(_text(name), _text(f"missing: {extracted.missing.get(name, '')}", style="yellow"))
            continue
        needs = [by_number[number] for number in function.chunks if name not in by_number[number].binds]
        words = _text(str(function.location))
        if needs:
            needed = ", ".join(_needed(chunk, is_single=is_single) for chunk in needs)
            words.append(plain(f"\nneeds {needed}"), style="dim")
        for left in function.lacks:
            lacking = f"\nlacks {', '.join(left.binds)} ({left.location}): {left.reason}"
            words.append(plain(lacking), style="yellow")
        table.add_row(_text(name), words)
    console.print(table)
    for duplicate in extracted.duplicates:
        places = formatting.listing([str(place) for place in duplicate.locations])
        console.print(
            _text(
                f"{duplicate.name} is defined {len(duplicate.locations)} times: {places}; the last is graded."
            )
        )
    if extracted.stubs:
        console.print(_text(f"Inert stand-ins take the place of {formatting.listing(extracted.stubs)}."))
    for note in extracted.notes:
        console.print(_text(note))
    if extracted.left_out:
        console.print()
        console.print(_text("Left out", style="bold"))
        for left in extracted.left_out:
            console.print(_text(f"{left.location}: {left.summary}"))
            console.print(Padding(_text(left.reason, style="dim"), (0, 0, 0, 2)))


def _needed(chunk: Chunk, *, is_single: bool) -> str:
    """The names that a statement gives, and where it stands: torch (cell 2, line 6)."""
    names = ", ".join(chunk.binds) or chunk.source.strip().splitlines()[0][:40]
    where = str(chunk.location)
    return f"{names} ({where.partition(', ')[2] if is_single else where})"


def show_finding(console: Console, name: str, seen: str, advice: str | None, *, is_good: bool) -> None:
    """One thing that the doctor looked at."""
    line = _mark(console, "passed" if is_good else "skipped")
    line.append(f" {name}: ", style="bold")
    line.append(plain(seen), style="default")
    console.print(line)
    if advice:
        console.print(Padding(_text(advice, style="dim"), (0, 0, 0, 4)))


def _help_policy(spec: Spec) -> str:
    """What help the spec forbids, and what it has noted."""
    policy = spec.restrictions.model_dump()
    words = {"fail": "not allowed", "note": "noted", "ignore": "not looked for"}
    kinds = {effect: [kind for kind, each in policy.items() if each == effect] for effect in words}
    said = [f"{words[effect]}: {', '.join(named)}" for effect, named in kinds.items() if named]
    return f"Help: {'; '.join(said)}"


def show_spec(console: Console, spec: Spec) -> None:
    """A spec's functions, convention and checks."""
    console.print(_text(spec.title, style="bold"))
    convention = spec.convention
    console.print(
        f"{spec.name}: {spec.backend}, layout {convention.layout},"
        f" regularizer {formatting.number(convention.regularizer_coefficient)}*reg*sum(W*W),"
        f" delta {formatting.number(convention.delta)}",
        markup=False,
    )
    console.print(_text(f"Functions: {', '.join(spec.functions)}"))
    console.print(_text(_help_policy(spec)))
    console.print()
    table = Table(box=None, padding=(0, 1), header_style="bold", expand=True)
    table.add_column("Check", ratio=1)
    table.add_column("Id", no_wrap=True)
    table.add_column("Points", justify="right", no_wrap=True)
    for check in spec.checks:
        table.add_row(_text(check.title), _text(check.id, style="dim"), formatting.points(check.points))
    table.add_row(_text("All", style="bold"), "", _text(formatting.points(spec.max_score), style="bold"))
    console.print(table)
