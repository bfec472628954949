"""Opens the GPU in a worker, after confinement and before any student code, and checks that it works.

The order matters: confinement closes descriptors, which an earlier context would lose, and applies to threads
that start after it. The checks make libraries load what they load lazily, so a tier that forbids it shows now
and not in a call.
"""

from __future__ import annotations

import torch

NAME = "cuda"


def open_device(memory_bytes: int) -> tuple[str, int]:
    """Make a context on the first visible GPU; its name and its memory in bytes.

    memory_bytes: how much of it this process's tensors may take. Without a GPU torch's own error is raised.
    """
    if torch.version.cuda is None:
        raise RuntimeError(f"torch {torch.__version__} is built without CUDA")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    torch.cuda.init()  # type: ignore[no-untyped-call]
    properties = torch.cuda.get_device_properties(0)
    torch.cuda.set_per_process_memory_fraction(min(1.0, memory_bytes / properties.total_memory))
    try_kernels()
    return str(properties.name), int(properties.total_memory)


def try_kernels(device: str = NAME) -> None:
    """Run the building blocks of losses in both precisions and compare with the known results.

    RuntimeError if one is wrong; torch's own error if one cannot run.
    """
    for dtype in (torch.float32, torch.float64):
        X = torch.ones(8, 4, dtype=dtype).to(device)
        W = torch.eye(4, 3, dtype=dtype).to(device)
        y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1]).to(device)
        rows = torch.arange(8, device=device)
        scores = X.mm(W)
        scores = scores - scores.max(dim=1, keepdim=True).values
        shares = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        loss = -shares[rows, y].log().sum()
        margins = (scores - scores[rows, y].view(-1, 1) + 1).clamp(min=0)
        margins[rows, y] = 0
        slopes = (margins > 0).to(dtype)
        slopes[rows, y] = -slopes.sum(dim=1)
        dW = X.t().mm(slopes)
        counts = torch.bincount(y, minlength=3)
        seen = [*dW[0].tolist(), margins.sum().item(), *counts.tolist()]
        if seen != [-1.0, -1.0, 2.0, 16.0, 3, 3, 2] or abs(loss.item() - 8 * 1.0986122886681098) > 1e-5:
            raise RuntimeError(f"it computes {seen} and a loss of {loss.item()}")
    if device == NAME:
        torch.cuda.synchronize()
