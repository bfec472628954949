"""What the operating system is asked to hold a worker to; applied after the fork, before any student code.

This is the one place where confinement goes: `confine` runs in the worker, `isolation` tells the judge what that
amounts to on this machine. So far it is what a plain child process can be given without privilege: its own session,
death with its parent, resource limits, a clean environment, no inherited descriptors, output to nowhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from typing import Literal

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

ISOLATION_LEVEL: Literal["confined", "partial", "process"] = "process"
NOT_YET_CONFINED = ("filesystem", "network", "subprocesses", "user", "shared memory")
"""What a worker is not yet kept from, in the report's `isolation_missing`."""

FILE_BYTES = 64 << 20
OPEN_FILES = 256


def die_with_parent() -> None:
    """Ask Linux for SIGKILL when the parent is gone; elsewhere the closed socket ends the process."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def confine(kept_descriptor: int, memory_bytes: int, directory: str) -> None:
    """Hold this process to its limits. Call once, after the fork, before any student code.

    kept_descriptor: the one open file that stays, the wire to the judge.
    memory_bytes: bound on private memory (RLIMIT_DATA).
    directory: the working directory, empty and this worker's own.
    """
    if os.name == "posix":
        with contextlib.suppress(PermissionError):  # already the leader of a session
            os.setsid()
        die_with_parent()
        _limit_resources(memory_bytes)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
    _silence_standard_streams()
    if os.name == "posix":
        _close_all_but(kept_descriptor)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update({"HOME": directory, "TMPDIR": directory, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"})


def _limit_resources(memory_bytes: int) -> None:
    import resource

    for name, bound in (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", FILE_BYTES),
        ("RLIMIT_NOFILE", OPEN_FILES),
        ("RLIMIT_DATA", memory_bytes),
    ):
        number = getattr(resource, name, None)
        if number is None:
            continue
        _, hard = resource.getrlimit(number)
        allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(number, (allowed, allowed))


def _silence_standard_streams() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if nowhere > 2:
        os.close(nowhere)


def _close_all_but(kept: int) -> None:
    highest = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 1024
    os.closerange(3, kept)
    os.closerange(max(3, kept + 1), min(highest, 1 << 16))
