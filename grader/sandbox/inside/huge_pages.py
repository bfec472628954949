"""Moves memory into 2 MiB pages, for a process that forks often: a fork copies the page table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import linux

SIZE = 1 << 21
_MADV_COLLAPSE = 25


def collapse() -> int:
    """Copy the parts of this process's heap that fill whole huge pages into such pages; how many they are.

    It takes as long as about ten forks of a process with torch, and makes each later fork three times as
    fast. Nothing changes if the system has no such pages, or none left.
    """
    collapsed = 0
    for address in _places():
        with contextlib.suppress(OSError):
            linux.advise_memory(address, SIZE, _MADV_COLLAPSE)
            collapsed += 1
    return collapsed


def _places() -> Iterator[int]:
    """Addresses where a huge page fits into writable private memory that does not map a file."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        area, permissions, _, _, _, *name = line.split(maxsplit=5)
        if permissions == "rw-p" and name in ([], ["[heap]"]):
            start, end = (int(each, 16) for each in area.split("-"))
            yield from range(-(-start // SIZE) * SIZE, end - SIZE + 1, SIZE)
