"""Progress of a grading: a live line or bar on a terminal, plain lines elsewhere.

Heavy imports wait until progress is shown: the student's process, which takes longest, is started first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from grader.grading.grade import Progress as CheckProgress
    from grader.selftest import Outcome as SelftestOutcome

_Outcome = TypeVar("_Outcome")


@contextmanager
def check_progress(after_seconds: float = 0.0) -> Iterator[CheckProgress | None]:
    """A live line with the current check, on a terminal only, and only once it has taken so long."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.status import Status
    from rich.text import Text

    from grader.frontends import terminal

    status = Status("starting", console=terminal.make_console(stderr=True))
    start = Timer(after_seconds, status.start)  # also in the middle of a check: the first may be the slow one
    with ExitStack() as shown:
        shown.callback(status.stop)
        if after_seconds:
            shown.callback(start.join)
            shown.callback(start.cancel)
            start.daemon = True
            start.start()
        else:
            status.start()
        yield lambda number, total, title: status.update(Text(f"check {number + 1} of {total}: {title}"))


@contextmanager
def selftest_progress(total: int) -> Iterator[Callable[[SelftestOutcome, int, int], None]]:
    """A bar with the time left on a terminal; elsewhere a plain line for each unexpected outcome."""
    from grader.frontends.selftest_result import progress_line

    def say_if_unexpected(outcome: SelftestOutcome, number: int, of: int) -> None:
        line = progress_line(outcome, number, of)
        if line is not None:
            typer.echo(line, err=True)

    if not sys.stderr.isatty():
        yield say_if_unexpected
        return
    with _bar() as bar:
        task = bar.add_task("grading", total=total)
        yield lambda _, number, __: bar.update(task, completed=number)


@contextmanager
def counting_progress(
    doing: str = "reading", done: str = "read", every_seconds: float = 10.0
) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; elsewhere a plain line every so often. doing, done: the verb."""
    if sys.stderr.isatty():
        with _bar(doing) as bar:
            task = bar.add_task(doing, total=None)
            yield lambda number, of: bar.update(task, completed=number, total=of)
        return
    said = monotonic()

    def say(number: int, of: int) -> None:
        nonlocal said
        if monotonic() - said >= every_seconds:
            said = monotonic()
            typer.echo(f"{done} {number:,} of {of:,}", err=True)

    yield say


def _bar(word: str = "grading") -> Progress:
    from rich import progress as bars

    from grader.frontends import terminal

    return bars.Progress(
        bars.TextColumn(word),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        console=terminal.make_console(stderr=True),
    )


class LateProgress(ExitStack, Generic[_Outcome]):
    """Progress that is shown from the first call to the end of the `with` block."""

    def __init__(
        self, make: Callable[[int], AbstractContextManager[Callable[[_Outcome, int, int], None]]]
    ) -> None:
        """make: shows progress towards this total."""
        super().__init__()
        self._make = make
        self._show: Callable[[_Outcome, int, int], None] | None = None
        self.done = self.total = 0

    @property
    def is_shown(self) -> bool:
        """Whether grading has begun."""
        return self._show is not None

    def __call__(self, outcome: _Outcome | None, number: int, total: int) -> None:
        """Show one more outcome; None before the first."""
        self.done, self.total = number, total
        if self._show is None:
            self._show = self.enter_context(self._make(total))
        if outcome is not None:
            self._show(outcome, number, total)
