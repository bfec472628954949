"""Reports, extractions and batches in the terminal, at 80 columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader import formatting
from grader.checks import tells_numbers
from grader.checks.base.call import sentence
from grader.extract import Chunk, Extracted, LeftOut
from grader.feedback import remarks
from grader.feedback.causes import absent_lines, causes, listed
from grader.feedback.score import score as score_words
from grader.feedback.score import why_no_score
from grader.model.observation import Location
from grader.model.report import CheckPart, Report
from grader.sandbox.isolation import not_isolated
from grader.spec import Spec

if TYPE_CHECKING:
    from grader.batch import Outcome

_MARKS = {
    "passed": ("✔", "ok", "green"),
    "failed": ("✘", "FAIL", "red"),
    "skipped": ("-", "skip", "yellow"),
    "errored": ("!", "ERR", "magenta"),
}
"""The sign of a check's status, the word on a terminal that cannot write the sign, and the color."""

_STATUS_STYLES = {
    "correct": "green",
    "incorrect": "red",
    "missing": "yellow",
    "not_written": "yellow",
    "unjudged": "magenta",
}

_CELL_PADDINGS = 6
"""Of a table of three columns, one on each side of a cell."""

_SHOWN_ALIKE = 3
"""The most locations listed for one reason."""

_SHOWN = 20
"""The most reasons, notes and names in a list of any length."""


def inert(words: str, style: str = "") -> Text:
    """Words that may be a student's, so that neither rich nor the terminal interprets them."""
    return Text(plain(words), style=style)


def plain(words: str) -> str:
    """The words with the code points of what a terminal would interpret or not show, except for the ends of lines."""
    return formatting.printable_lines(words.replace("\t", "    "))


def _indented(words: str, style: str = "", columns: int = 2) -> Padding:
    return Padding(inert(words, style), (0, 0, 0, columns))


def _table(*headings: str, wide: str) -> Table:
    """A table without lines; the column `wide` takes the room that the others leave."""
    table = Table(box=None, padding=(0, 1), header_style="bold", expand=True)
    for heading in headings:
        justify: JustifyMethod = "right" if heading == "Points" else "left"
        ratio = 1 if heading == wide else None
        table.add_column(heading, justify=justify, ratio=ratio, no_wrap=ratio is None, overflow="fold")
    return table


def make_console(*, stderr: bool = False) -> Console:
    """A console of the terminal's width; 80 columns and no colors if the output is not a terminal."""
    return Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=False)


def show_report(console: Console, report: Report) -> None:
    """The checks with their points, a paragraph for each cause of lost points, the functions, the score."""
    console.print(inert(report.assignment.title, style="bold"))
    console.print(inert(_circumstances(report), style="dim"))
    console.print()
    if report.status == "unreadable":
        for flag in report.flags:
            console.print(inert(f"The submission cannot be read: {flag.message}", style="bold red"))
    else:
        checks = [check for check in report.checks if check.status != "not_run"]
        console.print(_check_table(console, checks))
        _show_other_assignment(console, report)
        _show_absent(console, absent_lines(report, checks))
        _show_failures(console, causes(report, checks))
        _show_measured(console, checks)
        _show_functions(console, report, checks)
        _show_claims(console, report)
        _show_flags(console, report, checks)
    console.print()
    console.print(_score_line(report))


def show_change(
    console: Console, words: str, report: Report, before: Report, ran: Collection[str], seconds: float
) -> None:
    """What became of a report after a save: the score, what passes or fails now, and why.

    words: the time and what was saved. ran: the ids of the checks that were run again, which took so long.
    """
    checks = [check for check in report.checks if check.status != "not_run"]
    visible = [check.id for check in checks if check.visibility == "visible"]
    count = sum(each in ran for each in visible)
    told = f"{count} of {formatting.count(len(visible), 'check')} run again in {formatting.seconds(seconds)}"
    console.print()
    console.print(inert(f"{words}: {told if count else 'no check to run again'}.", style="bold"))
    score = _score_line(report)
    if (report.score, report.max_score) != (before.score, before.max_score):
        score.append(f" (before: {score_words(before)})", style="default")
    console.print(score)
    was = {check.id: check.status for check in before.checks}
    for label, style, titles in (
        (
            "Now passes",
            "green",
            [each.title for each in checks if each.status == "passed" != was.get(each.id)],
        ),
        ("Now fails", "red", [each.title for each in checks if each.status != "passed" == was.get(each.id)]),
    ):
        if titles:
            console.print(_indented(f"{label}: {listed(titles)}.", style=style))
    absent_before = list(
        absent_lines(before, [check for check in before.checks if check.status != "not_run"])
    )
    _show_absent(console, (each for each in absent_lines(report, checks) if each not in absent_before))
    groups = causes(report, checks)
    told_before = {(check.id, check.message) for check in before.checks if check.status != "passed"}
    same = [group for group in groups if (group[0].id, group[0].message) in told_before]
    _show_failures(console, (group for group in groups if group not in same))
    if same:
        titles = [check.title for group in same for check in group]
        console.print(_indented(f"Still fails, as before: {listed(titles)}.", style="dim"))


