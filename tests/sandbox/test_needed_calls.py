"""The system calls that Python, NumPy and torch make, and that the filter refuses: a new torch's are named here."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import select
import socket
import struct
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sandbox import plain
from tests.sandbox.bpf import AUDIT, PRETENDED, instructions_of, numbers_of_headers, verdict_of
from tests.sandbox.right_code import NOT_EVERYWHERE, WORKS

seccomp = plain.module("seccomp")

DONE_WITHOUT = {
    "clone3": "glibc then starts its threads with clone",
    "openat": "tempfile first tries a file without a name, then makes one with a name",
    "unlink": "reported as done: temporary files",
    "unlinkat": "reported as done: folders of temporary files",
    "rmdir": "reported as done: temporary folders",
    "fallocate": "NumPy writes without reserving the space, and so does glibc",
    "copy_file_range": "pathlib reads and writes instead",
    "rename": "the import system cannot keep what it compiled",
    "fchown": "SQLite, as root",
    "socket": "glibc asks a cache of names (nscd), then reads the files",
    "vfork": "subprocess: no program is started",
    "clone": "os.system and fork: no process is started",
    "sched_setaffinity": "OpenMP's library tries whether it may place its threads, then does not",
    "sched_getaffinity": "pthread_getattr_np, about a thread's own id: it leaves the processors out",
}
"""Calls that right code makes, is refused, and goes on without: how it does."""

FILTERED = f"""
import json, os, socket, struct, sys
os.environ.update(OMP_WAIT_POLICY="passive")
channel = socket.socket(fileno=int(sys.argv[1]))
bodies = json.loads(channel.makefile().readline())
sys.path.insert(0, {str(plain.FOLDER)!r})
import ctypes, linux, seccomp
sys.path.pop(0)
code = bytearray(seccomp.program({platform.machine()!r}, os.getpid()))
for at in range(0, len(code), 8):
    if code[at] == 6 and struct.unpack_from("<I", code, at + 4)[0] >> 16 == 5:  # an error, or a pretence: ask
        struct.pack_into("<I", code, at + 4, 0x7FC00000)
linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
filled = seccomp._Program(len(code) // 8, bytes(code))
asked = linux.call(seccomp._ARCHITECTURES[{platform.machine()!r}].seccomp, 1, 1 << 3, ctypes.byref(filled))
socket.send_fds(channel, [b"."], [asked])
os.close(asked)
channel.recv(1)

import tempfile, threading
import numpy as np
import torch
top = os.getcwd()
for number, (name, body) in enumerate(bodies.items()):
    with open(f"{{top}}/now", "w") as file:
        file.write(name)
    own = f"{{top}}/{{number}}"
    os.mkdir(own)
    os.chdir(own)
    os.environ.update(HOME=own, TMPDIR=own)
    tempfile.tempdir = None
    lines = "".join(f"    {{line}}\\n" for line in body.splitlines())
    variables = {{"np": np, "torch": torch, "os": os, "sys": sys, "threading": threading, "socket": socket}}
    try:
        exec(f"def body():\\n{{lines}}", variables)
        said = float(variables["body"]())
    except BaseException as error:
        said = f"{{type(error).__name__}}: {{error}}"
    channel.sendall(json.dumps([name, said]).encode() + b"\\n")
os._exit(0)
"""
"""Runs bodies under the filter, but for its refusals, about which it asks whoever holds the descriptor."""

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION, _ANSWER = struct.Struct("<QIIiIQ6Q"), struct.Struct("<QqiI")


class Supervisor:
    """Answers a filter's questions as the filter would have, and writes down what it refused, and in which body."""

    def __init__(self, asked: int, process_id: int, folder: Path) -> None:
        self.refused: dict[str, set[str]] = {}
        self._asked, self._folder = asked, folder
        self._program = instructions_of(seccomp.program(platform.machine(), process_id))
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def close(self) -> None:
        """Wait for the process to end."""
        self._thread.join()
        os.close(self._asked)

    def _answer(self) -> None:
        waiting = select.poll()
        waiting.register(self._asked, select.POLLIN)
        while True:
            ((_, events),) = waiting.poll()
            if not events & select.POLLIN:
                return
            seen = bytearray(_NOTIFICATION.size)
            try:
                fcntl.ioctl(self._asked, _RECEIVE, seen)
            except OSError as error:
                if error.errno in {errno.ENOENT, errno.EINTR}:  # whoever asked has ended, or was interrupted
                    continue
                raise
            identity, _, _, number, _, _, *arguments = _NOTIFICATION.unpack(seen)
            word = verdict_of(self._program, AUDIT[platform.machine()], number, *arguments)
            body = self._folder / "now"
            self.refused.setdefault(name_of(number), set()).add(
                body.read_text() if body.exists() else "imports"
            )
            code = 0 if word == PRETENDED else -getattr(errno, word)
            try:
                fcntl.ioctl(self._asked, _SEND, bytearray(_ANSWER.pack(identity, 0, code, 0)))
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise


def name_of(number):
    known = dict(numbers_of_headers(platform.machine()))
    column = ("x86_64", "aarch64").index(platform.machine())
    known |= {name: pair[column] for name, pair in seccomp._CALLS.items() if pair[column] is not None}
    return next((name for name, each in known.items() if each == number), f"call {number}")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What each body returned, and which refused calls were made in which bodies."""
    if not seccomp.is_supported():
        pytest.skip("no seccomp here, or no table for this processor")
    bodies = {
        name: body
        for name, body in WORKS.items()
        if name not in NOT_EVERYWHERE or find_spec(NOT_EVERYWHERE[name])
    }
    folder = tmp_path_factory.mktemp("ran")
    ours, theirs = socket.socketpair()
    ours.settimeout(120)
    with ours, ours.makefile() as lines:
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", FILTERED, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        ours.sendall(json.dumps(bodies).encode() + b"\n")
        _, (asked,), _, _ = socket.recv_fds(ours, 1, 1)
        supervisor = Supervisor(asked, child.pid, folder)
        ours.sendall(b".")
        said = dict(json.loads(line) for line in lines)
    child.wait()
    supervisor.close()
    return said, supervisor.refused


def test_right_code_returns_what_it_would_without_a_filter(ran):
    said, _ = ran

    assert {name: each for name, each in said.items() if each != 1} == {}
    assert len(said) > 100


def test_each_call_that_right_code_makes_is_allowed_or_known_to_be_done_without(ran):
    """A call that is named here is new: allow it in seccomp._ALLOWED, or add it above with what happens without it."""
    import torch

    _, refused = ran
    unknown = {name: sorted(bodies) for name, bodies in refused.items() if name not in DONE_WITHOUT}

    assert not unknown, (
        f"torch {torch.__version__} on Python {platform.python_version()} makes calls that are refused: {unknown}"
    )


def test_a_call_that_is_refused_is_named_with_the_code_that_makes_it(ran):
    _, refused = ran

    assert "a program that does not start" in refused.get("vfork", set()) | refused.get("clone", set())
    assert name_of(9999) == "call 9999"
