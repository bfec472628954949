"""A check that fails is asked again with right functions in place of wrong ones, and the better verdict counts."""

from pathlib import Path

import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.classifier import ClassifierCheck
from grader.grading.asking import run_and_judge
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.model.observation import Raised, Returned
from grader.model.report import student_view
from grader.model.trial import Replacement, Trial
from grader.model.verdict import Diagnosis, Finding, Verdict
from grader.spec import load_spec
from tests.samples import mini_spec, submission_of

CHECK = ClassifierCheck(kind="classifier", id="svm", title="svm", points=2, class_name="LinearSVM")
CONTEXT = CheckContext(load_spec("cs231n").spec.assignment, 0)
RIGHT = (Replacement("svm_loss_vectorized", None, "right", ""),)
PASSED = Verdict("passed", 1.0, "Fine.")
WRONG = Verdict("failed", 0.0, "LinearSVM.loss is wrong.")
NOTHING = Returned((), 0.1)


@pytest.fixture
def asked(monkeypatch):
    """(verdict, verdict with right functions, replacements) to the result and the trials that were run."""

    def run(first, again, replacements=RIGHT, observation=NOTHING, withheld=()):
        trials: list[Trial] = []
        monkeypatch.setattr(ClassifierCheck, "trials", lambda *_: (Trial("a call", "LinearSVM", (), ()),))
        monkeypatch.setattr(ClassifierCheck, "judge", lambda *_: again if trials[-1].replaced else first)

        def answer(trial):
            trials.append(trial)
            return observation if trial.replaced else NOTHING

        return run_and_judge(CHECK, CONTEXT, answer, replacements, withheld=withheld), trials

    return run


def test_a_check_that_passes_is_asked_once(asked):
    result, trials = asked(PASSED, WRONG)

    assert (result.verdict, result.replaced) == (PASSED, ())
    assert [each.replaced for each in trials] == [()]


def test_a_check_that_fails_with_nothing_to_replace_is_asked_once(asked):
    result, trials = asked(WRONG, PASSED, ())

    assert (result.verdict, len(trials)) == (WRONG, 1)


def test_a_check_that_passes_with_right_functions_passes_and_says_so(asked):
    result, _ = asked(WRONG, PASSED)

    assert (result.verdict.status, result.verdict.credit) == ("passed", 1.0)
    assert result.verdict.message == (
        "Fine. Judged with a right svm_loss_vectorized in place of the submission's own."
    )
    assert result.replaced == ("svm_loss_vectorized",)


def test_several_functions_are_listed(asked):
    result, _ = asked(WRONG, PASSED, (*RIGHT, Replacement("LinearClassifier", "train", "right", "")))

    assert result.verdict.message.endswith(
        "Judged with right svm_loss_vectorized and LinearClassifier.train in place of the submission's own."
    )


def test_a_greater_share_counts(asked):
    result, _ = asked(WRONG, Verdict("failed", 0.5, "The history is wrong."))

    assert (result.verdict.status, result.verdict.credit) == ("failed", 0.5)


def test_a_failure_that_the_right_functions_do_not_change_stays_as_it_was(asked):
    result, _ = asked(WRONG, WRONG)

    assert (result.verdict, result.replaced) == (WRONG, ())


def test_a_second_mistake_is_the_one_to_tell(asked):
    result, _ = asked(WRONG, Verdict("failed", 0.0, "LinearSVM.predict is wrong."))

    assert result.verdict.message.startswith("LinearSVM.predict is wrong. Judged with a right")
    assert result.replaced == ("svm_loss_vectorized",)


def test_a_right_function_that_does_not_fit_costs_nothing(asked):
    again = Verdict("failed", 0.0, "LinearSVM.loss raised TypeError.")

    result, _ = asked(WRONG, again, observation=Raised("TypeError", "", None, 0.1))

    assert (result.verdict, result.replaced) == (WRONG, ())


def test_a_worse_verdict_is_not_taken(asked):
    half = Verdict("failed", 0.5, "Half.")

    assert asked(half, WRONG)[0].verdict == half


@pytest.mark.parametrize("again,is_correct", [(PASSED, None), (WRONG, False)])
def test_a_check_that_right_functions_earn_nothing_in_blames_only_its_own_code(asked, again, is_correct):
    finding = Finding("LinearSVM", False, (Diagnosis("W", "loss_grew", "It grows."),))
    wrong = Verdict("failed", 0.0, "The loss grows.", findings=(finding,))

    verdict = asked(wrong, again, replacements=(), withheld=RIGHT)[0].verdict

    assert (verdict.credit, verdict.message) == (0.0, "The loss grows.")
    assert [each.is_correct for each in verdict.findings] == [is_correct]
    assert bool(verdict.findings[0].diagnosis) == (is_correct is False)


# --- Graded for real -------------------------------------------------------------------------------------------------

