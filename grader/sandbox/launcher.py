"""Shared by the launchers: the terms of their workers; how processes are started, suspended and killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from grader.errors import SandboxError
from grader.sandbox.device import Gpu
from grader.sandbox.inside import limits, tiers, wire
from grader.sandbox.isolation import FirstWords, Isolation, IsolationLevel

START_SECONDS = 120.0
"""Deadline of a process that still has to import NumPy and torch."""

ANSWER_SECONDS = 20.0
"""Deadline of a process that has imported everything: it only forks, confines itself, and reaps killed workers."""

DEVICE_SECONDS = 30.0
"""Deadline of a worker that also opens the GPU, which may have to wake up."""

DEFAULT_MEMORY_BYTES = 4 << 30

_ZYGOTE = Path(__file__).parent / "inside" / "zygote.py"


@dataclass(slots=True)
class WorkerProcess:
    """A live worker: the judge's end of its wire, its process id, its private directory."""

    connection: socket.socket
    process_id: int
    directory: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ended."""

    status: int | None
    """Its wait status; None if unknown."""
    exceeded: str | None = None
    """The limit it was killed for, as a clause: "it ran out of its 4 GiB memory limit"."""
    is_launcher_lost: bool = False
    """Whether all other workers ended with it."""

    @property
    def is_torch_wanted(self) -> bool:
        """Whether it ended because it has no torch and something in it imported it: a claim, which any code can make."""
        return self.status == wire.TORCH_WANTED << 8


class Launcher(Protocol):
    """Starts workers and ends them. It begins to import NumPy, and torch if asked to, when it is made."""

    @property
    def has_torch(self) -> bool:
        """Whether workers have torch; any that imports torch without having it ends with a status that says so.

        They go on without where torch was asked for later and its process could not be started.
        """

    def prepare(self, memory_bytes: int, *, needs_torch: bool = True) -> None:
        """Set the private memory of the next workers, and whether they must have torch; one may be started ahead.

        Workers without torch end where the next ones need it.
        """

    def isolation(self) -> Isolation:
        """The isolation of the workers; waits for the first. SandboxError when none can be started."""

    def open_device(self, device_memory_bytes: int, least: IsolationLevel) -> Gpu:
        """Have all later workers open the GPU; see `SandboxLike.open_device`."""

    def settle(self) -> None:
        """Wait until the worker ahead has started, so that its start disturbs no measurement."""

    def start(self) -> WorkerProcess:
        """A fresh worker. SandboxError when none can be started, or its isolation differs from the first's."""

    def end(self, worker: WorkerProcess) -> Ending:
        """Kill the worker's whole process group; how it ended."""

    def close(self) -> None:
        """End everything that was started."""


def hidden_folders(module: Path) -> list[str]:
    """The folders to take off the worker's path, because they hold the grader itself.

    module: a file of the student's process. An installed grader lies beside torch, and that folder must stay:
    then stubs hide the grader's modules, and so does Landlock where the kernel has it.
    """
    folder = module.resolve().parents[3]
    return [] if folder.name in {"site-packages", "dist-packages"} else [str(folder)]


def _environment() -> dict[str, str]:
    """The few variables that an interpreter and torch need; none of the instructor's own."""
    names = ("SYSTEMROOT", "LD_LIBRARY_PATH", *limits.DEVICE_VARIABLES)
    passed_on = {name: os.environ[name] for name in names if name in os.environ}
    return passed_on | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


def start_process(
    mode: Literal["fork", "single"], folder: Path, *, with_torch: bool = True
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start zygote.py; returns the process and the judge's end of its socket. folder: that of the workers' folders."""
    library = "torch" if with_torch else "numpy"
    folders = hidden_folders(_ZYGOTE)
    ours, theirs = socket_pair()
    is_posix = os.name == "posix"
    place = str(theirs.fileno()) if is_posix else "stdin"
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", str(_ZYGOTE), place, mode, library, str(os.getpid()), *folders],
                pass_fds=(theirs.fileno(),) if is_posix else (),
                env=_environment(),
                stdin=subprocess.DEVNULL if is_posix else subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )
            if sys.platform == "win32":
                assert process.stdin is not None
                with process.stdin as pipe:
                    pipe.write(theirs.share(process.pid))
        except OSError as error:
            ours.close()
            raise SandboxError(f"no process could be started for the student's code: {error}") from error
    ours.settimeout(START_SECONDS)
    return process, ours


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which the next workers are started."""

    wanted_tiers: int
    """The tiers to apply if the machine can; see grader.sandbox.inside.tiers."""
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    device_memory_bytes: int | None = None
    """None for workers that do not open the GPU."""
    isolation: Isolation | None = None
    """The isolation of the workers so far; None before the first."""

    @property
    def has_device(self) -> bool:
        """Whether workers open the GPU."""
        return self.device_memory_bytes is not None

    def settings(self, directory: str, user: int | None) -> dict[str, object]:
        """The Bounds of a fresh worker, except its parent."""
        return {
            "memory_bytes": self.memory_bytes,
            "directory": directory,
            "user": user,
            "wanted": self.wanted_tiers,
            "device_memory_bytes": self.device_memory_bytes,
        }

    def accept(self, first_words: FirstWords) -> Terms:
        """The terms with a new worker's isolation. SandboxError if it differs from earlier workers'."""
        now = first_words.isolation
        if self.has_device and first_words.gpu is None:
            raise SandboxError(f"a process for the student's code could not use the GPU: {first_words.fault}")
        if self.isolation is not None and now != self.isolation:
            raise SandboxError(
                f"a process for the student's code is isolated at level {now.level}; earlier ones were at level"
                f" {self.isolation.level}",
                expected=str(self.isolation.level),
                seen=str(now.level),
            )
        return replace(self, isolation=now)


_TIERS_IN_A_DEVICES_WAY = (
    0,
    tiers.USER,  # first: if the interpreter lies in root's own folder, it goes with either of the others
    tiers.FILES,
    tiers.SYSTEM_CALLS,
    tiers.FILES | tiers.SYSTEM_CALLS | tiers.USER,
)


def tiers_beside_a_device(wanted: int) -> list[int]:
    """The tiers to try for workers that open a GPU, in order: all wanted ones, then fewer."""
    return list(dict.fromkeys(wanted & ~dropped for dropped in _TIERS_IN_A_DEVICES_WAY))


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets whose buffers hold a whole request."""
    pair = socket.socketpair()
    for connection in pair:
        for side in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            connection.setsockopt(socket.SOL_SOCKET, side, wire.SOCKET_BUFFER_BYTES)
    return pair


def kill_group(process_id: int) -> None:
    """SIGKILL the worker's group, and the worker itself in case it has not made its group yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(process_id, signal.SIGKILL)


def hold_group(process_id: int, *, is_held: bool) -> None:
    """Suspend all of a worker's threads and processes, or let them run on. Does nothing on Windows."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process_id, signal.SIGSTOP if is_held else signal.SIGCONT)
