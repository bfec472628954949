"""Workers that are a whole interpreter each, where there is no fork that torch survives."""

from __future__ import annotations

import os
import socket
import subprocess

from grader.errors import SandboxError
from grader.sandbox.inside import tiers, wire
from grader.sandbox.inside.zygote import READY
from grader.sandbox.isolation import Isolation, receive_isolation
from grader.sandbox.launcher import (
    DEFAULT_MEMORY_BYTES,
    Ending,
    WorkerProcess,
    kill_group,
    same_isolation,
    start_process,
)
from grader.sandbox.watch import Watch
from grader.sandbox.workspace import Workspace


class SingleLauncher:
    """Starts a whole interpreter for every worker: slow, but the same from the outside.

    wanted_tiers: what workers are to be held to, where the machine can; see grader.sandbox.inside.tiers.
    """

    def __init__(self, wanted_tiers: int = tiers.ALL) -> None:
        self._wanted_tiers = wanted_tiers
        self._memory_bytes = DEFAULT_MEMORY_BYTES
        self._workspace = Workspace()
        self._watch = Watch()
        self._isolation: Isolation | None = None
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._ahead: tuple[subprocess.Popen[bytes], socket.socket] | None = start_process("single")
        self._waiting: WorkerProcess | None = None

    def prepare(self, memory_bytes: int) -> None:
        """Nothing is made ahead but the first process, which is already on its way."""
        if self._waiting is not None and memory_bytes != self._memory_bytes:
            waiting, self._waiting = self._waiting, None
            self.end(waiting)
        self._memory_bytes = memory_bytes

    def isolation(self) -> Isolation:
        """What workers are held to; waits for the first of them."""
        if self._isolation is None:
            self._waiting = self.start()
        assert self._isolation is not None
        return self._isolation

    def start(self) -> WorkerProcess:
        """The process that was started ahead, or a new one."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            return waiting
        process, connection = self._ahead or start_process("single")
        self._ahead = None
        directory, user = self._workspace.make()
        self._processes[process.pid] = process
        worker = WorkerProcess(connection, process.pid, directory)
        settings = {
            "memory_bytes": self._memory_bytes,
            "directory": directory,
            "user": user,
            "tiers": self._wanted_tiers,
        }
        try:
            wire.receive_exactly(connection, len(READY))
            wire.send_parts(connection, wire.pack_request(settings))
            self._isolation = same_isolation(self._isolation, receive_isolation(connection))
        except (OSError, wire.WireError) as error:
            self.end(worker)
            raise SandboxError(f"the process for the student's code ended at its start: {error}") from error
        except SandboxError:
            self.end(worker)
            raise
        self._watch.add(process.pid, self._memory_bytes, directory)
        return worker

    def end(self, worker: WorkerProcess) -> Ending:
        """Kill the worker and reap it."""
        worker.connection.close()
        exceeded = self._watch.remove(worker.process_id)
        process = self._processes.pop(worker.process_id)
        if os.name == "posix":
            kill_group(worker.process_id)
        process.kill()
        code = process.wait()
        self._workspace.remove(worker.directory)
        return Ending(-code if code < 0 else code << 8, exceeded)

    def close(self) -> None:
        """End whatever is left."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.end(waiting)
        if self._ahead is not None:
            process, connection = self._ahead
            connection.close()
            self._processes[process.pid] = process
            self._ahead = None
        for process in self._processes.values():
            if os.name == "posix":
                kill_group(process.pid)
            process.kill()
            process.wait()
        self._processes.clear()
        self._watch.close()
        self._workspace.close()
