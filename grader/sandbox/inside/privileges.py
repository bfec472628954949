"""Takes a worker's privileges away: root's, those it could gain, and life after its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

import linux

_READ_ANYTHING = 1 << 2
"""CAP_DAC_READ_SEARCH: open for reading whatever the mode of a file or folder says."""


def die_with_parent(parent: int | None = None) -> None:
    """Ask Linux for SIGKILL when the parent ends; on other systems the closed socket ends the process.

    Call it again after each change of user, because Linux forgets it then. parent: its process id from before
    the fork; if it has ended already, the process ends here.
    """
    with contextlib.suppress(OSError):
        linux.control_process(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and sys.platform == "linux" and os.getppid() != parent:
        os._exit(1)


def gain_none() -> bool:
    """Give up every way to gain rights (set-user-id programs and the like) for good; whether that worked."""
    try:
        linux.control_process(linux.PR_SET_NO_NEW_PRIVS, 1)
    except OSError:
        return False
    return True


def become(user: int | None, *, may_read_anything: bool) -> bool:
    """Become an unprivileged user; whether this process now has no privileges.

    Args:
        user: the id to take for user and group, if this process is root's; None to stay.
        may_read_anything: keep the right to read files whatever their modes. An interpreter in root's own folder
            needs it; Landlock still decides which files are opened at all.

    """
    rights = _READ_ANYTHING if may_read_anything and user is not None else 0
    try:
        if user is not None:
            if rights:
                linux.control_process(linux.PR_SET_KEEPCAPS, 1)
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        linux.set_capabilities(rights)
        linux.control_process(linux.PR_SET_DUMPABLE, 0)  # no other process of the user sees its memory
    except OSError:
        return False
    return os.geteuid() != 0
