"""How worker processes begin and end: their environment, the zygote's death, the judge's death, the plain process."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from grader.model.observation import Died, Location, Raised, Received, Returned
from grader.model.trial import SeriesOutput
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.launch import default_start_method, make_launcher
from grader.sandbox.launcher import hidden_folders
from grader.sandbox.protocols import Budget
from tests.sandbox import plain
from tests.sandbox.calls import RIGHT, array_of, extracted_of, g_is_right, number_of, tensor, trial

ROOT = Path(__file__).resolve().parents[2]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def text_of(observation):
    """A text that came back as a list of its bytes."""
    assert isinstance(observation, Returned), observation
    (value,) = observation.values
    assert isinstance(value, Received), value
    return bytes(int(byte) for byte in value.array).decode()


def ask(session, expression_of_f):
    return text_of(session.run(trial(expression_of_f, outputs=(SeriesOutput(100_000),))))


TELL = """
import os, sys
def path(): return list('\\n'.join(sys.path).encode())
def environment(): return list(repr(dict(os.environ)).encode())
"""


@linux_only
@pytest.mark.slow
def test_nothing_of_the_judges_environment_reaches_the_worker(monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "s3cr3t")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONSTARTUP", "/s3cr3t")
    with Sandbox() as sandbox:
        session = sandbox.session(extracted_of(TELL, "path environment"), Budget(), redirect_cuda=False)
        with session:
            now, path = (ask(session, name) for name in ("environment", "path"))
            assert isinstance(sandbox.launcher, ForkLauncher)
            first = Path(f"/proc/{sandbox.launcher._zygote.pid}/environ").read_text()

    assert "s3cr3t" not in now + first
    assert "PYTHON" not in now + first
    assert sorted(eval(now)) == [
        "HOME",
        "LANG",
        "LOGNAME",
        "PATH",
        "TMPDIR",
        "USER",
    ]  # the text of a dict that we asked for
    for folder in path.splitlines():
        assert not (Path(folder) / "grader").exists(), folder
        assert not (Path(folder) / "reference").exists(), folder
        assert not (Path(folder) / "worker.py").exists(), folder


def test_the_graders_folder_is_hidden_unless_torch_is_imported_from_it():
    assert hidden_folders(Path("/home/ada/checkout/grader/sandbox/inside/zygote.py")) == [
        "/home/ada/checkout"
    ]
    assert hidden_folders(Path("/v/lib/python3.11/site-packages/grader/sandbox/inside/zygote.py")) == []
    assert hidden_folders(Path("/usr/lib/python3/dist-packages/grader/sandbox/inside/zygote.py")) == []


@linux_only
def test_forking_is_the_default_on_linux():
    assert default_start_method() == "fork"


SEVERAL = f"""{RIGHT}
import os

def f(n):
    if n == 0: return [1.0, 2.0]
    if n == 1: os._exit(3)
    raise ValueError('no')
