"""The GPU as the judge sees it: whether the machine has one, and what a worker reports of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader import formatting

NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""The device nodes of NVIDIA's driver and of WSL 2; without either no process can open a GPU."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU on which a worker has made a context and run kernels. memory_bytes: all that the GPU has."""

    name: str
    memory_bytes: int

    def __str__(self) -> str:
        return f"{self.name}, {formatting.size(self.memory_bytes)}"


def is_gpu_there() -> bool:
    """Whether the machine has the device node of a GPU. Only a worker can tell whether the GPU is usable."""
    return any(node.exists() for node in NODES)
