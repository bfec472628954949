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


class _Early:
    """The launcher that was started before it was asked for."""

    launcher: Launcher | None = None


def start_early(*, with_torch: bool) -> None:
    """Make the launcher that the next `make_launcher` with the same terms will return. `end_early` must follow."""
    _Early.launcher = make_launcher(with_torch=with_torch)


def end_early() -> None:
    """Close the launcher that was started early, if it was not asked for."""
    early, _Early.launcher = _Early.launcher, None
    if early is not None:
        early.close()


def make_launcher(start_method: StartMethod | None = None, *, with_torch: bool = True) -> Launcher:
    """A launcher of the given kind; it begins to import NumPy, and torch if wanted, at once, in the background."""
    early = _Early.launcher
    if early is not None and start_method is None and early.has_torch == with_torch:
        _Early.launcher = None
        return early
    end_early()
    method = start_method or default_start_method()
    return (ForkLauncher if method == "fork" else SingleLauncher)(with_torch=with_torch)
