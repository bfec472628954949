"""The weights that a student saved, scored as they are: do they label enough images rightly?"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, assert_never

import numpy as np
from pydantic import Field

from grader.checks.base.call import sentence
from grader.checks.base.check import CheckFields, Evidence
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import NUM_CLASSES, accuracies_of, data_of, labels_by_scores, prepared
from grader.intake.archive import SAVED_BYTES
from grader.model.assignment import Role
from grader.model.observation import (
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

VALIDATION_SHARE = 0.5
"""Of the points, for the bar on the validation images; the rest for that on the test images."""


class WeightsCheck(CheckFields):
    """A file that torch.save wrote holds {'W': W}, whose highest scores label enough images rightly.

    It is loaded as tensors alone (weights_only), in a confined worker that runs nothing of the student's. On the stand-in
    for CIFAR-10 the bars cost nothing: the students trained on the real images, and nobody's weights fit both.
    """

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType({})
    needs_data: ClassVar[bool] = True

    kind: Literal["weights"]
    file: str = Field(pattern=r"^[^/\\]+\.pth?$", description="The file's name, in whatever folder it lies.")
    val_bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled rightly.")
    test_bar: float = Field(gt=0, lt=1, description="Share of the test images to be labelled rightly.")

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
            ),
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Half of the points for each of the two bars; on the stand-in all of them for weights of the right form."""
        ((_, observation),) = evidence
        W = self._weights(context, observation)
        if isinstance(W, str):
            return Verdict("failed", 0.0, sentence(W), hint=self.hint)
        W = W if context.assignment.convention.layout == "DC" else W.T
        reached = accuracies_of(context, labels_by_scores(context, W, "float32"), "float32")
        passes = (reached.val >= self.val_bar, reached.test >= self.test_bar)
        credit = VALIDATION_SHARE * passes[0] + (1 - VALIDATION_SHARE) * passes[1]
        message = (
            f"{self.file} labels {reached.val:.3f} of the validation images rightly (asked: {self.val_bar:g}),"
            f" {reached.test:.3f} of the test images (asked: {self.test_bar:g})."
        )
        if credit < 1 and data_of(context).is_standin:
            credit = 1.0
            message += (
                " These are images of the stand-in, of which weights that were trained on CIFAR-10 know nothing: only that"
                " the file holds such weights is judged. With CIFAR-10 (--data) the bars count."
            )
        return Verdict(
            "passed" if credit == 1 else "failed",
            credit,
            message,
            hint=None if credit == 1 else self.hint,
            measured={"val_accuracy": reached.val, "test_accuracy": reached.test},
            allowed={"val_accuracy": self.val_bar, "test_accuracy": self.test_bar},
        )

    def _weights(self, context: CheckContext, observation: Observation) -> Array | str:
        """W as it was saved, or what is wrong with the file."""
        match observation:
            case Returned(values=(Unexpected(description=description),)):
                return f"W in {self.file} is {description}; expected floats of shape {_shape(context)}"
            case Returned(values=(value,)):
                assert not isinstance(value, Unexpected)
                return value.array if np.isfinite(value.array).all() else f"W in {self.file} is not finite"
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
            case Returned():
                raise ValueError("one value was asked for")
        assert_never(observation)

    def _refused(self, kind: str, message: str) -> str:
        """Why a file could not be loaded. torch's own messages speak of its insides, and are left out."""
        if kind == "UnpicklingError":
            return (
                f"{self.file} holds more than tensors, or is damaged, and was not loaded; save it with"
                " torch.save({'W': W}, path), where W is a tensor"
            )
        if kind == "LookupError":
            return f"{self.file} holds {message}; save it with torch.save({{'W': W}}, path)"
        return f"{self.file} is damaged or no file that torch.save wrote: loading it raised {kind}"


def _shape(context: CheckContext) -> tuple[int, int]:
    X, _ = prepared(data_of(context), "val", "float32")
    sizes = (X.shape[1], NUM_CLASSES)
    return sizes if context.assignment.convention.layout == "DC" else sizes[::-1]
