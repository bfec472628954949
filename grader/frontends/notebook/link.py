"""The kernel's end of the judge's process: started for the first check, asked, stopped by an interrupt, ended with the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Any

from grader.errors import NotebookError, SandboxError
from grader.frontends.notebook.kernel import judge_path

if TYPE_CHECKING:
    from grader.frontends.notebook.request import Request

STOPPING_SECONDS = 0.6
"""For the judge to end all processes and remove its folders; then it is killed, and Linux ends them with it."""

LEAVING_SECONDS = 2.0
"""The same where nobody waits for an interrupt: the judge gives itself less."""

_LOOK_SECONDS = 0.2
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from grader.frontends.notebook.judge import main; main(*map(int, sys.argv[2:]))"
)

Progress = Callable[[int, int, str], None]
"""Called before each check with its number from 0, the number of checks, and its title."""


@dataclass(eq=False)
class _Started:
    """A judge's process, this end of its connection, and the descriptor whose end ends it."""

    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]
    lifeline: int
    owner: int
    """The process that started it: a fork of the kernel has no judge."""

    def end(self, seconds: float) -> None:
        """End it, and kill it after these seconds."""
        is_ours = self.owner == os.getpid()
        if is_ours:
            self.process.terminate()  # before it notices the rest, so that it is told once
        self.connection.close()
        with contextlib.suppress(OSError):
            os.close(self.lifeline)
        if not is_ours:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.process.kill()
        self.process.wait()


@dataclass(eq=False)
class Link:
    """Asks a judge's process, and starts one where there is none."""

    _started: _Started | None = None
    _turn: threading.RLock = field(default_factory=threading.RLock)
    """Of one thread: an interrupt in between may leave it locked, and must not lock that thread out."""

    def ask(self, request: Request, progress: Progress | None = None) -> dict[str, Any]:
        """The answer: text, html and report. NotebookError with the judge's sentence; KeyboardInterrupt once all has ended."""
        if not self._turn.acquire(blocking=False):
            raise NotebookError("another check is running in this kernel; wait until it is done")
        try:
            return self._asked(request, progress)
        except BaseException as error:
            if not isinstance(error, NotebookError):
                self.close()
            raise
        finally:
            self._turn.release()

    def _asked(self, request: Request, progress: Progress | None) -> dict[str, Any]:
        started = self._running()
        try:
            started.connection.send_bytes(request.to_bytes())
            while True:
                while not started.connection.poll(_LOOK_SECONDS):
                    pass
                answer: dict[str, Any] = json.loads(started.connection.recv_bytes())
                if "error" in answer:
                    raise NotebookError(answer["error"])
                if "html" in answer:
                    return answer
                if progress is not None:
                    progress(answer["number"], answer["total"], answer["title"])
        except (EOFError, OSError):
            self.close()
            raise NotebookError(
                "the grading process ended before it was done; check again, and restart the kernel if that"
                " does not help (has the machine run out of memory?)"
            ) from None

    def _running(self) -> _Started:
        """The judge that is there, or a new one."""
        if self._started is not None and (
            self._started.owner != os.getpid() or self._started.process.poll() is not None
        ):
            self.close()
        if self._started is None:
            with _uninterrupted():
                self._started = _start()
        return self._started

    def close(self, seconds: float = STOPPING_SECONDS) -> None:
        """End the judge and all that it has started."""
        with _uninterrupted():
            started, self._started = self._started, None
            if started is not None:
                started.end(seconds)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let an interrupt wait, for less than a second: a judge that is half started or half ended would be lost."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield  # Python raises it in the main thread only
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def _start() -> _Started:
    """Begin to import in a fresh interpreter. SandboxError if none can be started."""
    if not sys.executable:
        raise SandboxError("no grading process could be started: this kernel does not know its Python")
    try:
        ours, theirs = Pipe()
        reading, writing = os.pipe()
    except OSError as error:
        raise SandboxError(f"no grading process could be started: {error}") from error
    # -I: neither the student's folder nor variables that cells may set decide what is imported before the path is.
    words = [
        sys.executable,
        "-I",
        "-c",
        _PROGRAM,
        json.dumps(judge_path()),
        str(theirs.fileno()),
        str(reading),
        str(os.getpid()),
    ]
    try:
        process = subprocess.Popen(
            words,
            pass_fds=(theirs.fileno(), reading),
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # nothing of it may appear in a cell, let alone in a later one
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            start_new_session=True,  # an interrupt is sent to the kernel's whole group
        )
    except OSError as error:
        ours.close()
        os.close(writing)
        raise SandboxError(f"no grading process could be started: {error}") from error
    finally:
        theirs.close()
        os.close(reading)
    return _Started(process, ours, writing, os.getpid())
