"""Threads that the student's code starts, by whatever function, are traced as its first one is.

Before Python 3.12 each thread has a trace function of its own; threading.settrace gives one to most, and can be undone.
"""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import tampering

TraceFunction = Callable[[FrameType, str, Any], Any]

_start, _settrace = _thread.start_new_thread, sys.settrace
_tracers: list[TraceFunction] = []


def prepare() -> None:
    """Have all threads start through here."""
    for module in (_thread, threading):
        for name in ("start_new", "start_new_thread", "_start_new_thread"):
            if hasattr(module, name):
                setattr(module, name, _start_traced)


def trace_all(tracer: TraceFunction | None) -> None:
    """Trace the threads that are started from now on, or no longer."""
    _tracers[:] = [] if tracer is None else [tracer]


def _start_traced(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> int:
    if not _tracers:
        return _start(function, args, {} if kwargs is None else dict(kwargs))
    return _start(_run, (_tracers[0], function, args, kwargs or {}))


def _run(tracer: TraceFunction, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    with tampering.own_changes():
        _settrace(tracer)
    function(*args, **kwargs)
