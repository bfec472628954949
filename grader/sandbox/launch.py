"""How worker processes come to be: forked from a zygote, or started one by one where there is no fork."""

from __future__ import annotations

import contextlib
import json
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
from grader.sandbox import wire
from grader.sandbox.workspace import Workspace
from grader.sandbox.zygote import ORDER, PROCESS_ID, READY, UNKNOWN_STATUS

StartMethod = Literal["fork", "single"]

_ZYGOTE = Path(__file__).with_name("zygote.py")
_START_SECONDS = 120.0
_ANSWER_SECONDS = 20.0
"""Deadline of a zygote that has torch: it only forks and waits for what was killed."""

DEFAULT_MEMORY_BYTES = 4 << 30


@dataclass(slots=True)
class WorkerProcess:
    """A live worker: the judge's end of its wire, its process id, its private directory."""

    connection: socket.socket
    process_id: int
    directory: str


class Launcher(Protocol):
    """Starts workers and ends them; torch is being imported from its making on."""

    def prepare(self, memory_bytes: int) -> None:
        """Say how much private memory the next workers may have; one is made ahead."""

    def start(self) -> WorkerProcess:
        """A fresh worker. SandboxError when none can be had."""

    def end(self, worker: WorkerProcess) -> int | None:
        """Kill the worker's whole process group; its wait status where it is known."""

    def close(self) -> None:
        """End everything that was started."""


def default_start_method() -> StartMethod:
    """Fork on Linux; a process of its own elsewhere (torch does not survive a fork on macOS, Windows has none)."""
    return "fork" if sys.platform == "linux" else "single"


def make_launcher(start_method: StartMethod | None = None) -> Launcher:
    """A launcher of the given kind; it begins to import torch at once, in the background."""
    method = start_method or default_start_method()
    return ZygoteLauncher() if method == "fork" else SingleLauncher()


def hidden_folders(module: Path) -> list[str]:
    """The folders from which the grader itself could be imported: taken off the worker's path.

    module: a file of this package. Installed, the grader lies beside torch, and that folder must stay; its own
    modules are then kept from the student by the stand-ins alone.
    """
    folder = module.resolve().parents[2]
    return [] if folder.name in {"site-packages", "dist-packages"} else [str(folder)]


def _environment() -> dict[str, str]:
    """The little of the environment that an interpreter and torch need; nothing of the instructor's."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


def _start_process(mode: StartMethod) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start zygote.py; returns the process and the judge's end of its socket."""
    ours, theirs = socket.socketpair()
    _widen(ours)
    _widen(theirs)
    is_posix = os.name == "posix"
    place = str(theirs.fileno()) if is_posix else "stdin"
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", str(_ZYGOTE), place, mode, *hidden_folders(_ZYGOTE)],
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
    ours.settimeout(_START_SECONDS)
    return process, ours


def _widen(connection: socket.socket) -> None:
    for side in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        connection.setsockopt(socket.SOL_SOCKET, side, wire.SOCKET_BUFFER_BYTES)


