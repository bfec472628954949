"""Sees code that stops the count of instructions, or runs where nothing is counted, by Python's own audit events.

An audit hook cannot be removed. Code in another trace or profile function, in another audit hook or in another
interpreter is not traced, and no solution needs one. A forgotten profiler (cProfile) runs no Python of its own and is
let through. Whether code got hold of a frame is noted: a frame can be told not to be traced.
"""

from __future__ import annotations

import _lsprof
import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import library_code

_ALWAYS = frozenset({"sys.addaudithook", "cpython.PyInterpreterState_New"})
_TRACERS = frozenset({"sys.settrace"})
_PROFILERS = frozenset({"sys.setprofile", "sys.monitoring.register_callback"})
_FRAMES = frozenset(
    {"ctypes.dlsym", "gc.get_objects", "gc.get_referents", "gc.get_referrers", "sys._current_frames"}
    | {"sys._getframe"}
)
_FRAMES_OF = frozenset({"ag_frame", "cr_frame", "gi_frame", "tb_frame"})

COUNTING_TOOL = 4
"""The counter's own tool in sys.monitoring, from Python 3.12 on; a forgotten profiler or debugger has another."""

_PROFILER_TOOL = 2
"""sys.monitoring.PROFILER_ID, which cProfile takes from Python 3.12 on."""

_getframe, _getprofile = sys._getframe, sys.getprofile  # noqa: SLF001  it has no public name


class Watch:
    """What was seen while instructions were counted."""

    def __init__(self) -> None:
        self.is_seen = False
        self.has_new_profiler = False
        self.has_frames = False
        """Whether the student's code, or a library, took hold of frames, which can be told not to be traced."""
        self._profiler = _profiler()

    def look(self) -> None:
        """Judge the last change of the profiler, before the next one."""
        self.has_new_profiler = False
        before, self._profiler = self._profiler, _profiler()
        self.is_seen |= self._profiler == "other" or "cProfile" not in (before, self._profiler)

    def has_seen(self) -> bool:
        """Whether the count was stopped or passed by, now that the call has returned."""
        if self.has_new_profiler:
            self.look()
        return self.is_seen or _profiler() == "other" or _state.is_evaded


@dataclass(slots=True)
class _State:
    """What the audit hook knows."""

    watch: Watch | None = None
    is_own: bool = False
    """Whether the counter itself is at work."""
    is_evaded: bool = False
    """Whether the student's code made a place where nothing is traced."""


_state = _State()


def prepare() -> None:
    """Install the audit hook, before the fork; see changes of the counter's tool, for which there is no event."""
    sys.addaudithook(_on_event)
    if sys.version_info >= (3, 12):
        for name in ("free_tool_id", "set_events", "set_local_events"):
            setattr(sys.monitoring, name, _noticed(getattr(sys.monitoring, name)))


@contextlib.contextmanager
def watching() -> Iterator[Watch]:
    """Watch for it inside."""
    _state.watch = watch = Watch()
    try:
        yield watch
    finally:
        _state.watch = None


@contextlib.contextmanager
def own_changes() -> Iterator[None]:
    """The counter's own changes of how Python is traced, and its own looks at objects."""
    _state.is_own = True
    try:
        yield
    finally:
        _state.is_own = False


def _noticed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose use on the counter's tool is seen."""

    @functools.wraps(function)
    def noticed(tool: int, *arguments: Any) -> Any:
        if _state.watch is not None and tool == COUNTING_TOOL:
            _state.watch.is_seen = True
        return function(tool, *arguments)

    return noticed


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    watch = _state.watch
    if event in _ALWAYS:
        _state.is_evaded = True
    elif watch is None or _state.is_own:
        return
    elif event in _TRACERS:
        watch.is_seen = True
    elif event in _FRAMES or (event == "object.__getattr__" and arguments[1] in _FRAMES_OF):
        watch.has_frames = True
    elif event == "sys.setprofile" and _is_new_thread(_getframe(1).f_code):
        watch.is_seen |= _kind_of(threading.getprofile()) == "other"
    elif event in _PROFILERS:
        if watch.has_new_profiler:
            watch.look()
        watch.has_new_profiler = True


def _is_new_thread(code: CodeType) -> bool:
    """Whether it is threading's, which gives new threads a profile function."""
    return code.co_name in {"_bootstrap_inner", "_bootstrap"} and library_code.is_library(code)


def _profiler() -> str:
    """What profiles Python code in this thread: nothing of the student's, cProfile, or something else."""
    kind = _kind_of(_getprofile())
    if kind:
        return kind
    monitoring = getattr(sys, "monitoring", None)
    return "cProfile" if monitoring is not None and monitoring.get_tool(_PROFILER_TOOL) == "cProfile" else ""


def _kind_of(function: object) -> str:
    """Nothing for no profile function, or one of the worker's own."""
    if isinstance(function, _lsprof.Profiler):
        return "cProfile"
    is_own = isinstance(function, FunctionType) and library_code.is_library(function.__code__)
    return "" if function is None or is_own else "other"
