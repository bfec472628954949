"""Confines a worker, step by step in the order that matters: after the fork, before any student code.

`prepare` does the slow part, which is the same for all workers, once before the fork. `Confinement.apply` does
the rest in the worker and reports the tiers that hold. Nothing here fails loudly: a tier that the kernel
lacks is missing from the report, and the judge decides whether the rest is enough.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import landlock
import limits
import privileges
import seccomp
import tiers

_DEVICES_TO_READ = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)
"""Files that libraries read while they run: the library cache, the time zone, the processor, the memory."""

_GPU_NODES = ("nvidia*", "nvidia-caps*/*", "dxg")
"""Below /dev: NVIDIA's nodes, and that of WSL 2."""

_GPU_FILES = (
    "/proc/devices",
    "/proc/driver",
    "/proc/modules",
    "/proc/sys/vm",
    "/run/opengl-driver",
    "/sys/bus/pci",
    "/sys/class",
    "/sys/devices",
    "/sys/module",
    "/usr/lib/wsl",
)
"""Files that NVIDIA's driver library reads, and folders where it may lie beside the system's libraries."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one worker."""

    memory_bytes: int
    """Of private memory."""
    directory: str
    """Its working folder, empty."""
    user: int | None
    """The user id to take; None to stay."""
    wanted: int
    """The tiers to apply."""
    parent: int | None
    """The process that it must not outlive."""
    device_memory_bytes: int | None = None
    """GPU memory that its tensors may take; None without a GPU. The GPU is opened afterwards."""

    @property
    def has_device(self) -> bool:
        return self.device_memory_bytes is not None

    def wants(self, tier: int) -> bool:
        return bool(self.wanted & tier)


@dataclass(frozen=True, slots=True)
class Confinement:
    """The confinement that this machine supports, determined before the fork."""

    rules: tuple[landlock.Rule, ...]
    """Of Landlock; empty if the kernel does not have it."""
    has_seccomp: bool
    is_readable_to_others: bool
    """Whether any user may read the interpreter and torch."""
    device_rules: tuple[landlock.Rule, ...] = ()
    """For the further files that a worker with a GPU may open."""

    def apply(self, wire_descriptor: int, bounds: Bounds) -> int:
        """Confine this process for good; the tiers that hold. wire_descriptor: stays open."""
        held = 0
        has_own_user = bounds.user is not None
        if limits.apply(
            bounds.memory_bytes, bounds.directory, has_own_user=has_own_user, has_device=bounds.has_device
        ):
            held |= tiers.LIMITS
        if os.name != "posix":
            return held
        privileges.die_with_parent(bounds.parent)
        can_narrow = privileges.gain_none()
        narrows_files = can_narrow and bool(self.rules) and bounds.wants(tiers.FILES)
        filters_calls = can_narrow and self.has_seccomp and bounds.wants(tiers.SYSTEM_CALLS)
        may_read_anything = narrows_files and filters_calls and not self.is_readable_to_others
        # If the interpreter became unreadable, a right function would fail at its first late import.
        stays_able = bounds.user is None or self.is_readable_to_others or may_read_anything
        changes_user = stays_able and bounds.wants(tiers.USER)
        if changes_user and privileges.become(bounds.user, may_read_anything=may_read_anything):
            held |= tiers.USER
        privileges.die_with_parent(bounds.parent)  # again: Linux forgets it when the user changes
        rules = (*self.rules, *self.device_rules, *_own_rules()) if bounds.has_device else self.rules
        if narrows_files and _succeeds(lambda: landlock.restrict(rules, os.curdir)):
            held |= tiers.FILES
        limits.close_all_but(wire_descriptor)
        if filters_calls and _succeeds(lambda: seccomp.install(os.getpid(), opens_device=bounds.has_device)):
            held |= tiers.SYSTEM_CALLS
        return held

    def seal(self, held: int) -> None:
        """Withdraw the calls that only opening a GPU needs. held: the tiers that hold. Raises OSError."""
        if held & tiers.SYSTEM_CALLS:
            seccomp.seal()


