"""Whose rights a worker has: none of root's, none that it could gain, and death with its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

import linux

_READ_ANYTHING = 1 << 2
"""CAP_DAC_READ_SEARCH: open for reading whatever the mode of a file or folder says."""


def die_with_parent(parent: int | None = None) -> None:
    """Ask Linux for SIGKILL when the parent is gone; elsewhere the closed socket ends the process.

    parent: its process id from before the fork; where it is gone already, the process ends here.
    To be called again after each change of user: Linux forgets it then.
    """
    with contextlib.suppress(OSError):
        linux.control_process(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and sys.platform == "linux" and os.getppid() != parent:
        os._exit(1)


def gain_none() -> bool:
    """Give up for good every way to more rights (set-user-id programs and the like); whether it could be done."""
    try:
        linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
    except OSError:
        return False
    return True


def become(user: int | None, *, may_read_anything: bool) -> bool:
    """Become an unprivileged user; whether this process now has no privilege.

    user: the id to take, for user and group, when this process is root's; None keeps it.
    may_read_anything: keep the one right to read whatever the modes of files say. It is needed where the
        interpreter lies in root's own folder, and given only under Landlock, which still says what is opened at all.
    """
    kept = _READ_ANYTHING if may_read_anything and user is not None else 0
    try:
        if user is not None:
            if kept:
                linux.control_process(linux.PR_SET_KEEPCAPS, 1)
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        linux.set_capabilities(kept)
        linux.control_process(linux.PR_SET_DUMPABLE, 0)  # nobody of the same user looks into its memory
    except OSError:
        return False
    return os.geteuid() != 0
