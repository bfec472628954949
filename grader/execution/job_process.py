"""What a process of the pool runs: a warm sandbox, and one job after another until the coordinator is gone.

Started with a fresh interpreter, never forked: the coordinator may have threads. It is sent a job, and, if processes have
ended over it before, how: then it only makes the report that says so. It sends None once it is ready, reports, log
records, and an error that ends the run.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import warnings
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from typing import Any

from grader.execution.warm import warm_sandbox
from grader.sandbox import interruption
from grader.sandbox.inside import linux


class _ToCoordinator(QueueHandler):
    """Hands records to the coordinator's loggers: what is said, and where, is up to them."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        super().__init__(connection)  # type: ignore[arg-type]  # `enqueue` uses it, and nothing else
        self._connection = connection

    def enqueue(self, record: logging.LogRecord) -> None:
        self._connection.send(record)


def main(descriptor: int, coordinator: int, *, with_torch: bool) -> None:
    """Grade jobs until the coordinator closes its end, ends this process with SIGTERM, or has ended."""
    _end_with(coordinator)
    interruption.catch()
    for name in ("SIGINT", "SIGHUP"):  # those of a terminal are the coordinator's business
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    gc.set_threshold(150_000)  # as on the command line
    connection: Connection[Any, Any] = Connection(descriptor)
    logging.getLogger().addHandler(_ToCoordinator(connection))
    with contextlib.suppress(KeyboardInterrupt, EOFError, BrokenPipeError), connection:
        _serve(connection, with_torch=with_torch)


def _end_with(coordinator: int) -> None:
    """Have Linux kill this process when the coordinator ends, however that happens."""
    with contextlib.suppress(OSError):
        linux.control_process(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != coordinator:
        os._exit(1)


def _serve(connection: Connection[Any, Any], *, with_torch: bool) -> None:
    from grader.errors import GraderError

    try:
        with warm_sandbox(with_torch=with_torch) as sandbox:
            from grader.execution.job import fault_report, run

            connection.send(None)
            while True:
                job, fault = connection.recv()
                try:
                    answer = (
                        run(job, sandbox) if fault is None else fault_report(job, fault, sandbox.isolation)
                    )
                except GraderError as error:
                    connection.send(error)
                else:
                    connection.send(answer)
    except GraderError as error:  # of a machine on which no sandbox can be made
        connection.send(error)
