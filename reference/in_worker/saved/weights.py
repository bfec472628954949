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
