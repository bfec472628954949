"""What to call in the student's process, and what to bring back: plain data, no verdict in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy.typing as npt

Array = npt.NDArray[Any]

DTypeName = Literal["float32", "float64"]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """An array handed over by value: each call gets a fresh tensor (or ndarray) with these contents."""

    array: Array


@dataclass(frozen=True, slots=True)
class Scalar:
    """A Python number, bool or None handed over as it is."""

    value: float | int | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Spy:
    """A loss function that the worker lends to the student's trainer and the judge answers.

    Each call `spy(W, X, y, reg)` sends its arguments to the judge and returns `losses[k]` and
    `gradients[k]` for the k-th call, so the student's process never knows an answer before it asked.

    losses: (K,) float64; gradients: (K, D, C) in the dtype of W. K bounds the number of calls.
    batch, columns: the rows and columns expected in X.
    is_method: it is called as `self.loss(X, y, reg)`, and W is the object's own.
    """

    losses: Array
    gradients: Array
    batch: int
    columns: int
    is_method: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ResidentTensor:
    """A tensor that is handed over before the clock runs, and that the worker keeps for calls with the same key.

    A function that changes it finds it changed at its next call. A worker keeps what its last call named, no more.
    """

    key: str
    array: Array


@dataclass(frozen=True, slots=True)
class FunctionArgument:
    """Another function of the student's, loaded in the same process, as a trainer is handed a loss function."""

    name: str


@dataclass(frozen=True, slots=True)
class FileArgument:
    """The bytes of a file of the submission, as a uint8 tensor (N,): the one of that name that lies nearest to the top."""

    name: str


Argument = Tensor | Scalar | Spy | ResidentTensor | FunctionArgument | FileArgument


@dataclass(frozen=True, slots=True)
class NumberOutput:
    """One number: a Python or NumPy scalar, or an array or tensor with a single element."""


@dataclass(frozen=True, slots=True)
class ArrayOutput:
    """An array or tensor of floats of exactly this shape."""

    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LabelsOutput:
    """`count` integer labels in one dimension."""

    count: int


@dataclass(frozen=True, slots=True)
class SeriesOutput:
    """A list of at most `capacity` numbers; how many there were comes back too."""

    capacity: int


Output = NumberOutput | ArrayOutput | LabelsOutput | SeriesOutput


@dataclass(frozen=True, slots=True)
class Driver:
    """A module of ours that is executed in the student's process, and calls what it is handed.

    It marshals: makes objects of the student's classes, sets their attributes, brings results into arrays. It holds no
    answer, and what it returns is a claim as all that comes from there.

    name: the function in it to call. source: its text.
    """

    name: str
    source: str


RunnerName = Literal["student", "reference"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One call of one function, of the student's or, where time is compared, of the reference's.

    label: names the trial within its check, in words that a student may read.
    function: the name that the spec lists; for a class, `method` is called on a fresh object of it
        after the attributes in `state` were set.
    positional, keywords: the arguments; a function whose signature lacks one of the keyword names
        is called with all of them in this order by position.
    outputs: what the call must return, one Output for a single value, several for a sequence.
    state: attributes to set before the call; a Spy here becomes the object's own method.
    fetch: attributes to bring back after the call.
    echo: positions in `positional` to bring back after the call, to see whether they were changed.
    seconds: deadline of the call on the judge's clock.
    is_traced: bring back the names of torch's functions and operators that ran during the call.
    is_again: hand over the very tensors of the call before, changed in place to these contents, and bring back what
        that call returned, as it is now; every tensor must have the shape and dtype that it had.
    is_counted: bring back how many instructions of the student's own code the call executed.
    are_calls_counted: and how often torch's operators and NumPy's functions ran, which costs more than the call.
    runner: whose function it is; both run in workers that are confined alike.
    driver: called in the place of the function, which is then only whose call it is; arguments hand the function over.
    tag: for the check that made the trial, to know it again; it is not handed over.
    """

    label: str
    function: str
    positional: tuple[Argument, ...]
    outputs: tuple[Output, ...]
    keywords: Mapping[str, Argument] = field(default_factory=lambda: MappingProxyType({}))
    method: str | None = None
    state: Mapping[str, Argument] = field(default_factory=lambda: MappingProxyType({}))
    fetch: Mapping[str, Output] = field(default_factory=lambda: MappingProxyType({}))
    echo: tuple[int, ...] = ()
    backend: Literal["torch", "numpy"] = "torch"
    seconds: float = 10.0
    is_traced: bool = False
    is_counted: bool = False
    are_calls_counted: bool = False
    is_again: bool = False
    runner: RunnerName = "student"
    driver: Driver | None = None
    tag: str = ""

    def device_of(self, device: Device) -> Device:
        """Where its tensors go when it is graded on that device: the CPU for arrays of NumPy and for drivers."""
        return "cpu" if self.backend == "numpy" or self.driver is not None else device

    @property
    def resident(self) -> tuple[ResidentTensor, ...]:
        """The tensors that are handed over beforehand."""
        given = (*self.positional, *self.keywords.values())
        return tuple(argument for argument in given if isinstance(argument, ResidentTensor))

    @property
    def caller(self) -> str:
        """Whose worker and whose account of time the call is: the function's, apart for each that it is handed.

        So a loss function that never returns costs a trainer nothing with another loss function.
        """
        return self.function if not self.lent else f"{self.function}({', '.join(self.lent)})"

    @property
    def lent(self) -> tuple[str, ...]:
        """The other functions of the student's among the arguments."""
        given = (*self.positional, *self.keywords.values())
        return tuple(argument.name for argument in given if isinstance(argument, FunctionArgument))
