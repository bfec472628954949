"""What an attack left behind: processes, files, shared memory, sockets, descriptors and memory of the judge."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.workspace import WORKER_USERS
from tests.attacks.attack import MARK

_PATIENCE_SECONDS = 60.0
"""For what was killed to be gone; waited for only where something is left."""

_JUDGE_MAY_GROW_BYTES = 300 << 20
_PLACES = (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/", "~", ".")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was there at one moment, as far as it is this test run's own or bears the mark of the attacks."""

    zygote: int
    marked: frozenset[str]
    descriptors: int
    judge_bytes: int

    @classmethod
    def take(cls, sandbox: Sandbox) -> Snapshot:
        """Look at this process, its sandbox, and the places where attacks would leave something."""
        launcher = _launcher(sandbox)
        return cls(
            launcher._zygote.pid, frozenset(_marked()), _descriptors(), psutil.Process().memory_info().rss
        )

    def left_since(self, sandbox: Sandbox) -> list[str]:
        """What is there now and was not before, in words; waits for what is ending."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (left := list(self._left(sandbox))) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    def _left(self, sandbox: Sandbox) -> Iterator[str]:
        launcher = _launcher(sandbox)
        if launcher._zygote.pid != self.zygote:
            yield "another zygote: the one before was ended"
        ahead = launcher._ahead.directory if launcher._ahead else None
        yield from _processes(launcher)
        yield from _folders(launcher._workspace.folder, ahead)
        yield from (f"{each} is new" for each in set(_marked()) - self.marked)
        if (now := _descriptors()) > self.descriptors + 2:
            yield f"{now} open descriptors, {self.descriptors} before"
        grown = psutil.Process().memory_info().rss - self.judge_bytes
        if grown > _JUDGE_MAY_GROW_BYTES:
            yield f"the judge grew by {grown >> 20} MiB"


def _launcher(sandbox: Sandbox) -> ForkLauncher:
    assert isinstance(sandbox.launcher, ForkLauncher)
    return sandbox.launcher


def _processes(launcher: ForkLauncher) -> Iterator[str]:
    """Those below the zygote but for the one worker ahead, and any that stands in a folder of the run."""
    workers = psutil.Process(launcher._zygote.pid).children(recursive=True)
    if len(workers) > 1:
        yield f"processes below the zygote: {[worker.pid for worker in workers]}"
    below = {launcher._zygote.pid, *(worker.pid for worker in workers)}
    folder = str(launcher._workspace.folder)
    for process in psutil.process_iter():
        try:
            if process.pid not in below and process.cwd().startswith(folder):
                yield f"process {process.pid} in the run's folder"
        except (psutil.Error, OSError):
            continue


def _folders(run: Path, ahead: str | None) -> Iterator[str]:
    for entry in run.iterdir():
        if str(entry) != ahead:
            yield f"{entry.name} in the run's folder"
        elif any(entry.iterdir()):
            yield "files in the folder of the worker that waits"


def _marked() -> Iterator[str]:
    """Files, abstract sockets and shared memory that an attack made."""
    for place in _PLACES:
        try:
            names = [entry.name for entry in Path(place).expanduser().iterdir()]
        except OSError:
            continue
        yield from (f"{place}/{name}" for name in names if name.startswith(MARK))
    sockets = _lines("/proc/net/unix")
    yield from (f"socket {line.split()[-1]}" for line in sockets if MARK in line)
    for table in ("shm", "sem", "msg"):
        users = {str(user) for user in WORKER_USERS}
        for line in _lines(f"/proc/sysvipc/{table}")[1:]:
            if users & set(line.split()):
                yield f"{table}: {line.strip()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
