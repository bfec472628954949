"""The peak memory of one job, and what another job of the class adds."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import memory
from benchmarks.measures import SAMPLE
from benchmarks.record import Measure

_MIB = 1 << 20


def peaks(repetitions: int) -> Iterator[Measure]:
    """PSS summed over the process tree, and pages of memory files that no process has touched."""
    one, added = [], []
    for _ in range(repetitions):
        one.append(memory.peak_of(memory.check_command(SAMPLE)).whole / _MIB)
        both, alone = (memory.some_jobs(SAMPLE.parent.name, count).whole / _MIB for count in (2, 1))
        added.append(both - alone)
    yield Measure.of("memory: one job", "`grader check` in full, eecs498_2019.", "MiB", one, goal=600)
    about = "Two at the same time that share the data, less one."
    yield Measure.of("memory: a further job", about, "MiB", added, goal=300)
