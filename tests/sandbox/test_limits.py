"""What a worker is held to, seen from inside it."""

import sys
from pathlib import Path

import pytest

from grader.model.observation import Returned
from grader.model.trial import SeriesOutput
from tests.sandbox.calls import array_of, number_of, trial

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")


@pytest.fixture
def number(open_session):
    """(body of f) to the number that f returns, in a worker with 1 GiB of memory."""

    def run(body):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        source = f"import ctypes, os, resource, signal, sys, threading\n\ndef f():\n{lines}\n"
        return number_of(open_session(source, "f", memory_bytes=1 << 30).run(trial("f")))

    return run


@pytest.mark.parametrize(
    "name, bound",
    [("DATA", 1 << 30), ("CORE", 0), ("FSIZE", 64 << 20), ("NOFILE", 256)],
)
def test_resources_are_bounded_for_good(number, name, bound):
    assert number(f"return max(resource.getrlimit(resource.RLIMIT_{name}))") <= bound


def test_a_file_cannot_grow_past_its_bound(number):
    body = (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with open('big', 'wb') as file:\n"
        "    try: file.truncate(65 << 20)\n"
        "    except OSError: return 1"
    )

    assert number(body) == 1


def test_the_working_folder_is_empty_private_and_gone_afterwards(open_session):
    source = (
        "import os, torch\ndef f():\n"
        "    assert os.listdir('.') == [] and os.stat('.').st_mode & 0o077 == 0\n"
        "    open('left', 'w').close()\n"
        "    return [float(byte) for byte in os.getcwd().encode()]\n"
    )
    session = open_session(source, "f")
    observation = session.run(trial("f", outputs=(SeriesOutput(500),)))
    assert isinstance(observation, Returned)
    folder = Path(bytes(int(byte) for byte in array_of(observation.values[0])).decode())
    assert (folder / "left").exists()

    session.close()

    assert not folder.exists()


def test_one_socket_and_the_witness_pipe_are_all_that_is_open_of_the_judges(number):
    body = (
        "import stat\n"
        "sockets = others = 0\n"
        "for number in range(65536):\n"
        "    try: status = os.fstat(number)\n"
        "    except OSError: continue\n"
        "    sockets += stat.S_ISSOCK(status.st_mode)\n"
        "    others += not stat.S_ISSOCK(status.st_mode) and status.st_rdev != os.stat(os.devnull).st_rdev\n"
        "return sockets + 10 * others"
    )

    assert number(body) == 11


def test_the_worker_leads_a_session_of_its_own(number):
    assert number("return os.getsid(0) == os.getpgid(0) == os.getpid()") == 1


def test_the_worker_dies_with_its_parent_and_gains_no_privilege(number):
    body = (
        "libc, seen = ctypes.CDLL(None), ctypes.c_int()\n"
        "libc.prctl(2, ctypes.byref(seen), 0, 0, 0)\n"  # PR_GET_PDEATHSIG
        "return seen.value == signal.SIGKILL and libc.prctl(39, 0, 0, 0, 0) == 1"  # PR_GET_NO_NEW_PRIVS
    )

    assert number(body) == 1


def test_the_worker_runs_torch_in_one_thread(number):
    assert number("import torch\nreturn torch.get_num_threads() + threading.active_count()") == 2


def test_random_numbers_begin_the_same_in_every_worker(number):
    body = "import random, numpy, torch\nreturn random.random() + numpy.random.rand() + float(torch.rand(()))"

    assert number(body) == number(body)
