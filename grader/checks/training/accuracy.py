"""The student's own loss, trainer and predictor, together on images: do they reach the bars?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import sentence
from grader.checks.base.check import CheckFields, Evidence, Roles
from grader.checks.base.context import CheckContext
from grader.checks.losses.error_picture import error_images
from grader.checks.training.learning import LEARNER_ROLES, Accuracies, Learned, Learner, Plan, data_of
from grader.checks.training.reference_curve import reference_curve
from grader.data import FEATURES
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec
from grader.model.trial import Array, DTypeName, Trial
from grader.model.verdict import Picture, Verdict

CURVE_POINTS = 150
_FALLING = 0.98
"""The last losses' mean stays below this share of the first ones' where training does anything."""


class AccuracyCheck(CheckFields):
    """Trained with the spec's hyperparameters, the student's functions label enough images correctly.

    Names either a loss, a trainer and a predictor, or a class. The labels of the judged images never leave the judge.
    """

    roles: ClassVar[Roles] = LEARNER_ROLES
    needs_data: ClassVar[bool] = True
    scores_images: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["accuracy"]
    loss: str | None = None
    trainer: str | None = None
    predictor: str | None = None
    class_name: str | None = None
    dtype: DTypeName = Field(default="float32", description="Dtype of the images.")
    learning_rate: float = Field(gt=0, description="Step of gradient descent.")
    reg: float = Field(ge=0, description="Strength of the regularization.")
    num_iters: int = Field(default=1500, gt=0, le=20000, description="Number of steps.")
    batch_size: int = Field(default=200, gt=0, le=10000, description="Images of each batch.")
    val_bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled correctly.")
    test_bar: float = Field(gt=0, lt=1, description="Share of the test images to be labelled correctly.")

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The learner must be three functions or one class."""
        yield from super().misfits(functions)
        if len(self.functions) != (1 if self.class_name else 3):
            yield SpecFault("", "must name either loss, trainer and predictor, or class_name alone")

    @property
    def comparable(self) -> tuple[str, ...]:
        """Both accuracies."""
        return ("val_accuracy", "test_accuracy")

    @property
    def data_words(self) -> str:
        return f"the same bars on the stand-in and with --data: {self._plan.bars.as_bars()}"

    @property
    def _learner(self) -> Learner:
        return Learner(self.functions, self.dtype)

    @property
    def _plan(self) -> Plan:
        bars = Accuracies(self.val_bar, self.test_bar)
        return Plan(self.learning_rate, self.reg, self.num_iters, self.batch_size, bars)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """The first stage of the training."""
        return self._learner.next_trials(context, self._plan, ())

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """Further stages until the verdict is certain; then the images to label, once there are weights."""
        return self._learner.next_trials(context, self._plan, evidence)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Half of the points for each of the two bars."""
        learned = self._learner.outcome(context, evidence)
        if isinstance(learned, str):
            return self.failed(learned, blames=self.functions)
        bars, reached, history = self._plan.bars, learned.by_scores, learned.history
        measured = reached.by_name() | {"iterations": float(learned.iterations)}
        if history is not None:
            first, last = float(history[:10].mean()), float(history[-50:].mean())
            measured |= {"first_loss": float(history[0]), "last_losses": last}
        credit = reached.credit(bars)
        verb = "Accuracy" if credit == 1 else "The accuracy is too low"
        words = [f"{verb}: {reached.beside(bars)}{learned.early_words(self.num_iters, 'both bars')}."]
        fault = self._training_fault(context, learned) if credit else None
        if fault is not None:
            credit = 0.0
            words = [sentence(fault), f"So there are no points for the accuracy: {reached.beside(bars)}."]
        words += learned.predictor_words()
        if credit < 1 and history is not None and not last < _FALLING * first:
            words.append(
                f"The loss does not fall: {formatting.number(first)} in the first iterations,"
                f" {formatting.number(last)} in the last."
            )
        return self.scored(
            credit,
            " ".join(words),
            measured=measured,
            allowed=bars.by_name() | {"iterations": float(self.num_iters)},
            curves={} if history is None else {"loss": curve(history)} | self._beside(context, learned),
            pictures=_pictures(learned),
            blames=() if credit == 1 else self.functions,
            alarms=learned.alarms(self.functions, is_paid=credit > 0),
            findings=learned.findings(self.functions),
        )

    def _beside(self, context: CheckContext, learned: Learned) -> dict[str, tuple[float, ...]]:
        """The reference's loss over as many iterations, where somebody will look at it."""
        if not context.for_page:
            return {}
        losses = reference_curve(
            data_of(context),
            self.dtype,
            self._learner.classifier(context),
            dataclasses.replace(context.assignment.convention, layout="DC"),  # the data come as (N, D)
            learning_rate=self.learning_rate,
            reg=self.reg,
            num_iters=learned.iterations,
            batch_size=self.batch_size,
        )
        return {"reference_loss": losses} if losses else {}

    def _training_fault(self, context: CheckContext, learned: Learned) -> str | None:
        """Why W counts for nothing, although it reaches a bar."""
        if learned.training.fault is not None or learned.training.is_seen:
            return learned.training.fault
        pair = self.learning_rate, self.reg
        if self._learner.is_like_descent(context, learned.W, pair, learned.iterations, self.batch_size):
            return None
        return (
            f"{self.functions[0]} does not train with its own loss: its W is not where gradient descent on"
            " that loss ends up"
        )


def curve(history: Array) -> tuple[float, ...]:
    """At most 150 numbers that draw the same curve: means over equal stretches, to five digits."""
    parts = np.array_split(history, min(CURVE_POINTS, len(history)))
    return tuple(float(f"{part.mean():.5g}") for part in parts)


def _pictures(learned: Learned) -> dict[str, Picture]:
    """The learned weights, and where the loss's gradient is off."""
    if len(learned.W) != FEATURES:
        return {}
    off = None if learned.training.off is None else error_images(learned.training.off)
    return {"weights": templates(learned.W)} | ({} if off is None else {"dW_error": off})


def templates(W: Array) -> Picture:
    """Each class's weights as an image 32 x 32 of bytes, scaled to its own range; the bias row is left out."""
    images = W[:-1].T.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype(np.float64)
    low = images.min(axis=(1, 2, 3), keepdims=True)
    span = np.maximum(images.max(axis=(1, 2, 3), keepdims=True) - low, np.finfo(np.float64).tiny)
    levels = np.rint((images - low) / span * 255).astype(np.uint8)
    return Picture(count=len(levels), height=32, width=32, rgb=levels.tobytes())
