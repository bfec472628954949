"""Accuracy and the loss at the start: what is handed over, what stays with the judge, and what each fault is told."""

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.losses.initial_loss import InitialLossCheck
from grader.checks.training.accuracy import CURVE_POINTS, AccuracyCheck, curve, templates
from grader.model.observation import Died, Raised, TimedOut
from grader.model.trial import FunctionArgument, ResidentTensor, Tensor
from grader.model.verdict import Finding
from tests.checks.images import DATA
from tests.checks.students import (
    ASSIGNMENT,
    PLACE,
    LinearSVM,
    evidence_of,
    says,
    softmax_indexed,
    svm_mask,
    trainer,
    verdict_on,
)

TRAINER, PREDICTOR = "train_linear_classifier", "predict_linear_classifier"
LABEL = "150 steps with learning_rate 0.01, reg 0.01"
FIRST = "37 steps with learning_rate 0.01, reg 0.01"


CHECK = AccuracyCheck(
    kind="accuracy",
    id="accuracy",
    title="accuracy",
    points=4,
    hint="Look at the curve.",
    loss="softmax_loss_vectorized",
    trainer=TRAINER,
    predictor=PREDICTOR,
    learning_rate=1e-2,
    reg=1e-2,
    num_iters=150,
    batch_size=100,
    val_bar=0.2,
    test_bar=0.2,
)
OF_CLASS = CHECK.model_copy(
    update={"loss": None, "trainer": None, "predictor": None, "class_name": "LinearSVM"}
)


def argmax(W, X):
    return (X @ W).argmax(axis=1)


def student(**changes):
    return {"softmax_loss_vectorized": softmax_indexed, TRAINER: trainer(), PREDICTOR: argmax} | changes


def verdict_of(changed, check=CHECK):
    return verdict_on(check, changed)


def test_right_functions_reach_the_bars_and_leave_a_curve_and_pictures():
    verdict = verdict_of(student())

    assert (verdict.status, verdict.credit, verdict.hint) == ("passed", 1.0, None)
    assert says(
        verdict.message,
        "Accuracy: <number> on the validation images (0.2 needed), <number> on the test images (0.2 needed).",
    )
    assert verdict.measured["iterations"] == verdict.allowed["iterations"] == 150
    assert verdict.measured["val_accuracy"] > verdict.allowed["val_accuracy"] == 0.2
    assert verdict.measured["first_loss"] == pytest.approx(np.log(10), abs=0.01)
    assert len(verdict.curves["loss"]) == CURVE_POINTS
    assert verdict.curves["loss"][0] > verdict.curves["loss"][-1]
    picture = verdict.pictures["weights"]
    assert len(picture.rgb) == picture.count * picture.height * picture.width * 3 == 10 * 32 * 32 * 3


def for_page(**changes):
    return verdict_on(CHECK, student(**changes), for_page=True)


def test_a_report_for_a_page_has_the_references_loss_over_the_same_iterations():
    curves = for_page().curves

    own, reference = (np.array(curves[name]) for name in ("loss", "reference_loss"))
    assert len(reference) == 40
    assert "reference_loss" not in verdict_of(student()).curves
    # A right training with other batches: alike, point by point.
    alike = own.reshape(-1, 15).mean(axis=1), reference.reshape(-1, 4).mean(axis=1)
    assert np.abs(alike[0] - alike[1]).max() < 0.1 * (own[0] - own[-1])


def test_the_references_training_is_made_once_for_a_class(monkeypatch):
    first = for_page().curves["reference_loss"]
    monkeypatch.setattr("grader.checks.training.reference_curve.train_grid", lambda *_: 1 // 0)

    assert for_page().curves["reference_loss"] == first


def test_a_gradient_that_is_wrong_for_a_class_is_shown_on_images():
    def without_class_3(W, X, y, reg):
        loss, dW = softmax_indexed(W, X, y, reg)
        dW[:, 3] = 0
        return loss, dW

    assert "dW_error" not in verdict_of(student()).pictures
    picture = verdict_of(student(softmax_loss_vectorized=without_class_3)).pictures["dW_error"]
    images = np.frombuffer(picture.rgb, np.uint8).reshape(10, 32, 32, 3)
    assert [number for number, image in enumerate(images) if (image != 128).any()] == [3]


def test_a_gradient_without_its_regularizer_is_shown_on_images():
    strong = CHECK.model_copy(update={"reg": 1.0})

    def without(W, X, y, reg):
        loss, dW = softmax_indexed(W, X, y, reg)
        return loss, dW - 2 * reg * W

    verdict = verdict_of(student(softmax_loss_vectorized=without), strong)

    assert verdict.credit == 1.0
    assert "dW_error" in verdict.pictures


def test_a_right_class_reaches_the_bars():
    assert verdict_of(LinearSVM, OF_CLASS).status == "passed"


def test_no_label_of_a_judged_image_is_handed_over():
    evidence = evidence_of(CHECK, student())

    handed = [
        argument.array
        for trial, _ in evidence
        for argument in (*trial.positional, *trial.keywords.values(), *trial.state.values())
        if isinstance(argument, Tensor | ResidentTensor)
    ]
    *labels, of_batch = (array for array in handed if array.dtype.kind == "i")
    assert labels
    assert all(np.array_equal(each, DATA.splits.train.labels) for each in labels)
    (X_batch,) = (array for array in handed if array.shape == (100, 3073))
    X, y = DATA.split("train")
    rows = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in X_batch]
    assert np.array_equal(of_batch, y[rows])
    assert {len(array) for array in handed} == {1000, 400, 100, 3073}


