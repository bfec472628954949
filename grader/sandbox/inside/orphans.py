"""Ends the processes that a worker left behind, on machines where no system call filter prevented them.

The zygote inherits every orphan below it. It kills all that are not its workers, and what those leave behind,
until nothing is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import linux

_PATIENCE_SECONDS = 5.0
"""In case processes multiply as fast as they are killed."""


def inherit() -> None:
    """Become the parent of every process below this one whose own parent ends."""
    with contextlib.suppress(OSError):
        linux.control_process(linux.PR_SET_CHILD_SUBREAPER, 1)


def end_all_but(workers: AbstractSet[int]) -> None:
    """Kill and reap every child of this process except the workers, and what those children leave behind."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        orphans = [child for child in _children() if child not in workers]
        if not orphans:
            return
        for orphan in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        for orphan in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan, 0)


def _children() -> Iterator[int]:
    own = str(os.getpid())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                # The fourth field is the parent; the second, the name in brackets, may contain anything.
                if (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1] == own:
                    yield int(entry.name)
