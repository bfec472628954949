"""The arrays that a student saved: are they of the right form, and do they label enough images correctly?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, assert_never, get_args

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.check import CheckFields, Evidence, Roles
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import data_of
from grader.checks.training.pixels import accuracies_of_layers, fitting_order, has_one_score
from grader.checks.training.saved_file import SavedFile
from grader.checks.training.weights import LEAST_ALIKE, LEAST_APART, alikeness, untrained
from grader.data import DataSet
from grader.errors import SpecFault
from grader.intake.archive import SAVED_BYTES
from grader.model.assignment import FunctionSpec, Role
from grader.model.observation import (
    Checked,
    Died,
    Missing,
    Observation,
    Raised,
    Received,
    Refused,
    Returned,
    TimedOut,
)
from grader.model.trial import Array, ArrayOutput, SeriesOutput, Tensor, Trial
from grader.model.verdict import Flag, Verdict
from reference.in_worker.saved import ARRAY_READERS, SHAPE_READERS

_GREATEST_AXES = 4

_FITTING = 0.3
"""Of the validation images in another order: then the weights were trained on that one."""


class SavedCheck(CheckFields):
    """Files that np.save or torch.save wrote hold arrays of these shapes, which label enough images of CIFAR-10 correctly.

    They are read in a confined worker that runs none of the student's code, and nothing that a pickle in them names. On the
    stand-in for CIFAR-10 only their form is judged: no weights fit both.
    """

    roles: ClassVar[Roles] = {"function": get_args(Role)}
    needs_data: ClassVar[bool] = True
    scores_images: ClassVar[bool] = True
    needs_code: ClassVar[bool] = True

    kind: Literal["saved"]
    files: tuple[SavedFile, ...] = Field(
        min_length=1, max_length=20, description="Each has an equal share of the points."
    )
    function: str | None = Field(
        default=None,
        description="The function or class whose training they keep: until it is written, no points.",
    )
    missing: Literal["fail", "ignore"] = Field(
        default="fail",
        description=(
            "What a missing file costs: its share of the points, or nothing, because some courses collect"
            " no such files."
        ),
    )

    @property
    def file_names(self) -> tuple[str, ...]:
        """The files that it asks for."""
        return tuple(each.file for each in self.files)

    @property
    def comparable(self) -> tuple[str, ...]:
        """The accuracies of the files that are scored."""
        return tuple(each.measure(split) for each in self.files if each.bars for split in ("val", "test"))

    @property
    def data_words(self) -> str:
        bars = [each.bars_words for each in self.files if each.bars]
        if not bars:
            return "form, shapes and finite numbers, on any data"
        rest = "" if len(bars) == len(self.files) else "; of the other files only the form"
        return (
            "on the stand-in, form, shapes and finite numbers give all points; with --data, the accuracy does:"
            f" {'; '.join(bars)}{rest}"
        )

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """Arrays that label images must be W, or W1, b1, W2, b2 and so on."""
        yield from super().misfits(functions)
        for number, each in enumerate(self.files):
            if each.images is not None and not each.matrices:
                yield SpecFault(
                    f"files[{number}].arrays", "must be W, or W1, b1, W2, b2 and so on, with images"
                )
            if each.bars and each.images is None:
                yield SpecFault(f"files[{number}].images", "must be stated where there are bars")

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """The shapes in each file."""
        return tuple(
            self._reading(
                context,
                each,
                SHAPE_READERS[each.format],
                (SeriesOutput(len(each.arrays) * (1 + _GREATEST_AXES)),),
            )
            for each in self.files
        )

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """The arrays of each file whose shapes are right."""
        if len(evidence) > len(self.files):
            return ()
        readings = []
        for each, (_, observation) in zip(self.files, evidence, strict=True):
            shapes = self._shapes(each, observation)
            if not isinstance(shapes, str):
                outputs = tuple(map(ArrayOutput, shapes))
                readings.append(self._reading(context, each, ARRAY_READERS[each.format], outputs))
        return tuple(readings)

    @staticmethod
    def _reading(
        context: CheckContext, each: SavedFile, reader: str, outputs: tuple[SeriesOutput | ArrayOutput, ...]
    ) -> Trial:
        return Trial(
            label=each.file,
            function=reader,
            positional=(each.argument, Tensor(np.frombuffer(" ".join(each.arrays).encode(), np.uint8))),
            outputs=outputs,
            backend="numpy" if each.format == "npy" else "torch",
            seconds=context.assignment.limits.call_seconds,
            runner="reference",
            is_apart=True,  # whatever a file does to its reader, nothing else is read there
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """An equal share for each file; of one with bars, with --data, an equal share for each bar."""
        data = data_of(context)
        read = {trial.label: seen for trial, seen in evidence[len(self.files) :]}
        found = [
            self._judged(data, each, seen, read.get(each.file))
            for each, (_, seen) in zip(self.files, evidence, strict=False)
        ]
        whole = all(each.credit == 1 for each in found)
        credit = 1.0 if whole else sum(each.credit for each in found) / len(found)
        return self.scored(
            credit,
            " ".join(
                [
                    *self._absent(found),
                    *(each.words for each in found if each.words),
                    *self._remarks(data, found),
                ]
            ),
            measured={name: number for each in found for name, number in each.measured.items()},
            allowed={name: number for each in found for name, number in each.allowed.items()},
            alarms=tuple(each.alarm for each in found if each.alarm is not None),
        )

    def _absent(self, found: Sequence[_Judged]) -> Iterator[str]:
        """One sentence on all files that are not there."""
        names = [each.file.file for each in found if each.is_missing]
        if not names:
            return
        are, each = ("are", "each ") if len(names) > 1 else ("is", "")
        yield (
            f"{formatting.listing(names)} {are} not in the submission, or {each}larger than {SAVED_BYTES >> 20} MiB"
            + (
                ". That costs no points: not every course collects saved weights."
                if self.missing == "ignore"
                else ": run the cells of the notebooks that save the weights, and hand in the files they write."
            )
        )

    def _remarks(self, data: DataSet, found: Sequence[_Judged]) -> Iterator[str]:
        sound = [each.file for each in found if each.is_sound]
        names = [each.file for each in sound if not (each.bars and not data.is_standin)]
        if names:
            verb = "holds" if len(names) == 1 else "hold"
            yield f"{formatting.listing(names)} {verb} finite numbers in the right shapes."
        if data.is_standin and (bars := [each.bars_words for each in sound if each.bars]):
            yield (
                "Their accuracy was not measured: this run used stand-in images, not the CIFAR-10 images"
                f" they were trained on. With CIFAR-10 (--data) it counts: {'; '.join(bars)}."
            )

    def _judged(self, data: DataSet, each: SavedFile, seen: Observation, read: Observation | None) -> _Judged:
        shapes = self._shapes(each, seen)
        if isinstance(seen, Missing):
            return _Judged(each, 1.0 if self.missing == "ignore" else 0.0, "", is_missing=True)
        arrays = shapes if isinstance(shapes, str) else self._arrays(each, shapes, read)
        if isinstance(arrays, str):
            return _Judged(each, 0.0, f"{arrays}.")
        if data.is_standin or not each.bars:
            fault = _untrained(data, each, arrays)
            if fault is not None:
                return _Judged(each, 0.0, f"{each.file} was not trained: {fault}.")
            return _Judged(each, 1.0, "", alarm=_noise(each, arrays), is_sound=True)
        assert each.images is not None
        layers = each.layers(arrays)
        accuracies = accuracies_of_layers(data, each.images, layers, each.test_images)
        reached = {"val": accuracies.val, "test": accuracies.test}
        missed = [split for split, bar in each.bars.items() if reached[split] < bar]
        words = f"{each.file} labels {each.reached_words(reached)}."
        if missed:
            words = f"Not accurate enough: {words}"
            other = fitting_order(data, each.images, layers, each.test_images, max(_FITTING, accuracies.val))
            if other:
                words += f" It fits {other}: was it trained on those? The handout's cells use different ones."
        return _Judged(
            each,
            1 - len(missed) / len(each.bars),
            words,
            {each.measure(split): share for split, share in reached.items()},
            {each.measure(split): bar for split, bar in each.bars.items()},
            is_sound=True,
        )

    def _shapes(self, each: SavedFile, seen: Observation) -> tuple[tuple[int, ...], ...] | str:
        """The shapes of the arrays, in the order of the spec, or a clause on the fault of the file."""
        values = _received(each, seen)
        if isinstance(values, str):
            return values
        numbers = values[0].tolist()
        shapes = []
        for _ in each.arrays:
            count = int(numbers[0]) if numbers else 0
            shapes.append(tuple(map(int, numbers[1 : 1 + count])))
            numbers = numbers[1 + count :]
        if 8 * sum(map(math.prod, shapes)) > SAVED_BYTES:
            return f"{each.file} holds more than {SAVED_BYTES >> 20} MiB of numbers"
        return each.fit(shapes) or tuple(shapes)

    def _arrays(
        self, each: SavedFile, shapes: Sequence[tuple[int, ...]], read: Observation | None
    ) -> dict[str, Array] | str:
        """The arrays in the shapes of the spec, or a clause on the fault of the file."""
        if read is None:
            raise ValueError(f"{each.file} was not read")
        values = _received(each, read)
        if isinstance(values, str):
            return values
        arrays = {}
        for (name, expected), array, shape in zip(each.arrays.items(), values, shapes, strict=True):
            if not np.isfinite(array).all():
                return f"{name} in {each.file} has numbers that are not finite"
            arrays[name] = array.reshape(shape[-len(expected) :])
        return arrays


@dataclass(frozen=True, slots=True)
class _Judged:
    """What became of one file. words: a sentence, if there is one for it alone."""

    file: SavedFile
    credit: float
    words: str
    measured: Mapping[str, float] = field(default_factory=dict)
    allowed: Mapping[str, float] = field(default_factory=dict)
    alarm: Flag | None = None
    is_sound: bool = False
    is_missing: bool = False


def _received(each: SavedFile, seen: Observation) -> tuple[Array, ...] | str:
    """The values that a reader returned, or a clause on the fault of the file."""
    match seen:
        case Returned(values=values):
            if all(isinstance(value, Received) for value in values):
                return tuple(value.array for value in values if isinstance(value, Received))
            return f"{each.file} does not hold arrays of numbers"
        case Raised(kind="LookupError", message=message):
            return f"{each.file} holds {message}; {_ADVICE[each.format]}"
        case Raised(kind=kind):
            return _why_not_read(each, kind)
        case TimedOut(limit_seconds=limit):
            return f"{each.file} could not be loaded within {limit:g} s"
        case Died(how=how):
            return f"{each.file} ended the process that was loading it ({how})"
        case Refused(reason=reason):
            return f"{each.file} was {reason}"
        case Missing():
            return f"{each.file} is not in the submission"
        case Checked():
            raise ValueError("the saved arrays were not kept")
    assert_never(seen)


def _why_not_read(each: SavedFile, kind: str) -> str:
    """The words of torch and NumPy are about their internals, so they are left out."""
    if kind == "UnpicklingError" and each.format == "pt":
        return f"{each.file} holds more than tensors or is damaged, so it was not loaded; {_ADVICE['pt']}"
    return f"{each.file} is damaged or was not written by {_WRITERS[each.format]}: loading it raised {kind}"


_WRITERS = {"npy": "np.save", "pt": "torch.save"}
_ADVICE = {
    "npy": "save a dict of arrays with np.save(path, params)",
    "pt": "save a dict of tensors with torch.save(params, path)",
}


def _untrained(data: DataSet, each: SavedFile, arrays: Mapping[str, Array]) -> str | None:
    """Why no training gave these weights, in a clause; None where one may have."""
    for name in each.matrices:
        W = arrays[name]
        if not np.ptp(W) > LEAST_APART * np.abs(W).max():
            return f"all numbers in {name} are the same"
    if not each.matrices:
        return None
    if each.images is not None and each.matrices == ("W",):
        return untrained(arrays["W"])
    first, last = arrays[each.matrices[0]], arrays[each.matrices[-1]]
    if not np.ptp(last, axis=1).max() > LEAST_APART * np.abs(last).max():
        return f"the columns of {each.matrices[-1]} are all the same, so every class has the same score for every image"
    if each.images is not None and not np.ptp(first, axis=0).max() > LEAST_APART * np.abs(first).max():
        return (
            f"{each.matrices[0]} has the same weight for every pixel, so it can only tell bright images"
            " from dark ones"
        )
    if each.images is not None:
        if has_one_score(data, each.images, each.layers(arrays)):
            return "every image gets the same scores"
        if _is_noise(first) and not any(arrays[name].any() for name in arrays if name[0] == "b"):
            # the slopes of the last biases are hardly ever zero in sum, so that the first step moves them
            return f"its biases are zero and {each.matrices[0]} is noise, as before the first step"
    return None


def _is_noise(W: Array) -> bool:
    """Whether the weights of pixels beside each other have nothing in common."""
    return alikeness(W) < LEAST_ALIKE


def _noise(each: SavedFile, arrays: Mapping[str, Array]) -> Flag | None:
    """A network's first layer that looks as it does before training: a few steps leave it like that, so it costs nothing."""
    if each.images is None or each.matrices == ("W",) or not _is_noise(arrays[each.matrices[0]]):
        return None
    name = each.matrices[0]
    return Flag(
        "suspect_accuracy",
        None,
        (
            f"{name} in {each.file} looks like random numbers: the weights of neighboring pixels are"
            " unrelated. It may not have been trained. No points were deducted; a run with CIFAR-10"
            " (--data) would tell."
        ),
    )
