"""The lock on a GPU: exclusive for a process of the grader that measures time, shared by all others.

Each device has a lock file in the system's temporary folder, held with flock, so it ends with its process.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox import interruption

if sys.platform != "win32":
    import fcntl


def lock_path(environment: Mapping[str, str], folder: Path | None = None) -> Path:
    """The lock file of the first GPU in CUDA_VISIBLE_DEVICES. folder: None for the temporary folder."""
    first = environment.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip() or "0"
    name = re.sub(r"[^A-Za-z0-9-]", "_", first)[:80]
    return (folder or Path(tempfile.gettempdir())) / f"grader-device-{name}.lock"


@contextlib.contextmanager
def held(path: Path, *, alone: bool) -> Iterator[None]:
    """Wait for the lock and hold it; Ctrl-C ends the wait. SandboxError if the file cannot be opened."""
    if sys.platform == "win32":
        yield
        return
    try:
        descriptor = _open(path)
    except OSError as error:
        raise SandboxError(f"the GPU's lock {path} cannot be opened: {error.strerror or error}") from error
    try:
        interruption.check()
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    """A descriptor of the file, created if need be.

    Never with O_CREAT on an existing file: Linux refuses that for another user's file in a shared folder.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            return _regular(os.open(path, flags))
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
            os.fchmod(descriptor, 0o644)  # whatever the umask, so that others can open it
            return descriptor
    raise FileNotFoundError(f"{path} keeps disappearing")


def _regular(descriptor: int) -> int:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor
