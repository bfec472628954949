"""Code that never ends is stopped, though it catches every Exception."""

import contextlib
import subprocess
import sys
import threading

import pytest

from grader.spec.time_limit import OutOfTime, within
from tests.pace import HANG_SECONDS


def never_ends():
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001  it is what the instructor's code might do
            continue


def test_a_result_and_an_error_pass_through():
    before = threading.active_count()

    assert within(60, lambda: 3) == 3
    with pytest.raises(KeyError):
        within(60, lambda: {"y": 3}["x"])
    assert threading.active_count() == before


def test_an_endless_loop_that_catches_errors_is_stopped_in_any_thread():
    stopped = []

    def run():
        try:
            within(0.05, never_ends)
        except OutOfTime:
            stopped.append(threading.current_thread().name)

    thread = threading.Thread(target=run, name="another")
    thread.start()
    thread.join(HANG_SECONDS)
    run()

    assert stopped == ["another", threading.current_thread().name]


PROFILED = """
import sys
from grader.spec.time_limit import within

within(60, lambda: None)
sys.setprofile(lambda *_: None)
print(sum(number for number in range(100)))
"""


def test_a_thread_can_be_profiled_afterwards():
    done = subprocess.run(
        [sys.executable, "-c", PROFILED], capture_output=True, timeout=HANG_SECONDS, check=True
    )

    assert done.stdout == b"4950\n"


def test_code_that_swallows_the_end_of_its_time_has_no_result():
    def swallows():
        with contextlib.suppress(BaseException):
            never_ends()

    with pytest.raises(OutOfTime):
        within(0.05, swallows)
