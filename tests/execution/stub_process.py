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
        what, _, path = job.id.partition(" ")
        marker = Path(path)
        if fault is not None:
            connection.send(fault_report(job, fault, FakeSandbox()))
            continue
        if what == "die" or (what == "die_once" and not marker.exists()):
            marker.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "exit":
            raise MemoryError
        if what == "error":
            connection.send(SandboxError("no worker"))
            continue
        if what == "log":
            connection.send(logging.makeLogRecord({"name": "grader.x", "msg": "odd", "levelno": logging.WARNING}))
        if what == "wait":
            marker.write_text(str(os.getpid()))
            time.sleep(1000)
        if what == "meet":  # until as many are here as the number before the path's end
            marker.touch()
            while len(list(marker.parent.glob("met*"))) < 2:
                time.sleep(0.01)
        base = report_of()
        mark = {"id": job.id, "sha256": f"{os.getpid():064d}"}
        connection.send(base.model_copy(update={"submission": base.submission.model_copy(update=mark)}))
