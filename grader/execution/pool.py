"""Runs jobs in several processes of this machine, each with a warm sandbox of its own."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from grader.errors import GraderError, SandboxError
from grader.sandbox import interruption

if TYPE_CHECKING:
    from grader.execution.job import GradeJob
    from grader.model.report import Report

ENDING_SECONDS = 1.5
"""For a process to remove its folders after SIGTERM; then it is killed."""

_MOST_STARTS = 3
"""So many processes in a row may end before they are ready: something may have killed one."""

_MOST_DEATHS = 2
"""Of processes over one job; it is not graded a third time."""

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from grader.execution.job_process import main;"
    " main(int(sys.argv[2]), int(sys.argv[3]), with_torch=sys.argv[4] == 'torch')"
)


@dataclass(slots=True, eq=False)
class _Task:
    """A job that is not done."""

    job: GradeJob
    deaths: int = 0
    """Of processes that were grading it."""
    fault: str | None = None
    """How they ended, once it is not graded any more."""


@dataclass(slots=True, eq=False)
class _JobProcess:
    """A process, this end of its connection, and the task that it has."""

    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]
    task: _Task | None = None
    is_ready: bool = False
    """Whether it has said that it can grade. A task may be sent before."""

    @classmethod
    def start(cls, *, with_torch: bool) -> Self:
        """Begin to import in a fresh interpreter. SandboxError if none can be started."""
        ours, theirs = Pipe()
        place, library = str(theirs.fileno()), "torch" if with_torch else "numpy"
        # -P: nothing from the current folder is imported before the path is this process's own.
        words = [sys.executable, "-P", "-c", _PROGRAM, json.dumps(sys.path), place, str(os.getpid()), library]
        with theirs:
            try:
                process = subprocess.Popen(
                    words,
                    pass_fds=(theirs.fileno(),),
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            except OSError as error:
                ours.close()
                raise SandboxError(f"no grading process could be started: {error}") from error
        return cls(process, ours)

    def ended(self, patience_seconds: float) -> str:
        """Make sure that it has ended; how it did, as a clause."""
        self.connection.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience_seconds)
        self.process.kill()
        code = self.process.wait()
        if code == -signal.SIGKILL:
            return "it was killed (signal 9), as happens when memory runs out"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


class PoolExecutor:
    """An `Executor` with up to `count` job processes, ended with its `with` block.

    A job is drawn when a process is free for it. If the process ends over it, it is run again in another one; if that
    ends too, its report says that the grader failed.
    """

    def __init__(self, count: int, *, with_torch: bool) -> None:
        self._count = count
        self._with_torch = with_torch
        self._processes: list[_JobProcess] = []
        self._failed_starts = 0
        self._is_any_killed = False
        """Then its folder is left."""
        self._stopped = Event()

    def __enter__(self) -> Self:
        """Start the first process, so that it imports while the class is read."""
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end(list(self._processes))
        if self._is_any_killed:
            from grader.sandbox.workspace import remove_dead_runs

            remove_dead_runs()  # nobody else would before the next run

    def run(self, jobs: Iterable[GradeJob]) -> Iterator[tuple[GradeJob, Report]]:
        """Each job with its report, in the order they finish."""
        drawn = iter(jobs)
        again: list[_Task] = []
        done: list[tuple[GradeJob, Report]] = []
        try:
            while True:
                while len(self._busy) < self._count and (task := _next(again, drawn)) is not None:
                    self._give(task)
                yield from done
                if not self._busy:
                    return
                done = self._answers(again)
        finally:
            self._end(self._busy)  # those whose answer nobody takes any more

    def stop(self) -> None:
        """End all processes for good, from another thread than the one that runs jobs: there SandboxError is raised."""
        self._stopped.set()
        for each in list(self._processes):
            each.process.terminate()

    @property
    def _busy(self) -> list[_JobProcess]:
        return [each for each in self._processes if each.task is not None]

    def _start(self) -> _JobProcess:
        if self._stopped.is_set():
            raise SandboxError("grading was stopped")
        with interruption.deferred():  # or nobody would know of the process
            made = _JobProcess.start(with_torch=self._with_torch)
            self._processes.append(made)
        if self._stopped.is_set():  # meanwhile
            made.process.terminate()
        return made

    def _give(self, task: _Task) -> None:
        """Send the task to a free process, or to a new one."""
        from grader.execution.job import with_shared_data

        order = with_shared_data(task.job), task.fault
        while True:
            process = next((each for each in self._processes if each.task is None), None) or self._start()
            try:
                process.connection.send(order)
            except OSError:  # it has ended meanwhile
                self._bury(process)
            else:
                process.task = task
                return

    def _answers(self, again: list[_Task]) -> list[tuple[GradeJob, Report]]:
        """Wait for messages; what is done. Tasks whose process has ended go to `again`."""
        done = []
        by_connection = {each.connection: each for each in self._busy}
        for connection in wait(list(by_connection)):
            process = by_connection[connection]  # type: ignore[index]
            task = process.task
            assert task is not None
            try:
                message = process.connection.recv()
            except (EOFError, OSError):
                words = self._bury(process)
                again.append(task)
                if process.is_ready:
                    _count_death(task, words)
                continue
            if message is None:
                process.is_ready = True
                self._failed_starts = 0
            elif isinstance(message, logging.LogRecord):
                logging.getLogger(message.name).handle(message)
            elif isinstance(message, GraderError):
                process.task = None
                raise message
            else:
                process.task = None
                done.append((task.job, message))
        return done

    def _bury(self, process: _JobProcess) -> str:
        """Forget a process that has ended; how it did. SandboxError if none gets as far as being ready."""
        self._processes.remove(process)
        words = process.ended(ENDING_SECONDS)
        self._is_any_killed = True
        if not process.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_STARTS:
                raise SandboxError(
                    f"{_MOST_STARTS} processes in a row ended before they could grade; the last: {words}"
                )
        return words

    def _end(self, processes: Sequence[_JobProcess]) -> None:
        """End processes, with time to remove their folders."""
        for each in processes:
            self._processes.remove(each)
            each.process.terminate()
        deadline = time.monotonic() + ENDING_SECONDS
        for each in processes:
            each.ended(max(0.0, deadline - time.monotonic()))
            self._is_any_killed |= each.process.returncode == -signal.SIGKILL


def _next(again: list[_Task], drawn: Iterator[GradeJob]) -> _Task | None:
    if again:
        return again.pop()
    job = next(drawn, None)
    return None if job is None else _Task(job)


def _count_death(task: _Task, words: str) -> None:
    """Say that the grader failed on the job if it was its second process; SandboxError if even that cannot be said."""
    task.deaths += 1
    if task.deaths >= _MOST_DEATHS and task.fault is None:
        task.fault = (
            f"the process that graded it ended twice; the second time: {words}; this is not the student's"
            " fault"
        )
    if task.deaths > 2 * _MOST_DEATHS:
        raise SandboxError(f"grading processes keep ending; the last: {words}")
