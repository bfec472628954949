"""Remembers Ctrl-C and the like, because a library may swallow the exception.

Python raises KeyboardInterrupt in whatever code the main thread is running. Some libraries swallow it
(pydantic's compiled core does, in isinstance), and the run would go on as if nothing had happened. So the
request is remembered, and checked before each call of a student's function.
"""

from __future__ import annotations

import math
import signal
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager

_SAME_SECONDS = 1.0
"""A terminal that closes sends SIGHUP twice, and people press Ctrl-C twice. The second must not break off the cleaning up."""


class _Request:
    """Whether this process was asked to stop."""

    is_made = False
    made_at = -math.inf
    is_deferred = False


def catch() -> None:
    """Turn Ctrl-C, SIGTERM and SIGHUP into KeyboardInterrupt from now on, so that everything is undone."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _handle)


def check() -> None:
    """Raise KeyboardInterrupt if one was swallowed."""
    if _Request.is_made:
        raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[None]:
    """Raise a request that comes meanwhile at the end: what is being written, started or ended is finished first."""
    was_deferred, _Request.is_deferred = _Request.is_deferred, True
    is_late = _Request.is_made
    try:
        yield
    finally:
        _Request.is_deferred = was_deferred
    if not is_late and not was_deferred:
        check()


def _handle(_: int, __: types.FrameType | None) -> None:
    now = time.monotonic()
    if now - _Request.made_at < _SAME_SECONDS:
        return
    _Request.is_made, _Request.made_at = True, now
    if not _Request.is_deferred:
        raise KeyboardInterrupt
