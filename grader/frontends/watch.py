"""`grader check --watch`: grades once, then again after each save, as far as the save changed something."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader import formatting
from grader.errors import (
    GraderError,
    OutputError,
    SpecError,
    SubmissionError,
    SubmissionNotFound,
    UnsupportedFile,
    UsageError,
)
from grader.frontends import terminal
from grader.frontends.commands.options import write_json
from grader.frontends.progress import check_progress
from grader.intake.submission import source_paths
from grader.spec import CODE_FILES, FOLDER_SPEC

if TYPE_CHECKING:
    from grader.api import Grader
    from grader.model.report import Report

POLL_SECONDS, SETTLE_SECONDS = 0.1, 0.05
"""Between two looks at the files, and between the first look that sees a change and the one that finds it complete."""

_PATIENT_LOOKS = 10
"""How often nothing is found at the path before that is said: some editors remove a file before they write it."""

_SHARE = 0.05
"""The greatest share of one core that looking takes, in a folder of many files."""

_QUIET_SECONDS = 0.5
"""A grading after a save shows its progress only if it takes longer."""

Stamp = tuple[int, int, int]
"""Time of the last change, size and inode of a file."""


@dataclass(frozen=True)
class Snapshot:
    """The files as they were at one time, by the name to tell; trouble: why they could not be looked at."""

    files: Mapping[str, Stamp]
    trouble: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether nothing found at this path."""
        return not self.files and not self.trouble

    def change_from(self, before: Snapshot) -> str:
        """The change in words: a.py and b.py saved, c.py added."""
        both = self.files.keys() & before.files.keys()
        named = {
            "saved": sorted(name for name in both if self.files[name] != before.files[name]),
            "added": sorted(self.files.keys() - both),
            "removed": sorted(before.files.keys() - both),
        }
        parts = [f"{formatting.several(names)} {verb}" for verb, names in named.items() if names]
        return ", ".join(parts) or "looked again"


def look(submission: Path, *spec: Path) -> Snapshot:
    """The submission's files as they are now, and the spec's files if it has any."""
    files: dict[str, Stamp] = {}
    try:
        for name, path in source_paths(submission):
            with contextlib.suppress(FileNotFoundError):
                files[name] = _stamp(path)
    except (OSError, SubmissionError) as error:
        return Snapshot(files, trouble=str(error))
    for path in spec if files else ():
        with contextlib.suppress(OSError):
            files[formatting.printable(path.name)] = _stamp(path)
    return Snapshot(files)


def _stamp(path: Path) -> Stamp:
    found = path.lstat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def next_change(
    look_now: Callable[[], Snapshot],
    graded: Snapshot,
    say_gone: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """Wait until the files differ from the ones that were graded, and stay as they are from one look to the next."""
    latest, looks_gone, pause = graded, 0, POLL_SECONDS
    while True:
        sleep(pause)
        began = time.perf_counter()
        now = look_now()
        pause = max(POLL_SECONDS, (time.perf_counter() - began) / _SHARE)
        if now.is_gone:
            looks_gone += 1
            if looks_gone == _PATIENT_LOOKS:
                say_gone()
        elif now == latest and (now != graded or looks_gone >= _PATIENT_LOOKS):
            return now
        else:
            looks_gone = looks_gone if looks_gone >= _PATIENT_LOOKS else 0
            pause = pause if now == graded else SETTLE_SECONDS
        latest = now


@dataclass(frozen=True)
class Watcher:
    """Grades a submission and shows the results, first in full and then the changes."""

    grader: Grader
    submission: Path
    spec: str | None
    json_path: str | None
    as_shown: Callable[[Report], Report]
    """The view of a report that is printed and written."""
    logged: Callable[[], AbstractContextManager[None]] = nullcontext
    write_page: Callable[[Report], object] = lambda _: None

    def run(self) -> None:
        """Grade until Ctrl-C, or until nobody reads the output. Raises what another save cannot mend, and KeyboardInterrupt during a grading."""
        seen, shown = self._look(), None
        words: str | None = None
        name = formatting.printable(self.submission.name or str(self.submission))
        while True:
            shown = self._graded(shown, words)
            if words is None:
                typer.echo(f"Watching {name}. Ctrl-C stops.")
            sys.stdout.flush()
            try:
                before, seen = seen, next_change(self._look_again, seen, lambda: _say_gone(name))
            except (KeyboardInterrupt, BrokenPipeError):
                typer.echo("\nStopped.")
                return
            words = seen.change_from(before)

    def _look(self) -> Snapshot:
        return look(self.submission, *self._spec_files)

    @property
    def _spec_files(self) -> tuple[Path, ...]:
        """The files of an own spec, there or not; none of a shipped one."""
        if self.spec is None:
            return ()
        path = Path(self.spec)
        if path.is_dir() or path.name == FOLDER_SPEC:
            folder = path if path.is_dir() else path.parent
            return tuple(folder / name for name in (FOLDER_SPEC, *CODE_FILES))
        return (path,) if path.suffix else ()

    def _look_again(self) -> Snapshot:
        if not is_read():
            raise BrokenPipeError
        return self._look()

    def _graded(self, before: Report | None, words: str | None) -> Report | None:
        """Grade and show; the report as it was shown. words: the change since then, None at the first time."""
        console = terminal.make_console()
        clock = f"{time.strftime('%H:%M:%S')}  {words}"
        began = time.perf_counter()
        try:
            with check_progress(0.0 if words is None else _QUIET_SECONDS) as progress, self.logged():
                regrading = self.grader.regrade(self.submission, progress)
        except (SubmissionError, SpecError, UsageError) as error:
            if words is None and not self._can_be_mended(error):
                raise
            typer.echo(f"{error}" if words is None else f"\n{clock}\n{error}")
            return before
        shown = self.as_shown(regrading.report)
        if before is None or before.assignment.name != shown.assignment.name:
            typer.echo("" if words is None else f"\n{clock}\n", nl=False)
            terminal.show_report(console, shown)
        else:
            seconds = time.perf_counter() - began
            terminal.show_change(console, f"{clock}", shown, before, regrading.ran, seconds)
        self._write(shown, is_first=words is None)
        return shown

    def _write(self, shown: Report, *, is_first: bool) -> None:
        try:
            if self.json_path is not None:
                write_json(self.json_path, shown.to_json())
            self.write_page(shown)
        except OutputError as error:
            if is_first:
                raise
            typer.echo(str(error))

    def _can_be_mended(self, error: GraderError) -> bool:
        """Whether a save of the files that are watched may put an end to the error."""
        match error:
            case SubmissionNotFound() | UsageError():
                return False
            case UnsupportedFile():
                return self.submission.is_dir()
            case SpecError():
                return self.spec is None or any(path.is_file() for path in self._spec_files)
            case _:
                return True


def is_read() -> bool:
    """Whether somebody is at the other end of standard output: after `grader check --watch | head` nobody is."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # errors are told all the same
        return not poll.poll(0)
    except (AttributeError, OSError, ValueError):  # Windows, or an output that is no file
        return True


def _say_gone(name: str) -> None:
    typer.echo(f"\n{time.strftime('%H:%M:%S')}  {name} is gone. Waiting until it is back.")
    sys.stdout.flush()