def _show_other_assignment(console: Console, report: Report) -> None:
    """That the submission looks like another assignment, which explains what is missing."""
    for flag in report.flags:
        if flag.kind == "wrong_spec":
            console.print()
            console.print(inert(flag.message, style="bold yellow"))


def _show_absent(console: Console, lines: Iterable[tuple[str, list[str]]]) -> None:
    """One line for all missing functions and one for all unwritten ones, however many checks need them."""
    for line, below in lines:
        console.print()
        console.print(inert(line, style="bold yellow"))
        for words in below:
            console.print(_indented(words))


def _show_flags(console: Console, report: Report, checks: Sequence[CheckPart]) -> None:
    """The other flags, except those that a check's message or a function's note contains already."""
    for flag in remarks.flags(report, checks):
        if flag.kind == "wrong_spec":
            continue
        is_violation = flag.kind == "restriction_violated"
        label, style = ("Not allowed", "bold red") if is_violation else ("Note", "yellow")
        if flag.audience == "instructor":
            label = "For the instructor"
        console.print(_indented(f"{label}: {flag.message}", style=style))


def _show_claims(console: Console, report: Report) -> None:
    """What the notebooks print, beside what was measured."""
    if report.claims:
        console.print()
        console.print(inert("Printed in the notebooks (no points)", style="bold"))
    for each in report.claims:
        if each.measured is not None:
            console.print(_indented(f"{each.title}: {each.message} ({each.file}, cell {each.cell})."))
    others = [
        f"{each.title} {formatting.number(each.printed, 4)}"
        for each in report.claims
        if each.measured is None
    ]
    if others:
        console.print(_indented(f"Not compared with anything: {'; '.join(others)}."))


def _circumstances(report: Report) -> str:
    environment = report.environment
    missing = environment.isolation_missing
    gaps = f" ({not_isolated(missing)})" if missing else ""
    return (
        f"{report.submission.id}, seed {environment.seed}, {environment.device_words},"
        f" isolation: {environment.isolation}{gaps}, {formatting.seconds(report.seconds)}"
    )


def _mark(console: Console, status: str) -> Text:
    sign, word, style = _MARKS[status]
    try:
        sign.encode(console.encoding)
    except UnicodeEncodeError:
        sign = word
    return inert(sign, style=style)


def _check_table(console: Console, checks: Iterable[CheckPart]) -> Table:
    table = _table("", "Check", "Result", "Points", wide="Check")
    for check in checks:
        worth = "-"  # it only tells
        if check.max_points:
            worth = f"{formatting.points(check.points)} / {formatting.points(check.max_points)}"
        status = inert(check.status, style=_MARKS[check.status][-1])
        table.add_row(_mark(console, check.status), inert(check.title), status, worth)
    return table


def _show_measured(console: Console, checks: Iterable[CheckPart]) -> None:
    """The numbers of passed checks of speed and accuracy."""
    measured = [check for check in checks if check.status == "passed" and tells_numbers(check.kind)]
    if measured:
        console.print()
    for check in measured:
        console.print(inert(check.title, style="bold green"))
        console.print(_indented(check.message))


def _show_failures(console: Console, told: Iterable[Sequence[CheckPart]]) -> None:
    """A paragraph for each cause, with the other checks that did not pass because of it."""
    for teller, *others in told:
        console.print()
        style = f"bold {_MARKS[teller.status][-1]}"
        console.print(inert(f"{teller.title} ({teller.status})", style=style))
        console.print(_indented(teller.message))
        if teller.hint:
            console.print(_indented(f"Hint: {teller.hint}", style="cyan"))
        if others:
            titles = listed([check.title for check in others])
            console.print(_indented(f"Failed for the same reason: {titles}.", style="dim"))


