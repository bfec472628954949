"""Tells the judge which restricted operators run in this process, in whichever thread, while they run.

Two witnesses write into a pipe that the judge reads, and what they wrote cannot be taken back. In every call, kernels
of ours before those of torch's losses and an autograd engine of ours note each use. In a traced call, torch's own
execution trace lists all operators besides. They are in C++ or cost nothing until something restricted runs, so they
change no values and leave nothing in Python that tells a traced call from another. Calls of libraries that are loaded
are noted in traced calls. Ways of passing a witness by are notes as well, if the student's code takes them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import torch
import torch._C._autograd
import torch._C._profiler
from torch._ops import OpOverload
from torch.autograd import Variable

import packing
import wire

_C = torch._C  # noqa: SLF001  dispatcher, profiler and engine have no public names
_ATEN = torch.ops.aten

_LOSSES = (
    *(
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "cross_entropy_loss",
        "hinge_embedding_loss",
    ),
    *("kl_div", "linear_cross_entropy", "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss"),
    *("multilabel_margin_loss_forward", "nll_loss", "nll_loss2d", "nll_loss2d_forward", "nll_loss_forward"),
    *(
        "soft_margin_loss",
        "triplet_margin_loss",
        "binary_cross_entropy_backward",
        "multi_margin_loss_backward",
    ),
    *(
        "multilabel_margin_loss_backward",
        "nll_loss2d_backward",
        "nll_loss_backward",
        "soft_margin_loss_backward",
    ),
)

_add_trace = _C._profiler._add_execution_trace_observer  # noqa: SLF001
_start_trace = _C._profiler._enable_execution_trace_observer  # noqa: SLF001
_stop_trace = _C._profiler._disable_execution_trace_observer  # noqa: SLF001
_remove_trace = _C._profiler._remove_execution_trace_observer  # noqa: SLF001
_redispatch = _C._DispatchOperatorHandle.redispatch_boxed  # noqa: SLF001

_FACADES = (
    "/ctypes/__init__.py",
    "/torch/_ops.py",
    "/torch/library.py",
    "/torch/autograd/__init__.py",
    "/torch/profiler/profiler.py",
)
"""Modules of torch whose functions only hand on what they were asked for."""

_OBSERVER = (
    "_add_execution_trace_observer",
    "_disable_execution_trace_observer",
    "_enable_execution_trace_observer",
    "_remove_execution_trace_observer",
)
_SWITCHES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("torch._C._autograd", _C._autograd, ("_clear_callbacks", "_enable_record_function")),  # noqa: SLF001
    ("torch.autograd", torch.autograd, ("_enable_record_function",)),
    ("torch._C._profiler", _C._profiler, _OBSERVER),  # noqa: SLF001
    ("torch.profiler.profiler", torch.profiler.profiler, _OBSERVER),
    ("torch._C._DispatchOperatorHandle", _C._DispatchOperatorHandle, ("redispatch_boxed",)),  # noqa: SLF001
    (
        "torch._C",
        _C,
        (
            *("_ExcludeDispatchKeyGuard", "_ForceDispatchKeyGuard", "_SetExcludeDispatchKeyGuard"),
            *(
                "_dispatch_get_computed_kernel_for_dispatch_key",
                "_dispatch_library",
                "_get_operation_overload",
            ),
            *("_dispatch_tls_set_dispatch_key_excluded", "_dispatch_tls_set_dispatch_key_included"),
        ),
    ),
)
"""What turns a witness off, or reaches a kernel without passing one; a torch may lack some."""


class _Line:
    """The worker's end of the pipe."""

    write: Callable[[bytes], Any] | None = None
    path = ""
    is_able = False
    is_profiling = False


def _note(name: str) -> None:
    """Write a note at once; nothing if there is no pipe, or the student's code has closed it."""
    if _Line.write is not None:
        with contextlib.suppress(OSError):
            _Line.write(f"\n{wire.NOTE}{name}\n".encode())


def install() -> None:
    """Set up the witnesses for all workers at once, before the fork, and see whether torch's trace works here."""
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name in _LOSSES:
        packet = getattr(_ATEN, name, None)
        for overload in () if packet is None else packet.overloads():
            _hook(library, getattr(packet, overload))
    _KEPT.append(library)  # the kernels last as long as it does
    Variable._execution_engine = _Engine()  # noqa: SLF001
    _C._ImperativeEngine = _Engine  # type: ignore[misc]  # noqa: SLF001
    for owner_name, owner, names in _SWITCHES:
        for name in names:
            if hasattr(owner, name):
                _guard(owner, name, f"{owner_name}.{name}")
    sys.addaudithook(_hear)
    _Line.is_able = _can_trace()


_KEPT: list[Any] = []


