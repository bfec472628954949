"""Which device a submission, or a whole class, is graded on: asked once, before anything is graded."""

from __future__ import annotations

from dataclasses import dataclass

from grader.errors import DeviceError
from grader.model.assignment import Assignment
from grader.model.trial import Device
from grader.sandbox.device import NODES, is_gpu_there
from grader.sandbox.isolation import IsolationLevel
from grader.sandbox.protocols import SandboxLike

NO_CONTEXT = "a GPU is there, but no context could be made in a worker"


@dataclass(frozen=True, slots=True)
class ChosenDevice:
    """What is graded on. name: the GPU's, None on the CPU. note: why it is not what one could expect, None where it is."""

    device: Device
    name: str | None = None
    note: str | None = None


def choose_device(
    wanted: str,
    assignment: Assignment,
    sandbox: SandboxLike,
    least: IsolationLevel = IsolationLevel.process,
) -> ChosenDevice:
    """The device for `wanted`: "cpu", "cuda", or "auto" for a GPU where the sandbox's workers can open one.

    A GPU is then open in all workers of the sandbox. least: what they must be held to meanwhile. DeviceError where "cuda" cannot be had.
    """
    if assignment.backend == "numpy" and wanted == "cuda":
        note = "the functions of this assignment work on NumPy arrays, so they were run on the CPU"
        return ChosenDevice("cpu", note=note)
    if wanted == "cpu" or assignment.backend == "numpy":
        return ChosenDevice("cpu")
    if not is_gpu_there():
        if wanted == "auto":
            return ChosenDevice("cpu")
        nodes = " nor ".join(map(str, NODES))
        raise DeviceError(
            f"--device cuda: this machine has no NVIDIA GPU (there is neither {nodes}); leave it out, or say --device cpu"
        )
    try:
        gpu = sandbox.open_device(assignment.limits.device_memory_bytes, least)
    except DeviceError as error:
        if wanted == "auto":
            return ChosenDevice("cpu", note=f"{NO_CONTEXT}: {error}; graded on the CPU")
        raise DeviceError(
            f"--device cuda: {NO_CONTEXT}: {error}; `grader doctor` tells more, --device cpu does without"
        ) from error
    return ChosenDevice("cuda", gpu.name)
