"""Tells the judge which restricted operators and libraries run in this process, in whichever thread, while they run.

What the witnesses write into a pipe that the judge reads cannot be taken back. Those of torch (torch_witness) are there in
a process that has torch. Calls of other libraries that are loaded are noted in traced calls, in any process. Ways of
passing a witness by are notes as well, if the student's code takes them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import packing
import wire

IN_PYTHON = ("torch._decomp.decompositions", "torch._refs.nn.functional")
"""Where torch has its losses once more, in Python: since 2.6 or so always loaded, before that when asked for."""

_write, _status = os.write, os.fstat

_FACADES = (
    "/ctypes/__init__.py",
    "/torch/_ops.py",
    "/torch/library.py",
    "/torch/autograd/__init__.py",
    "/torch/profiler/profiler.py",
)
"""Modules of torch whose functions only hand on what they were asked for."""


class _Line:
    """The worker's end of the pipe."""

    descriptor = -1
    identity = (-1, -1)
    """Device and number of the pipe, should the descriptor be turned to something else for a while."""
    late: list[str] = []  # noqa: RUF012  one line for a process
    """Notes that could not be written yet."""
    trace: Trace
    is_able = False
    is_profiling = False
    not_loaded: frozenset[str] = frozenset()
    """Modules of torch with losses in Python that the first import of torch did not load."""


class Trace:
    """Of a traced call in a process without torch: the canaries alone, which show that the pipe leads to the judge."""

    def is_able(self) -> bool:
        """Whether it reaches a pipe here."""
        return os.name == "posix"

    def listing(self, descriptor: int) -> contextlib.AbstractContextManager[None]:
        """List every operator that runs inside in the pipe."""
        del descriptor
        return contextlib.nullcontext()

    def sing(self, name: str) -> None:
        """Run a harmless operator."""
        note(f"aten::{name}")

    def lose(self, name: str) -> None:
        """Run a loss."""
        note(f"aten::{name}")


def install(trace: Trace) -> None:
    """Set up the witnesses for all workers at once, before the fork."""
    _Line.not_loaded = frozenset(IN_PYTHON) - sys.modules.keys()
    sys.addaudithook(_hear)
    _Line.trace, _Line.is_able = trace, trace.is_able()


def _identity(descriptor: int) -> tuple[int, int]:
    status = _status(descriptor)
    return status.st_dev, status.st_ino


def note(name: str) -> None:
    """Write a note at once, or as soon as the descriptor leads to the judge again."""
    if _Line.descriptor < 0:
        return
    with contextlib.suppress(OSError):
        if _identity(_Line.descriptor) == _Line.identity:
            _write(_Line.descriptor, f"\n{wire.NOTE}{name}\n".encode())
            return
    _Line.late.append(name)


def deliver() -> None:
    """Write the notes that could not be written before."""
    late, _Line.late = _Line.late, []
    for name in late:
        note(name)


def noting(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, with a note of each call."""

    def noted(*args: Any, **kwargs: Any) -> Any:
        note(name)
        return original(*args, **kwargs)

    return noted


def noting_calls(original: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the student's that another one should not call, with a note of each call."""
    return noting(original, f"{wire.CALLED} {original.__name__}")


def guarded(original: Callable[..., Any], label: str) -> Callable[..., Any]:
    """The function, with a note where the student's code calls it, by itself or through a facade."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        if _is_by_student(sys._getframe(1)):  # noqa: SLF001
            note(f"{wire.WITNESS_OFF} {label}")
        return original(*args, **kwargs)

    return guarded


def _is_by_student(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename.replace("\\", "/").endswith(_FACADES):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(packing.CHUNK_FILE)


_REACHING = frozenset(
    {"gc.get_objects", "gc.get_referents", "gc.get_referrers", "sys._current_frames"}
    | {"ctypes.addressof", "ctypes.cdata", "ctypes.dlopen", "ctypes.dlsym", "ctypes.string_at"}
)
"""Events of the interpreter's own record, which nothing can leave: reaching for objects that were not given."""


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Note when the student's code looks for a witness, or changes a function's code."""
    is_change = event == "object.__setattr__" and arguments[1] == "__code__"
    is_off = event == "sys.setprofile" and _Line.is_profiling
    if (event in _REACHING or is_change or is_off) and _is_by_student(sys._getframe(1)):  # noqa: SLF001
        note(f"{wire.WITNESS_OFF} {'a change of __code__' if is_change else event}")


def _profile(frame: FrameType, event: str, argument: Any) -> None:
    """Note each function of a library that the student's code calls."""
    if event == "call":
        module, name = frame.f_globals.get("__name__"), frame.f_code.co_qualname
        caller = frame.f_back
    elif event == "c_call":
        module, name = getattr(argument, "__module__", None), getattr(argument, "__qualname__", "")
        caller = frame
    else:
        return
    is_library = isinstance(module, str) and (
        module.partition(".")[0] in wire.LIBRARIES or module in IN_PYTHON
    )
    if is_library and name != "<module>":
        is_first = caller is None or caller.f_code.co_filename.replace("\\", "/").endswith(_STARTERS)
        if is_first or _is_by_student(caller):
            note(f"{module}.{name}".replace("<", "").replace(">", ""))


_STARTERS = ("/threading.py", "/concurrent/futures/thread.py")
"""Modules that call what the student's code handed to a thread."""


@contextlib.contextmanager
def _profiling() -> Iterator[None]:
    """Note calls of libraries inside, if one is loaded."""
    # Asked this way round: a look at every name in there would copy the old memory that the names lie in.
    if sys.modules.keys().isdisjoint(wire.LIBRARIES | _Line.not_loaded):
        yield
        return
    before, before_in_threads = sys.getprofile(), threading.getprofile()
    sys.setprofile(_profile)
    threading.setprofile(_profile)
    _Line.is_profiling = True
    try:
        yield
    finally:
        _Line.is_profiling = False
        threading.setprofile(before_in_threads)
        sys.setprofile(before)


def connect(descriptor: int) -> None:
    """Write to this pipe from now on; the first note is made before any of the student's code runs."""
    _Line.descriptor, _Line.identity = descriptor, _identity(descriptor)
    if _Line.is_able:
        note(wire.TRACE_WORKS)


@contextlib.contextmanager
def tracing(canaries: Mapping[str, str], end: str) -> Iterator[None]:
    """List every operator that runs inside, with the judge's canaries first and last.

    Behind the end's own note, losses that the judge chose show whether the kernels of ours still stand there.
    """
    trace = _Line.trace
    with trace.listing(_Line.descriptor):
        trace.sing(canaries["first"])
        with _profiling():
            yield
        trace.sing(canaries["last"])
    note(f"{wire.TRACE_ENDS} {end}")
    for name in ("nll_loss_forward", canaries["loss"]):
        trace.lose(name)
