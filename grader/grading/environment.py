"""The environment part of a report: versions, processor, isolation, seed and data."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from grader import __version__
from grader.checks import AnyCheck
from grader.grading.settings import Settings
from grader.model.report import EnvironmentPart
from grader.sandbox.isolation import Isolation


def environment(settings: Settings, isolation: Isolation, checks: Sequence[AnyCheck] = ()) -> EnvironmentPart:
    """The environment that these checks are graded in."""
    return EnvironmentPart(
        grader_version=__version__,
        python=platform.python_version(),
        torch=_torch_version(),
        device=settings.device,
        device_name=settings.device_name or processor_name(),
        isolation=isolation.level.value,
        isolation_missing=isolation.missing,
        seed=settings.seed,
        data=settings.data_name(checks),
    )


@cache
def _torch_version() -> str:
    """Where only NumPy assignments are graded, as in a package for one, torch need not be there."""
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def processor_name() -> str:
    """The model of the CPU, as far as the system knows it."""
    if sys.platform == "linux":
        with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
