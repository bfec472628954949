"""The folders that workers may write to, removed with their workers whatever was put there."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from grader.errors import SandboxError

if sys.platform != "win32":
    import fcntl

PREFIX = "grader-run-"

WORKER_USERS = range(60706, 61184)
"""Unused user ids: Linux distributions leave them free, and systemd does not assign them."""


class Workspace:
    """A run's folder, with one for each worker below it.

    It is locked while the run lives, so the next run can recognise and remove those of killed runs. parent:
    None for the system's temporary folder.
    """

    def __init__(self, parent: Path | None = None) -> None:
        base = parent or Path(tempfile.gettempdir())
        _remove_dead_runs(base)
        try:
            self.folder, self._lock = _make_locked(base)
            self._has_users = sys.platform == "linux" and os.geteuid() == 0
            if self._has_users:
                self.folder.chmod(0o711)  # the workers' users may pass through, not list
        except OSError as error:
            raise _no_folder(error) from error
        self._users = count(secrets.randbelow(len(WORKER_USERS)))

    def make(self) -> tuple[str, int | None]:
        """A fresh folder for one worker, and its owner: another user each time, or None for this user.

        SandboxError when the folder cannot be made.
        """
        try:
            folder = tempfile.mkdtemp(prefix="worker-", dir=self.folder)
        except OSError as error:
            raise _no_folder(error) from error
        if not self._has_users:
            return folder, None
        user = WORKER_USERS[next(self._users) % len(WORKER_USERS)]
        try:
            os.chown(folder, user, user)
        except OSError:  # a container without these users, or without the right to change owners
            return folder, None
        return folder, user

    def remove(self, folder: str) -> None:
        """Remove a worker's folder and everything in it; never raises, never follows a link."""
        remove_tree(Path(folder))

    def close(self) -> None:
        """Remove the run's folder."""
        remove_tree(self.folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_tree(root: Path) -> None:
    """Remove a folder of any depth without recursion, by moving the contents of each folder up to the root.

    A student may nest folders deeper than the longest path, or leave links and folders without permissions.
    """
    names = (f".removed-{number}" for number in count())
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(root.lstat().st_mode):
            root.unlink()
            return
        while _empty_once(root, names):
            pass
        root.rmdir()


def _empty_once(root: Path, names: Iterator[str]) -> bool:
    """Remove the root's entries, after moving the contents of folders up to it; whether anything was done."""
    is_changed = False
    with os.scandir(root) as entries:
        found = list(entries)
    for entry in found:
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700, follow_symlinks=True)  # noqa: PTH101  it may be without permissions
                with os.scandir(entry.path) as children:
                    for child in list(children):
                        os.rename(child.path, root / next(names))  # noqa: PTH104
                        is_changed = True
                os.rmdir(entry.path)  # noqa: PTH106
            else:
                os.unlink(entry.path)  # noqa: PTH108
            is_changed = True
    return is_changed


_ATTEMPTS = 20


def _make_locked(base: Path) -> tuple[Path, int | None]:
    """A fresh folder with its lock; None for the lock on Windows.

    A run that starts at the same time may remove the folder before it is locked: then try again.
    """
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        if sys.platform == "win32":
            return folder, None
        with contextlib.suppress(FileNotFoundError):
            lock = _locked(folder)
            if lock is not None and os.path.samestat(os.fstat(lock), folder.stat()):
                return folder, lock
            if lock is not None:
                os.close(lock)
    raise OSError(f"other runs removed {_ATTEMPTS} folders in a row")


def _remove_dead_runs(base: Path) -> None:
    """Remove the folders that killed runs of this user left: those that are not locked."""
    with contextlib.suppress(OSError):
        for folder in base.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                status = folder.lstat()
                if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                    continue
                lock = _locked(folder)
                if lock is not None:
                    remove_tree(folder)
                    os.close(lock)


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock until it is closed; None if another process holds it."""
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _no_folder(error: OSError) -> SandboxError:
    return SandboxError(f"cannot make a private folder for the student's code: {error}")