"""


@pytest.mark.slow
def test_a_plain_process_gives_the_same_observations_as_a_forked_one(sandbox):
    with Sandbox(make_launcher("single")) as single:
        for each in (sandbox, single):
            with each.session(extracted_of(SEVERAL), Budget(), redirect_cuda=False) as session:
                assert g_is_right(session)
                returned, raised, died = (
                    session.run(trial("f", n, outputs=(SeriesOutput(3),))) for n in (0, 2, 1)
                )
            assert isinstance(returned, Returned)
            assert array_of(returned.values[0]).tolist() == [1.0, 2.0]
            assert isinstance(raised, Raised)
            assert (raised.kind, raised.message) == ("ValueError", "no")
            assert raised.location == Location("hw.py", None, 12)
            assert died == Died("exit code 3")


# The zygote


@pytest.mark.slow
def test_a_zygote_that_is_killed_between_calls_is_replaced_and_costs_nothing():
    launcher = ForkLauncher()
    with Sandbox(launcher) as sandbox:
        session = sandbox.session(
            extracted_of(RIGHT + "\ndef f(): return 1\n"), Budget(), redirect_cuda=False
        )
        with session:
            assert number_of(session.run(trial("f"))) == 1
            os.kill(launcher._zygote.pid, signal.SIGKILL)
            launcher._zygote.wait()

            assert number_of(session.run(trial("f"))) == 1
            assert g_is_right(session)


@pytest.mark.slow
def test_a_function_cannot_kill_the_zygote(sandbox):
    source = f"{RIGHT}\nimport os\ndef f(): os.kill(os.getppid(), 9)\n"
    with sandbox.session(extracted_of(source), Budget(), redirect_cuda=False) as session:
        zygote = sandbox.launcher._zygote.pid
        refused = session.run(trial("f"))
        assert isinstance(refused, Raised)
        assert refused.kind == "PermissionError"
        assert g_is_right(session)
        assert sandbox.launcher._zygote.pid == zygote


def test_a_zygote_that_ends_during_a_call_costs_no_function_anything():
    launcher = ForkLauncher()
    source = f"{RIGHT}\nimport time\ndef f():\n    time.sleep(1)\n    return 1\n"
    with (
        Sandbox(launcher) as sandbox,
        sandbox.session(extracted_of(source), Budget(), redirect_cuda=False) as session,
    ):
        assert g_is_right(session)
        threading.Timer(0.3, lambda: os.kill(launcher._zygote.pid, signal.SIGKILL)).start()

        assert number_of(session.run(trial("f"))) == 1
        assert g_is_right(session)


def test_a_worker_killed_before_its_use_is_replaced(sandbox):
    with sandbox.session(extracted_of(RIGHT, "g"), Budget(), redirect_cuda=False) as session:
        launcher = sandbox.launcher
        assert g_is_right(session)
        session.close()
        ahead = launcher._learn_id(launcher._ahead)
        os.kill(ahead, signal.SIGKILL)
        launcher._ahead.connection.recv(1)  # comes to its end when the worker is gone

        assert g_is_right(session)


def children_of(process_id):
    """Process ids of the living descendants of a process."""
    below = psutil.Process(process_id).children(recursive=True)
    return [each.pid for each in below if plain.is_alive(each.pid)]


JUDGE = """
from grader.sandbox.host import Sandbox
from grader.sandbox.protocols import Budget
from tests.sandbox.calls import extracted_of, trial

source = "def f():\\n    while True: pass\\ndef g(): return 1\\n"
with Sandbox() as sandbox, sandbox.session(extracted_of(source), Budget(), redirect_cuda=False) as session:
    session.run(trial("g"))
    print("ready", flush=True)
    session.run(trial("f", seconds=60))
"""


@linux_only
def test_no_process_outlives_a_judge_that_is_killed():
    judge = subprocess.Popen([sys.executable, "-c", JUDGE], stdout=subprocess.PIPE, cwd=ROOT)
    with judge:
        assert judge.stdout is not None
        assert judge.stdout.readline() == b"ready\n"
        # the zygote, a worker for each function, the one ahead
        assert plain.comes_true(lambda: len(children_of(judge.pid)) == 4)
        started = children_of(judge.pid)
        command_lines = [Path(f"/proc/{number}/cmdline").read_bytes() for number in started]
        assert all(b"zygote.py" in line for line in command_lines)

        judge.kill()

    assert plain.comes_true(lambda: not any(map(plain.is_alive, started)))


@linux_only
def test_closing_the_sandbox_ends_everything_that_was_started():
    launcher = ForkLauncher()
    with Sandbox(launcher) as sandbox:
        session = sandbox.session(extracted_of(RIGHT, "g"), Budget(), redirect_cuda=False)
        assert g_is_right(session)
        zygote = launcher._zygote.pid
        started = [zygote, *children_of(zygote)]
        assert len(started) >= 2

    assert plain.comes_true(lambda: not any(map(plain.is_alive, started)))
    session.close()


def test_a_session_with_other_bounds_gets_a_worker_that_is_held_to_them(sandbox):
    source = "import resource\ndef f(): return resource.getrlimit(resource.RLIMIT_DATA)[0]\n"
    for memory_bytes in (1 << 30, 1 << 31, 1 << 30):
        budget = Budget(memory_bytes=memory_bytes)
        with sandbox.session(extracted_of(source, "f"), budget, redirect_cuda=False) as session:
            assert number_of(session.run(trial("f"))) == memory_bytes


def test_sessions_share_nothing_of_the_students(sandbox):
    source = "import torch\nseen = []\ndef f(W):\n    torch.hidden = seen.append(1)\n    return len(seen)\n"
    probe = "import torch\ndef f(W): return hasattr(torch, 'hidden')\n"
    for text, expected in ((source, 1), (source, 1), (probe, 0)):
        with sandbox.session(extracted_of(text, "f"), Budget(), redirect_cuda=False) as session:
            assert number_of(session.run(trial("f", tensor([1.0])))) == expected
