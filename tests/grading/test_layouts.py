"""In which layout a loss function takes its arrays, found by calling it in both."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.agreement import AgreementCheck
from grader.grading.grade import grade
from grader.grading.layouts import find_layouts, layout_notes, layout_of
from grader.grading.settings import Settings
from grader.model.assignment import Assignment, Limits, LossFunction
from grader.model.observation import Died
from grader.spec import load_spec
from reference import Convention
from tests.checks.students import observe, softmax_indexed, svm_loops, svm_mask
from tests.samples import submission_of

ASSIGNMENT = Assignment(
    convention=Convention(),
    backend="numpy",
    functions={
        name: LossFunction(role="loss", classifier="svm", style="naive", dtypes=("float64",))
        for name in ("f", "g", "h")
    },
    limits=Limits(),
)


def turned(function):
    """The same function for W (C, D) and X (D, N)."""

    def loss(W, X, y, reg):
        loss, dW = function(W.T, X.T, y, reg)
        return loss, dW.T

    return loss


def without_average(W, X, y, reg):
    loss, dW = svm_loops(W, X, y, reg)
    return loss * len(y), dW * len(y)


def nothing(W, X, y, reg):
    return 0.0, np.zeros_like(W)


def raises(W, X, y, reg):
    raise ValueError("no")


def layouts_of(seed=0, **students):
    return find_layouts(
        CheckContext(ASSIGNMENT, seed), students, lambda trial: observe(trial, students[trial.function])
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("student", [svm_loops, svm_mask, softmax_indexed, without_average])
def test_a_function_is_called_in_the_layout_that_it_takes(student, seed):
    """Right or wrong: the one of softmax is called for an SVM's here."""
    assert layouts_of(seed, f=student, g=turned(student)) == {"f": "DC", "g": "CD"}


@pytest.mark.parametrize("student", [nothing, raises])
def test_what_fits_both_alike_goes_with_the_others(student):
    assert layouts_of(f=student) == {"f": "DC"}
    assert layouts_of(f=student, g=turned(svm_loops), h=turned(svm_mask))["f"] == "CD"


def test_a_call_that_brings_nothing_back_says_nothing():
    assert find_layouts(CheckContext(ASSIGNMENT, 0), ["f"], lambda _: Died("signal SIGKILL")) == {"f": "DC"}


def test_a_check_calls_in_the_layout_of_its_first_function_that_is_there():
    check = AgreementCheck(kind="agreement", id="a", title="a", points=1, naive="f", vectorized="g")

    assert layout_of(check, {"f": "CD", "g": "DC"}) == "CD"
    assert layout_of(check, {"g": "CD"}) == "CD"
    assert layout_of(check, {}) == "DC"


def test_a_report_names_those_that_are_turned():
    assert layout_notes({"f": "DC"}) == ()
    assert layout_notes({"f": "CD", "g": "DC", "h": "CD"}) == (
        "f and h take W as (C, D) and X as (D, N), as in the handout of 2015, and were graded in that layout.",
    )


LOSSES = """
import numpy as np

def svm_loss_naive(W, X, y, reg):
    return svm(W, X, y, reg)

def svm(W, X, y, reg):
    W, X = W.T, X.T
    dW = np.zeros(W.shape)
    loss = 0.0
    for i in xrange(X.shape[0]):
        scores = X[i].dot(W)
        for j in xrange(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin / len(y)
                dW[:, j] += X[i] / len(y)
                dW[:, y[i]] -= X[i] / len(y)
    return loss + 0.5 * reg * np.sum(W * W), (dW + reg * W).T
"""


def test_a_submission_of_the_older_layout_is_graded_in_it(sandbox):
    loaded = load_spec("cs231n_2016")
    only = frozenset({"svm_naive_values", "svm_naive_loops", "svm_naive_inputs", "svm_naive_gradient"})

    report = grade(
        submission_of(f"from past.builtins import xrange\n{LOSSES}"),
        loaded,
        sandbox,
        Settings(seed=3, only=only),
    )

    assert {check.id for check in report.checks if check.status == "passed"} == only
    assert report.functions["svm_loss_naive"].status == "correct"
    assert any(flag.message.startswith("svm_loss_naive takes W as (C, D)") for flag in report.flags)
