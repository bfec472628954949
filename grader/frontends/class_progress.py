"""Progress of a class: a bar on a terminal, elsewhere a line for each submission and one on the whole every ten seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Self

import typer

from grader import formatting

if TYPE_CHECKING:
    from rich.progress import Progress

    from grader.batch import Outcome

PAUSE_SECONDS = 10.0
"""Between the lines on the whole."""

_NAMED = 4
"""Of the submissions that are being graded, in a line."""


class Pace:
    """How far a class is, and how long the rest will take, judged by the submissions that were really graded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._graded = 0
        self.now: tuple[str, ...] = ()
        """The ids of those that are being graded."""
        self.done = self.total = 0
        self.open: set[str] = set()
        """The ids of those that are graded, but will be timed once more at the end."""

    def work_on(self, ids: Sequence[str]) -> None:
        """Note which are being graded."""
        if self._began is None:
            self._began = self._clock()
        self.now = tuple(ids)

    def count(self, outcome: Outcome | None, done: int, total: int) -> None:
        """Note one more that is done; None before the first."""
        self.done, self.total = done, total
        if outcome is not None and outcome.id in self.open:
            self.open.remove(outcome.id)
            return
        if outcome is not None and outcome.how == "open":
            self.open.add(outcome.id)
        # What was graded before, or could not be read, took no time, and says nothing about the others.
        if outcome is not None and outcome.how != "unchanged" and outcome.report.status != "unreadable":
            self._graded += 1

    @property
    def left_seconds(self) -> float | None:
        """Until all are done; None before anything was graded. Those being graded count half, whenever they began."""
        if self._began is None or not self._graded:
            return None
        half = len(self.now) / 2
        rate = (self._graded + half) / max(self._clock() - self._began, 1e-9)
        return max(self.total - self.done - len(self.open) - half, 0.0) / rate

    @property
    def left(self) -> str:
        """The same in words, as "about 6 min left"; empty if unknown, and at the end."""
        seconds = self.left_seconds
        return "" if seconds is None or self.done == self.total else f"about {_rounded(seconds)} left"

    @property
    def working_on(self) -> str:
        """As "now: ann, bob"; empty if nothing is being graded."""
        shown = [formatting.printable(each) for each in self.now[:_NAMED]]
        more = f" and {len(self.now) - _NAMED} more" if len(self.now) > _NAMED else ""
        return f"now: {', '.join(shown)}{more}" if shown else ""

    @property
    def line(self) -> str:
        """As "3 of 40 graded, about 6 min left; now: ann, bob"."""
        if not self.total:
            return "reading the class"
        again = f"{len(self.open)} to be timed again" if self.open else ""
        known = ", ".join(filter(None, (f"{self.done} of {self.total} graded", again, self.left)))
        return "; ".join(filter(None, (known, self.working_on)))


def _rounded(seconds: float) -> str:
    """To 10 seconds, to a minute, or to a tenth of an hour: an estimate is no better."""
    if seconds < 55:
        return f"{max(10, round(seconds, -1)):.0f} s"
    if seconds < 90 * 60:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h"


class ClassProgress(ExitStack):
    """Progress that is shown until the end of the `with` block: a line now and then, and from the first call on more."""

    def __init__(self, pause_seconds: float = PAUSE_SECONDS) -> None:
        super().__init__()
        self._pause_seconds = pause_seconds
        self._pace = Pace()
        self._lines = ExitStack()
        self._show: Callable[[Outcome], None] | None = None

    def __enter__(self) -> Self:
        """Begin to tell that the class is being read."""
        super().__enter__()
        self._say = self.enter_context(self._lines).enter_context(_told(self._pace, self._pause_seconds))
        return self

    @property
    def is_shown(self) -> bool:
        """Whether grading has begun."""
        return self._show is not None

    @property
    def done(self) -> int:
        """How many submissions have their reports."""
        return self._pace.done + len(self._pace.open)

    @property
    def total(self) -> int:
        """Of how many."""
        return self._pace.total

    @property
    def to_be_timed_again(self) -> int:
        """How many of those done have a timing that is still open."""
        return len(self._pace.open)

    def work_on(self, ids: Sequence[str]) -> None:
        """Note which submissions are being graded."""
        self._pace.work_on(ids)

    def __call__(self, outcome: Outcome | None, number: int, total: int) -> None:
        """Show one more outcome; None before the first."""
        self._pace.count(outcome, number, total)
        if self._show is None:
            if sys.stderr.isatty():
                self._lines.close()  # the bar is there instead
                self._show = self.enter_context(_bar(self._pace))
            else:
                self._show = self._line
        if outcome is not None and outcome.how != "open":
            self._show(outcome)

    def _line(self, outcome: Outcome) -> None:
        from grader.frontends.terminal import batch_line

        self._say(batch_line(outcome, self._pace.done, self._pace.total))


@contextmanager
def _told(pace: Pace, pause_seconds: float) -> Iterator[Callable[[str], None]]:
    """From a thread of its own, a line on the whole after each pause; what says other lines between them."""
    turn, is_over = Lock(), Event()

    def say(line: str) -> None:
        with turn:
            typer.echo(line)
            sys.stdout.flush()  # a pipe or file would keep the line until there are more

    def say_now_and_then() -> None:
        while not is_over.wait(pause_seconds):
            with suppress(OSError):  # the next line of a submission tells
                say(pace.line)

    thread = Thread(target=say_now_and_then, daemon=True)
    with suppress(RuntimeError):  # of a system without another thread: then nothing is said in between
        thread.start()
    try:
        yield say
    finally:
        is_over.set()
        if thread.ident is not None:
            thread.join()


@contextmanager
def _bar(pace: Pace) -> Iterator[Callable[[Outcome], None]]:
    from grader.frontends.terminal import batch_line

    with _progress(pace) as bar:
        task = bar.add_task("grading", total=pace.total)

        def advance(outcome: Outcome) -> None:
            bar.console.print(batch_line(outcome, pace.done, pace.total), markup=False)
            bar.update(task, completed=pace.done)

        yield advance


def _progress(pace: Pace) -> Progress:
    from rich import progress as bars
    from rich.text import Text

    from grader.frontends import terminal

    class Left(bars.ProgressColumn):
        """The time left, and what is being graded."""

        max_refresh = 0.5

        def render(self, _: bars.Task) -> Text:
            return Text("; ".join(filter(None, (pace.left, pace.working_on))))

    return bars.Progress(
        bars.TextColumn("grading"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        Left(),
        console=terminal.make_console(stderr=True),
    )
