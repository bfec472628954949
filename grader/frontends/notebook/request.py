"""What is asked of the judge's process, and what it answers: JSON, because a student's code shares the kernel."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from grader.frontends.notebook.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Request:
    """A check to make.

    Attributes:
        snapshot: the kernel.
        functions: the names of those to check; none for the whole assignment.
        spec: name, file or folder; None to detect it.
        is_full: run the checks that time or train as well.
        data: CIFAR-10; None for the stand-in.
    """

    snapshot: Snapshot
    functions: tuple[str, ...] = ()
    spec: str | None = None
    is_full: bool = False
    data: str | None = None
    seed: int | None = None

    def to_bytes(self) -> bytes:
        """As a message."""
        return json.dumps(asdict(self), default=sorted).encode()  # sets, as lists

    @classmethod
    def from_bytes(cls, message: bytes) -> Self:
        """What `to_bytes` gave."""
        data = json.loads(message)
        snapshot = Snapshot.from_json(data.pop("snapshot"))
        return cls(snapshot=snapshot, **{**data, "functions": tuple(data["functions"])})


def pack(**fields: Any) -> bytes:
    """An answer, or progress on the way to it."""
    return json.dumps(fields).encode()
