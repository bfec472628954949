"""The outcome of a trial: plain data from the worker, none of it trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.model.trial import Array


@dataclass(frozen=True, slots=True)
class Location:
    """A line of the student's code. Cells are code cells counted from 1; a module has none (None).

    inner: the line within a string on that line, counted from 1, where an export keeps a whole cell in one string.
    """

    file: str
    cell: int | None
    line: int
    inner: int | None = None

    @property
    def place(self) -> str:
        """The file, and the cell of a notebook."""
        return self.file if self.cell is None else f"{self.file}, cell {self.cell}"

    def __str__(self) -> str:
        return f"{self.place}, line {self.line}" + (
            f" (line {self.inner} of its string)" if self.inner else ""
        )


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A value of the expected kind; `dtype` is as the student returned it ("float32", "int64", "float").

    A list of numbers has dtype "float", one of 0-d tensors "float32".
    """

    array: Array
    dtype: str


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A value of another kind, as the worker describes it: shown to the student, never relied on."""

    description: str


Value = Received | Unexpected


@dataclass(frozen=True, slots=True, eq=False)
class SpyCall:
    """The arguments with which the student's trainer called the loss function at one step."""

    W: Value
    X: Value
    y: Value
    reg: Value


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step of a watched training.

    Attributes:
        before: (D, C) float32, a W that the loss was given.
        after: the next one that it was given; None after the last call, where the result of the training follows.
        batches: of each call with W `before`, what tells the rows apart: (N, columns) float32.
    """

    before: Array
    after: Array | None
    batches: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What a worker claims of a watched training.

    Attributes:
        calls: of the loss.
        steps: the first, some drawn at random, the largest, the latest, and at the end the last.
    """

    calls: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Instructions:
    """How many bytecode instructions of the student's code a counted call executed, as the worker claims.

    Attributes:
        lines: the counts of the busiest lines, not necessarily of all.
        calls: how often each function of torch or NumPy, or in C, ran, by name.
        is_whole: False if the student's code stopped the count, or ran where nothing is counted.
    """

    total: int
    lines: Mapping[Location, int] = field(default_factory=lambda: MappingProxyType({}))
    calls: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    is_whole: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Returned:
    """The call returned.

    Attributes:
        values: one per Output of the trial.
        seconds: by the judge's clock.
        waiting_seconds: of these, how many passed in waiting for a core; 0 where nobody counts.
        fetched: attributes of the object by name.
        echoes: the arguments that the trial asked to see again, after the call.
        spy_calls: the calls of the loss function that the judge lent.
        earlier: the previous call's result, read again after this call, when both used the same tensors.
        operators: the restricted operators that ran, as the worker claims, or all if the call was traced.
        instructions: the count of a counted call.
        watched: the steps of a watched training.
    """

    values: tuple[Value, ...]
    seconds: float
    fetched: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    echoes: tuple[Value, ...] = ()
    spy_calls: tuple[SpyCall, ...] = ()
    earlier: tuple[Value, ...] = ()
    operators: tuple[str, ...] = ()
    instructions: Instructions | None = None
    watched: Watched | None = None
    waiting_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A call that returned, and whose values were compared when they came in and not kept.

    Attributes:
        seconds: by the judge's clock.
        fault: what was wrong with the values, in a sentence; None where they were right.
        waiting_seconds: as in Returned.
    """

    seconds: float
    fault: str | None = None
    waiting_seconds: float = 0.0

    @property
    def own_seconds(self) -> float:
        """The time that counts: what the call took, less what other programs took from it."""
        return self.seconds - self.waiting_seconds


@dataclass(frozen=True, slots=True)
class Raised:
    """The student's code raised.

    Attributes:
        location: the innermost line of the student's code, if there is one.
        line: that line as the student wrote it, from the judge's copy.
        memory: the limit that the call ran into, as "4 GiB memory"; None unless it ran out of memory.
    """

    kind: str
    message: str
    location: Location | None
    seconds: float
    line: str | None = None
    memory: str | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer before the deadline; the worker was killed.

    Attributes:
        is_loading: the module-level code around the function did not finish, so it was never called.
    """

    limit_seconds: float
    is_loading: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The worker ended or sent an invalid answer; `how` describes it ("killed by SIGSEGV")."""

    how: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The function is not in the submission; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The judge did not make the call, or broke it off; `reason` says why."""

    reason: str


Observation = Returned | Checked | Raised | TimedOut | Died | Missing | Refused