def _show_functions(console: Console, report: Report, checks: Sequence[CheckPart]) -> None:
    """The functions, except those whose checks were all left out of this run."""
    is_whole = len(checks) == len(report.checks)
    ran = {name for check in checks for name in check.functions}
    table = _table("Function", "Verdict", "Location", wide="Location")
    longest = max(map(len, report.functions), default=0)
    columns = console.width - longest - len("not written") - _CELL_PADDINGS
    for name, function in report.functions.items():
        if function.status == "unjudged" and name not in ran and not is_whole:
            continue
        place = "" if function.where is None else _place(Location(**dict(function.where)), columns)
        is_broken = function.status == "missing" and function.where is not None
        words = "does not parse" if is_broken else function.status.replace("_", " ")
        verdict = inert(words, style=_STATUS_STYLES[function.status])
        table.add_row(inert(name), verdict, inert(place))
    if table.rows:
        console.print()
        console.print(table)
    for note, names in remarks.notes(report, checks).items():
        words = f"{formatting.listing(names)}: {sentence(note)}"
        console.print(_indented(words, style="dim"))


def _place(location: Location, columns: int) -> str:
    """The location on one line, with the folder below if that is too long."""
    folder, _, name = location.file.rpartition("/")
    if not folder or len(str(location)) <= columns:
        return str(location)
    return f"{replace(location, file=name)}\nin {folder}"


def _score_line(report: Report) -> Text:
    if report.score is None or not report.max_score:
        return inert(why_no_score(report), style="bold yellow")
    style = "bold green" if report.score >= report.max_score else "bold"
    return inert(f"Score: {score_words(report)}", style=style)


def batch_line(outcome: Outcome, number: int, total: int) -> str:
    """One finished submission of a class in one line."""
    report = outcome.report
    ran = [check for check in report.checks if check.status != "not_run"]
    failed = sum(check.status != "passed" for check in ran)
    fault = next((flag for flag in report.flags if flag.kind in {"unreadable", "grader_fault"}), None)
    if outcome.how == "unchanged":
        words = "unchanged"
    elif fault is not None:
        kind = "cannot be read" if fault.kind == "unreadable" else "the grader failed"
        words = f"{kind}: {fault.message.removeprefix(f'{outcome.id}: ')}"
    else:
        passed = f"{len(ran) - failed} of {formatting.count(len(ran), 'check')} passed"
        told = "no check was run" if not ran else passed if failed else "all checks passed"
        words = f"{told}, {formatting.seconds(report.seconds)}"
    width = len(str(total))
    return plain(f"[{number:>{width}}/{total}] {outcome.id}: {score_words(report)} ({words})")


def show_extracted(console: Console, extracted: Extracted, names: Iterable[str]) -> None:
    """Each function with its location and its needs; the statements left out, with reasons."""
    table = _table("Function", "Location", wide="Location")
    is_single = len({chunk.location.file for chunk in extracted.chunks}) == 1
    by_number = {chunk.number: chunk for chunk in extracted.chunks}
    for name in names:
        function = extracted.functions.get(name)
        if function is None:
            table.add_row(
                inert(name),
                inert(
                    f"missing: {extracted.missing.get(name, '').removeprefix(f'{name} ').removeprefix('is ')}",
                    style="yellow",
                ),
            )
            continue
        needs = [by_number[number] for number in function.chunks if name not in by_number[number].binds]
        words = inert(str(function.location))
        if needs:
            needed = formatting.first([_needed(chunk, is_single=is_single) for chunk in needs], _SHOWN)
            words.append(plain(f"\nneeds {', '.join(needed)}"), style="dim")
        for lacked in formatting.first([f"lacks {left.words}" for left in function.lacks], _SHOWN):
            words.append(plain(f"\n{lacked}"), style="yellow")
        table.add_row(inert(name), words)
    console.print(table)
    for duplicate in extracted.duplicates:
        places = formatting.several([str(place) for place in duplicate.locations])
        line = f"{duplicate.name} is defined {len(duplicate.locations)} times: {places}; the last is graded."
        console.print(inert(line))
    if extracted.stubs:
        console.print(inert(f"Stubbed: {formatting.several(extracted.stubs, _SHOWN)}."))
    for note in formatting.first(extracted.notes, _SHOWN):
        console.print(inert(note))
    _show_left_out(console, extracted.left_out)


