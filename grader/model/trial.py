"""A call to make in a worker and the values to bring back: plain data."""

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
    """An array passed by value: each call gets a fresh tensor (or ndarray) with these contents."""

    array: Array


@dataclass(frozen=True, slots=True)
class Scalar:
    """A Python number, bool or None."""

    value: float | int | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Spy:
    """A loss function for the student's trainer, answered by the judge.

    The k-th call `spy(W, X, y, reg)` sends its arguments to the judge and returns `losses[k]` and `gradients[k]`,
    so the student's process never knows an answer in advance.

    Attributes:
        losses: (K,) float64; K is the greatest number of calls.
        gradients: (K, D, C) in the dtype of W.
        batch: the number of rows expected in X.
        columns: the number of columns expected in X.
        is_method: it is called as `self.loss(X, y, reg)` and reads W from the object.
    """

    losses: Array
    gradients: Array
    batch: int
    columns: int
    is_method: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """A few steps of a training come back: what W was before, which rows the student's loss was called with, and W after.

    Attributes:
        shape: (D, C), W's.
        stride: every stride-th column of X tells its rows apart.
        functions: loss functions that the method of a class may call instead of its own.
        reads_own: the loss is called as `self.loss(X, y, reg)` and reads W from the object.
    """

    shape: tuple[int, int]
    stride: int
    functions: tuple[str, ...] = ()
    reads_own: bool = False

    @property
    def width(self) -> int:
        """The number of columns that are told."""
        return len(range(0, self.shape[0], self.stride))


@dataclass(frozen=True, slots=True, eq=False)
class ResidentTensor:
    """A tensor sent before the clock starts, which the worker holds for later calls with the same key.

    A function that changes it finds it changed at its next call. A worker holds only the tensors of its last call.
    """

    key: str
    array: Array


@dataclass(frozen=True, slots=True)
class FunctionArgument:
    """Another of the student's functions, loaded in the same process: the loss function of a trainer, say."""

    name: str


@dataclass(frozen=True, slots=True)
class FileArgument:
    """The bytes of a file of the submission, as a uint8 tensor (N,): of several, the one nearest to the top.

    others: names that it may have as well, taken where there is none of the first.
    """

    name: str
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the first one first."""
        return (self.name, *self.others)


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
    """`count` integer labels in one dimension. may_be_floats: whole numbers in a float array count as labels."""

    count: int
    may_be_floats: bool = False


@dataclass(frozen=True, slots=True)
class SeriesOutput:
    """A list of at most `capacity` numbers; a longer one comes back as its length."""

    capacity: int


Output = NumberOutput | ArrayOutput | LabelsOutput | SeriesOutput


@dataclass(frozen=True, slots=True)
class Driver:
    """A module of the grader that runs in the student's process and calls the functions passed to it.

    It makes objects of the student's classes, sets their attributes and turns results into arrays. It holds no
    answer, and its results are no more trusted than any others from there.

    Attributes:
        name: the function of the module to call.
        source: the module's text.
    """

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """A right function that takes the place of a wrong one in the student's process, for checks of other functions.

    It is public code of the reference that holds no expected value. Whoever refers to the wrong function, under
    whatever name, calls the right one.

    Attributes:
        function: the student's function, or class.
        attribute: the method that is replaced; None for a function.
        name: the function of the module that takes its place.
        source: the module's text.
    """

    function: str
    attribute: str | None
    name: str
    source: str

    @property
    def target(self) -> str:
        """The function or method that it replaces."""
        return self.function if self.attribute is None else f"{self.function}.{self.attribute}"

    def solves_as(self, other: Replacement) -> bool:
        """Whether this does the whole work of another: in the same place, or by the same code, as for a class that delegates."""
        return self.target == other.target or (self.name, self.source) == (other.name, other.source)


RunnerName = Literal["student", "reference"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One call of one function of the student, or of the reference where time is compared.

    Attributes:
        label: names the trial within its check; students read it.
        function: the name in the spec. For a class, `method` is called on a fresh object, after `state` was set.
        positional: the arguments.
        outputs: the values that the call must return: one Output for a single value, several for a sequence.
        keywords: the named arguments; a function that lacks one of the names gets all of them by position.
        state: attributes to set before the call; a Spy here becomes a method of the object.
        fetch: attributes to bring back after the call.
        echo: positions in `positional` to bring back after the call, to see whether they were changed.
        seconds: deadline of the call on the judge's clock.
        is_traced: list every operator that runs, not only restricted ones, and see that the witnesses stand.
        is_counted: bring back how many instructions of the student's code ran.
        are_calls_counted: count calls of torch and NumPy too, which costs more than the call itself.
        disturbed: of a counted call, change the numbers that the student's loops read, or go through them once, and
            count lines; the counted calls before showed where the loops are.
        is_again: pass the previous call's tensors, overwritten with these contents, and bring back the
            previous result again; every tensor must have the same shape and dtype as before.
        runner: whose function it is; the workers of both are confined alike.
        driver: runs in place of the function, which is then among its arguments.
        replaced: right functions to put in the place of wrong ones before the call.
        is_apart: in a worker where nothing else of the submission was called.
        watch: bring back steps of the training with the loss among the arguments, or with the object's own.
        tag: a mark for the check that made the trial; never sent to the worker.
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
    disturbed: Literal["other numbers", "once"] | None = None
    is_again: bool = False
    runner: RunnerName = "student"
    driver: Driver | None = None
    replaced: tuple[Replacement, ...] = ()
    is_apart: bool = False
    watch: Watch | None = None
    tag: str = ""

    def device_of(self, device: Device) -> Device:
        """The device of its tensors when grading on `device`: NumPy arrays and drivers stay on the CPU."""
        return "cpu" if self.backend == "numpy" or self.driver is not None else device

    @property
    def resident(self) -> tuple[ResidentTensor, ...]:
        """The tensors that are handed over beforehand."""
        return tuple([each for each in self._given if isinstance(each, ResidentTensor)])

    @property
    def caller(self) -> str:
        """Names the worker and the time budget of the call: the function with the functions passed to it or replaced.

        So a loss function that never returns does not use up a trainer's time with another loss function.
        """
        lent = self.lent
        if not (lent or self.replaced or self.is_apart):
            return self.function
        name = f"{self.function}({', '.join(lent)})" if lent else self.function
        apart = ("apart",) if self.is_apart else ()
        return " ".join((name, *(f"-{each.target}" for each in self.replaced), *apart))

    @property
    def lent(self) -> tuple[str, ...]:
        """The student's functions among the arguments."""
        return tuple([each.name for each in self._given if isinstance(each, FunctionArgument)])

    @property
    def _given(self) -> tuple[Argument, ...]:
        return (*self.positional, *self.keywords.values()) if self.keywords else self.positional
