"""Watches from outside what limits do not count: a worker's total memory, its threads and its files."""

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
"""Depth of nested folders: deeper ones cannot be counted by path."""


@dataclass(slots=True)
class _Watched:
    process: psutil.Process
    bytes_at_start: int
    memory_bytes: int
    folder: str
    exceeded: str | None = None


class Watch:
    """A thread that looks at every worker each 50 ms and kills those that exceed a limit.

    Resident memory includes shared memory, which RLIMIT_DATA does not count.
    """

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, process_id: int, memory_bytes: int, folder: str) -> None:
        """Watch a fresh worker, which may take `memory_bytes` more than it has now."""
        try:
            process = psutil.Process(process_id)
            bytes_at_start = _memory_bytes(process)
        except psutil.Error:
            return  # it has ended already
        with self._lock:
            self._watched[process_id] = _Watched(process, bytes_at_start, memory_bytes, folder)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="worker watch", daemon=True)
            self._thread.start()

    def remove(self, process_id: int) -> str | None:
        """Stop watching, before the process id can be reused; the limit it was killed for, if any."""
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
            with self._lock:  # held while looking, so no watched process is reaped meanwhile
                for watched in self._watched.values():
                    if watched.exceeded is None:
                        _look(watched)


def _look(watched: _Watched) -> None:
    with contextlib.suppress(psutil.Error):
        watched.exceeded = _excess(watched)
        if watched.exceeded is not None:
            watched.process.kill()


def _excess(watched: _Watched) -> str | None:
    """The limit that was exceeded, as a clause; None if none was."""
    if _memory_bytes(watched.process) - watched.bytes_at_start > watched.memory_bytes:
        return f"it ran out of its {formatting.size(watched.memory_bytes)} memory limit"
    if watched.process.num_threads() > limits.THREADS:
        return f"it started more than {limits.THREADS} threads"
    try:
        return _excess_of_files(watched.folder)
    except PermissionError:
        return "it made a folder that cannot be read"


def _memory_bytes(process: psutil.Process) -> int:
    """Resident memory, and on Linux also swap and page tables.

    Page tables of memory that was only read can take gigabytes without any of it being resident.
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
    """Bytes on disk and depth of each file and folder below; depth 1 is the folder itself.

    PermissionError for a nested folder that may not be read.
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
            if depth > 1:  # the worker's own folder may belong to another user
                raise
        except OSError:  # removed meanwhile
            continue