SPEC = """\
name = "mini"
title = "Mini"
backend = "numpy"

[functions]
svm = { role = "loss", classifier = "svm", style = "vectorized", dtypes = ["float64"] }
Model = { role = "classifier", classifier = "svm", weights = "attribute", dtype = "float64" }

[[checks]]
id = "values"
kind = "values"
title = "svm: values"
function = "svm"
points = 5

[[checks]]
id = "model"
kind = "classifier"
title = "Model: loss, train and predict"
class_name = "Model"
points = 2
"""

SOURCE = """\
import numpy as np


def svm(W, X, y, reg):
    rows = np.arange(len(X))
    scores = X @ W
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    slopes = (margins > 0).astype(float)
    slopes[rows, y] = -slopes.sum(axis=1)
    return margins.sum() / len(X) + 0.5 * reg * np.sum(W * W), X.T @ slopes / len(X) + reg * W


class Model:
    def __init__(self):
        self.W = None

    def loss(self, X, y, reg):
        return svm(self.W, X, y, reg)

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        if self.W is None:
            self.W = 0.001 * np.random.randn(X.shape[1], y.max() + 1)
        history = []
        for _ in range(num_iters):
            rows = np.random.choice(len(X), batch_size)
            loss, dW = self.loss(X[rows], y[rows], reg)
            history.append(loss)
            self.W = self.W - learning_rate * dW
        return history

    def predict(self, X):
        return np.argmax(X @ self.W, axis=1)
"""


def graded(sandbox, tmp_path, source=SOURCE, spec=SPEC, **settings):
    return grade(submission_of(source), mini_spec(tmp_path, spec), sandbox, Settings(seed=5, **settings))


def test_a_class_is_not_failed_for_the_loss_that_it_calls(sandbox, tmp_path):
    report = graded(sandbox, tmp_path)

    assert [(check.status, check.points) for check in report.checks] == [("failed", 0), ("passed", 2)]
    assert {name: part.status for name, part in report.functions.items()} == {
        "svm": "incorrect",
        "Model": "correct",
    }


def test_a_class_with_a_mistake_of_its_own_fails_for_that(sandbox, tmp_path):
    report = graded(sandbox, tmp_path, SOURCE.replace("np.argmax(", "np.argmin("))

    assert [check.points for check in report.checks] == [0, 0]
    assert report.checks[1].message.startswith("Model.predict gets ")
    assert report.checks[1].caused_by == ()


def test_a_class_that_calls_an_unwritten_loss_waits_for_it(sandbox, tmp_path):
    start, end = SOURCE.index("    rows = np.arange(len(X))"), SOURCE.index("\n\nclass")
    report = graded(sandbox, tmp_path, SOURCE[:start] + "    pass\n" + SOURCE[end:])

    assert report.functions["svm"].status == "not_written"
    assert [check.points for check in report.checks] == [0, 0]
    assert report.checks[1].caused_by == ("svm",)


@pytest.mark.parametrize("body", ["return None", "raise NotImplementedError"])
def test_a_loss_that_gives_nothing_counts_as_unwritten_too(sandbox, tmp_path, body):
    report = graded(
        sandbox, tmp_path, SOURCE.replace("    scores = X @ W\n", f"    scores = X @ W\n    {body}\n")
    )

    assert [check.points for check in report.checks] == [0, 0]
    assert report.checks[1].caused_by == ("svm",)


def test_a_loss_that_raises_is_wrong(sandbox, tmp_path):
    report = graded(sandbox, tmp_path, SOURCE.replace("scores = X @ W", "scores = X @ V"))

    assert [check.points for check in report.checks] == [0, 2]


def test_a_visible_check_gives_away_nothing_of_a_hidden_one(sandbox, tmp_path):
    hidden = SPEC.replace('title = "svm: values"', 'title = "svm: values"\nvisibility = "hidden"')

    report = graded(sandbox, tmp_path, spec=hidden)

    shown = student_view(report).checks
    assert [check.status for check in shown] == ["failed", "failed"]
    assert "Judged with" not in report.checks[1].message
    assert shown[0].caused_by == ()


def test_a_class_by_itself_is_judged_as_it_is(sandbox, tmp_path):
    report = graded(sandbox, tmp_path, only=frozenset({"model"}))

    assert report.checks[1].status == "failed"


# --- A class whose methods call another one that cannot be replaced --------------------------------------------------

SAMPLE = Path(__file__).resolve().parents[2] / "submissions" / "two_layer_net" / "half_regularizer"


