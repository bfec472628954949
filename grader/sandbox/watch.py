"""Watches from outside what limits do not count: a worker's total memory, its threads and its files."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader import formatting
from grader.errors import SandboxError
from grader.sandbox.inside import limits

INTERVAL_SECONDS = 0.05
GREATEST_FILES_BYTES = 256 << 20
GREATEST_FILES = 10_000
GREATEST_FOLDERS = 1_000
"""Of those files: on a busy disk it takes milliseconds to remove one."""

GREATEST_DEPTH = 32
"""Depth of nested folders: a look holds an open descriptor for each."""

_REST = 4
"""The thread rests this many times as long as it computed: a look at ten thousand files takes 20 ms."""

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Errors for an entry that has vanished, or is no longer a folder, since it was listed."""

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of a judge that is short of something itself: it looks again."""

_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)

_NO_COUNTS = {"Threads": 0, "VmPTE": 0, "VmRSS": 0, "VmSwap": 0}
_COUNT = re.compile(rb"\n(Threads|VmPTE|VmRSS|VmSwap):\s*(\d+)")

_Folder = int | str
"""An open descriptor, or on Windows, which has none for folders, a path."""


@dataclass(slots=True)
class _Watched:
    process: psutil.Process
    bytes_at_start: int
    memory_bytes: int
    folder: _Folder | None
    """None if it could not be opened, which was before the student's code."""
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
        """Watch a fresh worker, which may take `memory_bytes` more than it has now. SandboxError if the system has no thread left."""
        try:
            process = psutil.Process(process_id)
            bytes_at_start = _memory_bytes(process, _counts(process_id))
        except psutil.Error:
            return  # it has ended already
        opened: _Folder | None = None
        with contextlib.suppress(OSError):
            opened = _opened(folder)
        with self._lock:
            self._watched[process_id] = _Watched(process, bytes_at_start, memory_bytes, opened)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="worker watch", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self.remove(process_id)
                raise SandboxError(f"the student's process cannot be watched: {error}") from error
            self._thread = thread

    def remove(self, process_id: int) -> str | None:
        """Stop watching, before the process id can be reused; the limit it was killed for, if any."""
        with self._lock:
            watched = self._watched.pop(process_id, None)
        if watched is None:
            return None
        _close(watched.folder)
        return watched.exceeded

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for process_id in tuple(self._watched):
            self.remove(process_id)

    def _run(self) -> None:
        pause = INTERVAL_SECONDS
        while not self._stopped.wait(pause):
            started = time.thread_time()
            with self._lock:  # held while looking, so no watched process is reaped meanwhile
                for watched in self._watched.values():
                    if watched.exceeded is None:
                        _look(watched)
            pause = max(INTERVAL_SECONDS, _REST * (time.thread_time() - started))


def _look(watched: _Watched) -> None:
    with contextlib.suppress(psutil.Error):
        watched.exceeded = _excess(watched)
        if watched.exceeded is not None:
            watched.process.kill()


def _excess(watched: _Watched) -> str | None:
    """The limit that was exceeded, as a clause; None if none was."""
    counts = _counts(watched.process.pid)
    if _memory_bytes(watched.process, counts) - watched.bytes_at_start > watched.memory_bytes:
        return f"it ran out of its {formatting.size(watched.memory_bytes)} memory limit"
    threads = counts["Threads"] if counts else watched.process.num_threads()
    if threads > limits.THREADS:
        return f"it started more than {limits.THREADS} threads"
    if watched.folder is None:
        return None
    try:
        return _excess_of_files(watched.folder)
    except OSError as error:
        return None if error.errno in _OURS else "it made a folder that cannot be read"


def _counts(process_id: int) -> dict[str, int]:
    """Linux's counts of a process; empty elsewhere, or if it has ended.

    Read as bytes, line by line: the student chooses the name in the first line, which may hold anything but a line
    feed. psutil would read "Threads:" there, and text has other ends of lines.
    """
    try:
        status = Path(f"/proc/{process_id}/status").read_bytes()
    except OSError:
        return {}
    return _NO_COUNTS | {name.decode(): int(value) for name, value in _COUNT.findall(status)}


def _memory_bytes(process: psutil.Process, counts: dict[str, int]) -> int:
    """Resident memory, and on Linux also swap and page tables.

    Page tables of memory that was only read can take gigabytes without any of it being resident.
    """
    if counts:
        return (counts["VmRSS"] + counts["VmPTE"] + counts["VmSwap"]) << 10
    resident: int = process.memory_info().rss
    return resident


def _excess_of_files(folder: _Folder) -> str | None:
    """The limit that the files exceed; None if none. It stops counting there. Raises OSError."""
    total = files = folders = 0
    linked: set[tuple[int, int]] = set()
    with contextlib.closing(_entries(folder)) as entries:
        for status, depth in entries:
            is_folder = stat.S_ISDIR(status.st_mode)
            file = (status.st_dev, status.st_ino)
            files += 1
            folders += is_folder
            if file not in linked:
                total += _bytes(status)
            if status.st_nlink > 1 and not is_folder:
                linked.add(file)
            if total > GREATEST_FILES_BYTES:
                return f"it wrote more than {formatting.size(GREATEST_FILES_BYTES)} of files"
            if files > GREATEST_FILES:
                return f"it made more than {GREATEST_FILES:,} files"
            if folders > GREATEST_FOLDERS:
                return f"it made more than {GREATEST_FOLDERS:,} folders"
            if depth > GREATEST_DEPTH:
                return f"it nested folders more than {GREATEST_DEPTH} deep"
    return None


def _bytes(status: os.stat_result) -> int:
    """The length of a file or its space on disk, whichever is greater.

    Space may lie beyond the end, and some filesystems count it only seconds after the write.
    """
    return max(status.st_size, getattr(status, "st_blocks", 0) * 512)  # Windows counts no blocks


def _entries(folder: _Folder) -> Generator[tuple[os.stat_result, int]]:
    """Each file and folder below with its depth; depth 1 is the folder itself.

    Folders are opened from one another, so no path can be too long. OSError for one that cannot be read.
    """
    opened = [folder]
    to_enter: list[list[str]] = []
    try:
        while opened:
            if len(to_enter) < len(opened):
                names = []
                with os.scandir(opened[-1]) as entries:
                    for entry in entries:
                        status = _status(entry)
                        if status is not None:
                            yield status, len(opened)
                            if stat.S_ISDIR(status.st_mode):
                                names.append(entry.name)
                to_enter.append(names)
            elif to_enter[-1]:
                inner = _opened(to_enter[-1].pop(), opened[-1])
                if inner is not None:
                    opened.append(inner)
            else:
                to_enter.pop()
                last = opened.pop()
                if opened:
                    _close(last)
    finally:
        for each in opened[1:]:
            _close(each)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """None if it has vanished. Raises OSError."""
    try:
        return entry.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def _opened(name: str, parent: _Folder | None = None) -> _Folder | None:
    """A folder, by its name in another one; None if it has vanished. Raises OSError."""
    if os.open not in os.supports_dir_fd:
        return name if parent is None else os.path.join(str(parent), name)  # noqa: PTH118  text in, text out
    try:
        return os.open(name, _FOLDER_FLAGS, dir_fd=None if parent is None else int(parent))
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def _close(folder: _Folder | None) -> None:
    if isinstance(folder, int):
        os.close(folder)