def prepare(unreadable: Iterable[str]) -> Confinement:
    """Determine the confinement that this machine supports, after importing torch and before the fork.

    unreadable: folders inside readable ones that no worker may read (the grader's own).
    """
    rules: list[landlock.Rule] = []
    if landlock.version() > 0:
        hidden = [os.path.realpath(folder) for folder in unreadable]
        folders = [
            part for folder in _outermost(_readable_paths()) for part in landlock.without(folder, hidden)
        ]
        rules += landlock.open_rules((*folders, *_SYSTEM_FILES, *_DEVICES_TO_READ), landlock.READ)
        rules += landlock.open_rules((os.devnull,), landlock.WRITE_DEVICE)
    device_rules = tuple(_device_rules()) if rules else ()
    has_seccomp = seccomp.is_supported()
    if has_seccomp:
        seccomp.prepare()
    return Confinement(tuple(rules), has_seccomp, _is_readable_to_others(), device_rules)


def close_folder(folder: str) -> None:
    """Have neither this process nor any forked from it read files of a folder, for good, as far as the machine can.

    The parent applies it, because that costs a worker nothing: beside a closed folder, each entry has a rule of its own.
    What lies elsewhere stays readable only if a worker may read it or this process needs it.
    """
    if landlock.version() > 0 and privileges.gain_none():
        open_to_workers = (*_readable_paths(), *_SYSTEM_FILES, *_DEVICES_TO_READ, os.devnull)
        kept = _outermost((*open_to_workers, "/proc", os.curdir))
        _succeeds(
            lambda: landlock.restrict_reading(
                part for each in kept for part in landlock.without(each, [folder])
            )
        )


def _device_rules() -> Iterator[landlock.Rule]:
    """For the nodes of GPUs and the files that their driver reads; none without a node."""
    nodes = [str(node) for pattern in _GPU_NODES for node in sorted(Path("/dev").glob(pattern))]
    yield from landlock.open_rules(
        (node for node in nodes if not Path(node).is_dir()), landlock.CONTROL_DEVICE
    )
    if nodes:
        toolkits = [str(each) for name in ("cuda*", "nvidia*") for each in Path("/usr/local").glob(name)]
        yield from landlock.open_rules((*_GPU_FILES, *toolkits), landlock.READ)


def _own_rules() -> list[landlock.Rule]:
    """For this process's own entry in /proc; a rule made before the fork would mean the parent's.

    The driver names its threads there; from 570 on it fails with error 304 if it may not.
    """
    return [
        *landlock.open_rules(("/proc/self",), landlock.READ),
        *landlock.open_rules(("/proc/self/task",), landlock.WRITE_BELOW),
    ]


def _readable_paths() -> Iterator[str]:
    """The standard library, the installed packages, and the shared libraries in use."""
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield sysconfig.get_path(name)
    for name in ("torch", "numpy"):  # wherever they were imported from
        location = getattr(sys.modules.get(name), "__file__", None)
        if location:
            yield str(Path(location).parent)
    yield from _libraries()


def _libraries() -> Iterator[str]:
    """Folders of the system's libraries; of a library that lies elsewhere only the file."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return
    for path in sorted({line[line.index("/") :] for line in lines if "/" in line}):
        folder = os.path.dirname(path)  # noqa: PTH120  text in, text out
        yield folder if folder.startswith(("/usr/", "/lib", "/opt/", "/nix/store/")) else path


def _outermost(paths: Iterable[str]) -> list[str]:
    """The real paths, without those inside another one."""
    outermost: list[str] = []
    for path in sorted({os.path.realpath(path) for path in paths}):
        if not outermost or os.path.commonpath([outermost[-1], path]) != outermost[-1]:
            outermost.append(path)
    return outermost


def _is_readable_to_others() -> bool:
    """Whether any user may read the interpreter's library and torch, loaded or not: no if they lie in root's own folder."""
    found = map(importlib.util.find_spec, ("torch", "numpy"))
    files = [os.__file__, *(each.origin for each in found if each is not None)]
    return all(_others_may_read(Path(os.path.realpath(file))) for file in files if file)


def _others_may_read(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in file.parents
        )
    except OSError:
        return False


def _succeeds(action: Callable[[], None]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True
