"""The weights that a student saved: do they label enough images correctly?"""

from __future__ import annotations

from typing import ClassVar, Literal, assert_never

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.check import CheckFields, Evidence, Roles
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import (
    NUM_CLASSES,
    Accuracies,
    accuracies_by_scores,
    data_of,
)
from grader.data import FEATURES
from grader.intake.archive import SAVED_BYTES
from grader.model.observation import (
    Checked,
    Died,
    Missing,
    Observation,
    Raised,
    Refused,
    Returned,
    TimedOut,
    Unexpected,
)
from grader.model.trial import Array, ArrayOutput, FileArgument, Trial
from grader.model.verdict import Verdict
from reference.in_worker.saved import SAVED_FUNCTION

LEAST_OWN = 1e-3
"""Of the greatest singular value of what sets the classes apart, which leaves one for all but one class: so much has the
least of them. Weights trained on images with the spectrum of natural ones have 0.7 of it."""

LEAST_APART = 1e-12
"""Relative: classes whose weights differ by no more than rounding have the same weights."""

DISTANCES = (1, 2, 3, 6, 31, 32, 33, 64, 96, 1024)
"""In a column, between pixels near each other and between the channels of one, whichever way images are laid out."""

LEAST_ALIKE = 0.035
"""The least correlation, of either sign, at one of these distances. For independent random numbers it has a standard
deviation of 0.006. Weights trained on images with the spectrum of natural ones have 0.08 and more, even overfitted ones."""


class WeightsCheck(CheckFields):
    """A file that torch.save wrote holds {'W': W}, whose highest scores label enough images correctly.

    It is loaded as tensors alone (weights_only), in a confined worker that runs none of the student's code. On the
    stand-in for CIFAR-10 the bars cost nothing: students train on the real images, and no weights fit both. There it can
    only be told whether the weights can be those of a trained classifier at all (`untrained`).
    """

    roles: ClassVar[Roles] = {}
    needs_data: ClassVar[bool] = True
    scores_images: ClassVar[bool] = True

    kind: Literal["weights"]
    file: str = Field(pattern=r"^[^/\\]+\.pth?$", description="The file's name, in whatever folder it lies.")
    val_bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled correctly.")
    test_bar: float = Field(gt=0, lt=1, description="Share of the test images to be labelled correctly.")

    @property
    def file_names(self) -> tuple[str, ...]:
        """The one file."""
        return (self.file,)

    @property
    def data_words(self) -> str:
        return (
            "on the stand-in, weights that may have been trained on images give all points; with --data, the accuracy does:"
            f" {Accuracies(self.val_bar, self.test_bar).as_bars()}"
        )

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One loading."""
        return (
            Trial(
                label=self.file,
                function=SAVED_FUNCTION,
                positional=(FileArgument(self.file),),
                outputs=(ArrayOutput(_shape(context)),),
                backend="torch",
                seconds=context.assignment.limits.call_seconds,
                runner="reference",
                is_apart=True,  # a pickle of the student's may run anything
            ),
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Half of the points for each of the two bars; on the stand-in all of them for weights that may be trained ones."""
        ((_, observation),) = evidence
        W = self._weights(context, observation)
        if isinstance(W, str):
            return self.failed(W)
        W = W if context.assignment.convention.layout == "DC" else W.T
        reached, bars = accuracies_by_scores(context, W, "float32"), Accuracies(self.val_bar, self.test_bar)
        credit = reached.credit(bars)
        message = f"{self.file} reaches {reached.beside(bars)}."
        if credit < 1 and data_of(context).is_standin:
            fault = untrained(W)
            if fault is not None:
                return self.failed(f"W in {self.file} was not trained: {fault}")
            credit = 1.0
            message += (
                " This run used stand-in images, not the CIFAR-10 images the weights were trained on, so"
                " the accuracy costs no points: the file only has to hold weights that may have been"
                " trained on images. With CIFAR-10 (--data) the bars count."
            )
        elif credit < 1:
            message = f"{self.file} is not accurate enough: {reached.beside(bars)}."
        return self.scored(credit, message, measured=reached.by_name(), allowed=bars.by_name())

    def _weights(self, context: CheckContext, observation: Observation) -> Array | str:
        """W as saved, or a sentence on the fault of the file."""
        match observation:
            case Returned(values=values):
                value = values[0]
                if isinstance(value, Unexpected):
                    return (
                        f"W in {self.file} is {value.description}; expected floats of shape {_shape(context)}"
                    )
                return value.array if np.isfinite(value.array).all() else f"W in {self.file} is not finite"
            case Checked():
                raise ValueError("the saved weights were not kept")
            case Raised(kind=kind, message=message):
                return self._refused(kind, message)
            case TimedOut(limit_seconds=limit):
                return f"{self.file} could not be loaded within {limit:g} s"
            case Died(how=how):
                return f"{self.file} ended the process that was loading it ({how})"
            case Missing():
                return f"{self.file} is not in the submission, or is larger than {SAVED_BYTES >> 20} MiB"
            case Refused(reason=reason):
                return f"{self.file} was {reason}"
        assert_never(observation)

    def _refused(self, kind: str, message: str) -> str:
        """Why a file could not be loaded. torch's own messages are about its internals, so they are left out."""
        if kind == "UnpicklingError":
            return (
                f"{self.file} holds more than tensors or is damaged, so it was not loaded; save it with"
                " torch.save({'W': W}, path), where W is a tensor"
            )
        if kind == "LookupError":
            return f"{self.file} holds {message}; save it with torch.save({{'W': W}}, path)"
        return f"{self.file} is damaged or was not written by torch.save: loading it raised {kind}"


def untrained(W: Array) -> str | None:
    """Why no training on images gave W (D, C), in a clause; None where one may have.

    Each step adds multiples of images to the columns of W, other ones to each class. So the classes differ in more than a
    number, each has a pattern of its own, and what sets them apart is no more independent from pixel to pixel than images
    are.
    """
    apart = W[:-1].astype(np.longdouble)
    apart -= apart.mean(axis=1, keepdims=True)
    largest = np.abs(apart).max()
    if not largest > LEAST_APART * np.abs(W).max():
        return "its columns are all the same, so every class has the same score for every image"
    apart = (apart / largest).astype(np.float64)
    if _is_flat(W):
        return (
            "each class has the same weight for every pixel, so it can only tell bright images from dark ones"
        )
    own = np.linalg.eigvalsh(apart.T @ apart)[1:]
    if not own[0] > LEAST_OWN**2 * own[-1]:
        return "every class is a multiple of the same pattern"
    alike = alikeness(apart)
    if alike < LEAST_ALIKE:
        return (
            "it is noise. The weights of neighboring pixels are unrelated (greatest correlation"
            f" {formatting.small(alike)})"
        )
    return None


def alikeness(W: Array) -> float:
    """The greatest correlation, of either sign, between weights W (D, C) of pixels near each other or of one pixel's channels."""
    apart = W - W.mean(axis=0)
    power = float(np.vdot(apart, apart))
    return max(abs(float(np.vdot(apart[by:], apart[:-by]))) for by in DISTANCES) / power if power else 1.0


def _is_flat(W: Array) -> bool:
    """Whether each class has one weight for all pixels."""
    return bool((np.ptp(W[:-1].astype(np.longdouble), axis=0) <= LEAST_APART * np.abs(W).max()).all())


def _shape(context: CheckContext) -> tuple[int, int]:
    sizes = (FEATURES, NUM_CLASSES)
    return sizes if context.assignment.convention.layout == "DC" else sizes[::-1]
