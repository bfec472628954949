"""Runs code written for CUDA on the CPU: devices named cuda become the CPU.

Only submissions that mention CUDA run under the redirect, so the others pay nothing for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from time import perf_counter
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode

_CPU = torch.device("cpu")
_MOVES = frozenset({torch.Tensor.cuda, torch.Tensor.pin_memory, torch.Tensor.to})
_NAMES = frozenset({str, torch.device})


def _on_cpu(value: Any) -> Any:
    """The CPU for a CUDA device or type; anything else unchanged."""
    if isinstance(value, torch.device):
        return _CPU if value.type == "cuda" else value
    if isinstance(value, str) and value.startswith(("cuda", "torch.cuda.")):
        return "cpu" if value.startswith("cuda") else value.replace("torch.cuda.", "torch.", 1)
    return value


class CudaRedirect(TorchFunctionMode):
    """Rewrites the device arguments of every torch call made inside it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func` with CUDA devices replaced; a tensor moved to CUDA is already there."""
        if func in _MOVES:
            if func is not torch.Tensor.to:
                return args[0]
            if len(args) == 2 and type(args[1]) is int:
                return args[0]  # W.to(0): the first CUDA device
        # Most calls name no device, and the code is timed.
        if not _NAMES.isdisjoint(map(type, args)):
            args = tuple(map(_on_cpu, args))
        if not kwargs:
            return func(*args)
        kwargs = {name: _on_cpu(value) for name, value in kwargs.items() if name != "pin_memory"}
        if isinstance(kwargs.get("device"), int):
            kwargs["device"] = _CPU
        return func(*args, **kwargs)


def _does_nothing() -> Callable[..., None]:
    """A new function each time: torch.compile's tables refuse one object under two names."""

    def nothing(*_: Any, **__: Any) -> None:
        return None

    return nothing


class _Event:
    """Replaces torch.cuda.Event: times on the host, where the work is done."""

    _at = 0.0

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def record(self, *_: Any, **__: Any) -> None:
        self._at = perf_counter()

    def query(self) -> bool:
        return True

    def elapsed_time(self, end: _Event) -> float:
        return (end._at - self._at) * 1e3

    synchronize = wait = _does_nothing()


class _Stream:
    """Replaces torch.cuda.Stream: all work is done when the call returns."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def query(self) -> bool:
        return True

    def record_event(self, event: Any = None) -> Any:
        event = event or _Event()
        event.record()
        return event

    synchronize = wait_stream = wait_event = _does_nothing()


class _Generator(torch.Generator):
    """Replaces torch.Generator, whose constructor bypasses the mode above."""

    def __new__(cls, device: Any = "cpu") -> Self:
        return super().__new__(cls, _on_cpu(device))  # type: ignore[call-arg]

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()


def install() -> None:
    """Replace what raises without a GPU in torch.cuda; `torch.cuda.is_available()` stays truthful."""
    for name in ("synchronize", "empty_cache", "manual_seed", "manual_seed_all", "set_device", "init"):
        setattr(torch.cuda, name, _does_nothing())
    for owner, name, value in (
        (torch.cuda, "current_device", lambda: 0),
        (torch.cuda, "get_device_name", lambda *_: "cpu"),
        (torch.cuda, "Event", _Event),
        (torch.cuda, "Stream", _Stream),
        (torch.cuda, "current_stream", _Stream),
        (torch.cuda, "stream", contextlib.nullcontext),
        (torch.cuda, "device", contextlib.nullcontext),
        (torch, "Generator", _Generator),
        (torch.nn.Module, "cuda", lambda module, *_, **__: module),
    ):
        setattr(owner, name, value)
    bases = getattr(torch, "_streambase", None)  # up to torch 2.5 its optimizers insist on these
    for name, value in (("_EventBase", _Event), ("_StreamBase", _Stream)):
        if hasattr(bases, name):
            getattr(bases, name).register(value)
    for name in ("Float", "Double", "Half", "Long", "Int", "Short", "Byte", "Bool"):
        setattr(torch.cuda, f"{name}Tensor", getattr(torch, f"{name}Tensor"))
