"""What no limit of a process counts, looked at from outside: all of its memory, its threads, and what it has written."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader import formatting
from grader.sandbox.inside import limits

INTERVAL_SECONDS = 0.05
GREATEST_FILES_BYTES = 256 << 20
GREATEST_FILES = 10_000
GREATEST_DEPTH = 32
"""Of folders in the worker's own: deeper ones cannot be counted by path."""


@dataclass(slots=True)
class _Watched:
    process: psutil.Process
    bytes_at_start: int
    memory_bytes: int
    folder: str
    exceeded: str | None = None


class Watch:
    """Looks at every worker each 50 ms, in a thread of its own, and kills one that goes too far.

    Resident memory counts shared memory too, which RLIMIT_DATA does not.
    """

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, process_id: int, memory_bytes: int, folder: str) -> None:
        """Begin to watch a fresh worker: it may have that much more memory than it has now."""
        try:
            process = psutil.Process(process_id)
            bytes_at_start = _memory_bytes(process)
        except psutil.Error:
            return  # gone already: there is nothing to watch
        with self._lock:
            self._watched[process_id] = _Watched(process, bytes_at_start, memory_bytes, folder)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="worker watch", daemon=True)
            self._thread.start()

    def remove(self, process_id: int) -> str | None:
        """Watch it no more, before its process id can be another's; what it was killed for, if it was."""
        with self._lock:
            watched = self._watched.pop(process_id, None)
        return watched.exceeded if watched else None

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_SECONDS):
            with self._lock:  # held while looking: what is watched has not been reaped
                for watched in self._watched.values():
                    if watched.exceeded is None:
                        _look(watched)


def _look(watched: _Watched) -> None:
    with contextlib.suppress(psutil.Error):
        exceeded = _excess(watched)
        if exceeded is not None:
            watched.exceeded = exceeded
            watched.process.kill()


def _excess(watched: _Watched) -> str | None:
    """What is too much, as a clause; None when nothing is."""
    if _memory_bytes(watched.process) - watched.bytes_at_start > watched.memory_bytes:
        return f"it used more than {formatting.size(watched.memory_bytes)} of memory"
    if watched.process.num_threads() > limits.THREADS:
        return f"it started more than {limits.THREADS} threads"
    try:
        return _excess_of_files(watched.folder)
    except PermissionError:
        return "it made a folder that cannot be looked into"


def _memory_bytes(process: psutil.Process) -> int:
    """What it holds of the machine's memory: resident, and on Linux also swapped out and in page tables.

    The tables of pages that were only ever read take gigabytes, and nothing of it is resident.
    """
    total = process.memory_info().rss
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text(errors="replace").splitlines():
            if line.startswith(("VmPTE:", "VmSwap:")):
                total += int(line.split()[1]) << 10
    return total


def _excess_of_files(folder: str) -> str | None:
    total = 0
    for number, (size, depth) in enumerate(_entries(folder)):
        total += size
        if total > GREATEST_FILES_BYTES:
            return f"it wrote more than {formatting.size(GREATEST_FILES_BYTES)} of files"
        if number >= GREATEST_FILES:
            return f"it made more than {GREATEST_FILES} files"
        if depth > GREATEST_DEPTH:
            return f"it nested folders more than {GREATEST_DEPTH} deep"
    return None


def _entries(folder: str) -> Iterator[tuple[int, int]]:
    """Bytes on disk of each file and folder below, and how deep it lies: 1 for those in the folder itself.

    PermissionError for a folder that its owner has closed to himself; this process may be the same user.
    """
    pending = [(folder, 1)]
    while pending:
        current, depth = pending.pop()
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        blocks = getattr(status, "st_blocks", None)  # Windows does not say
                        yield status.st_size if blocks is None else blocks * 512, depth
                        if entry.is_dir(follow_symlinks=False):
                            pending.append((entry.path, depth + 1))
        except PermissionError:
            if depth > 1:  # the worker's folder itself may be another user's
                raise
        except OSError:  # gone since
            continue
