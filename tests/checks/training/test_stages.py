"""Trainings in stages: when they stop, what W they go on from, and what is done where that cannot be."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.accuracy import AccuracyCheck
from grader.checks.training.calls import start_of
from grader.checks.training.descent import joined
from grader.checks.training.stages import clear_of, stage_ends
from grader.model.observation import Step, Watched
from tests.checks.images import DATA
from tests.checks.students import (
    ASSIGNMENT,
    LinearSVM,
    evidence_of,
    says,
    softmax_indexed,
    svm_mask,
    trainer,
    uniform,
    verdict_on,
    without_replacement,
)

TRAINER, PREDICTOR = "train_linear_classifier", "predict_linear_classifier"
EASY = AccuracyCheck(
    kind="accuracy",
    id="accuracy",
    title="accuracy",
    points=4,
    loss="svm_loss_vectorized",
    trainer=TRAINER,
    predictor=PREDICTOR,
    learning_rate=1e-2,
    reg=1e-2,
    num_iters=200,
    batch_size=100,
    val_bar=0.15,
    test_bar=0.15,
)
NEVER_CLEAR = EASY.model_copy(update={"val_bar": 0.25, "test_bar": 0.3, "learning_rate": 1e-3})


def argmax(W, X):
    return (X @ W).argmax(axis=1)


def student(**changes):
    return {
        "svm_loss_vectorized": svm_mask,
        "softmax_loss_vectorized": softmax_indexed,
        TRAINER: trainer(),
        PREDICTOR: argmax,
    } | changes


def iterations_of(trial):
    return getattr(trial.keywords["num_iters"], "value", None)


def calls_of(check, changed):
    """The iterations of each call of the trainer, and whether it was given a W."""
    return [
        (iterations_of(trial), start_of(trial) is not None)
        for trial, _ in evidence_of(check, changed)
        if trial.watch is not None
    ]


def test_the_stages_double_and_end_with_the_handouts_number():
    assert stage_ends(1500, is_full=False) == (375, 750, 1500)
    assert stage_ends(1500, is_full=True) == (1500,)
    assert stage_ends(40, is_full=False) == (40,)
    assert stage_ends(1, is_full=False) == (1,)


@pytest.mark.parametrize("bar,images", [(0.37, 1000), (0.35, 2000), (0.36, 10_000)])
def test_accuracies_at_the_bar_are_clear_of_it_once_in_a_thousand(bar, images):
    right = np.random.default_rng(0).binomial(images, bar, 400_000)

    assert np.mean(right / images >= clear_of(bar, images)) == pytest.approx(1e-3, rel=0.5)


def test_no_accuracy_is_needed_to_be_clear_of_no_bar():
    assert clear_of(0.0, 1000) == 0.0


def test_a_training_that_is_clear_of_both_bars_stops_and_says_so():
    verdict = verdict_on(EASY, student())

    assert calls_of(EASY, student()) == [(50, False)]
    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert says(
        verdict.message,
        "Accuracy: <number> on the validation images (0.15 needed), <number> on the test images (0.15 needed), after 50 of"
        " 200 iterations: clear of both bars, so training stopped there.",
    )
    assert (verdict.measured["iterations"], verdict.allowed["iterations"]) == (50, 200)
    assert len(verdict.curves["loss"]) == 50


def test_a_training_that_is_not_clear_goes_on_from_its_own_weights_to_the_end():
    check = EASY.model_copy(update={"val_bar": 0.9, "test_bar": 0.9})

    evidence = evidence_of(check, student())
    verdict = verdict_on(check, student())

    stages: list[Any] = [each for each in evidence if each[0].watch is not None]
    assert calls_of(check, student()) == [(50, False), (50, True), (100, True)]
    for (_, before), (trial, after) in pairwise(stages):
        start: Any = start_of(trial)
        assert np.array_equal(start, before.values[0].array.astype(np.float32))
        assert np.array_equal(after.watched.steps[0].before, start)
    assert verdict.credit == 0.0
    assert verdict.measured["iterations"] == 200
    assert len(verdict.curves["loss"]) == 150
    assert "iterations" not in verdict.message


def test_a_full_run_trains_in_one_go():
    context = CheckContext(ASSIGNMENT, 0, data=DATA, is_full=True)

    (trial,) = EASY.trials(context)

    assert (iterations_of(trial), start_of(trial)) == (200, None)


def starts_over(loss, W, X, y, **numbers):
    return trainer()(loss, None, X, y, **numbers)


def raises_with_weights(loss, W, X, y, **numbers):
    if W is not None:
        raise NameError("name 'num_classes' is not defined")
    return trainer()(loss, W, X, y, **numbers)


def warms_up(loss, W, X, y, **numbers):
    loss(np.zeros((X.shape[1], 10)), X[:10], y[:10], 0.0)
    return trainer()(loss, W, X, y, **numbers)


@pytest.mark.parametrize("odd", [starts_over, raises_with_weights, warms_up])
def test_a_trainer_that_does_not_go_on_from_its_weights_trains_in_one_go(odd):
    check = EASY.model_copy(update={"val_bar": 0.32, "test_bar": 0.1})

    assert calls_of(check, student(**{TRAINER: odd}))[-2:] == [(50, True), (200, False)]


@pytest.mark.parametrize("odd", [starts_over, raises_with_weights])
def test_in_one_go_it_earns_what_it_did_before(odd):
    changed = student(**{TRAINER: odd})
    check = EASY.model_copy(update={"val_bar": 0.28, "test_bar": 0.1})

    verdict = verdict_on(check, changed)

    assert calls_of(check, changed)[-1] == (200, False)
    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.measured["iterations"] == 200


class StartsAnew(LinearSVM):
    def train(self, X, y, *rest: Any, **named: Any):
        self.W = None
        return super().train(X, y, *rest, **named)


def test_a_class_that_resets_its_weights_trains_in_one_go_and_one_that_keeps_them_in_stages():
    names = {"loss": None, "trainer": None, "predictor": None, "class_name": "LinearSVM"}
    check = EASY.model_copy(update={"val_bar": 0.28, "test_bar": 0.1} | names)

    anew, kept = verdict_on(check, StartsAnew), verdict_on(check, LinearSVM)

    assert calls_of(check, StartsAnew) == [(50, False), (50, True), (200, False)]
    assert calls_of(check, LinearSVM)[:2] == [(50, False), (50, True)]
    assert (anew.credit, kept.credit) == (1.0, 1.0)


def solved(X, y):
    return X.T @ np.linalg.solve(X @ X.T + 1000 * np.eye(len(X)), np.eye(10)[y] - 0.1)


def cheats_with_weights(loss, W, X, y, **numbers):
    found, history = trainer()(loss, W, X, y, **numbers)
    return (found, history) if W is None else (solved(X, y), history)


def jumps_with_weights(loss, W, X, y, **numbers):
    if W is not None:
        loss(W, X[:100], y[:100], 0.01)
        W = solved(X, y)
    return trainer()(loss, W, X, y, **numbers)


@pytest.mark.parametrize("cheat", [cheats_with_weights, jumps_with_weights])
def test_a_trainer_that_cheats_in_a_later_stage_earns_nothing(cheat):
    changed = student(**{TRAINER: cheat})

    verdict = verdict_on(NEVER_CLEAR, changed)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.measured["val_accuracy"] > 0.25
    assert verdict.message.startswith("train_linear_classifier does not train with svm_loss_vectorized")


def test_a_rate_that_decays_from_call_to_call_is_told():
    calls = []

    def decaying(loss, W, X, y, *, learning_rate, **numbers):
        calls.append(0)
        return trainer()(loss, W, X, y, learning_rate=learning_rate * 0.5 ** (len(calls) - 1), **numbers)

    check = EASY.model_copy(update={"val_bar": 0.28, "test_bar": 0.1})
    verdict = verdict_on(check, student(**{TRAINER: decaying}))

    assert verdict.credit == 0.0
    assert verdict.message.startswith("train_linear_classifier does not train with svm_loss_vectorized")


def first_batch(step, images, batch_size, rng):
    return np.arange(batch_size)


def whole(step, images, batch_size, rng):
    return np.arange(images)


def test_a_trainer_that_learns_from_one_batch_earns_nothing():
    verdict = verdict_on(EASY, student(**{TRAINER: trainer(batches=first_batch)}))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.measured["val_accuracy"] > EASY.val_bar
    assert says(
        verdict.message,
        "train_linear_classifier trains on the same images over and over: 100 different ones in the <number> steps checked. So there are no points for the accuracy: <number> on the validation images (0.15 needed), <number> on the test"
        " images (0.15 needed).",
    )


@pytest.mark.parametrize("fixed_seed", [None, 0])
@pytest.mark.parametrize("batches", [uniform, without_replacement, whole])
def test_honest_batches_are_not_taken_for_the_same_images(batches, fixed_seed):
    right = trainer(batches=batches, fixed_seed=fixed_seed)

    verdict = verdict_on(NEVER_CLEAR, student(**{TRAINER: right}))

    assert "again and again" not in verdict.message


def step(before, after):
    return Step(np.full((2, 2), before), None if after is None else np.full((2, 2), after), ())


def test_the_steps_of_several_calls_are_those_of_one_and_the_last_of_each_is_kept():
    stages = [
        (Watched(100, (*(step(n, n + 1) for n in range(99)), step(99, None))), np.full((2, 2), 300.0)),
        (
            Watched(50, (*(step(300 + n, 301 + n) for n in range(49)), step(349, None))),
            np.full((2, 2), 350.0),
        ),
    ]

    whole = joined(stages, np.random.default_rng(0))

    assert whole.calls == 150
    assert len(whole.steps) <= 32
    assert whole.steps[0].before[0, 0] == 0
    last: dict[float, Any] = {each.before[0, 0]: each.after for each in whole.steps}
    assert np.array_equal(last[99], np.full((2, 2), 300))
    assert np.array_equal(last[349], np.full((2, 2), 350))
