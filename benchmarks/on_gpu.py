"""The battery, the speed checks and training once more on a GPU; nothing where no worker can open one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import battery, speedup, training
from benchmarks.record import Measure
from grader.errors import DeviceError
from grader.sandbox.device import is_gpu_there
from grader.sandbox.host import Sandbox
from grader.sandbox.protocols import Budget


@dataclass(frozen=True, slots=True)
class OnGpu:
    """missing: the isolation that workers lack while they use it."""

    name: str | None = None
    missing: tuple[str, ...] = ()


def this_gpu() -> OnGpu:
    """Without a name where there is none to grade on."""
    if not is_gpu_there():
        return OnGpu()
    with Sandbox() as sandbox:
        return _opened(sandbox)


def measured(repetitions: int) -> Iterator[Measure]:
    if not is_gpu_there():
        return
    with Sandbox() as sandbox:
        if _opened(sandbox).name is None:
            return
        yield from speedup.stability("gpu", sandbox, 3 * repetitions, device="cuda")
        own = battery.graded(sandbox, repetitions, device="cuda")
        yield Measure.of("gpu: battery", "Judge, zygote and workers together.", "CPU s", own)
        with training.student(sandbox, device="cuda") as trained:
            seconds = [trained() for _ in range(repetitions + 1)]
        yield Measure.of("gpu: training", "1,500 iterations of a right module.", "s", seconds[1:])


def _opened(sandbox: Sandbox) -> OnGpu:
    try:
        gpu = sandbox.open_device(Budget().device_memory_bytes)
    except DeviceError:
        return OnGpu()
    return OnGpu(gpu.name, tuple(sandbox.isolation.missing))
