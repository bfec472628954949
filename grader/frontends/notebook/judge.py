"""The process that judges a notebook: it makes a submission of the cells, grades it, and answers with words for the student.

Started by the kernel with a fresh interpreter. It keeps its processes warm from one check to the next, and ends with the
kernel, however that ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.frontends.notebook.request import Request, pack
from grader.sandbox import interruption

if TYPE_CHECKING:
    from grader.api import Grader
    from grader.spec import LoadedSpec

LOOK_SECONDS = 0.25
"""Between two looks at whether the kernel is still there."""

_CLEARING_SECONDS = 1.5
"""For removing folders once it is not."""

FAULT = (
    "This is a fault of the grader, not of your code. Check again; if it comes back, save the notebook and run"
    " `grader check` on it, or tell your instructor."
)


def main(descriptor: int, lifeline: int, kernel: int) -> None:
    """Answer requests until the kernel closes its end, ends this process with SIGTERM, or has ended."""
    interruption.catch()
    for name in ("SIGINT", "SIGHUP"):  # the kernel's business, which ends this process if it was interrupted
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline, kernel), daemon=True).start()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    gc.set_threshold(150_000)  # as on the command line
    connection: Connection[Any, Any] = Connection(descriptor)
    with contextlib.suppress(KeyboardInterrupt, EOFError, OSError), connection, Judge() as judge:
        while True:
            request = Request.from_bytes(connection.recv_bytes())
            connection.send_bytes(judge.answer(request, connection))


def _end_with(lifeline: int, kernel: int) -> None:
    """End this process once the kernel's has ended: its end of the lifeline is closed, or it is our parent no more.

    A process that the kernel forked may hold the lifeline, and Linux's parent-death signal comes at the end of the
    thread that started us: neither alone would do.
    """
    import select  # noqa: PLC0415  of no use elsewhere

    while os.getppid() == kernel:
        if sys.platform == "win32":
            os.read(lifeline, 1)
            break
        if select.select([lifeline], [], [], LOOK_SECONDS)[0]:
            break
    os.kill(os.getpid(), signal.SIGTERM)  # the main thread clears up
    time.sleep(_CLEARING_SECONDS)
    os._exit(1)


@dataclass(eq=False)
class Judge:
    """Answers requests, with one warm grader for as long as they name the same data set."""

    _running: ExitStack = field(default_factory=ExitStack)
    _grader: Grader | None = None
    _has_begun: bool = False

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def answer(self, request: Request, connection: Connection[Any, Any] | None = None) -> bytes:
        """The result as JSON: text, html and report, or the error in a sentence. Progress is sent on the way."""
        if not self._has_begun:
            self._has_begun = True
            self._running.enter_context(_head_start(request))
        from grader.errors import GraderError, SandboxError
        from grader.grading.grade import guarded

        try:
            answer = guarded(lambda: self._checked(request, connection), GraderError)
        except SandboxError as error:
            return pack(error=f"{error} (`!grader doctor` looks at this machine)")
        except GraderError as error:
            return pack(error=str(error).removeprefix("notebook: "))
        interruption.check()
        return pack(error=FAULT) if answer is None else answer

    def _checked(self, request: Request, connection: Connection[Any, Any] | None) -> bytes:
        from grader.api import load_spec_for
        from grader.errors import NotebookError, SpecError
        from grader.frontends.notebook.asking import (
            checks_of,
            is_nothing_there,
            is_said,
            reason_empty,
            require_known,
            why_undefined,
        )
        from grader.frontends.notebook.executed import NOTEBOOK, executed
        from grader.frontends.notebook.own_modules import own_files, saved_files, without_writes
        from grader.frontends.notebook.telling import told
        from grader.intake.submission import SourceFile, Submission

        snapshot = request.snapshot
        done = executed(snapshot)
        files, notes = own_files(snapshot, done.cells)
        done = replace(done, cells=without_writes(done.cells, files))
        if reason := reason_empty(done, files):
            raise NotebookError(reason)
        notebook = SourceFile(NOTEBOOK, done.notebook)
        submission = Submission("notebook", (notebook, *files), notes)
        is_undefined = not is_said(request.functions, done, files)
        try:
            loaded = load_spec_for(submission, _place(request.spec, snapshot.folder))
        except SpecError as error:
            if is_undefined and request.spec is None:
                raise NotebookError(why_undefined(request.functions, done)) from error
            raise
        require_known(request.functions, loaded)
        if is_undefined:
            raise NotebookError(why_undefined(request.functions, done))
        saved = tuple(saved_files(snapshot, loaded.spec.file_names))
        submission = replace(submission, files=(*submission.files, *saved))
        grader = self._grader_for(request, loaded)
        grader.only = checks_of(request, loaded)
        grader.quick, grader.seed = not request.is_full, request.seed

        def progress(number: int, total: int, title: str) -> None:
            if connection is not None:
                connection.send_bytes(pack(number=number, total=total, title=title))

        report = grader.regrade(submission, progress).report
        if is_nothing_there(request.functions, report):
            raise NotebookError(why_undefined(request.functions, done))
        return told(request, report, loaded, done)

    def _grader_for(self, request: Request, loaded: LoadedSpec) -> Grader:
        """The warm one, told the spec; a new one for another data set, which is read once."""
        from grader.api import Grader

        data = None if request.data is None else Path(request.snapshot.folder, request.data)
        if self._grader is None or self._grader.data != data:
            if self._grader is not None:
                self._running.close()
            self._grader = self._running.enter_context(Grader(loaded.path, data=data))
        self._grader.spec = loaded.path
        return self._grader


def _place(spec: str | None, folder: str) -> str | None:
    """A spec's path below the kernel's folder, unless it is a name."""
    if spec is None:
        return None
    place = Path(folder, spec)
    is_path = len(Path(spec).parts) > 1 or Path(spec).suffix or place.exists()
    from grader.spec import shipped_specs

    return spec if spec in shipped_specs() or not is_path else str(place)


@contextmanager
def _head_start(request: Request) -> Iterator[None]:
    """Start the student's process before anything large is imported here; end it if nobody has taken it over."""
    from grader.errors import GraderError
    from grader.execution.forecast import spec_needs_torch
    from grader.sandbox import launch

    spec = _place_briefly(request)
    is_torch_said = any("torch" in text for text in request.snapshot.cells)
    with contextlib.suppress(GraderError, OSError), interruption.deferred():
        launch.start_early(with_torch=is_torch_said if spec is None else spec_needs_torch(spec))
    try:
        yield
    finally:
        launch.end_early()


def _place_briefly(request: Request) -> str | None:
    """The spec's name, or its path if there is something, without importing what reads specs."""
    if request.spec is None:
        return None
    place = Path(request.snapshot.folder, request.spec)
    return str(place) if place.exists() else request.spec
