"""What launchers of workers share: a worker as the judge sees it, how one ends, how the first process is started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from grader.errors import SandboxError
from grader.sandbox.device import Gpu
from grader.sandbox.inside import limits, tiers, wire
from grader.sandbox.isolation import FirstWords, Isolation, IsolationLevel

START_SECONDS = 120.0
"""Deadline of a process that has yet to import torch."""

ANSWER_SECONDS = 20.0
"""Deadline of a process that has torch: it only forks, confines itself, and waits for what was killed."""

DEVICE_SECONDS = 30.0
"""The same where it also makes a context on a GPU, which may have to wake up."""

DEFAULT_MEMORY_BYTES = 4 << 30
DEFAULT_DEVICE_MEMORY_BYTES = 4 << 30

_ZYGOTE = Path(__file__).parent / "inside" / "zygote.py"


@dataclass(slots=True)
class WorkerProcess:
    """A live worker: the judge's end of its wire, its process id, its private directory."""

    connection: socket.socket
    process_id: int
    directory: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ended. status: its wait status, None where that is not known.

    exceeded: what it was ended for while it ran, as a clause ("it used more than 4 GiB of memory").
    is_launcher_lost: whether all other workers ended with it.
    """

    status: int | None
    exceeded: str | None = None
    is_launcher_lost: bool = False


class Launcher(Protocol):
    """Starts workers and ends them; torch is being imported from its making on."""

    def prepare(self, memory_bytes: int) -> None:
        """Say how much private memory the next workers may have; one is made ahead."""

    def isolation(self) -> Isolation:
        """What workers are held to, as the first of them says. SandboxError when none can be had."""

    def open_device(self, device_memory_bytes: int, least: IsolationLevel) -> Gpu:
        """Have all workers from now on open the GPU; what the first of them says of it.

        device_memory_bytes: what one worker's tensors may take of its memory. DeviceError, and no change, where no
        worker that is isolated at least so well can open it.
        """

    def settle(self) -> None:
        """Wait until the worker that is made ahead is made, so that its making disturbs no measurement."""

    def start(self) -> WorkerProcess:
        """A fresh worker. SandboxError when none can be had, or when it is held to less than the first."""

    def end(self, worker: WorkerProcess) -> Ending:
        """Kill the worker's whole process group; how it ended."""

    def close(self) -> None:
        """End everything that was started."""


def hidden_folders(module: Path) -> list[str]:
    """The folders from which the grader itself could be imported: taken off the worker's path.

    module: a file of the student's process. Installed, the grader lies beside torch, and that folder must stay; its own
    modules are then kept from the student by the stand-ins, and by Landlock where there is one.
    """
    folder = module.resolve().parents[3]
    return [] if folder.name in {"site-packages", "dist-packages"} else [str(folder)]


def _environment() -> dict[str, str]:
    """The little of the environment that an interpreter and torch need; nothing of the instructor's."""
    names = ("SYSTEMROOT", "LD_LIBRARY_PATH", *limits.DEVICE_VARIABLES)
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


def start_process(mode: Literal["fork", "single"]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start zygote.py; returns the process and the judge's end of its socket."""
    ours, theirs = socket_pair()
    is_posix = os.name == "posix"
    place = str(theirs.fileno()) if is_posix else "stdin"
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", str(_ZYGOTE), place, mode, str(os.getpid()), *hidden_folders(_ZYGOTE)],
                pass_fds=(theirs.fileno(),) if is_posix else (),
                env=_environment(),
                stdin=subprocess.DEVNULL if is_posix else subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=tempfile.gettempdir(),
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


def worker_settings(
    memory_bytes: int, directory: str, user: int | None, wanted_tiers: int, device_memory_bytes: int | None
) -> dict[str, object]:
    """What a fresh worker is told of itself. device_memory_bytes: None for one that opens no GPU."""
    return {
        "memory_bytes": memory_bytes,
        "directory": directory,
        "user": user,
        "tiers": wanted_tiers,
        "device": "cpu" if device_memory_bytes is None else "cuda",
        "device_memory_bytes": device_memory_bytes,
    }


_TIERS_IN_A_DEVICES_WAY = (
    0,
    tiers.USER,  # first: where root's own folder holds the interpreter it goes with either of the others
    tiers.FILES,
    tiers.SYSTEM_CALLS,
    tiers.FILES | tiers.SYSTEM_CALLS | tiers.USER,
)


def tiers_beside_a_device(wanted: int) -> list[int]:
    """What to hold workers to that open a GPU, in the order in which it is tried: all that is wanted, then less."""
    return list(dict.fromkeys(wanted & ~dropped for dropped in _TIERS_IN_A_DEVICES_WAY))


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets whose buffers hold a whole request."""
    pair = socket.socketpair()
    for connection in pair:
        for side in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            connection.setsockopt(socket.SOL_SOCKET, side, wire.SOCKET_BUFFER_BYTES)
    return pair


def kill_group(process_id: int) -> None:
    """SIGKILL to the worker's group, and to the worker itself in case it had no time to make a group."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(process_id, signal.SIGKILL)


def hold_group(process_id: int, *, is_held: bool) -> None:
    """Stop all of a worker's threads and processes, or let them run on. Does nothing where the system knows no such signal."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process_id, signal.SIGSTOP if is_held else signal.SIGCONT)


def require_device(first_words: FirstWords) -> None:
    """SandboxError where a worker could not open the GPU that one before it had opened."""
    if first_words.gpu is None:
        raise SandboxError(f"a process for the student's code could not use the GPU: {first_words.fault}")


def same_isolation(first: Isolation | None, now: Isolation) -> Isolation:
    """What all workers so far are held to. SandboxError when a later one is held to something else."""
    if first is not None and now != first:
        raise SandboxError(
            f"a process for the student's code has isolation level {now.level}, the ones before had {first.level}"
        )
    return now
