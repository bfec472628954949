"""Chooses the device that a submission or a class is graded on, once, before the first one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from grader.errors import DeviceError
from grader.model.assignment import Assignment
from grader.model.trial import Device
from grader.sandbox.device import NODES, Gpu, is_gpu_there
from grader.sandbox.isolation import IsolationLevel

NO_CONTEXT = "a GPU is present, but a worker could not create a context on it"


@dataclass(frozen=True, slots=True)
class ChosenDevice:
    """The device. name: the GPU's, None on the CPU. note: why it is not the expected one, if so."""

    device: Device
    name: str | None = None
    note: str | None = None


class OpensDevice(Protocol):
    """The part of a sandbox that is needed to choose."""

    def open_device(self, device_memory_bytes: int, least: IsolationLevel) -> Gpu:
        """See `SandboxLike.open_device`."""


def choose_device(
    wanted: str,
    assignment: Assignment,
    sandbox: OpensDevice,
    least: IsolationLevel = IsolationLevel.process,
) -> ChosenDevice:
    """The device for `wanted`: "cpu", "cuda", or "auto" for a GPU if the sandbox's workers can open one.

    With "auto" an assignment whose handout is for the CPU is graded there.

    All workers of the sandbox then have the GPU open and are isolated to `least` or better. DeviceError if `wanted` is
    "cuda" and there is no GPU.
    """
    cpu = cpu_regardless(wanted, assignment)
    if cpu is not None:
        return cpu
    if not is_gpu_there():
        if wanted == "auto":
            return ChosenDevice("cpu")
        nodes = ", ".join(f"no {node}" for node in NODES)
        raise DeviceError(f"device cuda: this machine has no NVIDIA GPU ({nodes}); choose cpu or auto")
    try:
        gpu = sandbox.open_device(assignment.limits.device_memory_bytes, least)
    except DeviceError as error:
        if wanted == "auto":
            return ChosenDevice("cpu", note=f"{NO_CONTEXT}: {error}; graded on the CPU")
        raise DeviceError(
            f"device cuda: {NO_CONTEXT}: {error}; run `grader doctor` for details, or choose cpu"
        ) from error
    return ChosenDevice("cuda", gpu.name)


def cpu_regardless(wanted: str, assignment: Assignment) -> ChosenDevice | None:
    """The CPU where no GPU would be used even if there is one; None where one would."""
    if assignment.backend == "numpy" and wanted == "cuda":
        note = "the functions of this assignment take NumPy arrays, so they ran on the CPU"
        return ChosenDevice("cpu", note=note)
    is_for_cpu = assignment.handout_device == "cpu" and wanted == "auto"
    return ChosenDevice("cpu") if wanted == "cpu" or assignment.backend == "numpy" or is_for_cpu else None
