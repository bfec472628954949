"""Workers that are a whole interpreter each, where there is no fork that torch survives."""

from __future__ import annotations

import os
import socket
import subprocess

from grader.errors import DeviceError, SandboxError
from grader.sandbox.device import Gpu
from grader.sandbox.inside import tiers, wire
from grader.sandbox.inside.zygote import READY
from grader.sandbox.isolation import FirstWords, Isolation, IsolationLevel, receive_first_words
from grader.sandbox.launcher import (
    DEFAULT_MEMORY_BYTES,
    Ending,
    WorkerProcess,
    kill_group,
    require_device,
    same_isolation,
    start_process,
    worker_settings,
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
        self._device_memory_bytes: int | None = None
        self._first_words: FirstWords | None = None
        self._workspace = Workspace()
        self._watch = Watch()
        self._isolation: Isolation | None = None
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._ahead: tuple[subprocess.Popen[bytes], socket.socket] | None = start_process("single")
        self._waiting: WorkerProcess | None = None

    def prepare(self, memory_bytes: int) -> None:
        """Nothing is made ahead but the first process, which is already on its way."""
        if memory_bytes != self._memory_bytes:
            self._end_waiting()
        self._memory_bytes = memory_bytes

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.end(waiting)

    def isolation(self) -> Isolation:
        """What workers are held to; waits for the first of them."""
        if self._isolation is None:
            self._waiting = self.start()
        assert self._isolation is not None
        return self._isolation

    def open_device(self, device_memory_bytes: int, least: IsolationLevel = IsolationLevel.process) -> Gpu:
        """Start a worker that opens the GPU, held to all that others are; one attempt. DeviceError where it does not.

        least: it is asked for before anything is graded; what a worker is held to here does not depend on the GPU.
        """
        del least
        self._end_waiting()
        isolation, self._isolation = self._isolation, None
        self._device_memory_bytes = device_memory_bytes
        try:
            self._waiting = self.start()
        except SandboxError as error:
            self._device_memory_bytes, self._isolation = None, isolation
            words = self._first_words
            raise DeviceError(words.fault if words is not None and words.fault else str(error)) from error
        assert self._first_words is not None
        assert self._first_words.gpu is not None
        return self._first_words.gpu

    def settle(self) -> None:
        """No worker is made ahead: the process that is imports torch, and nothing else."""

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
        settings = worker_settings(
            self._memory_bytes, directory, user, self._wanted_tiers, self._device_memory_bytes
        )
        has_device = self._device_memory_bytes is not None
        try:
            wire.receive_exactly(connection, len(READY))
            wire.send_parts(connection, wire.pack_request(settings))
            self._first_words = receive_first_words(connection, has_device=has_device)
            if has_device:
                require_device(self._first_words)
            self._isolation = same_isolation(self._isolation, self._first_words.isolation)
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
        self._end_waiting()
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
