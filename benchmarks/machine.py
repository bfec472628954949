"""The machine that a run is measured on, and how busy it is."""

from __future__ import annotations

import os
import platform
from importlib import metadata

import psutil

from benchmarks.on_gpu import OnGpu
from benchmarks.record import RESULTS, Machine, git
from grader import __version__
from grader.grading.environment import processor_name


def this_machine(gpu: OnGpu) -> Machine:
    commit, changes = git("rev-parse", "HEAD", folder=RESULTS), git("status", "--porcelain", folder=RESULTS)
    return Machine(
        processor=processor_name(),
        cores=os.cpu_count() or 1,
        gpu=gpu.name,
        gpu_isolation_missing=gpu.missing,
        system=platform.platform(),
        python=platform.python_version(),
        torch=metadata.version("torch"),
        numpy=metadata.version("numpy"),
        grader=__version__,
        commit=None if commit is None else commit.strip(),
        has_changes=bool(changes),
    )


def load() -> float:
    """How many processes ran or waited for a core, on average over the last minute."""
    return round(psutil.getloadavg()[0], 2)