def _kill_group(process_id: int) -> None:
    """SIGKILL to the worker's group, and to the worker itself in case it had no time to make a group."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(process_id, signal.SIGKILL)


@dataclass(slots=True)
class _Ordered:
    """A fork that was asked for; its process id is known once the zygote has answered."""

    connection: socket.socket
    directory: str
    process_id: int | None = None


class ZygoteLauncher:
    """Forks workers from one zygote, one of them ahead of its use. A zygote that is gone is replaced."""

    def __init__(self) -> None:
        self._memory_bytes = DEFAULT_MEMORY_BYTES
        self._workspace = Workspace()
        self._ahead: _Ordered | None = None
        self._zygote, self._control = _start_process("fork")

    def prepare(self, memory_bytes: int) -> None:
        """Order the first worker, which is forked as soon as torch is there."""
        with contextlib.suppress(
            OSError, wire.WireError
        ):  # `start` notices a zygote that is gone, and replaces it
            if self._ahead is not None and memory_bytes != self._memory_bytes:
                ahead, self._ahead = self._ahead, None
                self.end(WorkerProcess(ahead.connection, self._learn_id(ahead), ahead.directory))
            self._memory_bytes = memory_bytes
            if self._ahead is None:
                self._ahead = self._order()

    def start(self) -> WorkerProcess:
        """Hand out the worker that was forked ahead, and order the next."""
        try:
            return self._take()
        except (OSError, wire.WireError):
            self._end_zygote()
            self._zygote, self._control = _start_process("fork")
        try:
            return self._take()
        except (OSError, wire.WireError) as error:
            raise SandboxError(
                "the process that imports torch ended before it could be used;"
                f" does `{sys.executable} -c 'import torch'` work?"
            ) from error

    def _take(self) -> WorkerProcess:
        ordered = self._ahead or self._order()
        process_id = self._learn_id(ordered)
        self._ahead = self._order()
        return WorkerProcess(ordered.connection, process_id, ordered.directory)

    def _order(self) -> _Ordered:
        directory = self._workspace.make()
        ours, theirs = socket.socketpair()
        _widen(ours)
        _widen(theirs)
        settings = json.dumps({"memory_bytes": self._memory_bytes, "directory": directory}).encode()
        ordered = _Ordered(ours, directory)
        with theirs:
            try:
                socket.send_fds(self._control, [ORDER.pack(b"F", len(settings)), settings], [theirs.fileno()])
            except OSError:
                self._discard(ordered)
                raise
        return ordered

    def _learn_id(self, ordered: _Ordered) -> int:
        if ordered.process_id is None:
            answer = wire.receive_exactly(self._control, PROCESS_ID.size)
            self._control.settimeout(_ANSWER_SECONDS)
            ordered.process_id = int(PROCESS_ID.unpack(answer)[0])
        return ordered.process_id

    def end(self, worker: WorkerProcess) -> int | None:
        """Kill the worker's process group and reap it; its wait status, None when the zygote is gone too."""
        worker.connection.close()
        _kill_group(worker.process_id)
        try:
            if self._ahead is not None:
                self._learn_id(self._ahead)  # answers come in the order of the requests
            body = PROCESS_ID.pack(worker.process_id)
            self._control.sendall(ORDER.pack(b"W", len(body)) + body)
            status = int(PROCESS_ID.unpack(wire.receive_exactly(self._control, PROCESS_ID.size))[0])
        except (OSError, wire.WireError):
            self._control.close()  # a late answer would be taken for another's; `start` replaces the zygote
            return None
        finally:
            self._workspace.remove(worker.directory)
        return None if status == UNKNOWN_STATUS else status

    def close(self) -> None:
        """End the zygote, and the worker that was forked ahead; remove what all of them wrote."""
        self._end_zygote()
        self._workspace.close()

    def _end_zygote(self) -> None:
        self._control.close()
        self._zygote.kill()
        self._zygote.wait()
        if self._ahead is not None:
            self._discard(self._ahead)
            self._ahead = None

    def _discard(self, ordered: _Ordered) -> None:
        ordered.connection.close()
        if ordered.process_id is not None:
            _kill_group(ordered.process_id)
        self._workspace.remove(ordered.directory)


class SingleLauncher:
    """Starts a whole interpreter for every worker: slow, but the same from the outside, where there is no fork."""

    def __init__(self) -> None:
        self._memory_bytes = DEFAULT_MEMORY_BYTES
        self._workspace = Workspace()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._ahead: tuple[subprocess.Popen[bytes], socket.socket] | None = _start_process("single")

    def prepare(self, memory_bytes: int) -> None:
        """Nothing is made ahead but the first process, which is already on its way."""
        self._memory_bytes = memory_bytes

    def start(self) -> WorkerProcess:
        """The process that was started ahead, or a new one."""
        process, connection = self._ahead or _start_process("single")
        self._ahead = None
        directory = self._workspace.make()
        settings = {"memory_bytes": self._memory_bytes, "directory": directory}
        try:
            wire.receive_exactly(connection, len(READY))
            wire.send_parts(connection, wire.pack_request(settings))
        except (OSError, wire.WireError) as error:
            connection.close()
            process.kill()
            process.wait()
            self._workspace.remove(directory)
            raise SandboxError(f"the process for the student's code ended at its start: {error}") from error
        self._processes[process.pid] = process
        return WorkerProcess(connection, process.pid, directory)

    def end(self, worker: WorkerProcess) -> int | None:
        """Kill the worker; its wait status."""
        worker.connection.close()
        process = self._processes.pop(worker.process_id)
        if os.name == "posix":
            _kill_group(worker.process_id)
        process.kill()
        code = process.wait()
        self._workspace.remove(worker.directory)
        return -code if code < 0 else code << 8

    def close(self) -> None:
        """End whatever is left."""
        if self._ahead is not None:
            process, connection = self._ahead
            connection.close()
            process.kill()
            process.wait()
            self._ahead = None
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._processes.clear()
        self._workspace.close()