def _show_left_out(console: Console, statements: Iterable[LeftOut]) -> None:
    """The places with the same reason together, each once."""
    places: dict[str, list[str]] = {}
    for left in statements:
        alike = places.setdefault(left.reason, [])
        place = f"{left.location}: {left.summary}"
        if place not in alike[-1:]:  # one line may hold several statements
            alike.append(place)
    if places:
        console.print()
        console.print(inert("Left out", style="bold"))
    for reason, alike in list(places.items())[:_SHOWN]:
        for place in alike[:_SHOWN_ALIKE]:
            console.print(inert(place))
        more = len(alike) - _SHOWN_ALIKE
        console.print(_indented(f"{reason} (and {more:,} more)" if more > 0 else reason, style="dim"))
    if rest := list(places.values())[_SHOWN:]:
        console.print(inert(f"and {sum(map(len, rest)):,} more"))


def _needed(chunk: Chunk, *, is_single: bool) -> str:
    """The names that a statement binds, and its location: torch (cell 2, line 6)."""
    names = ", ".join(formatting.first(chunk.binds, 5)) or chunk.source.strip().splitlines()[0][:40]
    where = str(chunk.location)
    return f"{names} ({where.partition(', ')[2] if is_single else where})"


def show_finding(console: Console, name: str, seen: str, advice: str | None, *, is_good: bool) -> None:
    """One finding of the doctor."""
    line = _mark(console, "passed" if is_good else "skipped")
    line.append(f" {name}: ", style="bold")
    line.append(plain(seen), style="default")
    console.print(line)
    if advice:
        console.print(_indented(advice, style="dim", columns=4))


def _restrictions(spec: Spec) -> str:
    """The kinds of code that the spec forbids, notes and ignores."""
    policy = spec.restrictions.model_dump()
    if not spec.assignment.lists_names:
        del policy["names"]
    words = {"fail": "not allowed", "note": "noted", "ignore": "ignored"}
    kinds = {effect: [kind for kind, each in policy.items() if each == effect] for effect in words}
    said = [f"{words[effect]}: {', '.join(named)}" for effect, named in kinds.items() if named]
    return f"Restrictions: {'; '.join(said)}"


def show_specs(console: Console, specs: Iterable[Spec]) -> None:
    """Each spec's name, checks and title."""
    table = _table("Name", "Checks", "Title", wide="Title")
    for spec in specs:
        table.add_row(spec.name, str(len(spec.checks)), inert(spec.title))
    console.print(table)


def show_spec(console: Console, spec: Spec) -> None:
    """A spec's functions, convention and checks."""
    console.print(inert(spec.title, style="bold"))
    convention = spec.convention
    console.print(
        f"{spec.name}: {spec.backend}, layout {convention.layout},"
        f" regularizer {formatting.number(convention.regularizer_coefficient)}*reg*sum(W*W),"
        f" delta {formatting.number(convention.delta)}",
        markup=False,
    )
    console.print(inert(f"Functions: {', '.join(spec.functions)}"))
    console.print(inert(_restrictions(spec)))
    console.print()
    table = _table("Check", "Id", "Points", wide="Check")
    for check in spec.checks:
        table.add_row(inert(check.title), inert(check.id, style="dim"), formatting.points(check.points))
    table.add_row(inert("All", style="bold"), "", inert(formatting.points(spec.max_score), style="bold"))
    console.print(table)
    on_images = [check for check in spec.checks if check.data_words]
    if on_images:
        console.print()
        console.print(inert("Accuracy bars", style="bold"))
    for check in on_images:
        console.print(_indented(f"{check.id} ({formatting.worth(check.points)}): {check.data_words}."))
    if spec.claims:
        console.print()
        console.print(inert("Printed numbers, shown for no points", style="bold"))
    for claim in spec.claims:
        beside = "" if claim.check is None else f", beside what {claim.check} measures with --data"
        console.print(_indented(f"{claim.title} (tag {claim.tag}){beside}."))
