"""The handout's sanity check: with small weights the loss is about 9.0 (SVM) or ln 10 (softmax).

That number is in every handout, so a constant would pass: only a loss that is right elsewhere too earns the points.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from grader.checks.base.call import returned_calls
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import described, number_of
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import loss_trial
from grader.checks.losses.cases import Case, Draw
from grader.checks.losses.core import loss_fault, no_points_yet
from grader.checks.training.learning import NUM_CLASSES, data_of
from grader.model.trial import Trial
from grader.model.verdict import Verdict

SAMPLES, DEVIATION, REG = 128, 1e-4, 5e-6
TOLERANCE = 0.01
"""Relative, around the value for W = 0: weights of that size move the loss by less."""


class InitialLossCheck(CheckFields):
    """On images, with W = 1e-4 * randn, the loss is that of guessing; with other weights it is right too."""

    needs_data: ClassVar[bool] = True

    kind: Literal["initial_loss"]
    function: str

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One call on 128 images, and one on a small case without regularizer."""
        dtype = context.assignment.loss_function(self.function).main_dtype
        rng = random_stream(context.seed, self.id)
        data = data_of(context)
        y = data.labels("train")
        rows = rng.permutation(len(y))[:SAMPLES]
        images = data.train_rows(rows)
        W = DEVIATION * rng.normal(size=(images.shape[1], NUM_CLASSES))
        if context.assignment.convention.layout == "CD":
            W, images = W.T, images.T
        name = f"W = {DEVIATION:g} * randn, {SAMPLES} images"
        case = Case(name, W, images, y[rows].astype(np.int64), REG)
        core = Draw(rng, context.assignment.convention).small(reg=0.0)
        return tuple(loss_trial(context.assignment, self.function, each, dtype) for each in (case, core))

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when the loss is near that of guessing, from a function whose loss is right at its core."""
        calls = returned_calls(evidence)
        if isinstance(calls, str):
            return self.failed(calls, blames=(self.function,))
        (trial, returned), core = calls
        if context.assignment.loss_function(self.function).classifier == "svm":
            expected = context.assignment.convention.delta * (NUM_CLASSES - 1)
            why = "delta for each wrong class"
        else:
            expected, why = float(np.log(NUM_CLASSES)), "ln 10, every class as likely"
        loss = returned.values[0]
        seen = number_of(loss)
        if abs(seen - expected) <= TOLERANCE * expected:
            if fault := loss_fault(context.assignment, core):
                return self.failed(no_points_yet("the loss at the start", fault), blames=(self.function,))
            message = f"{self.function}: the loss is {seen:.4f} at the start, about {expected:.4f} ({why})"
            return self.passed(message, measured={"loss": seen}, allowed={"loss": expected})
        return self.failed(
            f"{self.function}: the loss is {described(loss)}, expected about {expected:.4f} ({why}),"
            f" on {trial.label}",
            blames=(self.function,),
        )
