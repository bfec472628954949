"""What the judge learns of a worker that other processes keep from the cores."""

import itertools
import os
import subprocess
import sys
import threading
import time

import psutil
import pytest

from grader.model.observation import Returned
from grader.sandbox.waiting import Counter, Counts, waited_seconds, waiting_seconds
from tests.sandbox import plain
from tests.sandbox.calls import trial

MS = 1_000_000
"""In nanoseconds."""


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


# --- What counts of a call's time --------------------------------------------------------------------------------------


def waited_of(waited, ran, seconds):
    """Of a call that took so many seconds, in which the kernel counted so many milliseconds."""
    before = Counts(waited=70 * MS, ran=900 * MS)
    after = Counts(waited=(70 + waited) * MS, ran=(900 + ran) * MS)
    return waiting_seconds(before, after, seconds)


def test_waiting_for_other_programs_is_not_the_calls_own_time():
    assert waited_of(waited=30, ran=10, seconds=0.040) == pytest.approx(0.030)


def test_sleeping_is_the_calls_own_time():
    assert waited_of(waited=5, ran=10, seconds=0.100) == pytest.approx(0.005)


def test_waiting_while_another_thread_of_the_workers_has_the_core_is_the_calls_own_time():
    assert waited_of(waited=38, ran=40, seconds=0.040) == 0.0
    assert waited_of(waited=78, ran=40, seconds=0.080) == pytest.approx(0.040)


def test_threads_on_several_cores_take_no_longer_than_the_clock_says():
    assert waited_of(waited=10, ran=80, seconds=0.050) == 0.0


@pytest.mark.parametrize("before, after", [(None, Counts(9, 9)), (Counts(9, 9), None), (None, None)])
def test_where_nothing_is_counted_the_clock_alone_counts(before, after):
    assert waiting_seconds(before, after, 1.0) == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="counts are read on Linux only")
def test_the_work_of_threads_that_have_ended_is_counted():
    worked: list[float] = []

    def work():
        while time.thread_time() < 0.1:
            pass
        worked.append(time.thread_time())

    counter = Counter(os.getpid())
    thread = threading.Thread(target=work)
    before = counter.read()
    thread.start()
    thread.join()
    after = counter.read()
    counter.close()

    assert before is not None
    assert after is not None
    assert after.ran - before.ran >= worked[0] * 1e9


@pytest.fixture
def always_waiting(monkeypatch):
    """A kernel that counts nothing but waiting."""
    counts = itertools.count()
    monkeypatch.setattr(Counter, "read", lambda _: Counts(waited=next(counts) * 3_600_000 * MS, ran=0))


@pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only")
def test_a_confined_workers_waiting_comes_with_its_answer(open_session, always_waiting):
    seen = open_session("def f():\n    return 1.0\n").run(trial("f"))

    assert isinstance(seen, Returned)
    assert seen.waiting_seconds == seen.seconds > 0


def test_a_worker_that_can_start_processes_waits_for_nothing(open_unconfined_session, always_waiting):
    """The work of its children is not counted, so it could pass for waiting."""
    seen = open_unconfined_session("def f():\n    return 1.0\n").run(trial("f"))

    assert isinstance(seen, Returned)
    assert seen.waiting_seconds == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="counts are read on Linux only")
def test_of_a_process_that_is_gone_nothing_is_counted():
    with subprocess.Popen(["sleep", "300"]) as sleeping:
        counter = Counter(sleeping.pid)
        seen = counter.read()
        sleeping.kill()
    gone = counter.read()
    counter.close()

    assert seen is not None
    assert (gone, counter.read()) == (None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="counts are read on Linux only")
def test_another_thread_than_the_one_whose_waiting_is_counted_learns_nothing():
    counter, seen = Counter(os.getpid()), []
    thread = threading.Thread(target=lambda: seen.append(counter.read()))
    thread.start()
    thread.join()

    assert seen == [None]
    assert counter.read() is not None
    counter.close()
