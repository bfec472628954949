"""A request to stop: raised at once, and again where a library swallowed it."""

import signal
import subprocess
import sys

import pytest

from grader.sandbox import interruption

SWALLOWED = """
import signal, sys
from grader.sandbox import interruption

interruption.catch()
try:
    signal.raise_signal(getattr(signal, sys.argv[1]))
except KeyboardInterrupt:
    print("raised", flush=True)
try:
    interruption.check()
except KeyboardInterrupt:
    print("raised again", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_that_was_swallowed_is_raised_again_at_the_next_call(name):
    result = subprocess.run(
        [sys.executable, "-c", SWALLOWED, name], capture_output=True, text=True, check=True
    )

    assert result.stdout.splitlines() == ["raised", "raised again"]


TWICE = """
import signal
from grader.sandbox import interruption

interruption.catch()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    signal.raise_signal(signal.SIGHUP)
    print("cleaned up", flush=True)
interruption._Request.made_at -= interruption._SAME_SECONDS
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("raised later", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks POSIX")
def test_a_second_request_at_once_does_not_break_off_what_follows_the_first():
    result = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines() == ["cleaned up", "raised later"]


DEFERRED = """
import signal
from grader.sandbox import interruption

interruption.catch()
try:
    with interruption.deferred():
        signal.raise_signal(signal.SIGINT)
        print("to the end", flush=True)
except KeyboardInterrupt:
    print("raised", flush=True)
interruption._Request.made_at -= interruption._SAME_SECONDS
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("raised at once", flush=True)
"""


def test_a_request_waits_for_what_must_not_be_left_half_done():
    result = subprocess.run([sys.executable, "-c", DEFERRED], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines() == ["to the end", "raised", "raised at once"]


def test_without_a_request_nothing_is_raised():
    before = signal.getsignal(signal.SIGINT)

    interruption.check()

    assert signal.getsignal(signal.SIGINT) is before


LATE = """
import signal
from grader.sandbox import interruption

interruption.catch()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    with interruption.deferred():
        print("written", flush=True)
    print("and said", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks POSIX")
def test_what_is_done_about_a_request_is_not_stopped_by_it():
    result = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines() == ["written", "and said"]
