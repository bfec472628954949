"""The lab's functions on single samples, in PyTorch."""

from __future__ import annotations

from typing import Any


def softmax_forward(weight: Any, bias: Any, x: Any) -> Any:
    """y_hat (C,)."""
    return (weight @ x + bias).softmax(0)


def criterion_forward(y_hat: Any, label: Any) -> Any:
    """-log(y_hat[label])."""
    return -y_hat[int(label)].log()


def criterion_softmax_backward(weight: Any, bias: Any, x: Any, label: Any, y_hat: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """The gradients of the weight (C, D) and the bias (C,)."""
    slopes = y_hat.clone()
    slopes[int(label)] -= 1
    return slopes[:, None] * x[None, :], slopes
