"""Limits for any process: resources, session, streams, descriptors, environment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

if sys.platform != "win32":
    import resource

FILE_BYTES = 64 << 20
"""Greatest size of one file."""

OPEN_FILES = 256
OPEN_FILES_WITH_DEVICE = 1024
"""A driver opens some for each GPU of the machine."""

THREADS = 256
"""Threads of one worker, if it has its own user to count them by."""

DEVICE_DATA_BYTES = 16 << 30
"""Added to the bound on private memory for addresses that a GPU's driver reserves; actual use is watched."""

DEVICE_VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
"""They select a GPU if there are several."""


def apply(memory_bytes: int, directory: str, *, has_own_user: bool, has_device: bool = False) -> bool:
    """Limit this process and cut it off from what it inherited; whether every limit holds.

    RLIMIT_AS is never set: a GPU's driver reserves more addresses than there is memory.

    Args:
        memory_bytes: bound on private memory (RLIMIT_DATA).
        directory: the working directory, empty and this worker's own.
        has_own_user: bound the threads too, which are counted by user.
        has_device: leave room for a GPU's driver.

    """
    holds = sys.platform != "win32"
    if sys.platform != "win32":
        with contextlib.suppress(PermissionError):  # already the leader of a session
            os.setsid()
        holds = _limit_resources(memory_bytes, has_own_user=has_own_user, has_device=has_device)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
    _silence_standard_streams()
    os.chdir(directory)
    of_device = {name: os.environ[name] for name in DEVICE_VARIABLES if has_device and name in os.environ}
    os.environ.clear()
    os.environ.update(
        {
            "HOME": directory,
            "TMPDIR": directory,
            "USER": "student",  # for libraries that ask
            "LOGNAME": "student",
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            **of_device,
        }
    )
    return holds


def close_all_but(descriptor: int) -> None:
    """Close every descriptor from 3 on except one."""
    highest = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 1024
    os.closerange(3, descriptor)
    os.closerange(max(3, descriptor + 1), max(highest, 1 << 16))


if sys.platform != "win32":

    def _limit_resources(memory_bytes: int, *, has_own_user: bool, has_device: bool) -> bool:
        bounds = {
            "RLIMIT_CORE": 0,
            "RLIMIT_FSIZE": FILE_BYTES,
            "RLIMIT_NOFILE": OPEN_FILES_WITH_DEVICE if has_device else OPEN_FILES,
            "RLIMIT_DATA": memory_bytes + (DEVICE_DATA_BYTES if has_device else 0),
        }
        if has_own_user:
            bounds["RLIMIT_NPROC"] = THREADS
        are_set = True
        for name, bound in bounds.items():
            try:
                number = getattr(resource, name)
                _, hard = resource.getrlimit(number)
                allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
                resource.setrlimit(number, (allowed, allowed))
            except (AttributeError, OSError, ValueError):
                are_set = False
        return are_set


def _silence_standard_streams() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if nowhere > 2:
        os.close(nowhere)
