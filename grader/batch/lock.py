"""The lock of an output folder: one run at a time. The system releases it however the run ends."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from grader import formatting
from grader.errors import OutputError

if sys.platform != "win32":
    import fcntl

LOCK_NAME = ".grader.lock"
ADVICE = "wait for it to finish, stop it, or choose another --out"

_GREATEST_NOTE = 300
_UNLOCKABLE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def held(folder: Path, advice: str = ADVICE) -> Iterator[None]:
    """Hold the folder's lock. OutputError that names the run that has it already, or if the lock cannot be opened.

    advice: what to do if another run has it.

    The file stays, with a note on its latest holder: removing it could part two runs that both hold "the" lock. Where the
    file system has no locks (some network drives), this is logged, and nobody is kept out.
    """
    if sys.platform == "win32":
        yield
        return
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError.at(path, f"cannot be opened: {error.strerror or error}") from error
    try:
        _lock(descriptor, folder, advice)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, advice: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        note = os.pread(descriptor, _GREATEST_NOTE, 0).decode("utf-8", "replace").strip()
        holder = f" ({formatting.printable(note)})" if note else ""
        raise OutputError.at(
            folder,
            f"another run is writing there{holder}; {advice}",
        ) from error
    except OSError as error:
        if error.errno not in _UNLOCKABLE:
            raise OutputError.at(folder, f"cannot be locked: {error.strerror or error}") from error
        _log.warning(
            "%s is on a file system without locks; make sure that no other run writes there",
            formatting.printable(str(folder)),
        )
        return
    since = time.strftime("%Y-%m-%d %H:%M %Z")
    with contextlib.suppress(OSError):  # the note is for people; the lock holds without it
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {platform.node()}, since {since}\n".encode(), 0)
