"""The GPU as the judge sees it: whether the machine has one, and what a worker that opened it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader import formatting

NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""Of NVIDIA's driver, and of Windows's for a Linux inside; without either no process can open a GPU."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU on which a worker made a context and ran kernels. memory_bytes: all of its own."""

    name: str
    memory_bytes: int

    def __str__(self) -> str:
        return f"{self.name}, {formatting.size(self.memory_bytes)}"


def is_gpu_there() -> bool:
    """Whether the machine has the node of a GPU. Opens nothing: whether one can be used only a worker can say."""
    return any(node.exists() for node in NODES)
