"""Stops an instructor's code that never ends. What students write has a process of its own, and needs nothing of this."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


class OutOfTime(BaseException):
    """Raised where the code is when its time is up; no Exception, so that `except Exception` lets it pass; a bare except does not."""


def within(seconds: float, action: Callable[[], _Result]) -> _Result:
    """The action's result. OutOfTime if it takes longer, as soon as Python gets the turn: a call into C is waited for."""
    thread, lock = threading.get_ident(), threading.Lock()
    is_over = is_stopped = False

    def stop() -> None:
        nonlocal is_stopped
        with lock:
            if not is_over:
                is_stopped = True
                # One that is taken back with None instead would keep this thread's flag up for good: it runs slower
                # from then on, and without end as soon as it is profiled (CPython 3.11).
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread), ctypes.py_object(OutOfTime)
                )

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        result = action()
    finally:
        with lock:
            is_over = True
        timer.cancel()
        timer.join()
    if is_stopped:  # in the last moment, or the action swallowed it
        for _ in range(_TURNS):
            pass  # one that is due is raised here, and not later elsewhere
        raise OutOfTime
    return result


_TURNS = 1000
"""Python looks for what is due at each of them."""
