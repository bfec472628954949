"""The classes: loss, train and predict as methods."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import case_of, loss_trial
from grader.checks.losses.cases import SHIFT, Draw
from grader.checks.losses.truth import Truth
from grader.checks.training.calls import trainer_trial, training_keywords, weights_and_history
from grader.checks.training.prediction import Size, label_fault, prediction_trial
from grader.checks.training.training_audit import TrainingAudit
from grader.checks.training.training_run import (
    TrainingRun,
    draw_data,
    draw_keywords,
    draw_sizes,
    spied_trial,
)
from grader.model.assignment import Assignment, ClassifierClass, ClassifierName
from grader.model.observation import Observation, Returned, Unexpected
from grader.model.trial import Tensor, Trial
from grader.model.verdict import Finding, Verdict
from reference import Convention, softmax_loss, svm_loss

ITERATIONS = 60
CLOUDS_REG = 1e-4
HISTORY_SHARE, HISTORY_MARGIN = 0.3, 0.1
"""How near the last losses, of batches and slightly earlier weights, are to the loss of all data at self.W."""

LEAST_SHARE_RIGHT = 0.9
"""Of the samples of three well separated clouds; trained weights classify all of them correctly."""


class ClassifierCheck(CheckFields):
    """loss() returns the right values, train() sets W and returns the history, predict() uses W.

    The base class has no loss: the judge lends it one for train().
    """

    roles: ClassVar[Roles] = {"class_name": ("classifier",)}

    kind: Literal["classifier"]
    class_name: str

    @property
    def asked_again(self) -> Literal["any beside a right one"]:
        """Of any function, unless training, prediction and all else are wrong: nothing of the student's would be judged."""
        return "any beside a right one"

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """First loss, if there is one, then train, then predict."""
        rng = random_stream(context.seed, self.id)
        spec = context.assignment.functions[self.class_name]
        assert isinstance(spec, ClassifierClass)
        losses = () if spec.classifier is None else self._loss_trials(context.assignment, spec, rng)
        trains = [] if spec.classifier is None else [self._training(context.assignment, spec, rng)]
        trains.append(self._spied_training(context.assignment, rng))
        size = Size("predict", 35, 6, 8)
        prediction = prediction_trial(context.assignment, self.class_name, rng, size)
        return (*losses, *trains, prediction)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when every method does its part."""
        spec = context.assignment.functions[self.class_name]
        assert isinstance(spec, ClassifierClass)
        for trial, observation in evidence:
            fault = self._fault(context.assignment, spec, trial, observation)
            if fault is not None:
                return self.failed(fault, findings=(Finding(self.class_name, False),))
        methods = "train and predict" if spec.classifier is None else "loss, train and predict"
        return self.passed(
            f"{self.class_name}: {methods} work as they should", findings=(Finding(self.class_name, True),)
        )

    def _fault(
        self, assignment: Assignment, spec: ClassifierClass, trial: Trial, observation: Observation
    ) -> str | None:
        if not isinstance(observation, Returned):
            return failure_sentence(trial, observation)
        match trial.method:
            case "loss":
                return self._loss_fault(assignment, spec, trial, observation)
            case "train":
                if spec.classifier is None:
                    return self._spied_fault(trial, observation)
                if "loss" in trial.state:
                    # A train that calls the loss function directly instead of self.loss is right too.
                    return self._spied_fault(trial, observation) if observation.spy_calls else None
                return self._training_fault(spec.classifier, assignment.convention, trial, observation)
            case _:
                return label_fault(trial, observation, assignment.convention)

    def _loss_trials(
        self, assignment: Assignment, spec: ClassifierClass, rng: np.random.Generator
    ) -> tuple[Trial, ...]:
        draw = Draw(rng, assignment.convention)
        cases = [draw.small(0.37), draw.large()]
        if spec.classifier == "softmax":
            cases += draw.shifted((SHIFT,))
        trials = [loss_trial(assignment, self.class_name, case, spec.dtype) for case in cases]
        if spec.weights == "attribute":
            trials = [
                replace(each, state={"W": each.positional[0]}, positional=each.positional[1:])
                for each in trials
            ]
        return tuple(replace(each, method="loss") for each in trials)

    def _loss_fault(
        self, assignment: Assignment, spec: ClassifierClass, trial: Trial, observation: Returned
    ) -> str | None:
        assert spec.classifier is not None
        own = (trial.state["W"],) if "W" in trial.state else ()
        case, dtype = case_of(replace(trial, positional=(*own, *trial.positional)))
        truth = Truth.about(spec.classifier, case, assignment.convention, dtype)
        fault = truth.fault(observation.values)
        return None if fault is None else f"{self.class_name}.loss: {fault}, on {trial.label}"

    def _spied_training(self, assignment: Assignment, rng: np.random.Generator) -> Trial:
        sizes = draw_sizes(rng, num_iters=(6, 9), batch_size=(10, 14))
        return spied_trial(
            assignment,
            self.class_name,
            f"train, {sizes.num_iters} steps, batches of {sizes.batch_size}, a loss supplied by the grader",
            rng,
            sizes,
            draw_data(rng, sizes, absent_class=True),
            start=None,
            keywords=draw_keywords(rng, sizes, verbose=True),
        )

    def _spied_fault(self, trial: Trial, observation: Returned) -> str | None:
        audit = TrainingAudit(TrainingRun.of(trial), observation.spy_calls)
        faults = audit.faults(*weights_and_history(observation))
        return f"{self.class_name}.train: {'; '.join(faults.values())}" if faults else None

    def _training(self, assignment: Assignment, spec: ClassifierClass, rng: np.random.Generator) -> Trial:
        """Three well separated clouds, on which any right loss falls."""
        y = np.arange(90, dtype=np.int64) % 3
        X = rng.normal(0, 0.3, (90, 5))
        X[np.arange(90), y] += 3.0
        X[:, -1] = 1.0
        return trainer_trial(
            assignment,
            self.class_name,
            f"train, {ITERATIONS} steps on three clouds of points",
            (Tensor(X.astype(spec.dtype)), Tensor(y)),
            keywords=training_keywords(
                learning_rate=0.05, reg=CLOUDS_REG, num_iters=ITERATIONS, batch_size=30
            ),
            shape=(5, 3),
            num_iters=ITERATIONS,
        )

    def _training_fault(
        self, classifier: ClassifierName, convention: Convention, trial: Trial, observation: Returned
    ) -> str | None:
        history, W = observation.values[0], observation.fetched["W"]
        name = f"{self.class_name}.train"
        if isinstance(W, Unexpected):
            return f"{name} leaves {W.description} in self.W, expected shape (5, 3), on {trial.label}"
        if isinstance(history, Unexpected):
            return f"{name} should return a list of {ITERATIONS} losses, but returns {history.description}"
        if history.array.shape != (ITERATIONS,) or not np.isfinite(history.array).all():
            return f"{name} should return {ITERATIONS} finite losses, one for each iteration"
        if not np.isfinite(W.array).all():
            return f"{name} leaves weights in self.W that are not finite"
        if np.mean(history.array[-10:]) >= 0.8 * np.mean(history.array[:3]):
            return f"{name} does not reduce the loss, on {trial.label}"
        X, y = trial.positional
        assert isinstance(X, Tensor)
        assert isinstance(y, Tensor)
        loss_of = svm_loss if classifier == "svm" else softmax_loss
        dense = replace(convention, layout="DC")
        at_end = float(loss_of(W.array.astype(np.float64), X.array, y.array, CLOUDS_REG, dense).loss)
        late = float(np.mean(history.array[-10:]))
        if abs(late - at_end) > HISTORY_SHARE * at_end + HISTORY_MARGIN:
            return (
                f"{name} returns losses that do not match self.W: the last ones are {formatting.number(late)},"
                f" but the loss of self.W is {formatting.number(at_end)}, on {trial.label}"
            )
        right = int(np.sum((X.array @ W.array).argmax(axis=1) == y.array))
        if right < LEAST_SHARE_RIGHT * len(y.array):
            return (
                f"{name} leaves weights in self.W that classify only {right} of {len(y.array)} samples correctly,"
                f" on {trial.label}"
            )
        return None
