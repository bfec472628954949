"""Calls the linear classifier with a separate bias."""

from typing import Any


def loss(softmax_loss: Any, W: Any, b: Any, X: Any, y: Any, reg: Any) -> Any:
    """Loss, dW and db; db as a row."""
    answer = softmax_loss(W, b, X, y, reg)
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return answer
    loss, dW, db = answer
    return loss, dW, as_row(db, b.size)


def train(
    train_softmax: Any, X: Any, y: Any, num_classes: Any, step_size: Any, reg: Any, num_iters: Any
) -> Any:
    """W, b as a row, and the losses."""
    answer = train_softmax(X, y, num_classes, step_size=step_size, reg=reg, num_iters=num_iters)
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return answer
    W, b, history = answer
    return W, as_row(b, num_classes), history


def as_row(value: Any, count: int) -> Any:
    """A vector of `count` entries as a row; anything else unchanged."""
    return value.reshape(1, count) if getattr(value, "shape", None) == (count,) else value
