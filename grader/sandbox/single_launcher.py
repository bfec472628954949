"""Workers that are a whole interpreter each, for systems where torch does not survive a fork."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace

from grader.errors import DeviceError, SandboxError
from grader.sandbox.device import Gpu
from grader.sandbox.inside import tiers, wire
from grader.sandbox.inside.zygote import READY
from grader.sandbox.isolation import FirstWords, Isolation, IsolationLevel, receive_first_words
from grader.sandbox.launcher import Ending, Terms, WorkerProcess, kill_group, start_process
from grader.sandbox.watch import Watch
from grader.sandbox.workspace import Workspace


class SingleLauncher:
    """Starts an interpreter for every worker: slow, but the same from outside. wanted_tiers: as in `Terms`."""

    def __init__(self, wanted_tiers: int = tiers.ALL, *, with_torch: bool = True) -> None:
        self._terms = Terms(wanted_tiers)
        self._first_words: FirstWords | None = None
        self._workspace = Workspace()
        self._watch = Watch()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._has_torch = with_torch
        self._is_torch_added = self._is_torch_broken = False
        self._ahead: tuple[subprocess.Popen[bytes], socket.socket] | None = self._start_process()
        self._waiting: WorkerProcess | None = None

    @property
    def has_torch(self) -> bool:
        return self._has_torch

    def prepare(self, memory_bytes: int, *, needs_torch: bool = True) -> None:
        if needs_torch and not self._has_torch and not self._is_torch_broken:
            self._has_torch = self._is_torch_added = True
            self._end_waiting()
            self._end_ahead()
            self._ahead = self._start_process()
        if memory_bytes != self._terms.memory_bytes:
            self._end_waiting()
        self._terms = replace(self._terms, memory_bytes=memory_bytes)

    def _start_process(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        return start_process("single", self._workspace.folder, with_torch=self._has_torch)

    def _end_ahead(self) -> None:
        if self._ahead is not None:
            process, connection = self._ahead
            connection.close()
            _killed(process)
            self._ahead = None

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.end(waiting)

    def isolation(self) -> Isolation:
        if self._terms.isolation is None:
            self._waiting = self.start()
        assert self._terms.isolation is not None
        return self._terms.isolation

    def open_device(self, device_memory_bytes: int, least: IsolationLevel = IsolationLevel.process) -> Gpu:
        """Start one worker that opens the GPU with all tiers."""
        del least  # the GPU does not change the isolation here, and grading requires it beforehand
        self.prepare(self._terms.memory_bytes)
        self._end_waiting()
        before = self._terms
        self._terms = replace(before, device_memory_bytes=device_memory_bytes, isolation=None)
        try:
            self._waiting = self.start()
        except SandboxError as error:
            self._terms = before
            words = self._first_words
            raise DeviceError(words.fault if words is not None and words.fault else str(error)) from error
        assert self._first_words is not None
        assert self._first_words.gpu is not None
        return self._first_words.gpu

    def settle(self) -> None:
        """Do nothing: no worker is started ahead, only a process that imports torch."""

    def start(self) -> WorkerProcess:
        """The worker that waits, or the process started ahead, or a new one."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            return waiting
        directory, user = self._workspace.make()
        process, connection = self._ahead or self._start_process()
        self._ahead = None
        self._processes[process.pid] = process
        worker = WorkerProcess(connection, process.pid, directory)
        try:
            wire.receive_exactly(connection, len(READY))
            wire.send_parts(connection, wire.pack_request(self._terms.settings(directory, user)))
            self._first_words = receive_first_words(connection, has_device=self._terms.has_device)
            self._terms = self._terms.accept(self._first_words)
        except (OSError, wire.WireError) as error:
            self.end(worker)
            if self._is_torch_added:
                self._has_torch, self._is_torch_added, self._is_torch_broken = False, False, True
                return self.start()
            raise SandboxError(f"the process for the student's code ended while starting: {error}") from error
        except SandboxError:
            self.end(worker)
            raise
        self._watch.add(process.pid, self._terms.memory_bytes, directory)
        return worker

    def end(self, worker: WorkerProcess) -> Ending:
        worker.connection.close()
        exceeded = self._watch.remove(worker.process_id)
        code = _killed(self._processes.pop(worker.process_id))
        self._workspace.remove(worker.directory)
        return Ending(-code if code < 0 else code << 8, exceeded)

    def close(self) -> None:
        self._end_waiting()
        self._end_ahead()
        for process in self._processes.values():
            _killed(process)
        self._processes.clear()
        self._watch.close()
        self._workspace.close()


def _killed(process: subprocess.Popen[bytes]) -> int:
    """Kill a process with its group and reap it; its return code."""
    if os.name == "posix":
        kill_group(process.pid)
    process.kill()
    return process.wait()
