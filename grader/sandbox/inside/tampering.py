"""Sees code that stops the count of instructions, or runs where nothing is counted, by Python's own audit events.

An audit hook cannot be removed. Code in another trace or profile function, in another audit hook or in another
interpreter is not traced, and no solution needs one. A forgotten profiler (cProfile) runs no Python of its own and is
let through. Whether code got hold of a frame is noted: a frame can be told not to be traced.
"""

from __future__ import annotations

import _lsprof
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

_ALWAYS = frozenset({"sys.addaudithook", "cpython.PyInterpreterState_New"})
_TRACERS = frozenset({"sys.settrace"})
_PROFILERS = frozenset({"sys.setprofile", "sys.monitoring.register_callback"})
_FRAMES = frozenset(
    {"ctypes.dlsym", "gc.get_objects", "gc.get_referents", "gc.get_referrers", "object.__getattr__"}
    | {"sys._current_frames", "sys._getframe"}
)

_PROFILER_TOOL = 2
"""sys.monitoring.PROFILER_ID, which cProfile takes from Python 3.12 on."""

_getprofile = sys.getprofile


class Watch:
    """What was seen while instructions were counted."""

    def __init__(self) -> None:
        self.is_seen = False
        self.has_new_profiler = False
        self.has_frames = False
        """Whether the student's code, or a library, took hold of frames, which can be told not to be traced."""
        self._profiler = _profiler()

    def look(self) -> None:
        """Judge a change of the profiler, right after it."""
        self.has_new_profiler = False
        before, self._profiler = self._profiler, _profiler()
        self.is_seen |= self._profiler == "other" or "cProfile" not in (before, self._profiler)

    def has_seen(self) -> bool:
        """Whether the count was stopped or passed by, now that the call has returned."""
        if self.has_new_profiler:
            self.look()
        return self.is_seen or _profiler() == "other" or _always_seen


_always_seen = False
_watch: Watch | None = None
_is_own = False


def prepare() -> None:
    """Install the audit hook, before the fork."""
    sys.addaudithook(_on_event)


@contextlib.contextmanager
def watching() -> Iterator[Watch]:
    """Watch for it inside."""
    global _watch
    _watch = Watch()
    try:
        yield _watch
    finally:
        _watch = None


@contextlib.contextmanager
def own_changes() -> Iterator[None]:
    """The counter's own changes of how Python is traced, and its own looks at objects."""
    global _is_own
    _is_own = True
    try:
        yield
    finally:
        _is_own = False


def _on_event(event: str, _: tuple[Any, ...]) -> None:
    global _always_seen
    if event in _ALWAYS:
        _always_seen = True
    elif _watch is None or _is_own:
        return
    elif event in _TRACERS:
        _watch.is_seen = True
    elif event in _FRAMES:
        _watch.has_frames = True
    elif event in _PROFILERS:
        if _watch.has_new_profiler:
            _watch.look()
        _watch.has_new_profiler = True


def _profiler() -> str:
    """What profiles Python code now: nothing, cProfile, or something else."""
    function = _getprofile()
    if function is not None:
        return "cProfile" if isinstance(function, _lsprof.Profiler) else "other"
    monitoring = getattr(sys, "monitoring", None)
    return "cProfile" if monitoring is not None and monitoring.get_tool(_PROFILER_TOOL) == "cProfile" else ""
