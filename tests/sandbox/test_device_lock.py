"""The lock on a GPU: alone or together, across processes, and never a way to open somebody else's file."""

import errno
import fcntl
import os
import signal
import sys

import pytest

from grader.errors import SandboxError
from grader.sandbox import interruption
from grader.sandbox.device_lock import held, lock_path
from tests.sandbox import plain

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="flock")


@pytest.fixture
def path(tmp_path):
    return lock_path({}, tmp_path)


def attempt(path, kind):
    """What another process meets that would not wait: "done", or the name of an error."""

    def lock():
        fcntl.flock(os.open(path, os.O_RDONLY), kind | fcntl.LOCK_NB)

    return plain.in_child(lambda: plain.outcome(lock))


@pytest.mark.parametrize(
    "alone, shared, exclusive",
    [(True, "EAGAIN", "EAGAIN"), (False, "done", "EAGAIN")],
)
def test_who_measures_is_alone_and_others_are_together(path, alone, shared, exclusive):
    with held(path, alone=alone):
        assert attempt(path, fcntl.LOCK_SH) == shared
        assert attempt(path, fcntl.LOCK_EX) == exclusive

    assert attempt(path, fcntl.LOCK_EX) == "done"


def test_the_lock_ends_with_an_error(path):
    with pytest.raises(ZeroDivisionError), held(path, alone=True):
        raise ZeroDivisionError

    assert attempt(path, fcntl.LOCK_EX) == "done"


def test_the_lock_ends_with_its_process(path):
    def die():
        context = held(path, alone=True)
        context.__enter__()
        os._exit(0)

    plain.in_child(die)

    assert attempt(path, fcntl.LOCK_EX) == "done"


def test_waiting_can_be_interrupted(path):
    def wait():
        interruption.catch()
        signal.signal(signal.SIGALRM, interruption._handle)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with held(path, alone=True):
            return "held"

    with held(path, alone=False):
        assert plain.in_child(wait).startswith("KeyboardInterrupt")


def test_a_stop_that_a_library_swallowed_is_not_waited_over(path, monkeypatch):
    monkeypatch.setattr(interruption._Request, "is_made", True)

    with pytest.raises(KeyboardInterrupt), held(path, alone=True):
        pass


def test_each_gpu_has_a_file_of_its_own(tmp_path):
    names = [
        lock_path({"CUDA_VISIBLE_DEVICES": text}, tmp_path).name
        for text in ("1,0", "GPU-8f/../e", "", "MIG-GPU-1/2/3")
    ]

    assert lock_path({}, tmp_path) == tmp_path / "grader-device-0.lock"
    assert names == [
        "grader-device-1.lock",
        "grader-device-GPU-8f____e.lock",
        "grader-device-0.lock",
        "grader-device-MIG-GPU-1_2_3.lock",
    ]


def test_others_may_open_the_file_whatever_the_mask(path):
    mask = os.umask(0o077)
    try:
        with held(path, alone=False):
            assert path.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(mask)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.symlink_to(path.parent / "other"),
        os.mkfifo,
        lambda path: path.mkdir(),
    ],
    ids=["link", "pipe", "folder"],
)
def test_what_is_no_plain_file_is_no_lock(path, make):
    make(path)

    with pytest.raises(SandboxError, match=r"lock .* cannot be opened"), held(path, alone=True):
        pass

    assert not (path.parent / "other").exists()


def test_a_folder_that_is_not_there_is_an_error_in_words(path):
    with pytest.raises(SandboxError) as caught, held(path.parent / "none" / path.name, alone=True):
        pass

    assert str(caught.value).endswith(f"cannot be opened: {os.strerror(errno.ENOENT)}")
