"""Records what torch runs during one call: the names of functions, operators and autograd, or a count of
operators.

Both are a claim: the student's code shares this process and may add or hide names.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import wire


class _FunctionNames(TorchFunctionMode):
    """Records torch's functions and methods: `torch._tensor.Tensor.backward`."""

    def __init__(self, names: dict[str, None]) -> None:
        super().__init__()
        self._names = names

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Record the name of `func` and call it; methods written in C++ have no module, and are left out."""
        module = getattr(func, "__module__", None)
        if isinstance(module, str):
            self._names[f"{module}.{getattr(func, '__qualname__', '')}"] = None
        return func(*args, **(kwargs or {}))


class _OperatorNames(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the operators that do the work: `aten.nll_loss_forward`."""

    def __init__(self, names: dict[str, None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._names = names

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False, so that the compiler, which a worker lacks, is not imported just to skip this mode."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Record the operator, and whether a backward pass called it, and run it."""
        self._names[str(func.name()).partition(".")[0].replace("::", ".")] = None
        if torch._C._current_autograd_node() is not None:  # noqa: SLF001  it has no public name
            self._names[wire.AUTOGRAD_RAN] = None
        return func(*args, **(kwargs or {}))


_OF_BUILT_IN_FUNCTIONS = frozenset(
    {"_local_scalar_dense", "alias", "detach", "eq", "ge", "gt", "is_nonzero", "item", "le", "lift_fresh"}
    | {"lt", "ne", "select", "slice", "unbind", "unsqueeze", "view"}
)
"""Operators that list, max, min, any and indexing run for each entry of a tensor."""


class _OperatorCounts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operators that do work, except those that Python's built-in functions run for each entry."""

    def __init__(self, calls: Counter[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._calls = calls

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False, as above."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and count it, except additions of numbers or rows, which built-in sum() makes."""
        result = func(*args, **(kwargs or {}))
        name = str(func.name()).rpartition("::")[2].partition(".")[0].removesuffix("_")
        is_built_in_sum = name == "add" and isinstance(result, torch.Tensor) and result.dim() < 2
        if name not in _OF_BUILT_IN_FUNCTIONS and not is_built_in_sum:
            self._calls[f"torch's {name}"] += 1
        return result


def counting(calls: Counter[str]) -> contextlib.AbstractContextManager[Any]:
    """Add to `calls` how often each operator runs inside, in this thread."""
    return _OperatorCounts(calls)


@contextlib.contextmanager
def recording() -> Iterator[dict[str, None]]:
    """The distinct names of what runs inside, in order."""
    names: dict[str, None] = {}
    with _FunctionNames(names), _OperatorNames(names):
        yield names


def pack_names(names: dict[str, None]) -> list[wire.Buffer]:
    """Their number and each name as a text, within the wire's caps."""
    packed = [name.encode("ascii", "replace").decode() for name in list(names)[: wire.GREATEST_OPERATORS]]
    return [
        len(packed).to_bytes(4, "little"),
        *(wire.pack_text(name[: wire.OPERATOR_CAP]) for name in packed),
    ]
