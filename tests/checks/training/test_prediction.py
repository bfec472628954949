"""Labels of the highest scores."""

from typing import Any

import numpy as np
import pytest

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.context import CheckContext
from grader.checks.training.prediction import PredictionCheck
from grader.model.assignment import PredictorFunction
from grader.model.trial import Tensor
from grader.model.verdict import Finding
from reference import Convention
from tests.checks.students import ASSIGNMENT, bytes_of, says, verdict_on, verdict_on_all
from tests.checks.training.failures import FAILURES
from tests.reference.draws import tie_clearance

NAME = "predict_linear_classifier"
FIRST = "a few samples (N=40, C=10, D=12, float32)"

CHECK = PredictionCheck(
    kind="prediction", id="prediction", title="labels", points=5, hint="Which is highest?", function=NAME
)


def argmax(W, X):
    return (X @ W).argmax(axis=1)


def row_by_row(W, X):
    labels = np.zeros(len(X), dtype=np.int32)
    for i in range(len(X)):
        best = X[i] @ W[:, 0]
        for c in range(1, W.shape[1]):
            if X[i] @ W[:, c] > best:
                best, labels[i] = X[i] @ W[:, c], c
    return labels


def by_sorting(W, X):
    return np.argsort(X @ W, axis=1)[:, -1].astype(np.uint8)


def of_probabilities(W, X):
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    return np.exp(scores).argmax(axis=1)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("student", [argmax, by_sorting, of_probabilities])
def test_right_predictors_pass_in_every_style(student, seed):
    verdict = verdict_on(CHECK, student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == f"{NAME} returns the right label for 1801 samples in 9 calls."
    assert verdict.findings == (Finding(NAME, True),)


def as_floats(W, X):
    return argmax(W, X).astype(float)


def test_whole_floats_are_a_note_where_the_spec_allows_them():
    lenient = ASSIGNMENT.model_copy(update={"float_labels": True})

    verdict = verdict_on(CHECK, as_floats, 0, lenient)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings[0].notes == (
        "its labels are whole numbers in float64; integers can be used as indices",
    )
    assert verdict_on(CHECK, as_floats).credit == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_call_is_in_the_dtype_of_the_spec(dtype):
    spec = PredictorFunction(role="predictor", dtype=dtype)
    assignment = ASSIGNMENT.model_copy(update={"functions": {NAME: spec}})

    def strict(W, X):
        assert W.dtype == X.dtype == dtype
        return argmax(W, X)

    assert verdict_on(CHECK, strict, 0, assignment).status == "passed"


def test_a_loop_over_classes_passes():
    assert verdict_on(CHECK, row_by_row).status == "passed"


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "student",
    [
        lambda W, X: (X @ W).argmin(axis=1),
        lambda W, X: np.abs(X @ W).argmax(axis=1),
        lambda W, X: np.minimum((X @ W).argmax(axis=1), 9),
        lambda W, X: np.zeros(len(X), np.int64),
        lambda W, X: np.full(len(X), 3),
        lambda W, X: np.arange(len(X)) % W.shape[1],
        lambda W, X: (X @ W)[:, :2].argmax(axis=1),
        lambda W, X: (X @ W).argmax(axis=1) + 1,
        lambda W, X: np.clip(X @ W, 0, None).argmax(axis=1),
    ],
    ids=[
        "lowest",
        "magnitude",
        "ten only",
        "zeros",
        "constant",
        "counting",
        "first two",
        "from one",
        "clipped",
    ],
)
def test_wrong_labels_earn_nothing(student, seed):
    verdict = verdict_on(CHECK, student, seed)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Which is highest?")
    assert verdict.findings == (Finding(NAME, False),)


def test_a_wrong_label_is_shown_beside_the_right_one():
    verdict = verdict_on(CHECK, lambda W, X: (X @ W).argmin(axis=1))

    assert says(
        verdict.message,
        f"{NAME} gets 40 of 40 labels wrong: label 0 is <count>, but class <count> has the highest score,"
        f" on {FIRST}.",
    )


