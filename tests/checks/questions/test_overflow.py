"""Overflow is told to functions that are right but for large scores, and to no others."""

import math

import numpy as np
import pytest

from grader.checks.questions.answers import AnswersCheck
from grader.spec import load_spec
from tests.checks.students import verdict_on


def check_of(spec, question):
    (check,) = (each for each in spec.checks if isinstance(each, AnswersCheck) and each.question == question)
    return check


def judged(spec_name, question, student, seed=0):
    spec = load_spec(spec_name).spec
    check = check_of(spec, question)
    with np.errstate(all="ignore"):
        return verdict_on(check, {check.function: student}, seed, spec.assignment)


def cross_entropy(scores, y):
    exponentials = np.exp(scores)
    P = exponentials / exponentials.sum(axis=1, keepdims=True)
    loss = -np.log(P[np.arange(len(y)), y]).mean()
    P[np.arange(len(y)), y] -= 1
    return loss, P / len(y)


def stable(scores, y):
    return cross_entropy(scores - scores.max(axis=1, keepdims=True), y)


def with_python_floats(scores, y):
    P = np.array([[math.exp(s) for s in row] for row in scores])
    P /= P.sum(axis=1, keepdims=True)
    loss = -np.log(P[np.arange(len(y)), y]).mean()
    P[np.arange(len(y)), y] -= 1
    return loss, P / len(y)


def clipped(scores, y):
    return cross_entropy(np.clip(scores, -500, 500), y)


def asserting(scores, y):
    loss, slopes = cross_entropy(scores, y)
    assert np.isfinite(loss)
    return loss, slopes


def without_average(scores, y):
    loss, slopes = cross_entropy(scores, y)
    return loss * len(y), slopes * len(y)


def raising(scores, y):
    raise ValueError("shapes do not fit")


def raising_for_one_sample(scores, y):
    if len(y) == 1:
        raise IndexError("too few rows")
    return cross_entropy(scores, y)


def infinite_for_one_sample(scores, y):
    loss, slopes = cross_entropy(scores, y)
    return (loss if len(y) > 1 else np.nan), slopes


def linear_bias(of_scores, reg_factor=0.5):
    def softmax_loss(W, b, X, y, reg):
        loss, slopes = of_scores(X @ W + b, y)
        return loss + reg_factor * reg * np.sum(W * W), X.T @ slopes + reg * W, slopes.sum(axis=0)

    return softmax_loss


def two_layers(of_scores, reg_factor=1.0):
    class TwoLayerNet:
        def __init__(self, input_size, hidden_size, output_size, std=1e-4):
            self.params = {}

        def loss(self, X, y=None, reg=0.0):
            W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
            hidden = np.maximum(X @ W1 + b1, 0)
            loss, slopes = of_scores(hidden @ W2 + b2, y)
            back = (slopes @ W2.T) * (hidden > 0)
            return loss + reg_factor * reg * (np.sum(W1 * W1) + np.sum(W2 * W2)), {
                "W1": X.T @ back + 2 * reg * W1,
                "b1": back.sum(axis=0),
                "W2": hidden.T @ slopes + 2 * reg * W2,
                "b2": slopes.sum(axis=0),
            }

    return TwoLayerNet


MODELS = pytest.mark.parametrize(
    "spec,question,model",
    [
        ("numpy_linear_bias", "linear_bias_loss", linear_bias),
        ("two_layer_net", "two_layer_loss", two_layers),
    ],
    ids=["linear", "two layers"],
)


@MODELS
@pytest.mark.parametrize("of_scores", [cross_entropy, with_python_floats])
def test_a_right_loss_that_overflows_on_large_scores_passes_with_a_note(spec, question, model, of_scores):
    verdict = judged(spec, question, model(of_scores))

    assert verdict.status == "passed"
    (note,) = verdict.findings[0].notes
    assert note.startswith("its exponentials overflow where scores are near 1000")


@MODELS
@pytest.mark.parametrize("seed", range(3))
def test_a_right_loss_that_subtracts_the_maximum_gets_no_note(spec, question, model, seed):
    verdict = judged(spec, question, model(stable), seed)

    assert (verdict.status, verdict.findings[0].notes) == ("passed", ())


