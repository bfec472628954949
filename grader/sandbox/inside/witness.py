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
    *("binary_cross_entropy", "binary_cross_entropy_backward", "binary_cross_entropy_with_logits"),
    *("cross_entropy_loss", "hinge_embedding_loss", "kl_div", "linear_cross_entropy", "margin_ranking_loss"),
    *("multi_margin_loss", "multi_margin_loss_backward", "multilabel_margin_loss", "nll_loss", "nll_loss2d"),
    *("multilabel_margin_loss_backward", "multilabel_margin_loss_forward", "nll_loss2d_backward"),
    *("nll_loss2d_forward", "nll_loss_backward", "nll_loss_forward", "soft_margin_loss"),
    *("soft_margin_loss_backward", "triplet_margin_loss"),
)

_NAMES = frozenset(f"aten::{name}" for name in _LOSSES)

_IN_PYTHON = ("torch._decomp.decompositions", "torch._refs.nn.functional")
"""Where torch has its losses once more, in Python: since 2.6 or so always loaded, before that when asked for."""

_add_trace = _C._profiler._add_execution_trace_observer  # noqa: SLF001
_start_trace = _C._profiler._enable_execution_trace_observer  # noqa: SLF001
_stop_trace = _C._profiler._disable_execution_trace_observer  # noqa: SLF001
_remove_trace = _C._profiler._remove_execution_trace_observer  # noqa: SLF001
_redispatch = _C._DispatchOperatorHandle.redispatch_boxed  # noqa: SLF001
_write, _status = os.write, os.fstat

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
            *("_dispatch_get_computed_kernel_for_dispatch_key", "_dispatch_library"),
            *("_dispatch_tls_set_dispatch_key_excluded", "_dispatch_tls_set_dispatch_key_included"),
        ),
    ),
    ("torch._C._DispatchModule", getattr(_C, "_DispatchModule", None), ("fallback", "impl")),
)
"""What turns a witness off, or reaches a kernel without passing one; a torch may lack some."""


class _Line:
    """The worker's end of the pipe."""

    descriptor = -1
    identity = (-1, -1)
    """Device and number of the pipe, should the descriptor be turned to something else for a while."""
    late: list[str] = []  # noqa: RUF012  one line for a process
    """Notes that could not be written yet."""
    is_able = False
    is_profiling = False
    not_loaded: frozenset[str] = frozenset()
    """Modules of torch with losses in Python that the first import of torch did not load."""


def _identity(descriptor: int) -> tuple[int, int]:
    status = _status(descriptor)
    return status.st_dev, status.st_ino


def _note(name: str) -> None:
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
        _note(name)


def install() -> None:
    """Set up the witnesses for all workers at once, before the fork, and see whether torch's trace works here."""
    _C._get_operation_overload = _guarding(_C._get_operation_overload)  # noqa: SLF001
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name in _LOSSES:
        packet = getattr(_ATEN, name, None)
        for overload in () if packet is None else packet.overloads():
            _hook(library, getattr(packet, overload))
    _KEPT.append(library)  # the kernels last as long as it does
    Variable._execution_engine = _Engine()  # noqa: SLF001
    _C._ImperativeEngine = _Engine  # type: ignore[misc]  # noqa: SLF001
    vars(torch._VF)["_make_dual"] = _noting(torch._VF._make_dual, "aten::_make_dual")  # noqa: SLF001
    for owner_name, owner, names in _SWITCHES:
        for name in names:
            if hasattr(owner, name):
                setattr(owner, name, _guarded(getattr(owner, name), f"{owner_name}.{name}"))
    for module in filter(None, map(sys.modules.get, _IN_PYTHON)):
        for name in set(vars(module)) & {*_LOSSES, *(f"_{each}" for each in _LOSSES)}:
            setattr(module, name, _noting(getattr(module, name), f"aten::{name.lstrip('_')}"))
    for table in getattr(sys.modules.get("torch._decomp"), "global_decomposition_table", {}).values():
        for operator in [each for each in table if each.name().partition(".")[0] in _NAMES]:
            table[operator] = _noting(table[operator], operator.name().partition(".")[0])
    _Line.not_loaded = frozenset(_IN_PYTHON) - sys.modules.keys()
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
    # Torch has looked up some of its operators already.
    operator._op_dk = _guarded(by_key, f"torch.ops.{name.replace('::', '.')}._op_dk")  # noqa: SLF001


class _Engine(_C._ImperativeEngine):  # noqa: SLF001
    """Torch's autograd engine, with a note of each backward pass."""

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        _note(wire.AUTOGRAD_RAN)
        return super().run_backward(*args, **kwargs)


def _noting(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        _note(name)
        return original(*args, **kwargs)

    return noted


def noting_calls(original: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the student's that another one should not call, with a note of each call."""
    return _noting(original, f"{wire.CALLED} {original.__name__}")


def _guarding(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """What finds an operator's overload, with a guard before the way to its kernels."""

    def resolved(name: str, overload: str) -> Any:
        found = resolve(name, overload)
        if not found or name not in _NAMES:
            return found
        operator, by_key, *others = found
        return operator, _guarded(by_key, f"torch.ops.{name.replace('::', '.')}._op_dk"), *others

    return resolved


def _guarded(original: Callable[..., Any], label: str) -> Callable[..., Any]:
    """The function, with a note where the student's code calls it, by itself or through a facade."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        if _is_by_student(sys._getframe(1)):  # noqa: SLF001
            _note(f"{wire.WITNESS_OFF} {label}")
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
    is_library = isinstance(module, str) and (
        module.partition(".")[0] in wire.LIBRARIES or module in _IN_PYTHON
    )
    if is_library and name != "<module>":
        is_first = caller is None or caller.f_code.co_filename.replace("\\", "/").endswith(_STARTERS)
        if is_first or _is_by_student(caller):
            _note(f"{module}.{name}".replace("<", "").replace(">", ""))


_STARTERS = ("/threading.py", "/concurrent/futures/thread.py")
"""Modules that call what the student's code handed to a thread."""


@contextlib.contextmanager
def _profiling() -> Iterator[None]:
    """Note calls of libraries inside, if one is loaded."""
    if wire.LIBRARIES.union(_Line.not_loaded).isdisjoint(sys.modules):
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
        _note(wire.TRACE_WORKS)


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
    with _listing():
        _sing(canaries["first"])
        with _profiling():
            yield
        _sing(canaries["last"])
    _note(f"{wire.TRACE_ENDS} {end}")
    for name in ("nll_loss_forward", canaries["loss"]):
        with contextlib.suppress(Exception):
            getattr(_ATEN, name)(*_GIVEN[name])


@contextlib.contextmanager
def _listing() -> Iterator[None]:
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    is_on = _add_trace(f"{folder}/{_Line.descriptor}")
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
        with _listing():
            _sing(wire.CANARIES[0])
        os.set_blocking(reading, False)
        return f'"aten::{wire.CANARIES[0]}"'.encode() in os.read(reading, 1 << 16)
    except OSError:
        return False
    finally:
        _Line.descriptor = -1
        os.close(reading)
        os.close(writing)
