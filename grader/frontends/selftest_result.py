"""What the instructor reads of a selftest, at 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader import formatting
from grader.frontends.terminal import plain
from grader.selftest.outcome import Outcome, Result
from grader.spec import Spec

_Words = Callable[[Outcome], str]

_SHOWN_CHARACTERS = 300
"""Of a check's message."""


def show_result(console: Console, spec: Spec, result: Result) -> None:
    """How many were graded, which wrong ones pass and which right ones fail, and how the wrong losses were named."""
    console.print(_text(spec.title, "bold"))
    console.print(_text(f"{spec.name}, seed {result.seed}, {formatting.seconds(result.seconds)}", "dim"))
    console.print()
    console.print(_table(result))
    if result.left_out:
        console.print(
            _text(
                f"Left out: {result.left_out}, of functions or in a convention or dtype that this spec does not have."
            )
        )
    console.print(_text(diagnosis_line(result)))
    _show_each(
        console, "False passes: wrong, but this spec lets them pass", result.false_passes, _where_to_look
    )
    _show_each(console, "False fails: right, but this spec takes points", result.false_fails, _why_failed)
    _show_each(console, "Named wrongly", result.named_wrongly, _what_was_named)
    _show_each(console, "The grader failed", result.grader_faults, _where_it_failed)
    _show_each(
        console, "Known: no check of this spec catches these yet", result.known_passes, _what_is_awaited
    )
    console.print()
    console.print(_verdict(result))


def progress_line(outcome: Outcome, number: int, total: int) -> str | None:
    """What to say as soon as it is known; None for what is as it should be."""
    if outcome.is_false_pass:
        return f"[{number}/{total}] passes: {outcome.implementation.full_name}"
    if outcome.is_false_fail:
        return f"[{number}/{total}] fails: {outcome.implementation.full_name}"
    return None


def diagnosis_line(result: Result) -> str:
    """How the wrong losses were named."""
    losses = result.wrong_losses
    rightly = sum(each.is_named_rightly for each in losses)
    wrongly = sum(each.is_named_wrongly for each in losses)
    return (
        f"Diagnosis of {len(losses)} wrong losses:"
        f" {rightly} name the mistake, {len(losses) - rightly - wrongly} name none, {wrongly} name another."
    )


def _table(result: Result) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("Implementations")
    for heading in ("graded", "pass", "lose points", "as they should not"):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = (
        ("right", [each for each in result.outcomes if each.is_right]),
        ("wrong", [each for each in result.outcomes if not each.is_right and not _is_mutant(each)]),
        (
            "mutants of the solution",
            [each for each in result.outcomes if not each.is_right and _is_mutant(each)],
        ),
    )
    for name, outcomes in rows:
        caught = sum(each.is_caught for each in outcomes)
        astray = sum(each.is_false_pass or each.is_false_fail for each in outcomes)
        style = "bold red" if astray else "green"
        table.add_row(
            name, str(len(outcomes)), str(len(outcomes) - caught), str(caught), _text(str(astray), style)
        )
    return table


def _is_mutant(outcome: Outcome) -> bool:
    return outcome.implementation.kind == "mutant"


def _show_each(console: Console, heading: str, outcomes: Sequence[Outcome], words: _Words) -> None:
    if not outcomes:
        return
    console.print()
    console.print(_text(f"{heading} ({len(outcomes)})", "bold"))
    for outcome in outcomes:
        console.print(_text(outcome.implementation.full_name, "bold"))
        console.print(Padding(_text(f"{outcome.implementation.about} {words(outcome)}"), (0, 0, 0, 2)))


def _where_to_look(outcome: Outcome) -> str:
    if not outcome.checks:
        return f"No check of this spec names {outcome.implementation.function}."
    return f"Look at {formatting.listing(outcome.checks)}."


def _why_failed(outcome: Outcome) -> str:
    if not outcome.lost:
        return f"Its diagnosis names {formatting.listing(sorted(outcome.named))}."
    message = outcome.message[:_SHOWN_CHARACTERS]
    return f"Points are lost in {formatting.listing(outcome.lost)}: {message}"


def _what_was_named(outcome: Outcome) -> str:
    expected = formatting.listing(sorted(outcome.implementation.diagnosis)) or "none"
    return f"The diagnosis names {formatting.listing(sorted(outcome.named))}, expected {expected}."


def _where_it_failed(outcome: Outcome) -> str:
    return f"Errored: {formatting.listing(outcome.errored)}."


def _what_is_awaited(outcome: Outcome) -> str:
    return f"It awaits {outcome.implementation.awaits}."


def _verdict(result: Result) -> Text:
    words = f"False passes: {len(result.false_passes)}. False fails: {len(result.false_fails)}."
    return _text(words, "bold green" if result.is_clean else "bold red")


def _text(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style)
