"""Prints the result of a selftest, at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from grader import formatting
from grader.frontends.terminal import inert
from grader.selftest.catalogue import has_catalogue
from grader.selftest.outcome import Outcome, Result
from grader.selftest.own import OwnImplementation, costs_beside
from grader.spec import Spec

NOTHING_TRIED = (
    "Nothing was tried: no implementation known to be right or wrong fits this spec. Put some into right/"
    " and wrong/"
    " in the spec's folder (docs/own-assignment.md)."
)

NO_CATALOGUE = (
    "The shipped implementations are not installed, because they contain solutions; run the self-test in a"
    " checkout of the grader to try them too."
)


ONCE = "Functions that call the wrong one lose points with it, unless its question has a `right` function."


def show_result(console: Console, spec: Spec, result: Result) -> None:
    """Print the counts, every implementation that came out wrong, and the verdict."""
    console.print(inert(spec.title, "bold"))
    console.print(inert(f"{spec.name}, seed {result.seed}, {formatting.seconds(result.seconds)}", "dim"))
    console.print()
    if result.is_empty:
        console.print(inert(NOTHING_TRIED, "bold red"))
        if not has_catalogue():
            console.print(inert(NO_CATALOGUE))
        return
    console.print(_table(result))
    if result.left_out:
        console.print(inert(f"Skipped: {result.left_out} that need another function, convention or dtype."))
    console.print(inert(diagnosis_line(result)))
    sections = (
        ("False passes: wrong, but this spec lets them pass", result.false_passes, _where_to_look),
        ("False fails: right, but this spec takes points", result.false_fails, _why_failed),
        ("Wrong diagnosis", result.named_wrongly, _what_was_named),
        ("The grader failed", result.grader_faults, _where_it_failed),
        ("Known: no check of this spec catches these yet", result.known_passes, _what_is_awaited),
        ("Worth a look: changes that cost no points", result.worth_a_look, _why_look),
    )
    for heading, outcomes, words in sections:
        if outcomes:
            console.print()
            console.print(inert(f"{heading} ({len(outcomes)})", "bold"))
        for outcome in outcomes:
            console.print(inert(outcome.implementation.full_name, "bold"))
            told = f"{outcome.implementation.about} {words(outcome)}".strip()
            console.print(Padding(inert(told), (0, 0, 0, 2)))
    _show_costs_beside(console, spec, result)
    if not has_catalogue() and not _is_all_own(spec, result):
        console.print(inert(NO_CATALOGUE))
    console.print()
    verdict = f"False passes: {len(result.false_passes)}. False fails: {len(result.false_fails)}."
    console.print(inert(verdict, "bold green" if result.is_clean else "bold red"))


def _show_costs_beside(console: Console, spec: Spec, result: Result) -> None:
    """One mistake should cost points once."""
    found = []
    for each in result.outcomes:
        if isinstance(each.implementation, OwnImplementation):
            checks = costs_beside(each.implementation, each.lost, spec)
            found += [(each.implementation.full_name, checks)] if checks else []
    if not found:
        return
    console.print()
    console.print(
        inert(f"Worth a look: mistakes that cost points in other functions too ({len(found)})", "bold")
    )
    for name, checks in found:
        console.print(inert(name, "bold"))
        words = f"Points are lost in {formatting.listing(checks)} as well. {ONCE}"
        console.print(Padding(inert(words), (0, 0, 0, 2)))


def _is_all_own(spec: Spec, result: Result) -> bool:
    """Whether nothing shipped could have been tried."""
    tried = [isinstance(each.implementation, OwnImplementation) for each in result.outcomes]
    return bool(tried) and all(tried) and not spec.include


def progress_line(outcome: Outcome, number: int, total: int) -> str | None:
    """A line for an implementation that came out wrong; None for the others."""
    if outcome.is_false_pass:
        return f"[{number}/{total}] wrong, but passes: {outcome.implementation.full_name}"
    if outcome.is_false_fail:
        return f"[{number}/{total}] right, but loses points: {outcome.implementation.full_name}"
    return None


def diagnosis_line(result: Result) -> str:
    """How many wrong ones got the right diagnosis, none, or another."""
    losses = result.wrong_losses
    rightly = sum(each.is_named_rightly for each in losses)
    wrongly = sum(each.is_named_wrongly for each in losses)
    return (
        f"Diagnosis of {formatting.count(len(losses), 'named mistake')}:"
        f" {rightly} name the mistake, {len(losses) - rightly - wrongly} name none, {wrongly} name another."
    )


def _table(result: Result) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("Implementations")
    for heading in ("graded", "pass", "lose points", "wrongly"):
        table.add_column(heading, justify="right", no_wrap=True)
    groups: dict[str, list[Outcome]] = {"right": [], "wrong": [], "mutants of the solution": []}
    for each in result.outcomes:
        is_mutant = each.implementation.kind == "mutant"
        groups["right" if each.is_right else "mutants of the solution" if is_mutant else "wrong"].append(each)
    for name, outcomes in groups.items():
        caught = sum(each.is_caught for each in outcomes)
        astray = sum(each.is_false_pass or each.is_false_fail for each in outcomes)
        style = "bold red" if astray else "green"
        table.add_row(
            name, str(len(outcomes)), str(len(outcomes) - caught), str(caught), inert(str(astray), style)
        )
    return table


def _where_to_look(outcome: Outcome) -> str:
    if not outcome.checks:
        return f"No check of this spec names {formatting.listing(outcome.implementation.functions, 'or')}."
    return f"Look at {formatting.listing(outcome.checks)}."


def _why_failed(outcome: Outcome) -> str:
    if not outcome.lost:
        return f"Its diagnosis names {formatting.listing(sorted(outcome.named))}."
    return f"Points are lost in {formatting.listing(outcome.lost)}: {outcome.message[:300]}"


def _what_was_named(outcome: Outcome) -> str:
    expected = formatting.listing(sorted(outcome.implementation.diagnosis)) or "none"
    return f"The diagnosis names {formatting.listing(sorted(outcome.named))}, expected {expected}."


def _where_it_failed(outcome: Outcome) -> str:
    return f"Errored: {formatting.listing(outcome.errored)}."


def _what_is_awaited(outcome: Outcome) -> str:
    return f"It needs the check {outcome.implementation.awaits}."


def _why_look(_: Outcome) -> str:
    return "Is that correct anyway, or does no check catch it?"
