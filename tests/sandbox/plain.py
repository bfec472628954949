"""The plain files of the student's process, for tests that look at them one by one, and real workers without torch."""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.inside import wire
from grader.sandbox.launcher import WorkerProcess
from grader.sandbox.single_launcher import SingleLauncher

FOLDER = Path(__file__).resolve().parents[2] / "grader" / "sandbox" / "inside"

LIGHT_ZYGOTE = f"""
import sys
sys.path.insert(0, {str(FOLDER)!r})
import json, os, types
import confinement, huge_pages, orphans, privileges, tiers, wire, zygote
DEVICE

def serve(connection):
    variables = {{}}
    while source := connection.recv(100_000):
        try:
            exec(source, variables)
            answer = variables.get('answer')
        except BaseException as error:
            answer = f'{{type(error).__name__}}: {{error}}'
        connection.sendall(json.dumps(answer).encode() + b'\\n')

zygote._import_everything = lambda *given: privileges.die_with_parent()
sys.modules['worker'] = types.ModuleType('worker')
sys.modules['worker'].serve = serve
sys.path.remove({str(FOLDER)!r})
zygote.main()
"""
"""zygote.py as it is, but for torch, which it does not import, for the worker, which executes what it is sent, and for
the GPU."""

DEVICE = """
import ctypes, mmap, socket

def holds(tier):
    try:
        if tier == 'files':
            os.close(os.open('/etc/passwd', os.O_RDONLY))
        elif tier == 'calls':
            os.sched_setaffinity(0, os.sched_getaffinity(0))
        else:
            return ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
    except OSError:
        return True
    return False

def open_device(memory_bytes):
    broken_by = [tier for tier in BROKEN_BY if holds(tier)]
    if broken_by:
        FAILURE
    SETUP
    return 'NVIDIA Test\\n', 1 << 34

sys.modules['device'] = types.ModuleType('device')
sys.modules['device'].open_device = open_device
sys.modules['device'].try_kernels = lambda: None
"""
"""A GPU that some tiers are in the way of."""


_WITH_TORCH = frozenset({"packing", "witness", "worker"})


def module(name: str) -> ModuleType:
    """A file of the student's process, which imports others by bare name."""
    if name in _WITH_TORCH:
        importlib.import_module("torch")  # before the file: it has torch if the process has
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


def in_child(action: Callable[..., Any], *, takes_descriptor: bool = False) -> Any:
    """What an action returns in a forked child, as JSON brings it back; how the child ended where it did not return.

    takes_descriptor: the action is given the one descriptor that must stay open.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads: the child starts none
        child = os.fork()
    if child == 0:
        answer = b""
        try:
            answer = json.dumps(action(writing) if takes_descriptor else action()).encode()
        except BaseException as error:  # noqa: BLE001  it is what the test then shows
            answer = json.dumps(f"{type(error).__name__}: {error}").encode()
        finally:
            os.write(writing, answer)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        if not select.select([reading], [], [], 20.0)[0]:
            os.kill(child, signal.SIGKILL)
        answer = pipe.read()
    status = os.waitpid(child, 0)[1]
    return json.loads(answer) if answer else f"killed by {os.waitstatus_to_exitcode(status)}"


def outcome(action: Callable[[], Any]) -> str:
    """ "done", or the name of the error number with which the system refused."""
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


def use_light_zygotes(
    monkeypatch,
    tmp_path: Path,
    broken_by: Sequence[str] = (),
    failure: str = "raise RuntimeError(f'initialization error beside {broken_by}')",
    setup: str = "pass",
) -> None:
    """Have launchers start zygotes without torch, in milliseconds, whose workers `told` can be asked of.

    broken_by: the tiers ("files", "calls", "user") beside which the GPU does not open, with what failure.
    setup: what its driver does.
    """
    device = DEVICE.replace("BROKEN_BY", repr(broken_by)).replace("FAILURE", failure).replace("SETUP", setup)
    script = tmp_path / "light_zygote.py"
    script.write_text(LIGHT_ZYGOTE.replace("DEVICE\n", device))
    monkeypatch.setattr("grader.sandbox.launcher._ZYGOTE", script)


def told(worker: WorkerProcess, source: str) -> Any:
    """What a light worker's code leaves in `answer`; the error that it raised, as text."""
    worker.connection.settimeout(20)
    worker.connection.sendall(source.encode())
    answer = b""
    while not answer.endswith(b"\n"):
        piece = worker.connection.recv(100_000)
        if not piece:
            raise wire.WireError("the worker ended")
        answer += piece
    return json.loads(answer)


@contextlib.contextmanager
def closing(launcher: ForkLauncher | SingleLauncher) -> Iterator[Any]:
    """The launcher, closed afterwards."""
    try:
        yield launcher
    finally:
        launcher.close()


def is_alive(process_id: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def comes_true(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether something happens in a time that is far longer than it should take."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        select.select([], [], [], 0.01)
    return True


def has_ended(connection: socket.socket, seconds: float = 20.0) -> bool:
    """Whether the other end of a worker's wire is gone."""
    connection.settimeout(seconds)
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True
    except OSError:
        return False
