"""The lock of an output folder: one run at a time, released with its process."""

import errno
import fcntl
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.batch import lock
from grader.errors import OutputError
from tests.pace import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from grader.batch import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(1000)
"""


def test_a_second_run_is_told_who_has_it(tmp_path):
    with lock.held(tmp_path), pytest.raises(OutputError) as caught, lock.held(tmp_path):
        raise AssertionError

    assert re.fullmatch(
        rf"{re.escape(str(tmp_path))}: another run is writing there \(process {os.getpid()} on \S+, since [^)]+\);"
        r" wait for it to finish, stop it, or choose another --out",
        str(caught.value),
    )


def test_it_is_free_again_at_the_end(tmp_path):
    for _ in range(2):
        with lock.held(tmp_path):
            pass


def test_a_killed_process_holds_nothing(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=f"process {holder.pid} on "), lock.held(tmp_path):
            raise AssertionError
    finally:
        holder.kill()
        holder.communicate(timeout=HANG_SECONDS)
    assert holder.returncode == -signal.SIGKILL

    with lock.held(tmp_path):
        pass


def test_a_process_that_is_started_meanwhile_does_not_keep_it(tmp_path):
    waiting = [sys.executable, "-c", "print(flush=True); input()"]
    with lock.held(tmp_path):
        other = subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
        assert other.stdout is not None
        other.stdout.readline()
    try:
        with lock.held(tmp_path):
            pass
    finally:
        other.communicate(b"\n", timeout=HANG_SECONDS)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said_and_used(tmp_path, monkeypatch, caplog, number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)

    with caplog.at_level(logging.WARNING), lock.held(tmp_path):
        pass

    assert caplog.messages == [
        f"{tmp_path} is on a file system without locks; make sure that no other run writes there"
    ]


@pytest.mark.parametrize("text", [b"", b"\xff\x1b[31m" + b"x" * 10_000])
def test_a_note_that_is_none_is_shown_harmlessly(tmp_path, text):
    path = tmp_path / lock.LOCK_NAME
    with lock.held(tmp_path):
        path.write_bytes(text)
        with pytest.raises(OutputError) as caught, lock.held(tmp_path):
            raise AssertionError

    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 600


def test_a_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / lock.LOCK_NAME).symlink_to(tmp_path / "victim")

    with pytest.raises(OutputError, match="cannot be opened"), lock.held(tmp_path):
        raise AssertionError

    assert (tmp_path / "victim").read_text() == "mine"


def test_a_time_zone_that_cannot_be_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC+25")
    time.tzset()
    try:
        with lock.held(tmp_path):
            assert "since 2" in (tmp_path / lock.LOCK_NAME).read_text(encoding="utf-8")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
