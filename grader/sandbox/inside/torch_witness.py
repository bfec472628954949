"""Torch's witnesses: they note the restricted operators that run, in whichever thread, while they run.

In every call, kernels of ours before those of torch's losses and an autograd engine of ours note each use. In a traced
call, torch's own execution trace lists all operators besides. They are in C++ or cost nothing until something restricted
runs, so they change no values and leave nothing in Python that tells a traced call from another.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch._C._autograd
import torch._C._profiler
from torch._ops import OpOverload
from torch.autograd import Variable

import wire
import witness

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

_add_trace = _C._profiler._add_execution_trace_observer  # noqa: SLF001
_start_trace = _C._profiler._enable_execution_trace_observer  # noqa: SLF001
_stop_trace = _C._profiler._disable_execution_trace_observer  # noqa: SLF001
_remove_trace = _C._profiler._remove_execution_trace_observer  # noqa: SLF001
_redispatch = _C._DispatchOperatorHandle.redispatch_boxed  # noqa: SLF001

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


def install() -> None:
    """Put the kernels and the engine in their places, for all workers at once, before the fork."""
    _C._get_operation_overload = _guarding(_C._get_operation_overload)  # noqa: SLF001
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name in _LOSSES:
        packet = getattr(_ATEN, name, None)
        for overload in () if packet is None else packet.overloads():
            _hook(library, getattr(packet, overload))
    _KEPT.append(library)  # the kernels last as long as it does
    Variable._execution_engine = _Engine()  # noqa: SLF001
    _C._ImperativeEngine = _Engine  # type: ignore[misc]  # noqa: SLF001
    vars(torch._VF)["_make_dual"] = witness.noting(torch._VF._make_dual, "aten::_make_dual")  # noqa: SLF001
    for owner_name, owner, names in _SWITCHES:
        for name in names:
            if hasattr(owner, name):
                setattr(owner, name, witness.guarded(getattr(owner, name), f"{owner_name}.{name}"))
    for module in filter(None, map(sys.modules.get, witness.IN_PYTHON)):
        for name in set(vars(module)) & {*_LOSSES, *(f"_{each}" for each in _LOSSES)}:
            setattr(module, name, witness.noting(getattr(module, name), f"aten::{name.lstrip('_')}"))
    for table in getattr(sys.modules.get("torch._decomp"), "global_decomposition_table", {}).values():
        for operator in [each for each in table if each.name().partition(".")[0] in _NAMES]:
            table[operator] = witness.noting(table[operator], operator.name().partition(".")[0])


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
        witness.note(name)
        if is_composed:
            return by_key(composed, *args, **kwargs)
        return _redispatch(handle, keys & below, *args, **kwargs)

    for key in ("BackendSelect", "AutogradCPU", "AutogradCUDA") if is_composed else ("BackendSelect",):
        library.impl(operator, run, key, with_keyset=True)
    # Torch has looked up some of its operators already.
    operator._op_dk = witness.guarded(by_key, f"torch.ops.{name.replace('::', '.')}._op_dk")  # noqa: SLF001


class _Engine(_C._ImperativeEngine):  # noqa: SLF001
    """Torch's autograd engine, with a note of each backward pass."""

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        witness.note(wire.AUTOGRAD_RAN)
        return super().run_backward(*args, **kwargs)


def _guarding(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """What finds an operator's overload, with a guard before the way to its kernels."""

    def resolved(name: str, overload: str) -> Any:
        found = resolve(name, overload)
        if not found or name not in _NAMES:
            return found
        operator, by_key, *others = found
        return operator, witness.guarded(by_key, f"torch.ops.{name.replace('::', '.')}._op_dk"), *others

    return resolved


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


class Trace(witness.Trace):  # type: ignore[misc]
    """Torch's own execution trace, which lists the operators of all threads."""

    def is_able(self) -> bool:
        """Whether it reaches a pipe here."""
        if os.name != "posix":
            return False
        reading, writing = os.pipe()
        try:
            with self.listing(writing):
                self.sing(wire.CANARIES[0])
            os.set_blocking(reading, False)
            return f'"aten::{wire.CANARIES[0]}"'.encode() in os.read(reading, 1 << 16)
        except OSError:
            return False
        finally:
            os.close(reading)
            os.close(writing)

    @contextlib.contextmanager
    def listing(self, descriptor: int) -> Iterator[None]:
        """List every operator that runs inside in the pipe."""
        folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
        is_on = _add_trace(f"{folder}/{descriptor}")
        try:
            if is_on:
                _start_trace()
            yield
        finally:
            if is_on:
                _stop_trace()
                _remove_trace()

    def sing(self, name: str) -> None:
        """Run a harmless operator. The student's code may have left a mode that refuses it."""
        with contextlib.suppress(Exception):
            getattr(_ATEN, name)(_ROW)

    def lose(self, name: str) -> None:
        """Run a loss, to show that the kernel of ours still stands before it."""
        with contextlib.suppress(Exception):
            getattr(_ATEN, name)(*_GIVEN[name])
