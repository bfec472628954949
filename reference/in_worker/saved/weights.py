"""Reads weights from a file that torch.save wrote; only tensors and containers are loaded."""

import io
from typing import Any

import torch


def load_weights(content: torch.Tensor) -> Any:
    """The value of the key W of a saved dict, or the tensor that was saved.

    content: the file's bytes, uint8 (N,). Raises LookupError if there is no W, and any error of torch.load.
    """
    (W,) = _values(content, ["W"])
    return W


def pt_shapes(content: torch.Tensor, names: torch.Tensor) -> list[int]:
    """The number of axes of each tensor and their lengths, one tensor after the other.

    names: of the tensors in the saved dict, separated by spaces, uint8 (M,).
    """
    return [number for each in _tensors(content, names) for number in (each.ndim, *each.shape)]


def pt_arrays(content: torch.Tensor, names: torch.Tensor) -> Any:
    """The tensors in float64: one of them, or a tuple."""
    found = tuple(each.detach().to(torch.float64) for each in _tensors(content, names))
    return found if len(found) > 1 else found[0]


def _tensors(content: torch.Tensor, names: torch.Tensor) -> list[torch.Tensor]:
    wanted = names.numpy().tobytes().decode().split()
    found = _values(content, wanted)
    for name, value in zip(wanted, found, strict=True):
        if not isinstance(value, torch.Tensor) or value.is_complex() or value.ndim > 4:
            raise LookupError(f"something else than a tensor of numbers under {name!r}")
        if value.numel() > 1 << 23:  # a small file may hold a tensor of any size whose memory is one number
            raise LookupError("more than 64 MiB of tensors")
    return found


def _values(content: torch.Tensor, names: list[str]) -> list[Any]:
    saved = torch.load(io.BytesIO(content.numpy().tobytes()), map_location="cpu", weights_only=True)
    if isinstance(saved, torch.Tensor) and len(names) == 1:
        return [saved]
    missing = [name for name in names if not isinstance(saved, dict) or name not in saved]
    if not missing:
        return [saved[name] for name in names]
    found = f"a value of type {type(saved).__name__}, not a dict with the key {missing[0]!r}"
    if isinstance(saved, dict):
        keys = ", ".join(repr(key)[:40] for key in list(saved)[:5])
        found = f"a dict without the key {missing[0]!r} (it has {keys or 'none'})"
    raise LookupError(found)
