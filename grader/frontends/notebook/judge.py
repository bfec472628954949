"""The process that judges a notebook: it is asked, answers, and ends with the kernel.

Started by the kernel with a fresh interpreter, which keeps the processes for the student's code warm from one check to the next.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from grader.frontends.notebook.request import Request
from grader.frontends.notebook.snapshot import is_found
from grader.sandbox import interruption

_LOOK_SECONDS = 0.25
"""Between two looks at whether the kernel is still there."""

_NOTICING_SECONDS = 0.1
"""For the main thread to notice by itself, if it waits for a request: then it is clearing up when the signal comes."""

_CLEARING_SECONDS = 1.5
"""For removing folders once it is not."""


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
    with contextlib.suppress(KeyboardInterrupt, EOFError, OSError), connection:
        request = Request.from_bytes(connection.recv_bytes())
        with _head_start(request):
            from grader.frontends.notebook.answering import Answering

            with Answering(connection.send_bytes) as answering:
                while True:
                    connection.send_bytes(answering.answer(request))
                    request = Request.from_bytes(connection.recv_bytes())
    os._exit(0)  # all is undone, and taking down the interpreter with torch takes half a second


def _end_with(lifeline: int, kernel: int) -> None:
    """End this process once the kernel's has ended: its end of the lifeline is closed, or it is our parent no more.

    A process that the kernel forked may hold the lifeline, and Linux's parent-death signal comes at the end of the
    thread that started us: neither alone would do.
    """
    while os.getppid() == kernel:
        if sys.platform == "win32":
            os.read(lifeline, 1)
            break
        if select.select([lifeline], [], [], _LOOK_SECONDS)[0]:
            break
    time.sleep(_NOTICING_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)  # the main thread clears up
    time.sleep(_CLEARING_SECONDS)
    os._exit(1)


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
        with interruption.deferred():
            launch.end_early()


def _place_briefly(request: Request) -> str | None:
    """The spec's name, or its path if there is something, without importing what reads specs."""
    if request.spec is None:
        return None
    place = Path(request.snapshot.folder, request.spec)
    return str(place) if is_found(place.exists) else request.spec
