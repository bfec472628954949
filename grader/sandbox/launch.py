"""Chooses how workers start: forked from a zygote, or one by one."""

from __future__ import annotations

import sys
from typing import Literal

from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.launcher import Launcher
from grader.sandbox.single_launcher import SingleLauncher

StartMethod = Literal["fork", "single"]


def default_start_method() -> StartMethod:
    """Fork on Linux, single elsewhere: torch does not survive a fork on macOS, and Windows has no fork."""
    return "fork" if sys.platform == "linux" else "single"


def make_launcher(start_method: StartMethod | None = None, *, with_torch: bool = True) -> Launcher:
    """A launcher of the given kind; it begins to import NumPy, and torch if wanted, at once, in the background."""
    method = start_method or default_start_method()
    return (ForkLauncher if method == "fork" else SingleLauncher)(with_torch=with_torch)
