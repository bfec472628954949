"""How well the student's process is isolated, in the words of the report."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader import formatting
from grader.errors import IsolationError
from grader.sandbox.device import Gpu
from grader.sandbox.inside import tiers, wire


class IsolationLevel(StrEnum):
    """From the weakest to the strongest."""

    process = "process"
    partial = "partial"
    confined = "confined"

    @property
    def rank(self) -> int:
        """0 for the weakest."""
        return list(IsolationLevel).index(self)


_MISSING: Mapping[int, tuple[str, ...]] = {
    tiers.LIMITS: ("limits",),
    tiers.FILES: ("filesystem",),
    tiers.SYSTEM_CALLS: ("network", "subprocesses", "other processes", "shared memory"),
    tiers.USER: ("user",),
}
"""The entries of `Isolation.missing` for a tier that does not hold."""

_IN_WORDS = {
    "limits": "resource use",
    "filesystem": "the file system",
    "network": "the network",
    "user": "the user account",
}


def not_isolated(missing: Sequence[str]) -> str:
    """`missing` of an Isolation as a clause: "the file system and the user account are not isolated"."""
    words = [_IN_WORDS.get(each, each) for each in missing]
    return f"{formatting.listing(words)} {'is' if len(words) == 1 else 'are'} not isolated"


@dataclass(frozen=True, slots=True)
class Isolation:
    """The isolation of the workers on this machine. missing: the parts that do not hold."""

    level: IsolationLevel
    missing: tuple[str, ...]

    @classmethod
    def of_tiers(cls, held: int) -> Isolation:
        """From the tiers that hold, bits of grader.sandbox.inside.tiers."""
        missing = tuple(name for tier, names in _MISSING.items() if not held & tier for name in names)
        if not missing:
            return cls(IsolationLevel.confined, ())
        has_some = held & (tiers.FILES | tiers.SYSTEM_CALLS)
        return cls(IsolationLevel.partial if has_some else IsolationLevel.process, missing)


def require(isolation: Isolation, least: IsolationLevel) -> None:
    """IsolationError for a level below `least`."""
    if isolation.level.rank < least.rank:
        raise IsolationError(
            f"this machine isolates code at level {isolation.level}, but {least} is required:"
            f" {not_isolated(isolation.missing)}. Nothing was graded. Run `grader doctor` to see how to fix it,"
            f" or pass --isolation {isolation.level} if you trust the code",
            expected=str(least),
            seen=str(isolation.level),
        )


@dataclass(frozen=True, slots=True)
class FirstWords:
    """A fresh worker's report on itself. gpu: the one it opened. fault: why it opened none, if asked to."""

    isolation: Isolation
    gpu: Gpu | None = None
    fault: str = ""


def receive_first_words(connection: socket.socket, *, has_device: bool) -> FirstWords:
    """Read a fresh worker's report, sent before it receives any student code. WireError for anything else.

    has_device: whether the worker was asked to open a GPU and reports on that too.
    """
    magic, held = tiers.HELLO.unpack(wire.receive_exactly(connection, tiers.HELLO.size))
    if magic != tiers.MAGIC:
        raise wire.WireError("invalid first words")
    isolation = Isolation.of_tiers(held)
    if not has_device:
        return FirstWords(isolation)
    size, length = tiers.DEVICE_HELLO.unpack(wire.receive_exactly(connection, tiers.DEVICE_HELLO.size))
    if length > tiers.DEVICE_TEXT_CAP:
        raise wire.WireError("a text is too long")
    text = wire.Cursor(length.to_bytes(2, "little") + wire.receive_exactly(connection, length)).text()
    if held & tiers.DEVICE:
        return FirstWords(isolation, Gpu(text, size))
    return FirstWords(isolation, fault=text)
