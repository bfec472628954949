"""numpy_linear_bias: right functions of many kinds have all points, wrong ones lose theirs and are named."""

import numpy as np
import pytest

from grader.checks.questions.answers import AnswersCheck
from grader.spec import load_spec
from tests.checks.students import verdict_on

SPEC = load_spec("numpy_linear_bias").spec
ON = SPEC.assignment
CHECKS = {check.question: check for check in SPEC.checks if isinstance(check, AnswersCheck)}


def loss(W, b, X, y, reg, *, penalty=0.5, pull=1.0, shift=False):
    scores = X @ W + b
    if shift:
        scores -= scores.max(axis=1, keepdims=True)
    exponentials = np.exp(scores)
    P = exponentials / exponentials.sum(axis=1, keepdims=True)
    data = -np.log(P[range(len(y)), y]).mean()
    P[range(len(y)), y] -= 1
    P /= len(y)
    return data + penalty * reg * np.sum(W * W), X.T @ P + pull * reg * W, P.sum(axis=0, keepdims=True)


def train(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200, *, std=0.01, step=loss, rate=1.0):
    W = std * np.random.default_rng(0).normal(size=(X.shape[1], num_classes))
    b = np.zeros((1, num_classes))
    history = []
    for _ in range(num_iters):
        value, dW, db = step(W, b, X, y, reg)
        history.append(value)
        W -= rate * step_size * dW
        b -= rate * step_size * db
    return W, b, history


def flat(W, b, X, y, reg):
    value, dW, db = loss(W, b, X, y, reg)
    return [np.asarray([value]), dW, db.ravel()]


def shifted(W, b, X, y, reg):
    return loss(W, b, X, y, reg, shift=True)


def judged(question, student, seed=0):
    check = CHECKS[question]
    with np.errstate(all="ignore"):
        return verdict_on(check, {check.function: student}, seed, ON)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("student", [loss, flat, shifted])
def test_a_right_loss_passes_with_db_of_either_shape(student, seed):
    verdict = judged("linear_bias_loss", student, seed)

    assert verdict.status == "passed", verdict.message
    assert bool(verdict.findings[0].notes) == (student is not shifted)


def after(*arguments, **keywords):
    """Its history has the losses after the steps."""
    W, b, history = train(*arguments, **keywords)
    return W, b, [*history[1:], history[-1]]


def both_ends(*arguments, **keywords):
    W, b, history = train(*arguments, **keywords)
    return W, b, [*history, history[-1]]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("question", ["linear_bias_spiral", "linear_bias_training"])
@pytest.mark.parametrize(
    "student",
    [
        train,
        lambda *arguments, **keywords: train(*arguments, std=0.0, **keywords),
        lambda *arguments, **keywords: train(*arguments, std=0.02, **keywords),
        after,
        both_ends,
    ],
    ids=["slides", "from zero", "0.02", "after", "both ends"],
)
def test_a_right_trainer_passes_whatever_its_start(student, question, seed):
    verdict = judged(question, student, seed)

    assert verdict.status == "passed", verdict.message


@pytest.mark.parametrize(
    "student,outputs,named",
    [
        (lambda *given: loss(*given, penalty=1.0), ["loss"], {"double_regularizer"}),
        (lambda *given: loss(*given, penalty=0.0), ["loss"], {"no_regularizer"}),
        (lambda *given: loss(*given, pull=2.0), ["dW"], {"double_regularizer"}),
        (lambda *given: loss(*given, pull=0.0), ["dW"], {"no_regularizer"}),
        (
            lambda W, b, X, y, reg: (*loss(W, b, X, y, reg)[:2], loss(W, b, X, y, reg)[2] / len(y)),
            ["db"],
            {"divided_twice"},
        ),
        (
            lambda W, b, X, y, reg: (*loss(W, b, X, y, reg)[:2], loss(W, b, X, y, reg)[2] + reg * b),
            ["db"],
            {"bias_regularized"},
        ),
        (
            lambda W, b, X, y, reg: (*loss(W, b, X, y, reg)[:2], np.zeros((1, W.shape[1]))),
            ["db"],
            {"all_zero"},
        ),
        (
            lambda W, b, X, y, reg: loss(W, 0 * b, X, y, reg),
            ["loss", "dW", "db"],
            {"bias_left_out_of_scores"},
        ),
    ],
)
def test_a_wrong_loss_is_named(student, outputs, named):
    verdict = judged("linear_bias_loss", student)

    assert verdict.status == "failed"
    assert {each.misconception for each in verdict.findings[0].diagnosis} == named
    assert [each.part for each in verdict.findings[0].diagnosis] == outputs


def test_a_db_of_another_shape_is_told():
    def student(W, b, X, y, reg):
        value, dW, db = loss(W, b, X, y, reg)
        return value, dW, db.T

    assert (
        "db should have shape (1, 5), but is an array of shape (5, 1)"
        in judged("linear_bias_loss", student).message
    )


@pytest.mark.parametrize(
    "question,student,named",
    [
        ("linear_bias_training", lambda *given, **named: train(*given, **named, rate=-1.0), {"loss_rises"}),
        ("linear_bias_training", lambda *given, **named: train(*given, **named, rate=0.5), {"step_halved"}),
        (
            "linear_bias_training",
            lambda *given, **named: train(*given, **named, step=lambda *each: loss(*each, pull=0.0)),
            {"no_regularizer"},
        ),
        (
            "linear_bias_training",
            lambda *given, **named: train(*given, **named, step=lambda *each: loss(*each, penalty=0.0)),
            {"history_without_regularizer"},
        ),
        (
            "linear_bias_training",
            lambda X, y, K, step_size, **named: train(X, y, K, **named),
            {"step_size_ignored"},
        ),
        (
            "linear_bias_spiral",
            lambda *given, **named: train(*given, **named, std=3.0),
            {"start_not_small"},
        ),
        (
            "linear_bias_spiral",
            lambda *given, **named: (np.zeros((2, 3)), *train(*given, **named)[1:]),
            set(),
        ),
        (
            "linear_bias_spiral",
            lambda X, y, K, step_size, reg, num_iters: train(X, y, K, step_size, reg, num_iters // 2),
            {"history_of_another_length"},
        ),
    ],
)
def test_a_wrong_trainer_is_named(question, student, named):
    verdict = judged(question, student)

    assert verdict.status == "failed"
    assert {each.misconception for each in verdict.findings[0].diagnosis} == named
