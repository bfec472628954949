"""Code written for CUDA, on a machine without it: devices named cuda become the CPU.

Only submissions that mention CUDA are run under the redirect, so the others pay nothing for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode

_CPU = torch.device("cpu")


def _on_cpu(value: Any) -> Any:
    """The CPU for whatever names a CUDA device or type, everything else as it is."""
    if isinstance(value, torch.device):
        return _CPU if value.type == "cuda" else value
    if isinstance(value, str) and value.startswith(("cuda", "torch.cuda.")):
        return "cpu" if value.startswith("cuda") else value.replace("torch.cuda.", "torch.", 1)
    return value


class CudaRedirect(TorchFunctionMode):
    """Rewrites the device arguments of every torch call made inside it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func` with CUDA devices replaced; a tensor that is moved to CUDA is already there."""
        if func in {torch.Tensor.cuda, torch.Tensor.pin_memory}:
            return args[0]
        if (
            func is torch.Tensor.to
            and len(args) == 2
            and isinstance(args[1], int)
            and not isinstance(args[1], bool)
        ):
            return args[0]  # W.to(0): the first CUDA device
        kwargs = {name: _on_cpu(value) for name, value in (kwargs or {}).items()}
        if isinstance(kwargs.get("device"), int):
            kwargs["device"] = _CPU
        kwargs.pop("pin_memory", None)  # what the memory is pinned for is not there
        return func(*(_on_cpu(value) for value in args), **kwargs)


class _Event:
    """torch.cuda.Event where there is none: times on the host, which is where the work is done."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._at = 0.0

    def record(self, *_: Any, **__: Any) -> None:
        from time import perf_counter

        self._at = perf_counter()

    def synchronize(self) -> None:
        pass

    def wait(self, *_: Any) -> None:
        pass

    def query(self) -> bool:
        return True

    def elapsed_time(self, end: _Event) -> float:
        return (end._at - self._at) * 1e3


class _Stream:
    """torch.cuda.Stream where there is none: all work is done when the call returns."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def synchronize(self) -> None:
        pass

    def query(self) -> bool:
        return True

    def wait_stream(self, stream: Any) -> None:
        pass

    def wait_event(self, event: Any) -> None:
        pass

    def record_event(self, event: Any = None) -> Any:
        event = event or _Event()
        event.record()
        return event


class _Generator(torch.Generator):
    """torch.Generator, whose constructor no mode sees."""

    def __new__(cls, device: Any = "cpu") -> Self:
        return super().__new__(cls, _on_cpu(device))  # type: ignore[call-arg]

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()


def _does_nothing() -> Callable[..., None]:
    """A function of its own for each name: torch.compile's tables refuse one object under two names."""

    def nothing(*_: Any, **__: Any) -> None:
        return None

    return nothing


def install() -> None:
    """Replace what of torch.cuda would raise without a GPU; `torch.cuda.is_available()` keeps telling the truth."""
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