def _hook(library: Any, operator: OpOverload) -> None:
    """Note each use of the operator, then run it as if nothing stood before it.

    One that torch composes of others is met where it would be taken apart, else it is met just before its backend.
    """
    name = operator._schema.name  # noqa: SLF001
    full_name = str(operator.name())  # type: ignore[no-untyped-call]
    is_composed = _C._dispatch_has_kernel_for_dispatch_key(full_name, "CompositeImplicitAutograd")  # noqa: SLF001
    below = _C._dispatch_keyset_full_after(_C.DispatchKey.BackendSelect)  # noqa: SLF001
    handle, by_key = operator._handle, operator._op_dk  # noqa: SLF001
    composed = _C.DispatchKey.CompositeImplicitAutograd

    def run(keys: Any, *args: Any, **kwargs: Any) -> Any:
        _note(name)
        if is_composed:
            return by_key(composed, *args, **kwargs)
        return _redispatch(handle, keys & below, *args, **kwargs)

    for key in ("BackendSelect", "AutogradCPU", "AutogradCUDA") if is_composed else ("BackendSelect",):
        library.impl(operator, run, key, with_keyset=True)
    _guard(operator, "_op_dk", f"torch.ops.{name.replace('::', '.')}._op_dk")


class _Engine(_C._ImperativeEngine):  # noqa: SLF001
    """Torch's autograd engine, with a note of each backward pass."""

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        _note(wire.AUTOGRAD_RAN)
        return super().run_backward(*args, **kwargs)


def _guard(owner: Any, name: str, label: str) -> None:
    """Note when the student's code calls this, by itself or through a facade."""
    original = getattr(owner, name)

    def guarded(*args: Any, **kwargs: Any) -> Any:
        if _is_by_student(sys._getframe(1)):  # noqa: SLF001
            _note(f"{wire.WITNESS_OFF} {label}")
        return original(*args, **kwargs)

    setattr(owner, name, guarded)


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
        _note(f"{wire.WITNESS_OFF} {'a change of __code__' if is_change else event}")


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
    if isinstance(module, str) and module.partition(".")[0] in wire.LIBRARIES and name != "<module>":
        is_first = caller is None or caller.f_code.co_filename.replace("\\", "/").endswith(_STARTERS)
        if is_first or _is_by_student(caller):
            _note(f"{module}.{name}")


_STARTERS = ("/threading.py", "/concurrent/futures/thread.py")
"""Modules that call what the student's code handed to a thread."""


@contextlib.contextmanager
def _profiling() -> Iterator[None]:
    """Note calls of libraries inside, if one is loaded."""
    if wire.LIBRARIES.isdisjoint(sys.modules):
        yield
        return
    sys.setprofile(_profile)
    threading.setprofile(_profile)
    _Line.is_profiling = True
    try:
        yield
    finally:
        _Line.is_profiling = False
        threading.setprofile(None)
        sys.setprofile(None)


def connect(descriptor: int) -> None:
    """Write to this pipe from now on; the first note is made before any of the student's code runs."""
    _Line.path = f"/proc/self/fd/{descriptor}" if sys.platform == "linux" else f"/dev/fd/{descriptor}"
    _Line.write = _writer(descriptor)
    if _Line.is_able:
        _note(wire.TRACE_WORKS)


def _writer(descriptor: int, write: Callable[[int, bytes], int] = os.write) -> Callable[[bytes], int]:
    return lambda line: write(descriptor, line)


_ROW = torch.tensor([[0.25, 0.5]])
_LABEL = torch.tensor([1])
_GIVEN: Mapping[str, tuple[Any, ...]] = {
    "binary_cross_entropy": (_ROW, _ROW),
    "cross_entropy_loss": (_ROW, _LABEL),
    "hinge_embedding_loss": (_ROW, _ROW),
    "kl_div": (_ROW, _ROW),
    "multi_margin_loss": (_ROW, _LABEL),
    "nll_loss_forward": (_ROW, _LABEL, None, 1, -100),
    "soft_margin_loss": (_ROW, _ROW),
}


@contextlib.contextmanager
def tracing(canaries: Mapping[str, str], end: str) -> Iterator[None]:
    """List every operator that runs inside, with the judge's canaries first and last.

    Behind the end's own note, losses that the judge chose show whether the kernels of ours still stand there.
    """
    with _listing(_Line.path):
        _sing(canaries["first"])
        with _profiling():
            yield
        _sing(canaries["last"])
    _note(f"{wire.TRACE_ENDS} {end}")
    for name in ("nll_loss_forward", canaries["loss"]):
        with contextlib.suppress(Exception):
            getattr(_ATEN, name)(*_GIVEN[name])


@contextlib.contextmanager
def _listing(path: str) -> Iterator[None]:
    is_on = _add_trace(path)
    try:
        if is_on:
            _start_trace()
        yield
    finally:
        if is_on:
            _stop_trace()
            _remove_trace()


def _sing(name: str) -> None:
    """Run a harmless operator. The student's code may have left a mode that refuses it."""
    with contextlib.suppress(Exception):
        getattr(_ATEN, name)(_ROW)


def _can_trace() -> bool:
    """Whether torch's trace reaches a pipe here."""
    if os.name != "posix":
        return False
    reading, writing = os.pipe()
    try:
        connect(writing)
        with _listing(_Line.path):
            _sing(wire.CANARIES[0])
        os.set_blocking(reading, False)
        return f'"aten::{wire.CANARIES[0]}"'.encode() in os.read(reading, 1 << 16)
    except OSError:
        return False
    finally:
        _Line.write = None
        os.close(reading)
        os.close(writing)
