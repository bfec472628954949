"""Classes whose loss reads W off the object: the checks of trainers, predictors and classes, asked of them."""

from typing import Any

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.classifier import ClassifierCheck
from grader.checks.training.prediction import PredictionCheck
from grader.checks.training.sampling import SamplingCheck
from grader.checks.training.training import TrainingCheck
from grader.model.assignment import Assignment, ClassifierClass, ClassifierName, Limits, TrainerDefaults
from grader.model.trial import Spy, Tensor
from reference import Convention
from tests.checks.students import softmax_indexed, svm_mask, verdict_on

RNG = np.random.default_rng(0)
DEFAULTS = TrainerDefaults(learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200)
LOSSES: tuple[tuple[str, ClassifierName | None], ...] = (
    ("Base", None),
    ("Svm", "svm"),
    ("Softmax", "softmax"),
)
ASSIGNMENT = Assignment(
    convention=Convention(),
    backend="numpy",
    functions={
        name: ClassifierClass(
            role="classifier", classifier=classifier, weights="attribute", dtype="float64", defaults=DEFAULTS
        )
        for name, classifier in LOSSES
    },
    limits=Limits(call_seconds=5),
)


class Base:
    rate = 1.0
    rows = 0

    def __init__(self):
        self.W: Any = None

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        if self.W is None:
            self.W = 0.001 * RNG.normal(size=(X.shape[1], y.max() + 1))
        history = []
        for _ in range(num_iters):
            picked = RNG.choice(len(X) - self.rows, batch_size)
            loss, dW = self.loss(X[picked], y[picked], reg)
            history.append(loss)
            self.W -= self.rate * learning_rate * dW
        return history

    def predict(self, X):
        return (X @ self.W).argmax(axis=1)

    def loss(self, X, y, reg):
        raise NotImplementedError


class Svm(Base):
    def loss(self, X, y, reg):
        return svm_mask(self.W, X, y, reg)


class Softmax(Base):
    def loss(self, X, y, reg):
        return softmax_indexed(self.W, X, y, reg)


class TakesHalfSteps(Base):
    rate = 0.5


class MissesTheLastRow(Base):
    rows = 1


class PredictsOneTooHigh(Base):
    def predict(self, X):
        return super().predict(X) + 1


class LossOfOtherWeights(Softmax):
    def loss(self, X, y, reg):
        return softmax_indexed(self.W + 0.1, X, y, reg)


def training(name="Base"):
    return TrainingCheck(kind="training", id="training", title="t", points=8, function=name)


def sampling(name="Base"):
    return SamplingCheck(kind="sampling", id="sampling", title="s", points=1, function=name)


def prediction(name="Base"):
    return PredictionCheck(kind="prediction", id="prediction", title="p", points=3, function=name)


def classifier(name):
    return ClassifierCheck(kind="classifier", id="classifier", title="c", points=2, class_name=name)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("check", [training(), sampling(), prediction(), classifier("Base")])
def test_a_right_base_class_passes_the_checks_of_trainers_and_predictors(check, seed):
    verdict = verdict_on(check, Base, seed, ASSIGNMENT)

    assert (verdict.status, verdict.credit) == ("passed", 1.0), verdict.message
    assert {finding.function for finding in verdict.findings} == {"Base"}


@pytest.mark.parametrize("student", [Svm, Softmax])
def test_a_right_class_passes_in_its_own_dtype(student):
    check = classifier(student.__name__)

    verdict = verdict_on(check, student, 0, ASSIGNMENT)

    assert verdict.message == f"{student.__name__}: loss, train and predict work as they should."
    given = [
        argument.array.dtype
        for trial in check.trials(CheckContext(ASSIGNMENT, 0))
        for argument in (*trial.positional, *trial.state.values())
        if isinstance(argument, Tensor)
    ]
    assert np.dtype(np.float32) not in given


def test_a_spy_is_a_method_and_the_first_weights_are_the_objects():
    given, none = training().trials(CheckContext(ASSIGNMENT, 0))

    assert {trial.method for trial in (given, none)} == {"train"}
    assert all(isinstance(trial.state["loss"], Spy) for trial in (given, none))
    assert all(trial.state["loss"].is_method for trial in (given, none))
    assert ["W" in trial.state for trial in (given, none)] == [True, False]
    assert len(given.positional) == 2


@pytest.mark.parametrize(
    "check,student,words",
    [
        (training(), TakesHalfSteps, "Base.train: W is not updated to W - learning_rate*dW, at iteration 0"),
        (sampling(), MissesTheLastRow, "Base.train: the last row is never drawn"),
        (prediction(), PredictsOneTooHigh, "Base.predict gets 40 of 40 labels wrong"),
        (classifier("Softmax"), LossOfOtherWeights, "Softmax.loss: loss is "),
    ],
    ids=["training", "sampling", "prediction", "loss"],
)
def test_what_is_wrong_is_said_of_the_method(check, student, words):
    verdict = verdict_on(check, student, 0, ASSIGNMENT)

    assert verdict.status == "failed"
    assert verdict.message.startswith(words)
