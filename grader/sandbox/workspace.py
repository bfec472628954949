"""The folders that workers may write to: one below the run's own for each, gone when it is, whatever was put there."""

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
"""User ids that nobody has: Linux's distributions leave them free, and systemd gives them to none of its own."""


class Workspace:
    """A run's folder. It is locked while the run lives, so that the next run can tell one that a killed run left.

    folder: below the system's temporary folder, or the one that is given.
    """

    def __init__(self, parent: Path | None = None) -> None:
        base = parent or Path(tempfile.gettempdir())
        _remove_dead_runs(base)
        try:
            self.folder, self._lock = _make_locked(base)
            self._has_users = sys.platform == "linux" and os.geteuid() == 0
            if self._has_users:
                self.folder.chmod(
                    0o711
                )  # to be passed through by the users that workers become, not to be listed
        except OSError as error:
            raise _no_folder(error) from error
        self._users = count(secrets.randbelow(len(WORKER_USERS)))

    def make(self) -> tuple[str, int | None]:
        """A fresh folder for one worker, and the user that it belongs to: another each time; None for this process's.

        SandboxError when none can be made.
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
        except OSError:  # root of a container that has no such users, or without the right to give files away
            return folder, None
        return folder, user

    def remove(self, folder: str) -> None:
        """Remove a worker's folder with all that is in it; never raises, never follows a link."""
        remove_tree(Path(folder))

    def close(self) -> None:
        """Remove the run's folder."""
        remove_tree(self.folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_tree(root: Path) -> None:
    """Remove a folder of any depth, without recursion: what is inside a folder is first moved up to the root.

    A student may nest folders deeper than a path can be long, or leave links and folders without permissions.
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
    """Remove what lies in the root, folders' contents moved up to it; whether anything was done."""
    is_changed = False
    with os.scandir(root) as entries:
        found = list(entries)
    for entry in found:
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700, follow_symlinks=True)  # noqa: PTH101  its owner may have closed it
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
    """A fresh folder with its lock; None for the lock where the system has none.

    Another run that starts just now may take a folder that is not locked yet for a dead one's: then there is another.
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
    raise OSError(f"other runs took {_ATTEMPTS} folders in a row")


def _remove_dead_runs(base: Path) -> None:
    """Remove the folders of our own that a killed run left: those that nobody holds locked."""
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
    """A descriptor that holds the folder's lock until it is closed; None where somebody else does."""
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
