"""In the place of `grader.execution.job_process`: does to a job what the job's id says, and grades nothing."""

import logging
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from grader.errors import SandboxError
from grader.execution.job import fault_report
from grader.sandbox.fake import FakeSandbox
from tests.samples import report_of


def main(descriptor, coordinator, *, with_torch):
    connection = Connection(descriptor)
    if with_torch:  # a machine on which none gets as far as being ready
        os._exit(7)
    connection.send(None)
    while True:
        try:
            job, fault = connection.recv()
        except EOFError:
            return
        if fault is not None:
            connection.send(fault_report(job, fault, FakeSandbox().isolation))
        elif job.id == "error":
            connection.send(SandboxError("no worker"))
        else:
            what, _, path = job.id.partition(" ")
            do(what, path, connection)
            connection.send(report_on(job.id))


def do(what, path, connection):
    """As the words of the job's id say; path: where it leaves a mark."""
    marker = Path(path)
    match what:
        case "die" | "die_once" if what == "die" or not marker.exists():
            marker.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            raise MemoryError
        case "log":
            connection.send(
                logging.makeLogRecord({"name": "grader.x", "msg": "odd", "levelno": logging.WARNING})
            )
        case "wait":
            time.sleep(1000)
        case "meet":  # until two are here
            marker.touch()
            while len(list(marker.parent.glob("met*"))) < 2:
                time.sleep(0.01)


def report_on(identifier):
    base = report_of()
    mark = {"id": identifier, "sha256": f"{os.getpid():064d}"}
    return base.model_copy(update={"submission": base.submission.model_copy(update=mark)})
