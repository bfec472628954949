"""Calls the linear regression on squared features."""

from typing import Any


def fit(student: Any, x: Any, y: Any, learning_rate: Any, num_iters: Any) -> Any:
    """w, b as a vector of one, and the losses."""
    answer = student(x, y, learning_rate=learning_rate, num_iters=num_iters)
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return answer
    w, b, history = answer
    shape: Any = getattr(b, "shape", None)
    return w, b.reshape(1) if shape is not None and len(shape) in {0, 2} and b.numel() == 1 else b, history
