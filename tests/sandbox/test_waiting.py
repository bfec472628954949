"""What the judge learns of a worker that other processes keep from the cores."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from grader.sandbox.waiting import waited_seconds
from tests.sandbox import plain


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="needs processes that can be pinned to a core"
)
def test_processes_that_share_a_core_wait_for_one_another():
    spin = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
    spinning = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(4)]
    try:
        deadline = time.monotonic() + 30
        while min(waited_seconds(each.pid) for each in spinning) < 0.2 and time.monotonic() < deadline:
            time.sleep(0.05)
        waited = [waited_seconds(each.pid) for each in spinning]
    finally:
        for each in spinning:
            each.kill()
            each.wait()

    assert min(waited) >= 0.2


def test_a_process_that_sleeps_waits_for_nothing():
    with subprocess.Popen(["sleep", "300"]) as sleeping:
        assert plain.comes_true(lambda: psutil.Process(sleeping.pid).status() == psutil.STATUS_SLEEPING)
        before = waited_seconds(sleeping.pid)
        time.sleep(0.2)
        after = waited_seconds(sleeping.pid)
        sleeping.kill()

    assert after == before


def test_of_a_process_that_is_gone_nothing_is_known():
    gone = subprocess.Popen(["true"])
    gone.wait()

    assert waited_seconds(gone.pid) == 0.0