def test_training_takes_the_numbers_of_the_spec_and_the_students_own_loss():
    (training, _), *_, (labelling, _), (alone, _) = evidence_of(CHECK, student())

    assert training.positional[0] == FunctionArgument("softmax_loss_vectorized")
    assert {name: getattr(argument, "value", None) for name, argument in training.keywords.items()} == {
        "learning_rate": 1e-2,
        "reg": 1e-2,
        "num_iters": 37,
        "batch_size": 100,
        "verbose": False,
    }
    assert labelling.function == PREDICTOR
    assert (alone.function, alone.is_apart) == ("softmax_loss_vectorized", True)


TOO_LOW = (
    "The accuracy is too low: <number> on the validation images (0.2 needed),"
    " <number> on the test images (0.2 needed)."
)


def fails_with(changed, credit, template, check=CHECK):
    verdict = verdict_of(changed, check)
    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", credit, "Look at the curve.")
    return says(verdict.message, template)


def test_weights_that_never_move_reach_neither_bar_and_the_loss_is_said_not_to_fall():
    idle = trainer(update=lambda W, dW, rate: W, start=lambda X, y, rng: np.zeros((X.shape[1], 10)))

    assert fails_with(
        student(**{TRAINER: idle}),
        0.0,
        f"{TOO_LOW} The loss does not fall: <number> in the first iterations, <number> in the last.",
    )


def test_one_bar_is_half_of_the_points():
    check = CHECK.model_copy(update={"test_bar": 0.99})

    assert verdict_of(student(), check).credit == 0.5


@pytest.mark.parametrize(
    "predictor,words",
    [
        (
            lambda W, X: (X @ W).argmin(axis=1),
            (
                "predict_linear_classifier labels only <number> and <number> of them correctly with the same"
                " weights: check it."
            ),
        ),
        (lambda W, X: None, "predict_linear_classifier returned None instead of labels."),
    ],
)
def test_a_wrong_predictor_costs_nothing_here_and_is_told(predictor, words):
    verdict = verdict_of(student(**{PREDICTOR: predictor}))

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert says(
        verdict.message,
        "Accuracy: <number> on the validation images (0.2 needed), <number> on the test images (0.2 needed). "
        + words,
    )
    assert verdict.findings == (Finding(PREDICTOR, False),)


def test_a_predictor_that_beats_its_weights_gains_nothing_and_is_flagged():
    y = np.concatenate([DATA.splits.val.labels, DATA.splits.test.labels])
    idle = trainer(update=lambda W, dW, rate: W)

    verdict = verdict_of(student(**{TRAINER: idle, PREDICTOR: lambda W, X: y}))

    assert verdict.credit == 0.0
    (alarm,) = verdict.alarms
    assert (alarm.kind, alarm.function) == ("suspect_accuracy", PREDICTOR)
    assert says(
        alarm.message,
        f"{PREDICTOR} labels <number> of the images correctly, more than its weights can explain. The accuracy was measured from the highest scores instead; please read the code.",
    )


