"""The student's own loss, trainer and predictor, together on images: do they reach the bars?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import CheckFields, Evidence
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import (
    LEARNER_ROLES,
    Accuracies,
    Learner,
    accuracies_of,
    labels_by_scores,
    weights_of,
)
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec, Role
from grader.model.observation import Received, Returned, Unexpected, Value
from grader.model.trial import Array, DTypeName, Trial
from grader.model.verdict import Picture, Verdict

VALIDATION_SHARE = 0.5
"""Of the points, for the bar on the validation images; the rest for that on the test images."""

CURVE_POINTS = 150
_FALLING = 0.98
"""Of the first losses' mean, that the last ones' stays below where training does anything."""


class AccuracyCheck(CheckFields):
    """Trained with the spec's hyperparameters, the student's functions label enough images rightly.

    Either loss, trainer and predictor are named, or class_name. The labels of the judged images never leave the judge.
    """

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = LEARNER_ROLES
    needs_data: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["accuracy"]
    loss: str | None = None
    trainer: str | None = None
    predictor: str | None = None
    class_name: str | None = None
    dtype: DTypeName = "float32"
    learning_rate: float = Field(gt=0)
    reg: float = Field(ge=0)
    num_iters: int = Field(default=1500, gt=0, le=20000)
    batch_size: int = Field(default=200, gt=0, le=10000)
    val_bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled rightly.")
    test_bar: float = Field(gt=0, lt=1, description="Share of the test images to be labelled rightly.")

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The learner must be three functions or one class."""
        yield from super().misfits(functions)
        if len(self.functions) != (1 if self.class_name else 3):
            yield SpecFault("", "must name either loss, trainer and predictor, or class_name alone")

    @property
    def _learner(self) -> Learner:
        return Learner(self.functions, self.dtype)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One training."""
        keywords = {
            "learning_rate": self.learning_rate,
            "reg": self.reg,
            "num_iters": self.num_iters,
            "batch_size": self.batch_size,
        }
        label = f"{self.num_iters} iterations, learning_rate {self.learning_rate:g}, reg {self.reg:g}"
        return (self._learner.training(context, keywords, label),)

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """The images to label, once there are weights."""
        weights = _weights(evidence)
        if len(evidence) > 1 or not isinstance(weights, Received) or not np.isfinite(weights.array).all():
            return ()
        W = weights.array.astype(self.dtype)
        return (self._learner.labelling(context, W, "the validation and the test images"),)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Half of the points for each of the two bars."""
        for trial, observation in evidence:
            if not isinstance(observation, Returned):
                return self._failed(failure_sentence(trial, observation))
        weights, history = _weights(evidence), _history(evidence)
        if not isinstance(weights, Received):
            said = "nothing" if weights is None else weights.description
            return self._failed(f"training gives {said} in the place of the weights W")
        if not np.isfinite(weights.array).all():
            return self._failed(
                f"training ends with weights that are not finite, with {evidence[0][0].label}; does the loss grow?"
            )
        _, labelled = evidence[1]
        assert isinstance(labelled, Returned)
        labels = labelled.values[0]
        if isinstance(labels, Unexpected):
            return self._failed(f"{self._predictor} gives {labels.description} in the place of labels")
        reached = accuracies_of(context, labels.array, self.dtype)
        possible = accuracies_of(context, labels_by_scores(context, weights.array, self.dtype), self.dtype)
        return self._conclude(reached, possible, weights.array, history)

    @property
    def _predictor(self) -> str:
        return f"{self.class_name}.predict" if self.class_name else str(self.predictor)

    def _conclude(
        self, reached: Accuracies, possible: Accuracies, W: Array, history: Array | None
    ) -> Verdict:
        passes = (reached.val >= self.val_bar, reached.test >= self.test_bar)
        credit = VALIDATION_SHARE * passes[0] + (1 - VALIDATION_SHARE) * passes[1]
        on_test = f"{reached.test:.3f} of the test images (asked: {self.test_bar:g})"
        words = [
            f"{reached.val:.3f} of the validation images are labelled rightly (asked: {self.val_bar:g}), {on_test}."
        ]
        if credit < 1 and possible.val > reached.val + 0.01:
            words.append(
                f"The same weights reach {possible.val:.3f} and {possible.test:.3f} by their highest scores:"
                f" look at {self._predictor}."
            )
        measured = {"val_accuracy": reached.val, "test_accuracy": reached.test}
        if history is not None:
            first, last = float(history[:10].mean()), float(history[-50:].mean())
            measured |= {"first_loss": float(history[0]), "last_losses": last}
            if credit < 1 and not last < _FALLING * first:
                words.append(
                    f"The loss does not fall: {formatting.number(first)} in the first iterations,"
                    f" {formatting.number(last)} in the last."
                )
        return Verdict(
            "passed" if credit == 1 else "failed",
            credit,
            " ".join(words),
            hint=None if credit == 1 else self.hint,
            measured=measured,
            allowed={"val_accuracy": self.val_bar, "test_accuracy": self.test_bar},
            curves={} if history is None else {"loss": curve(history)},
            pictures={"weights": templates(W)} if W.shape[0] == 3 * 32 * 32 + 1 else {},
        )

    def _failed(self, words: str) -> Verdict:
        return Verdict("failed", 0.0, sentence(words), hint=self.hint)


def _weights(evidence: Evidence) -> Value | None:
    """What the training left: the first value of a trainer, the attribute W of a class; None where it gave none."""
    return weights_of(evidence[0][1]) if evidence else None


def _history(evidence: Evidence) -> Array | None:
    """The losses, where there are as many finite ones as iterations were asked for."""
    trial, observation = evidence[0]
    assert isinstance(observation, Returned)
    history = observation.values[-1]
    if not isinstance(history, Received) or history.array.ndim != 1 or len(history.array) < 2:
        return None
    is_whole = len(history.array) == getattr(trial.keywords["num_iters"], "value", None)
    return history.array if is_whole and np.isfinite(history.array).all() else None


def curve(history: Array) -> tuple[float, ...]:
    """At most 150 numbers that draw the same curve: means over equal stretches, to five digits."""
    parts = np.array_split(history, min(CURVE_POINTS, len(history)))
    return tuple(float(f"{part.mean():.5g}") for part in parts)


def templates(W: Array) -> Picture:
    """Each class's weights as an image 32 x 32 of bytes, scaled to its own range; the bias row is left out."""
    images = W[:-1].T.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype(np.float64)
    low = images.min(axis=(1, 2, 3), keepdims=True)
    span = np.maximum(images.max(axis=(1, 2, 3), keepdims=True) - low, np.finfo(np.float64).tiny)
    levels = np.rint((images - low) / span * 255).astype(np.uint8)
    return Picture(count=len(levels), height=32, width=32, rgb=levels.tobytes())
