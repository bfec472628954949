"""What the judge is told of a kernel: its cells in the order they were executed, and what became of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


def is_found(look: Callable[[], bool]) -> bool:
    """The answer of `path.is_file` and the like; False where the system refuses to look: a name too long, a locked folder."""
    with contextlib.suppress(OSError):
        return look()
    return False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A kernel at the time of a check.

    Attributes:
        cells: the texts of all executions, as typed, in their order; the first is In [1].
        stopped: executions that raised, by number: the line of the cell that did, or 0 if Python could not parse it.
        ended: the numbers of executions that are known to have run to their end.
        names: the names that the kernel's namespace has.
        live: functions and classes in it that a cell defined, by name: the number of the execution, and the line.
        current: the execution that asks, and the line of the cell that does; the line is 0 if unknown.
        folder: the kernel's working folder.
        folders: where the student's own modules are looked for, in the order of the kernel's path.
        modules: the files of the student's own modules that the kernel has imported.
    """

    cells: tuple[str, ...]
    stopped: Mapping[int, int] = field(default_factory=dict)
    ended: frozenset[int] = frozenset()
    names: frozenset[str] = frozenset()
    live: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    current: tuple[int, int] = (0, 0)
    folder: str = ""
    folders: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From the fields as JSON has them."""
        return cls(
            cells=tuple(data["cells"]),
            stopped={int(number): line for number, line in data["stopped"].items()},
            ended=frozenset(data["ended"]),
            names=frozenset(data["names"]),
            live={name: (number, line) for name, (number, line) in data["live"].items()},
            current=(data["current"][0], data["current"][1]),
            folder=data["folder"],
            folders=tuple(data["folders"]),
            modules=tuple(data["modules"]),
        )
