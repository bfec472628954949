"""Stops an instructor's code that never ends. What students write has a process of its own, and needs nothing of this."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


class OutOfTime(BaseException):
    """Raised where the code is when its time is up; no Exception, so that no handler there swallows it."""


def within(seconds: float, action: Callable[[], _Result]) -> _Result:
    """The action's result. OutOfTime if it takes longer, as soon as Python gets the turn: a call into C is waited for."""
    thread, lock, is_over = threading.get_ident(), threading.Lock(), False

    def stop() -> None:
        with lock:
            if not is_over:
                _raise_in(thread, OutOfTime)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        return action()
    finally:
        with lock:
            is_over = True
            _raise_in(thread, None)  # one that is due and not raised yet would strike later
        timer.cancel()
        timer.join()


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    pending = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), pending)
