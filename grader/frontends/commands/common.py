"""Output of more than one command."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Generic, TypeVar

import typer

_Outcome = TypeVar("_Outcome")


def write_json(place: str, text: str) -> None:
    """Write to a file, or to standard output if the place is "-". OutputError when it cannot be written."""
    if place == "-":
        typer.echo(text.encode(), nl=False)  # UTF-8, whatever the terminal's encoding is
        return
    from grader.batch.store import write_atomically

    write_atomically(Path(place), text)


class LateProgress(Generic[_Outcome]):
    """Progress that is shown from the first call on.

    Its imports are heavy, and wait until the student's process has been started.
    """

    def __init__(
        self,
        stack: ExitStack,
        make: Callable[[int], AbstractContextManager[Callable[[_Outcome, int, int], None]]],
    ) -> None:
        """stack: closes what is shown. make: shows the progress of so many."""
        self._stack = stack
        self._make = make
        self._show: Callable[[_Outcome, int, int], None] | None = None
        self.done = 0
        self.total = 0

    @property
    def is_shown(self) -> bool:
        """Whether grading has begun."""
        return self._show is not None

    def __call__(self, outcome: _Outcome | None, number: int, total: int) -> None:
        """Show one more outcome; None before the first."""
        self.done, self.total = number, total
        if self._show is None:
            self._show = self._stack.enter_context(self._make(total))
        if outcome is not None:
            self._show(outcome, number, total)
