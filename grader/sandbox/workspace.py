"""The folders that workers may write to, removed with their workers whatever was put there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
from itertools import count
from pathlib import Path

from grader.errors import SandboxError

if sys.platform != "win32":
    import fcntl

PREFIX = "grader-run-"

WORKER_USERS = range(60706, 61184)
"""Unused user ids: Linux distributions leave them free, and systemd does not assign them."""

_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Workspace:
    """A run's folder, with one for each worker below it.

    It is locked while the run lives, so the next run can recognise and remove those of killed runs. parent:
    None for the system's temporary folder.
    """

    def __init__(self, parent: Path | None = None) -> None:
        base = parent or _temporary_folder()
        remove_dead_runs(base)
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
            if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                return folder, user
            os.chown(folder, os.geteuid(), os.getegid())  # this root could neither count nor remove the files
        except OSError:  # a container without these users, or without the right to change owners
            pass
        return folder, None

    def remove(self, folder: str) -> None:
        """Remove a worker's folder and everything in it; never raises, never follows a link."""
        remove_tree(Path(folder))

    def close(self) -> None:
        """Remove the run's folder."""
        remove_tree(self.folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


_PASSES = 5
"""Below `confined` a process that still lives may add or move folders meanwhile."""


def remove_tree(root: Path) -> None:
    """Remove a folder, or whatever is in its place, with everything in it; never raises, never follows a link.

    A student may nest folders deeper than the longest path, leave links and folders without permissions, and fill the
    disk: so folders are opened from one another, and nothing is moved.
    """
    if os.open not in os.supports_dir_fd:  # Windows
        shutil.rmtree(root, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(root.lstat().st_mode):
            root.unlink()
            return
        for _ in range(_PASSES):
            _empty(_opened(str(root)))
            with contextlib.suppress(OSError):
                root.rmdir()
                return


def _empty(folder: int) -> None:
    """Remove what is in a folder, as far as possible, and close it. Three descriptors will do for any depth."""
    here = folder
    names = [_remove_files(here)]
    above: list[tuple[str, os.stat_result]] = []
    try:
        while names[-1] or above:
            if names[-1]:
                name = names[-1].pop()
                with contextlib.suppress(OSError):
                    inner = _opened(name, here)
                    above.append((name, os.fstat(here)))
                    os.close(here)
                    here = inner
                    names.append(_remove_files(here))
            else:
                name, outer = above.pop()
                names.pop()
                inner, here = here, os.open("..", _FOLDER_FLAGS, dir_fd=here)
                os.close(inner)
                if not os.path.samestat(os.fstat(here), outer):
                    return  # it was moved: what is above now is not ours
                with contextlib.suppress(OSError):
                    os.rmdir(name, dir_fd=here)
    finally:
        os.close(here)


def _remove_files(folder: int) -> list[str]:
    """Remove what is in a folder but for the folders, whose names are returned."""
    names = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return names


def _opened(name: str, parent: int | None = None) -> int:
    """A folder opened by its name, with the permission to remove what is in it. Raises OSError."""
    try:
        folder = os.open(name, _FOLDER_FLAGS, dir_fd=parent)
    except PermissionError:
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
        folder = os.open(name, _FOLDER_FLAGS, dir_fd=parent)
    with contextlib.suppress(OSError):  # root needs no permission
        os.fchmod(folder, stat.S_IRWXU)
    return folder


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


def remove_dead_runs(base: Path | None = None) -> None:
    """Remove the folders that killed runs of this user left: those that are not locked. base: as `Workspace`'s parent."""
    base = base or Path(tempfile.gettempdir())
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


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:  # Python tries to write to each that it knows
        raise SandboxError(
            "no temporary folder can be written to: free some space, or set TMPDIR to a writable folder"
        ) from error


def _no_folder(error: OSError) -> SandboxError:
    return SandboxError(f"cannot make a private folder for the student's code: {error}")
