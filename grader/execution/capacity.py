"""How many submissions this machine can grade at a time: its cores and its free memory, within a container's limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

FIRST_JOB_BYTES = 750 << 20
"""What a class needs for its first job: docs/decisions/0018-memory.md."""

FURTHER_JOB_BYTES = 450 << 20
"""What each job beside it adds: an interpreter, NumPy, torch and its workers. The data are shared."""

_GROUP = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Capacity:
    """What this process may use."""

    cores: int

    free_bytes: int
    """Of memory, as good as unused."""

    is_limited: bool = False
    """Whether a control group (a container, a batch system) allows less than the machine has."""

    @property
    def jobs(self) -> int:
        """How many can run at a time without waiting for a core or running out of memory."""
        further = (self.free_bytes - FIRST_JOB_BYTES) // FURTHER_JOB_BYTES
        return max(1, min(self.cores, 1 + further))


def capacity(group: Path = _GROUP, groups: Path = _GROUPS) -> Capacity:
    """Now, on this machine.

    Args:
        group: the file that names this process's control groups.
        groups: where control groups are mounted.

    """
    cores, free_bytes = _own_cores(), psutil.virtual_memory().available
    allowed_cores, allowed_bytes = cores, free_bytes
    for folder in _own_groups(group, groups):
        allowed_cores = min(allowed_cores, _cores(folder, cores))
        allowed_bytes = min(allowed_bytes, _free_bytes(folder, free_bytes))
    is_limited = (allowed_cores, allowed_bytes) != (cores, free_bytes)
    return Capacity(allowed_cores, allowed_bytes, is_limited)


def _own_cores() -> int:
    """Those that this process may run on, as `taskset` and Slurm set them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _own_groups(group: Path, groups: Path) -> Iterator[Path]:
    """The folders of this process's control groups and of all above them, in version 2 and in version 1."""
    with suppress(OSError):
        for line in group.read_text(encoding="utf-8", errors="replace").splitlines():
            _, controllers, path = [*line.split(":", 2), "", ""][:3]
            parts = [each for each in path.split("/") if each]
            below = [] if ".." in parts else parts  # above what this container can see
            for controller in {"", "cpu", "memory"}.intersection(controllers.split(",")):
                for length in range(len(below), -1, -1):
                    yield groups.joinpath(controller, *below[:length])


def _cores(folder: Path, most: int) -> int:
    """Of the group's share of time, rounded down: more jobs would be stopped in the middle of a timing."""
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        if quota != "max":
            return max(1, int(quota) // int(period))
    with suppress(OSError, ValueError):  # version 1
        if (quota_us := _number(folder / "cpu.cfs_quota_us")) > 0:
            return max(1, quota_us // _number(folder / "cpu.cfs_period_us"))
    return most


def _free_bytes(folder: Path, most: int) -> int:
    """Up to the group's limit; what it holds of files does not count, since the kernel gives it up."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),  # version 1, in which a huge number is no limit
    ):
        with suppress(OSError, ValueError):
            allowed = _number(folder / limit)
            return min(most, max(0, allowed - _number(folder / used) + _of_files(folder)))
    return most


def _number(path: Path) -> int:
    """ValueError if there is no limit."""
    return int(path.read_text(encoding="ascii"))


def _of_files(folder: Path) -> int:
    with suppress(OSError, ValueError, KeyError):
        sizes = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
        return int(sizes["active_file"]) + int(sizes["inactive_file"])
    return 0
