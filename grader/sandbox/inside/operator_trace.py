"""Counts the operators that torch runs during one call: a claim, as the student's code shares this process."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Passes each operator that does the work, such as `aten.nll_loss_forward`, to `run`, which runs it."""

    def __init__(self, run: Callable[[Any, Any, Any], Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._run = run

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False, so that the compiler, which a worker lacks, is not imported just to skip this mode."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._run(func, args, kwargs or {})


_OF_BUILT_IN_FUNCTIONS = frozenset(
    {"_local_scalar_dense", "alias", "detach", "eq", "ge", "gt", "is_nonzero", "item", "le", "lift_fresh"}
    | {"lt", "ne", "select", "slice", "unbind", "unsqueeze", "view"}
)
"""Operators that list, max, min, any and indexing run for each entry of a tensor."""


def _is_index(value: Any) -> bool:
    """Whether a value is a tensor of one integer."""
    return isinstance(value, torch.Tensor) and value.dim() == 0 and not value.dtype.is_floating_point


def counting(calls: Counter[str]) -> contextlib.AbstractContextManager[Any]:
    """Add to `calls` how often each operator runs inside, in this thread.

    Operators that Python's built-in functions run for each entry are left out, and so are additions of numbers
    or rows, which built-in sum() makes, and arithmetic on single integers, such as indices.
    """

    def run(func: Any, args: Any, kwargs: Any) -> Any:
        result = func(*args, **kwargs)
        name = str(func.name()).rpartition("::")[2].partition(".")[0].removesuffix("_")
        is_built_in_sum = name == "add" and isinstance(result, torch.Tensor) and result.dim() < 2
        is_index = _is_index(result) and all(
            _is_index(each) for each in args if isinstance(each, torch.Tensor)
        )
        if name not in _OF_BUILT_IN_FUNCTIONS and not is_built_in_sum and not is_index:
            calls[f"torch's {name}"] += 1
        return result

    return _Operators(run)
