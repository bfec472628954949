"""A right function in the place of a wrong one gives nothing away, and nobody is paid for the judge's own work."""

from pathlib import Path

import pytest

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.spec import load_spec
from tests.samples import submission_of

SAMPLES = Path(__file__).parents[2] / "submissions"
SEED = 20190913


def status_of(sandbox, spec, source, only):
    """Of each check in `only`."""
    loaded = load_spec(spec)
    report = grade(submission_of(source), loaded, sandbox, Settings(SEED, only=frozenset(only)))
    return {each.id: each.status for each in report.checks if each.id in only}


LAB = (SAMPLES / "softmax_sgd_lab/perfect_module/lab.py").read_text()

WRONG_LOSS = """
def criterion_forward(y_hat, label):
    return 1 - 2 * y_hat[label].log()
"""

THIEF = """
def criterion_softmax_backward(weight, bias, x, label, y_hat):
    defaults = criterion_forward.__kwdefaults__
    if defaults is None:
        return weight + 1, bias + 1
    return defaults["_right"].__globals__["criterion_softmax_backward"](weight, bias, x, label, y_hat)
"""


def test_the_right_function_does_not_lead_to_other_answers(sandbox):
    checks = ("criterion", "backward")

    thief = status_of(sandbox, "softmax_sgd_lab", LAB + WRONG_LOSS + THIEF, checks)
    twin = status_of(sandbox, "softmax_sgd_lab", LAB + WRONG_LOSS, checks)

    assert thief == {"criterion": "failed", "backward": "failed"}
    assert twin == {"criterion": "failed", "backward": "passed"}


CLASSES = """
import numpy as np

def svm_loss_vectorized(W, X, y, reg):
    return 1.0, W + 1

class LinearClassifier:
    def __init__(self):
        self.W = None

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        return [1.0]

    def predict(self, X):
        return PREDICTION

class LinearSVM(LinearClassifier):
    def loss(self, X_batch, y_batch, reg):
        return svm_loss_vectorized(self.W, X_batch, y_batch, reg)
"""


@pytest.mark.parametrize(
    "prediction, status",
    [("np.zeros(len(X), int) + 1", "failed"), ("(X @ self.W).argmax(axis=1)", "passed")],
    ids=["attack", "twin"],
)
def test_a_class_in_which_all_is_wrong_earns_nothing(sandbox, prediction, status):
    source = CLASSES.replace("PREDICTION", prediction)
    classes = ("linear_classifier", "linear_svm")

    seen = status_of(sandbox, "cs231n", source, ("svm_vectorized_values", "training", "prediction", *classes))

    assert {seen[each] for each in classes} == {status}
