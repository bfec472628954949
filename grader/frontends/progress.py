"""How far grading is: a live line or bar on a terminal, plain lines elsewhere."""

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
    """A line that names the check that is running, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    with Status("importing torch", console=terminal.make_console(stderr=True)) as status:
        yield lambda number, total, title: status.update(Text(f"check {number + 1} of {total}: {title}"))


@contextmanager
def batch_progress(total: int) -> Iterator[Callable[[Outcome, int, int], None]]:
    """A bar with the time left on a terminal, and a plain line for each submission everywhere."""
    if not sys.stderr.isatty():
        yield lambda outcome, number, of: typer.echo(_line(outcome, number, of))
        return
    with _bar(total) as (bar, task):

        def advance(outcome: Outcome, number: int, of: int) -> None:
            bar.console.print(_line(outcome, number, of), markup=False)
            bar.update(task, completed=number)

        yield advance


@contextmanager
def selftest_progress(total: int) -> Iterator[Callable[[SelftestOutcome, int, int], None]]:
    """A bar with the time left on a terminal; elsewhere a plain line for each that is not as it should be."""
    if not sys.stderr.isatty():
        yield _say_if_astray
        return
    with _bar(total) as (bar, task):
        yield lambda _, number, __: bar.update(task, completed=number)


@contextmanager
def _bar(total: int) -> Iterator[tuple[bars.Progress, bars.TaskID]]:
    columns = (
        bars.TextColumn("grading"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=terminal.make_console(stderr=True)) as bar:
        yield bar, bar.add_task("grading", total=total)


def _say_if_astray(outcome: SelftestOutcome, number: int, total: int) -> None:
    line = progress_line(outcome, number, total)
    if line is not None:
        typer.echo(line, err=True)


def _line(outcome: Outcome, number: int, total: int) -> str:
    return terminal.batch_line(number, total, outcome.id, outcome.report, outcome.how)