def test_weights_of_another_shape_are_described():
    def turned(*arguments, **options):
        W, history = trainer()(*arguments, **options)
        return W.T, history

    assert fails_with(
        student(**{TRAINER: turned}),
        0.0,
        f"{TRAINER} returned an array of shape (10, 3073) and dtype float64 instead of the weights W.",
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_told_so_and_no_image_is_labelled(value):
    wild = student(
        softmax_loss_vectorized=lambda W, X, y, reg: (1.0, np.zeros_like(W)),
        **{TRAINER: trainer(update=lambda W, dW, rate: np.full_like(W, value))},
    )

    assert [trial.function for trial, _ in evidence_of(CHECK, wild)] == [TRAINER] * 2
    assert fails_with(
        wild,
        0.0,
        f"{TRAINER} ended with weights that are not finite, on {LABEL}; does the loss grow?",
    )


@pytest.mark.parametrize(
    "observation,template",
    [
        (
            Raised("ValueError", "no", PLACE, 0.1),
            f"{TRAINER} raised ValueError at linear_classifier.py, line 12: no, on {FIRST}.",
        ),
        (
            Died("exit code 3"),
            f"{TRAINER} ended its process instead of returning (exit code 3), on {FIRST}: does it call os._exit()?",
        ),
        (TimedOut(30.0), f"{TRAINER} is too slow or never ends: 37 steps did not finish in 30 s."),
    ],
)
def test_training_that_does_not_come_back_is_told_so(observation, template):
    (trial,) = CHECK.trials(CheckContext(ASSIGNMENT, 0, data=DATA))

    verdict = CHECK.judge(CheckContext(ASSIGNMENT, 0, data=DATA), [(trial, observation)])

    assert (verdict.status, verdict.credit, verdict.message) == ("failed", 0.0, template)


@pytest.mark.parametrize(
    "history", [lambda losses: [], lambda losses: None, lambda losses: [np.nan] * len(losses)]
)
def test_a_wrong_history_costs_nothing_here_and_draws_no_curve(history):
    verdict = verdict_of(student(**{TRAINER: trainer(history=history)}))

    assert (verdict.status, dict(verdict.curves)) == ("passed", {})


def test_a_curve_is_bounded_and_keeps_its_shape():
    history = np.linspace(9, 1, 20000)

    drawn = curve(history)

    assert len(drawn) == CURVE_POINTS
    assert list(drawn) == sorted(drawn, reverse=True)
    assert drawn[0] == pytest.approx(9, abs=0.05)
    assert curve(np.array([3.0, 2.0])) == (3.0, 2.0)


def test_each_classs_picture_spans_the_bytes_and_leaves_the_bias_out():
    W = np.zeros((3073, 10))
    W[0, 3], W[-1] = 2.0, 100.0

    picture = templates(W)

    images = np.frombuffer(picture.rgb, np.uint8).reshape(10, 32, 32, 3)
    assert images[3, 0, 0].tolist() == [255, 0, 0]
    assert images.max(axis=(1, 2, 3)).tolist() == [0, 0, 0, 255, 0, 0, 0, 0, 0, 0]


def test_without_data_it_is_the_graders_fault():
    with pytest.raises(RuntimeError, match="none was given"):
        CHECK.trials(CheckContext(ASSIGNMENT, 0))


# --- The loss at the start -------------------------------------------------------------------------------------------

START = InitialLossCheck(
    kind="initial_loss", id="start", title="start", points=1, hint="Guess.", function="svm_loss_vectorized"
)
START_SOFTMAX = START.model_copy(update={"function": "softmax_loss_vectorized"})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "check,right,expected", [(START, svm_mask, "9.0000"), (START_SOFTMAX, softmax_indexed, "2.3026")]
)
def test_a_right_loss_is_that_of_guessing(check, right, expected, seed):
    verdict = verdict_on(check, right, seed)

    assert verdict.status == "passed"
    assert f"about {expected}" in verdict.message


@pytest.mark.parametrize(
    "change",
    [
        lambda loss: loss * 128,
        lambda loss: loss + 1,
        lambda loss: loss / 10,
        lambda loss: np.nan,
        lambda loss: 0.0,
    ],
)
def test_another_loss_is_told_what_is_expected(change):
    def wrong(W, X, y, reg):
        loss, dW = svm_mask(W, X, y, reg)
        return change(loss), dW

    verdict = verdict_on(START, wrong)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Guess.")
    assert "expected about 9.0000 (delta for each wrong class)" in verdict.message


@pytest.mark.parametrize("check,constant", [(START, 9.0), (START_SOFTMAX, np.log(10))])
@pytest.mark.parametrize("has_gradient", [True, False])
def test_a_constant_is_not_a_loss(check, constant, has_gradient):
    right = svm_mask if check is START else softmax_indexed

    def guesses(W, X, y, reg):
        return constant, right(W, X, y, reg)[1] if has_gradient else np.zeros_like(W)

    verdict = verdict_on(check, guesses)

    assert (verdict.status, verdict.credit, verdict.blames) == ("failed", 0.0, (check.function,))
    assert verdict.message.startswith(
        f"No points for the loss at the start until the values are right with reg = 0. {check.function}: loss is "
    )


def test_the_start_needs_no_gradient_and_no_regularizer():
    verdict = verdict_on(START, lambda W, X, y, reg: (svm_mask(W, X, y, 0)[0], np.zeros_like(W)))

    assert verdict.status == "passed"


def test_no_loss_is_described():
    verdict = verdict_on(START, lambda W, X, y, reg: None)

    assert says(
        verdict.message,
        "svm_loss_vectorized: the loss is None, expected about 9.0000 (delta for each wrong class),"
        " on W = 0.0001 * randn, 128 images (N=128, C=10, D=<count>, reg=5e-06).",
    )


def test_a_call_that_raises_is_told_so():
    evidence = [
        (trial, Raised("ValueError", "no", PLACE, 0.1))
        for trial in START.trials(CheckContext(ASSIGNMENT, 0, data=DATA))
    ]

    assert START.judge(CheckContext(ASSIGNMENT, 0, data=DATA), evidence).message.startswith(
        "svm_loss_vectorized raised ValueError"
    )
