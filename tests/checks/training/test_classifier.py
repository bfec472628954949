"""The classes: loss, train and predict as methods."""

import numpy as np
import pytest

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.context import CheckContext
from grader.checks.training.classifier import ClassifierCheck
from grader.checks.training.training_run import TrainingRun
from grader.model.verdict import Finding
from tests.checks.students import (
    ASSIGNMENT,
    LinearClassifier,
    LinearSVM,
    Softmax,
    bytes_of,
    says,
    shipped_svm,
    softmax_of,
    svm_mask,
    trainer,
    verdict_on,
    verdict_on_all,
)
from tests.checks.training.failures import FAILURES

SMALL = "a small batch (N=<count>, C=3, D=<count>, reg=0.37)"
TRAIN = "train, 60 steps on three clouds of points"
PREDICT = "predict (N=35, C=6, D=8, float32)"


def check_of(name):
    return ClassifierCheck(
        kind="classifier", id="classifier", title="class", points=2, hint="One by one.", class_name=name
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("student", [LinearSVM, Softmax])
def test_right_classes_pass(student, seed):
    name = student.__name__

    verdict = verdict_on(check_of(name), student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == f"{name}: loss, train and predict work as they should."
    assert verdict.findings == (Finding(name, True),)


@pytest.mark.parametrize("seed", range(10))
def test_a_right_base_class_passes_with_a_loss_that_is_lent(seed):
    verdict = verdict_on(check_of("LinearClassifier"), LinearClassifier, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == "LinearClassifier: train and predict work as they should."


(SPIED_TRIAL,) = (
    trial
    for trial in check_of("LinearClassifier").trials(CheckContext(ASSIGNMENT, 0))
    if "loss" in trial.state
)
SPIED = TrainingRun.of(SPIED_TRIAL)


def fails_with(name, student, template):
    verdict = verdict_on(check_of(name), student)
    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "One by one.")
    assert verdict.findings == (Finding(name, False),)
    return says(verdict.message, template)


class NoUpdate(LinearClassifier):
    def train(self, *arguments, **options):
        history = super().train(*arguments, **options)
        self.W = np.zeros_like(self.W)
        return history


class NoHistory(LinearSVM):
    def train(self, *arguments, **options):
        super().train(*arguments, **options)


class ForgetsW(LinearSVM):
    def train(self, *arguments, **options):
        history = super().train(*arguments, **options)
        self.W = None
        return history


class Pretends(LinearSVM):
    """Right in loss and predict; train returns what looks like a history."""

    def train(self, X, y, num_iters=100, **options):
        self.W = np.zeros((X.shape[1], 3), np.float32)
        return [1.0 / (step + 1) for step in range(num_iters)]


class ForgedHistory(LinearSVM):
    """Trains, but tells another story where it is not watched."""

    def train(self, *arguments, **options):
        history = super().train(*arguments, **options)
        return history if self.W.shape != (5, 3) else [9.0 / (step + 1) + 3 for step in range(len(history))]


class MovesAfterwards(LinearSVM):
    """The history is right, but the weights that are left are not those of the last step."""

    def train(self, *arguments, **options):
        history = super().train(*arguments, **options)
        self.W = self.W * 1.001
        return history


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("student", [ForgedHistory, MovesAfterwards])
def test_a_forged_history_and_forged_weights_are_seen(student, seed):
    assert verdict_on(check_of("LinearSVM"), student, seed).credit == 0.0


class PastSelf(LinearSVM):
    """Right: train calls the loss function itself."""

    def train(self, *arguments, **options):
        self.W, history = trainer()(svm_mask, self.W, *arguments, **options)
        return history


@pytest.mark.parametrize("seed", range(20))
def test_a_train_that_calls_the_loss_function_itself_is_right(seed):
    assert verdict_on(check_of("LinearSVM"), PastSelf, seed).credit == 1.0


class AllZero(LinearSVM):
    def train(self, X, y, num_iters=100, **options):
        self.W = np.zeros((X.shape[1], 3), np.float32)
        return [0.0] * num_iters


class Climbs(LinearSVM):
    def train(self, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        climb = trainer(update=lambda W, dW, rate: W + rate * dW)
        self.W, history = climb(self.loss, self.W, X, y, learning_rate, reg, num_iters, batch_size, verbose)
        return history


class Short(LinearSVM):
    def train(self, *arguments, **options):
        return super().train(*arguments, **options)[:-1]


class Infinite(LinearSVM):
    def train(self, *arguments, **options):
        history = super().train(*arguments, **options)
        self.W[0, 0] = np.inf
        return history


class NanHistory(LinearSVM):
    def train(self, *arguments, **options):
        return [np.nan for _ in super().train(*arguments, **options)]


@pytest.mark.parametrize(
    "student,template",
    [
        (
            NoHistory,
            "LinearSVM.train should return a list of 60 losses, but returns None.",
        ),
        (ForgetsW, f"LinearSVM.train leaves None in self.W, expected shape (5, 3), on {TRAIN}."),
        (
            Pretends,
            (
                "LinearSVM.train returns losses that do not match self.W: the last ones are <number>,"
                f" but the loss of self.W is <number>, on {TRAIN}."
            ),
        ),
        (AllZero, f"LinearSVM.train does not reduce the loss, on {TRAIN}."),
        (Climbs, f"LinearSVM.train does not reduce the loss, on {TRAIN}."),
        (Short, "LinearSVM.train should return 60 finite losses, one for each iteration."),
        (Infinite, "LinearSVM.train leaves weights in self.W that are not finite."),
        (NanHistory, "LinearSVM.train should return 60 finite losses, one for each iteration."),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_train_that_does_not_train_is_named(student, template):
    assert fails_with("LinearSVM", student, template)


class WrongLoss(LinearSVM):
    def loss(self, W, X_batch, y_batch, reg):
        loss, dW = svm_mask(W, X_batch, y_batch, reg)
        return loss + 1, dW


class WrongGradient(LinearSVM):
    def loss(self, W, X_batch, y_batch, reg):
        return shipped_svm(W, X_batch, y_batch, reg)


class NoLoss(LinearSVM):
    def loss(self, W, X_batch, y_batch, reg):
        return None


class OwnRegularizer(LinearSVM):
    def loss(self, W, X_batch, y_batch, reg):
        return np.sum(W * W) / 2, W.copy()


@pytest.mark.parametrize(
    "student,template",
    [
        (
            WrongLoss,
            (
                "LinearSVM.loss: loss is <number>, expected <number>"
                f" (relative difference <number>, allowed <number>), on {SMALL}."
            ),
        ),
        (
            WrongGradient,
            f"LinearSVM.loss: dW is zero in all <count> entries, on {SMALL}.",
        ),
        (NoLoss, f"LinearSVM.loss: loss should be a number, but is None, on {SMALL}."),
        (
            OwnRegularizer,
            (
                "LinearSVM.loss: loss is <number>, expected <number>"
                f" (relative difference <number>, allowed <number>), on {SMALL}."
            ),
        ),
        (
            LinearClassifier,
            f"LinearSVM.loss raised NotImplementedError at linear_classifier.py, line 12, on {SMALL}.",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_wrong_loss_method_is_named(student, template):
    assert fails_with("LinearSVM", student, template)


class Unstable(Softmax):
    def loss(self, W, X_batch, y_batch, reg):
        with np.errstate(all="ignore"):
            exponentials = np.exp(X_batch @ W)
            p = exponentials / exponentials.sum(axis=1, keepdims=True)
            return softmax_of(p, W, X_batch, y_batch, reg)


def test_a_softmax_that_overflows_is_named():
    assert fails_with(
        "Softmax",
        Unstable,
        "Softmax.loss: loss is nan (not a number), expected <number>,"
        " on scores of every other row shifted by +10000 (N=<count>, C=4, D=<count>, reg=0).",
    )


def test_the_svm_in_place_of_the_softmax_is_wrong():
    assert verdict_on(check_of("Softmax"), LinearSVM).credit == 0.0


class Lowest(LinearSVM):
    def predict(self, X):
        return (X @ self.W).argmin(axis=1)


class Floats(LinearSVM):
    def predict(self, X):
        return super().predict(X).astype(float)


class Zeros(LinearSVM):
    def predict(self, X):
        return np.zeros(len(X), np.int64)


class NoPredict(LinearSVM):
    def predict(self, X):
        return None


@pytest.mark.parametrize(
    "student,template",
    [
        (
            Lowest,
            (
                "LinearSVM.predict gets 35 of 35 labels wrong: label 0 is <count>, but class <count> has the highest"
                f" score, on {PREDICT}."
            ),
        ),
        (
            Zeros,
            (
                "LinearSVM.predict gets <count> of 35 labels wrong: label <count> is 0, but class <count> has the highest"
                f" score, on {PREDICT}."
            ),
        ),
        (
            Floats,
            (
                "LinearSVM.predict should return integer labels of shape (35,), but returns"
                f" an array of shape (35,) and dtype float64, on {PREDICT}."
            ),
        ),
        (
            NoPredict,
            f"LinearSVM.predict should return integer labels of shape (35,), but returns None, on {PREDICT}.",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_wrong_predict_is_named(student, template):
    assert fails_with("LinearSVM", student, template)


def test_a_base_class_that_keeps_other_weights_is_named():
    assert fails_with(
        "LinearClassifier",
        NoUpdate,
        "LinearClassifier.train: the returned W is an earlier one, not the W after the last step.",
    )


class IgnoresLoss(LinearClassifier):
    def train(self, X, y, num_iters=100, **options):
        self.W = np.zeros((X.shape[1], y.max() + 1))
        return [0.0] * num_iters


def test_a_base_class_that_never_calls_its_loss_is_named():
    assert fails_with(
        "LinearClassifier",
        IgnoresLoss,
        f"LinearClassifier.train: the loss function is called 0 times, expected num_iters = {SPIED.num_iters};"
        " W is never updated: the loss function is not called;"
        " loss_history does not hold the losses that the loss function returned.",
    )


class NoInit(LinearSVM):
    def __init__(self):
        raise TypeError("missing 1 required positional argument")


def test_a_class_that_cannot_be_made_is_told_so():
    assert fails_with(
        "LinearSVM",
        NoInit,
        "LinearSVM.loss raised TypeError at linear_classifier.py, line 12:"
        f" missing 1 required positional argument, on {SMALL}.",
    )


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_call_without_values_earns_nothing_and_says_why(failure):
    check = check_of("LinearSVM")
    first, *_ = check.trials(CheckContext(ASSIGNMENT, 0))

    verdict = verdict_on_all(check, failure)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == sentence(failure_sentence(first, failure))


@pytest.mark.parametrize(
    "name,methods",
    [
        ("LinearClassifier", ["train", "predict"]),
        ("LinearSVM", ["loss", "loss", "train", "train", "predict"]),
        ("Softmax", ["loss", "loss", "loss", "train", "train", "predict"]),
    ],
)
def test_each_method_is_called_on_a_fresh_object(name, methods):
    assert [trial.method for trial in check_of(name).trials(CheckContext(ASSIGNMENT, 0))] == methods


@pytest.mark.parametrize("name", ["LinearClassifier", "LinearSVM", "Softmax"])
def test_trials_are_a_function_of_the_seed_alone(name):
    check = check_of(name)

    first, again, other = (bytes_of(check.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(30))
def test_the_number_of_steps_is_never_the_size_of_a_batch(seed):
    spied = [
        trial
        for trial in check_of("LinearClassifier").trials(CheckContext(ASSIGNMENT, seed))
        if trial.method == "train"
    ]

    for trial in spied:
        assert trial.keywords["num_iters"] != trial.keywords["batch_size"]
