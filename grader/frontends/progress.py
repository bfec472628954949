"""Progress of a grading: a live line or bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich import progress as bars
from rich.status import Status
from rich.text import Text

from grader.batch import Outcome
from grader.frontends import terminal
from grader.frontends.selftest_result import progress_line
from grader.grading.grade import Progress as CheckProgress
from grader.selftest import Outcome as SelftestOutcome


@contextmanager
def check_progress() -> Iterator[CheckProgress | None]:
    """A live line with the current check, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    with Status("importing torch", console=terminal.make_console(stderr=True)) as status:
        yield lambda number, total, title: status.update(Text(f"check {number + 1} of {total}: {title}"))


@contextmanager
def batch_progress(total: int) -> Iterator[Callable[[Outcome, int, int], None]]:
    """A bar with the time left on a terminal, and a plain line for each submission everywhere."""
    if not sys.stderr.isatty():
        yield lambda *done: typer.echo(terminal.batch_line(*done))
        return
    with _bar() as bar:
        task = bar.add_task("grading", total=total)

        def advance(outcome: Outcome, number: int, of: int) -> None:
            bar.console.print(terminal.batch_line(outcome, number, of), markup=False)
            bar.update(task, completed=number)

        yield advance


@contextmanager
def selftest_progress(total: int) -> Iterator[Callable[[SelftestOutcome, int, int], None]]:
    """A bar with the time left on a terminal; elsewhere a plain line for each unexpected outcome."""
    if not sys.stderr.isatty():
        yield _say_if_unexpected
        return
    with _bar() as bar:
        task = bar.add_task("grading", total=total)
        yield lambda _, number, __: bar.update(task, completed=number)


def _bar() -> bars.Progress:
    return bars.Progress(
        bars.TextColumn("grading"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        console=terminal.make_console(stderr=True),
    )


def _say_if_unexpected(outcome: SelftestOutcome, number: int, total: int) -> None:
    line = progress_line(outcome, number, total)
    if line is not None:
        typer.echo(line, err=True)
