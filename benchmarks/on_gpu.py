"""The battery, the speed check and training once more on a GPU; nothing where no worker can open one."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks import battery, speedup, training
from grader.errors import DeviceError
from grader.sandbox.device import is_gpu_there
from grader.sandbox.host import Sandbox
from grader.sandbox.protocols import Budget


@dataclass(frozen=True, slots=True)
class OnGpu:
    """Empty where there is no GPU. name: of the GPU. missing: what workers are not kept from while they use it."""

    name: str | None = None
    missing: tuple[str, ...] = ()
    series: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)


def measured() -> OnGpu:
    if not is_gpu_there():
        return OnGpu()
    with Sandbox() as sandbox:
        try:
            gpu = sandbox.open_device(Budget().device_memory_bytes)
        except DeviceError:
            return OnGpu()
        repeated = speedup.stability(sandbox, device="cuda")
        series = {
            "battery without training, CPU, on CUDA": battery.graded(sandbox, device="cuda"),
            "1,500 iterations, student, on CUDA": training.students(sandbox, device="cuda"),
            "speed check, on CUDA": repeated.seconds,
        }
        ratios = {f"{name}_on_cuda": value for name, value in repeated.ratios.items()}
        return OnGpu(gpu.name, sandbox.isolation.missing, series, ratios)