@pytest.mark.parametrize(
    "student,seen",
    [
        (lambda W, X: argmax(W, X).astype(np.float64), "an array of shape (40,) and dtype float64"),
        (lambda W, X: argmax(W, X)[:, None], "an array of shape (40, 1) and dtype int64"),
        (lambda W, X: (X @ W).argmax(axis=0), "an array of shape (10,) and dtype int64"),
        (lambda W, X: X @ W, "an array of shape (40, 10) and dtype float32"),
        (lambda W, X: argmax(W, X).tolist(), "a value of type list"),
        (lambda W, X: None, "None"),
    ],
    ids=["floats", "a column", "wrong axis", "scores", "list", "None"],
)
def test_anything_but_labels_is_described(student, seen):
    verdict = verdict_on(CHECK, student)

    assert verdict.credit == 0.0
    assert (
        verdict.message
        == f"{NAME} should return integer labels of shape (40,), but returns {seen}, on {FIRST}."
    )


def changes_weights(W, X):
    labels = argmax(W, X)
    W -= 1
    return labels


def changes_rows(W, X):
    labels = argmax(W, X)
    X[0] = np.nan
    return labels


@pytest.mark.parametrize("student", [changes_weights, changes_rows])
def test_changed_inputs_earn_nothing(student):
    verdict = verdict_on(CHECK, student)

    assert verdict.credit == 0.0
    assert verdict.message == f"{NAME} changes its inputs, on {FIRST}."


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_call_without_values_earns_nothing_and_says_why(failure):
    first, *_ = CHECK.trials(CheckContext(ASSIGNMENT, 0))

    verdict = verdict_on_all(CHECK, failure)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == sentence(failure_sentence(first, failure))
    assert verdict.findings == (Finding(NAME, False),)


@pytest.mark.parametrize("seed", range(10))
def test_rounding_never_decides_a_label(seed):
    for trial in CHECK.trials(CheckContext(ASSIGNMENT, seed)):
        if "nearly tie" in trial.label:
            continue
        W, X = trial.positional
        assert isinstance(W, Tensor)
        assert isinstance(X, Tensor)
        assert tie_clearance(W.array, X.array, Convention()) > 5e-4


def test_every_score_is_negative_where_it_is_promised():
    W, X = next(
        trial for trial in CHECK.trials(CheckContext(ASSIGNMENT, 0)) if "negative" in trial.label
    ).positional
    assert isinstance(W, Tensor)
    assert isinstance(X, Tensor)

    assert (X.array @ W.array).max() < 0


def test_the_other_layout_turns_both_arrays_around():
    turned = ASSIGNMENT.model_copy(update={"convention": Convention(layout="CD")})

    verdict = verdict_on(CHECK, lambda W, X: (W @ X).argmax(axis=0), assignment=turned)

    assert verdict.status == "passed"


def test_trials_are_a_function_of_the_seed_alone():
    first, again, other = (bytes_of(CHECK.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(10))
def test_the_last_class_has_a_sample_wherever_there_are_several(seed):
    for trial in CHECK.trials(CheckContext(ASSIGNMENT, seed)):
        if "nearly tie" in trial.label:
            continue
        W, X = trial.positional
        assert isinstance(W, Tensor)
        assert isinstance(X, Tensor)
        labels = argmax(W.array, X.array)
        assert len(labels) == 1 or labels.max() == W.array.shape[1] - 1


def test_labels_that_are_kept_by_the_number_of_samples_are_wrong():
    kept: dict[int, Any] = {}

    def student(W, X):
        return kept.setdefault(len(X), argmax(W, X))

    verdict = verdict_on(CHECK, student)

    assert verdict.status == "failed"


def in_16_bits(W, X):
    return (X.astype(np.float16) @ W.astype(np.float16)).argmax(axis=1)


@pytest.mark.parametrize("seed", range(10))
def test_near_ties_tell_16_bits_from_32(seed):
    assert verdict_on(CHECK, in_16_bits, seed).status == "failed"
    assert (
        verdict_on(
            CHECK, lambda W, X: (X.astype(np.float32) @ W.astype(np.float32)).argmax(axis=1), seed
        ).status
        == "passed"
    )
