"""Ctrl-C and the like, so that none is lost.

Python raises KeyboardInterrupt wherever the main thread happens to be. Some libraries swallow what is raised inside
them (pydantic's compiled core does, within isinstance), and the run would go on as if nobody had asked it to stop. So
the request is kept, and looked at before each call of a student's function.
"""

from __future__ import annotations

import signal
import types
from typing import NoReturn

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class _Request:
    """Whether somebody asked this process to stop."""

    is_made = False


def catch() -> None:
    """Turn Ctrl-C, SIGTERM and SIGHUP into KeyboardInterrupt from now on: the way to leave nothing behind."""
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _handle)


def check() -> None:
    """Raise the KeyboardInterrupt that was asked for, if a library has swallowed it."""
    if _Request.is_made:
        raise KeyboardInterrupt


def _handle(_: int, __: types.FrameType | None) -> NoReturn:
    _Request.is_made = True
    raise KeyboardInterrupt
