"""Calls a function that draws a batch many times."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def draw(
    sample_batch: Callable[..., Any], X: Any, y: Any, num_train: int, batch_size: int, calls: int
) -> Any:
    """All batches, stacked: X (calls*batch_size, D) and y (calls*batch_size,).

    A result that is not a pair is returned unchanged, and so is a part of a pair without the shape of a batch.
    """
    join: Any = np.concatenate if isinstance(X, np.ndarray) else sys.modules["torch"].cat
    shapes = ((batch_size, *X.shape[1:]), (batch_size,))
    found: list[tuple[Any, Any]] = []
    for _ in range(calls):
        batch = sample_batch(X, y, num_train, batch_size)
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            return batch
        is_right = [
            isinstance(part, type(X)) and tuple(part.shape) == shape
            for part, shape in zip(batch, shapes, strict=True)
        ]
        if not all(is_right):
            parts = zip(batch, is_right, strict=True)
            return tuple(join([part] * calls) if right else part for part, right in parts)
        found.append((batch[0], batch[1]))
    rows: Any = join([rows for rows, _ in found])
    labels: Any = join([labels for _, labels in found])
    return rows, labels
