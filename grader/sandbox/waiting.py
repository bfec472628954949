"""The time a worker was ready to run but had no core: a busy machine must not cost a student points."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

GREATEST_EXTENSION = 3.0
"""Times the limit. It is bounded because a function's own threads can keep one another off the cores."""


def waited_seconds(process_id: int) -> float:
    """The waiting time of a process's first thread; 0 if the system does not say, or the process is gone.

    Other threads do not count: a student could start them to buy time.
    """
    try:
        return _waited(Path(f"/proc/{process_id}/schedstat").read_bytes()) / 1e9
    except (OSError, ValueError):
        return 0.0


def extension(limit_seconds: float, waited: float) -> float:
    """Seconds by which a limit is extended for a worker that waited so long."""
    return min(waited, GREATEST_EXTENSION * limit_seconds)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the kernel has counted so far, in nanoseconds; nothing in a worker can change it.

    Attributes:
        waited: the worker's first thread and the judge's thread were ready to run and had no core.
        ran: the CPU time of all the worker's threads, ended ones too, and of the judge's thread.
    """

    waited: int
    ran: int


def no_counts() -> None:
    """Where the system counts nothing."""


ReadCounts = Callable[[], Counts | None]


def waiting_seconds(before: Counts | None, after: Counts | None, seconds: float) -> float:
    """How much of a call's seconds was waiting for a core.

    Never so much that less than their CPU time is left: while one thread waits, another of the worker's, or the judge's,
    may have its core. Sleeping is not waiting.
    """
    if before is None or after is None:
        return 0.0
    waited, ran = (after.waited - before.waited) / 1e9, (after.ran - before.ran) / 1e9
    return max(0.0, min(waited, seconds - ran))


class Counter:
    """Reads the counts of one worker, for calls that the thread which makes this makes.

    The files stay open, as opening one takes ten times as long as reading it.
    """

    def __init__(self, process_id: int) -> None:
        self._clock = (~process_id << 3) | 2  # Linux's MAKE_PROCESS_CPUCLOCK, of the scheduler's own count
        self._thread = threading.get_ident()
        self._files: list[int] = []
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                for name in (str(process_id), "thread-self"):
                    self._files.append(os.open(f"/proc/{name}/schedstat", os.O_RDONLY))

    def read(self) -> Counts | None:
        """None if the system does not say, the worker is gone, or another thread asks."""
        if len(self._files) < 2 or threading.get_ident() != self._thread:
            return None
        try:
            waited = sum(_waited(os.pread(each, 100, 0)) for each in self._files)
            return Counts(waited, time.clock_gettime_ns(self._clock) + time.thread_time_ns())
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())


def _waited(schedstat: bytes) -> int:
    """The run_delay of a thread: nanoseconds on a core, nanoseconds waiting for one, time slices."""
    _, waited, _ = schedstat.split()
    return int(waited)
