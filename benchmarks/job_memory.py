"""The peak memory of one job, and what a second one adds."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import memory
from benchmarks.measures import SAMPLE
from benchmarks.record import Measure

_MIB = 1 << 20
_TWO = "import subprocess, sys; [each.wait() for each in [subprocess.Popen(sys.argv[1:]) for _ in range(2)]]"


def peaks(repetitions: int) -> Iterator[Measure]:
    """PSS summed over the process tree of `grader check` on the sample in full."""
    check = [sys.executable, "-m", "grader", "check", str(SAMPLE), "--seed", "0"]
    one, two = [], []
    for _ in range(repetitions):
        one.append(memory.peak_bytes(check) / _MIB)
        two.append(memory.peak_bytes([sys.executable, "-c", _TWO, *check]) / _MIB)
    yield Measure.of("memory: one job", "`grader check` in full, eecs498_2019.", "MiB", one, goal=600)
    added = [both - alone for both, alone in zip(two, one, strict=True)]
    yield Measure.of("memory: a second job", "Two at the same time, less one.", "MiB", added, goal=300)
