"""What was seen when a trial was run: plain data, copied out of the wire, trusted in nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.model.trial import Array


@dataclass(frozen=True, slots=True)
class Location:
    """A line of the student's own: file, cell (counted from 1 over code cells; None in a module), line in it."""

    file: str
    cell: int | None
    line: int

    def __str__(self) -> str:
        where = self.file if self.cell is None else f"{self.file}, cell {self.cell}"
        return f"{where}, line {self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A value of the kind that was asked for; `dtype` is the student's own ("float32", "int64", "float")."""

    array: Array
    dtype: str


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A value of another kind, in the worker's words: a claim, shown to the student and never judged."""

    description: str


Value = Received | Unexpected


@dataclass(frozen=True, slots=True, eq=False)
class SpyCall:
    """What the student's trainer handed to the loss function at one step."""

    W: Value
    X: Value
    y: Value
    reg: Value


@dataclass(frozen=True, slots=True)
class Instructions:
    """How many bytecode instructions of the student's own a counted call executed, in the worker's words: a claim.

    lines: those of the busiest lines, which need not be all. calls: by name, how often it had torch and NumPy do something.
    """

    total: int
    lines: Mapping[Location, int] = field(default_factory=lambda: MappingProxyType({}))
    calls: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, eq=False)
class Returned:
    """The call came back: `values` one per Output, `fetched` by attribute, `echoes` one per echoed argument.

    earlier: what the call before had returned, read after this one, where this one was made with the same tensors.
    operators: what ran during a traced call, in the worker's words: a claim.
    instructions: of a counted call.
    """

    values: tuple[Value, ...]
    seconds: float
    fetched: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    echoes: tuple[Value, ...] = ()
    spy_calls: tuple[SpyCall, ...] = ()
    earlier: tuple[Value, ...] = ()
    operators: tuple[str, ...] = ()
    instructions: Instructions | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """The student's code raised; `place` is the innermost line of the student's own, if there is one."""

    kind: str
    message: str
    location: Location | None
    seconds: float


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer within the deadline; the worker was killed.

    is_loading: the function was not called yet; what stands around it, an import or a constant, did not end.
    """

    limit_seconds: float
    is_loading: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The worker ended, or sent what is no answer; `how` says it in words ("killed by SIGSEGV")."""

    how: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The submission does not hold the function; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The call was not made, or broken off by the judge; `reason` says why."""

    reason: str


Observation = Returned | Raised | TimedOut | Died | Missing | Refused