def network(*changes):
    """The sample with half of the regularizer, with changes."""
    text = (SAMPLE / "neural_net.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return submission_of(text)


HELPER = (
    ("    def loss(self, X, y=None, reg=0.0):\n", "    def compute(self, X, y=None, reg=0.0):\n"),
    ("self.loss(X_batch, y=y_batch, reg=reg)", "self.compute(X_batch, y=y_batch, reg=reg)"),
    (
        "    def train(",
        "    def loss(self, X, y=None, reg=0.0):\n        return self.compute(X, y, reg)\n\n    def train(",
    ),
)
"""Trains without self.loss, so that putting a right loss in its place changes nothing."""
UPHILL = ("self.params[k] - learning_rate", "self.params[k] + learning_rate")
UNKNOWN = ("'b1': dh.sum(axis=0)", "'b1': 1.3 * dh.sum(axis=0)")


@pytest.mark.parametrize(
    "changes,points,words",
    [
        ((), 17, "TwoLayerNet is correct here apart from a mistake that is graded elsewhere."),
        ((UNKNOWN,), 17, "Judged with a right TwoLayerNet.loss"),
        (HELPER, 17, "TwoLayerNet is correct here apart from a mistake that is graded elsewhere."),
        ((UPHILL,), 0, "TwoLayerNet"),
        ((*HELPER, UPHILL), 0, "TwoLayerNet"),
    ],
    ids=["self.loss", "an unknown mistake", "a helper", "and uphill", "a helper and uphill"],
)
def test_half_of_the_regularizer_costs_none_of_the_training(sandbox, changes, points, words):
    settings = Settings(seed=5, only=frozenset({"loss", "steps"}))

    report = grade(network(*changes), load_spec("two_layer_net"), sandbox, settings)

    (steps,) = (check for check in report.checks if check.id == "steps")
    assert (steps.points, words in steps.message) == (points, True)


def test_a_mistake_of_the_training_alone_is_not_excused(sandbox):
    right = [("0.5 * reg", "1.0 * reg"), ("+ reg * W", "+ 2 * reg * W")]
    halved = ("self.loss(X_batch, y=y_batch, reg=reg)", "self.loss(X_batch, y=y_batch, reg=reg / 2)")
    settings = Settings(seed=5, only=frozenset({"loss", "steps"}))

    report = grade(network(*right, halved), load_spec("two_layer_net"), sandbox, settings)

    assert {check.id: check.points for check in report.checks if check.status != "not_run"} == {
        "loss": 48,
        "steps": 0,
    }


NETS = """
name = "nets"
title = "Nets"
backend = "numpy"

[functions]
relu_forward = { role = "function", signature = "(x)" }
relu_backward = { role = "function", signature = "(dout, cache)" }

[functions.TwoLayerNet]
role = "function"
signature = "(input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0)"
methods = { loss = "(X, y=None)" }

[[checks]]
id = "relu"
kind = "answers"
title = "relu_backward"
function = "relu_backward"
handed = ["relu_forward"]
question = "relu_backward"
points = 2

[[checks]]
id = "net"
kind = "answers"
title = "TwoLayerNet"
function = "TwoLayerNet"
question = "two_layer_fc_loss"
points = 8
"""

NET = """import numpy as np

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    dx, x = None, cache
    pass
    return dx

class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params, self.reg = {}, reg

    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        rows = X.reshape(len(X), -1)
        hidden, cache = relu_forward(rows @ W1 + b1)
        scores = hidden @ W2 + b2
        if y is None:
            return scores
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean() + 0.5 * self.reg * ((W1 * W1).sum() + (W2 * W2).sum())
        p[np.arange(len(y)), y] -= 1
        p /= len(y)
        before = relu_backward(p @ W2.T, cache)
        grads = {"W1": rows.T @ before + self.reg * W1, "b1": before.sum(axis=0)}
        return loss, {**grads, "W2": hidden.T @ p + self.reg * W2, "b2": p.sum(axis=0)}
"""


@pytest.mark.parametrize("body", ["    pass\n", "    dx = np.zeros_like(x)\n"])
def test_a_question_on_written_code_does_not_wait_for_an_unwritten_layer(sandbox, tmp_path, body):
    report = graded(sandbox, tmp_path, NET.replace("    pass\n", body), NETS)

    statuses = [report.functions[name].status for name in ("relu_backward", "TwoLayerNet")]
    assert statuses == ["not_written", "correct"]
    assert report.checks[0].points == 0
    assert report.checks[1].points == 8
    assert report.checks[1].message.endswith(
        "Judged with a right relu_backward in place of the submission's own."
    )


def test_code_that_only_calls_an_unwritten_layer_gets_nothing_for_ours(sandbox, tmp_path):
    start, end = NET.index("        W1, b1"), len(NET)
    calls = "        if y is None:\n            return relu_backward(X, X)\n"
    report = graded(sandbox, tmp_path, NET[:start] + calls + NET[end:], NETS)

    assert [check.points for check in report.checks] == [0, 0]
    assert report.functions["TwoLayerNet"].status != "correct"


def test_a_missing_caller_of_an_unwritten_layer_is_told_as_missing(sandbox, tmp_path):
    report = graded(sandbox, tmp_path, NET[: NET.index("class")], NETS)

    assert [part.status for part in report.functions.values()] == ["unjudged", "not_written", "missing"]
    assert [check.status for check in report.checks] == ["failed", "skipped"]