@MODELS
@pytest.mark.parametrize(
    "of_scores", [without_average, raising, raising_for_one_sample, infinite_for_one_sample]
)
def test_a_wrong_loss_gets_no_note_on_overflow(spec, question, model, of_scores):
    verdict = judged(spec, question, model(of_scores))

    assert verdict.status == "failed"
    assert verdict.findings[0].notes == ()
    assert "overflow" not in verdict.message


@MODELS
def test_a_wrong_regularizer_gets_no_note_on_overflow(spec, question, model):
    verdict = judged(spec, question, model(cross_entropy, reg_factor=3.0))

    assert verdict.status == "failed"
    assert verdict.findings[0].notes == ()


@MODELS
def test_finite_answers_that_are_wrong_on_large_scores_are_noted_as_that(spec, question, model):
    verdict = judged(spec, question, model(clipped))

    assert verdict.status == "passed"
    assert "its loss is wrong on all scores near 1000" in verdict.findings[0].notes
    assert not any("overflow" in note for note in verdict.findings[0].notes)


@MODELS
def test_another_error_on_large_scores_is_noted_by_its_type(spec, question, model):
    verdict = judged(spec, question, model(asserting))

    assert verdict.status == "passed"
    assert verdict.findings[0].notes == ("it raises AssertionError on all scores near 1000",)


@MODELS
def test_rounding_of_large_scores_in_float32_is_not_an_overflow(spec, question, model):
    def in_float32(scores, y):
        loss, slopes = stable(scores.astype(np.float32), y)
        return float(loss), slopes.astype(np.float64)

    verdict = judged(spec, question, model(in_float32))

    assert verdict.status == "passed"
    assert all("only as precise as float32" in note for note in verdict.findings[0].notes)


# --- The lab: there it costs points ----------------------------------------------------------------------------------


def forward(of_scores):
    return lambda weight, bias, x: of_scores(weight @ x + bias)


def plain_softmax(a):
    return np.exp(a) / np.exp(a).sum()


def of_python_floats(a):
    exponentials = np.array([math.exp(each) for each in a])
    return exponentials / exponentials.sum()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("of_scores", [plain_softmax, of_python_floats])
def test_a_forward_pass_that_overflows_is_told_what_to_subtract(of_scores, seed):
    verdict = judged("softmax_sgd_lab", "lab_forward_large", forward(of_scores), seed)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["overflow_of_exp"]
    assert "what can you subtract from all scores" in verdict.message


def test_a_forward_pass_that_subtracts_the_maximum_passes():
    verdict = judged("softmax_sgd_lab", "lab_forward_large", forward(lambda a: plain_softmax(a - a.max())))

    assert verdict.status == "passed"


@pytest.mark.parametrize("epsilon", [1e-12, 1e-8, 1e-5])
def test_an_epsilon_inside_the_logarithm_is_at_most_a_note_and_a_large_one_is_named(epsilon):
    def loss_with(size):
        def student(scores, y):
            _, slopes = stable(scores, y)
            P = np.exp(scores - scores.max(axis=1, keepdims=True))
            P /= P.sum(axis=1, keepdims=True)
            return -np.log(P[np.arange(len(y)), y] + size).mean(), slopes

        return judged("cs231n_2025", "layer_softmax_loss", student)

    assert loss_with(epsilon).status == "passed"
    assert "inside the logarithm" in loss_with(1e-3).message


@pytest.mark.parametrize(
    "student",
    [
        forward(np.exp),
        forward(lambda a: a),
        forward(lambda a: plain_softmax(-a)),
        forward(raising_for_one_sample),
        lambda weight, bias, x: plain_softmax(weight @ x),
        lambda weight, bias, x: None,
        lambda weight, bias, x: np.full(len(bias), np.nan),
        forward(lambda a: np.nan_to_num(plain_softmax(a))),
    ],
)
def test_a_forward_pass_that_is_wrong_anyway_is_told_nothing_of_overflow(student):
    verdict = judged("softmax_sgd_lab", "lab_forward_large", student)

    assert verdict.status == "failed"
    assert verdict.hint is None
    assert not any(
        each.misconception == "overflow_of_exp" for found in verdict.findings for each in found.diagnosis
    )
    assert "overflow" not in verdict.message
