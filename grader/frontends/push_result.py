"""A push in the terminal, at 80 columns: what would be sent, what was, and who is not served and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from grader import formatting
from grader.frontends.terminal import inert, make_console
from grader.push.journal import Journal
from grader.push.plan import Plan
from grader.push.pushing import End, Pushed
from grader.push.score import Send, Terms, decided, wanted_words

ENDS: dict[End, str] = {
    "sent": "sent",
    "there": "sent before",
    "changed": "changed in the LMS since; not sent",
    "refused": "refused by the platform",
    "failed": "not sent; push again",
    "unknown": "no answer; push again, and the platform is asked first",
}

_SHOWN = 20
"""Lines of a list of the summary. A dry run shows all."""


def show_problems(problems: Sequence[str]) -> None:
    """All problems at once; nothing was sent."""
    console = make_console(stderr=True)
    console.print(
        inert(f"Nothing was sent: {formatting.count(len(problems), 'problem')} to fix first.", "bold red")
    )
    _lines(console, [formatting.sentence(each) for each in problems], len(problems))


def show_plan(plan: Plan, journal: Journal, terms: Terms) -> bool:
    """What a push would do now; whether all scores would be there then, as far as the platform takes them."""
    console = make_console()
    to_send: list[str] = []
    open_ones: list[str] = []
    stuck: list[str] = []
    there = 0
    for wanted in plan.wanted:
        past = journal.past(wanted.user_id)
        if past.sending is not None:
            open_ones.append(wanted.who)
            continue
        step = decided(wanted, past, terms)
        if isinstance(step, Send):
            to_send.append(f"{wanted.who}: {wanted_words(wanted, step)}")
        elif step.outcome == "there":
            there += 1
        else:
            stuck.append(f"{wanted.who}: {_why(ENDS[step.outcome], step.words)}")
    scores = formatting.count(len(to_send), "score")
    console.print(inert(f"Dry run: nothing is sent. A push would send {scores} to", "bold"))
    console.print(inert(terms.lineitem), soft_wrap=True)
    _section(console, "To be sent", to_send, len(to_send))
    _section(
        console, "Begun by a push that was stopped", open_ones, len(open_ones), "the platform is asked first"
    )
    if there:
        console.print()
        console.print(inert(f"Sent before, and the same now: {there}."))
    _section(console, "Refused by the platform before", stuck, len(stuck), "--again sends them once more")
    _show_others(console, plan, most=len(plan.withheld) + len(plan.left_out))
    return not stuck


def show_pushed(pushed: Pushed) -> None:
    """A student whose score was not sent now, and why."""
    _lines(make_console(), [f"{pushed.wanted.who}: {_why(ENDS[pushed.end], pushed.words)}"], 1, indent=0)


def show_summary(plan: Plan, done: Sequence[Pushed], journal: Path) -> None:
    """How a push ended, also one that was stopped."""
    console = make_console()
    counts = Counter(each.end for each in done)
    _heading(console, "Scores")
    _lines(
        console, [f"{ENDS[end]}: {counts[end]:,}" for end in ENDS if counts[end]] or ["none sent"], len(ENDS)
    )
    not_tried = len(plan.wanted) - len(done)
    if not_tried:
        _lines(console, [f"not tried: {not_tried:,}; push again to go on"], 1)
    _show_others(console, plan, most=_SHOWN)
    console.print()
    console.print(inert(f"Journal: {formatting.printable(str(journal))}"), soft_wrap=True)


def _show_others(console: Console, plan: Plan, most: int) -> None:
    withheld = [f"{each.withheld.student}: {each.withheld.why}" for each in plan.withheld]
    _section(console, "Withheld, and never sent as 0", withheld, most, "nothing is sent")
    _section(console, "Not found on the platform", plan.left_out, most)
    _section(console, "No submission", plan.not_submitted, _SHOWN, "nothing is sent; --zeros sends 0")
    if plan.remarks:
        _heading(console, "Notes")
        _lines(console, [formatting.sentence(each) for each in plan.remarks], _SHOWN)


def _section(
    console: Console, heading: str, lines: Sequence[str], most: int = _SHOWN, note: str = ""
) -> None:
    if lines:
        _heading(console, f"{heading} ({len(lines):,})" + (f": {note}" if note else ""))
        _lines(console, lines, most)


def _heading(console: Console, words: str) -> None:
    console.print()
    console.print(inert(words, "bold"))


def _lines(console: Console, lines: Sequence[str], most: int, indent: int = 2) -> None:
    for line in formatting.first(lines, most):
        console.print(Padding(inert(line), (0, 0, 0, indent), expand=False))


def _why(end: str, words: str) -> str:
    return f"{end} ({words})" if words else end
