"""How well the student's process is kept from everything else, in the words of the report."""

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
"""What a worker is not kept from where a tier does not hold."""

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
    """What workers on this machine are held to. missing: what they are not kept from, empty when confined."""

    level: IsolationLevel
    missing: tuple[str, ...]

    @classmethod
    def of_tiers(cls, held: int) -> Isolation:
        """The level that the tiers which hold amount to; see grader.sandbox.inside.tiers."""
        missing = tuple(name for tier, names in _MISSING.items() if not held & tier for name in names)
        if not missing:
            return cls(IsolationLevel.confined, ())
        has_some = held & (tiers.FILES | tiers.SYSTEM_CALLS)
        return cls(IsolationLevel.partial if has_some else IsolationLevel.process, missing)


def device_fault(first_words: FirstWords, least: IsolationLevel) -> str | None:
    """Why a worker that was asked to open a GPU will not do; None where it will."""
    if first_words.gpu is None:
        return first_words.fault
    if first_words.isolation.level.rank >= least.rank:
        return None
    missing = formatting.listing(first_words.isolation.missing)
    return f"it works only where the student's code is not kept from {missing}"


def require(isolation: Isolation, least: IsolationLevel) -> None:
    """IsolationError where the level is below the least that is asked for; the sentence says what to do."""
    if isolation.level.rank < least.rank:
        raise IsolationError(
            f"this machine isolates the student's code as {isolation.level} only: it is not kept from"
            f" {formatting.listing(isolation.missing)}. Nothing was graded. `grader doctor` says what to do about it;"
            f" --isolation {isolation.level} grades all the same, for code that you trust"
        )


@dataclass(frozen=True, slots=True)
class FirstWords:
    """What a fresh worker says of itself. gpu: the one that it opened. fault: why it opened none, where it was asked to."""

    isolation: Isolation
    gpu: Gpu | None = None
    fault: str = ""


def receive_first_words(connection: socket.socket, *, has_device: bool) -> FirstWords:
    """What a fresh worker says of itself; it has seen no student's code yet. WireError when it says nothing.

    has_device: whether it was asked to open a GPU, of which it then speaks as well.
    """
    magic, held = tiers.HELLO.unpack(wire.receive_exactly(connection, tiers.HELLO.size))
    if magic != tiers.MAGIC:
        raise wire.WireError("no worker's first word")
    isolation = Isolation.of_tiers(held)
    if not has_device:
        return FirstWords(isolation)
    size, length = tiers.DEVICE_HELLO.unpack(wire.receive_exactly(connection, tiers.DEVICE_HELLO.size))
    if length > tiers.DEVICE_TEXT_CAP:
        raise wire.WireError("a text is too long")
    text = wire.Cursor(length.to_bytes(2, "little") + wire.receive_exactly(connection, length)).text()
    return (
        FirstWords(isolation, Gpu(text, size)) if held & tiers.DEVICE else FirstWords(isolation, fault=text)
    )
