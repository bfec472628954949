"""The trainer's contract, part by part, from the log of the spy."""

from dataclasses import replace

import numpy as np
import pytest

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.context import CheckContext
from grader.checks.training.training import TrainingCheck
from grader.checks.training.training_audit import SHARES
from grader.checks.training.training_run import TrainingRun
from grader.model.observation import Died, Refused, Returned, TimedOut, Unexpected
from grader.model.verdict import Finding
from tests.checks.students import (
    ASSIGNMENT,
    RIGHT_TRAINERS,
    bytes_of,
    evidence_of,
    says,
    trainer,
    verdict_on,
    verdict_on_all,
)
from tests.checks.training.failures import FAILURES

NAME = "train_linear_classifier"

CHECK = TrainingCheck(
    kind="training", id="training", title="training", points=10, hint="Read the loop.", function=NAME
)
GIVEN_TRIAL, NONE_TRIAL = CHECK.trials(CheckContext(ASSIGNMENT, 0))
GIVEN, NONE = GIVEN_TRIAL.label, NONE_TRIAL.label
RUN, RUN_FROM_NONE = TrainingRun.of(GIVEN_TRIAL), TrainingRun.of(NONE_TRIAL)
STEPS, BATCH = RUN.num_iters, RUN.batch_size
SAMPLES, FEATURES = RUN.X.shape
CLASSES = RUN.spy.gradients.shape[2]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("student", RIGHT_TRAINERS.values(), ids=RIGHT_TRAINERS)
def test_right_trainers_pass_in_every_style(student, seed):
    verdict = verdict_on(CHECK, student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert (
        verdict.message
        == f"{NAME} draws its batches, updates W and records the loss as it should at every step."
    )
    assert verdict.findings == (Finding(NAME, True),)


def test_the_shares_of_the_parts_make_one_whole():
    assert sum(SHARES.values()) == pytest.approx(1)


def fails_with(student, credit, template):
    verdict = verdict_on(CHECK, student)
    assert verdict.status == "failed"
    assert verdict.credit == pytest.approx(credit)
    assert verdict.hint == "Read the loop."
    assert verdict.findings == (Finding(NAME, False),)
    return says(verdict.message, f"{NAME}: {template}")


@pytest.mark.parametrize(
    "update,words",
    [
        (lambda W, dW, rate: W, "W is not changed"),
        (
            lambda W, dW, rate: W + rate * dW,
            "W is moved up the gradient (W + learning_rate*dW), which increases the loss",
        ),
        (
            lambda W, dW, rate: W - dW,
            "W is moved by the whole gradient: the learning rate is not used",
        ),
        (
            lambda W, dW, rate: -rate * dW,
            "W is replaced by -learning_rate*dW instead of being moved by it",
        ),
        (
            lambda W, dW, rate: W - rate * dW / BATCH,
            "the step is divided by batch_size, though dW is already an average",
        ),
        (lambda W, dW, rate: W - rate * np.sign(dW), "W is not updated to W - learning_rate*dW"),
        (lambda W, dW, rate: W - rate * dW * (1 + 1e-9), "W is not updated to W - learning_rate*dW"),
    ],
    ids=["none", "up", "whole", "replaced", "divided", "sign of the gradient", "a billionth more"],
)
def test_a_wrong_update_is_named_and_costs_the_updates_only(update, words):
    assert fails_with(trainer(update=update), 0.5, f"{words}, at iteration 0 ({GIVEN}).")


def test_weights_that_blow_up_are_wrong_without_a_warning():
    student = trainer(update=lambda W, dW, rate: np.sign(dW) * 1e300)

    assert fails_with(student, 0.5, f"W is not updated to W - learning_rate*dW, at iteration 0 ({GIVEN}).")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_wrong_without_a_warning(value):
    student = trainer(update=lambda W, dW, rate: np.full_like(W, value))

    assert fails_with(student, 0.5, f"W is not updated to W - learning_rate*dW, at iteration 0 ({GIVEN}).")


def test_an_update_that_begins_late_is_dated():
    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        rng = np.random.default_rng(0)
        W = np.zeros((X.shape[1], y.max() + 1)) if W is None else W
        losses = []
        for step in range(num_iters):
            rows = rng.integers(0, len(X), batch_size)
            loss, dW = loss_func(W, X[rows], y[rows], reg)
            losses.append(loss)
            if step < num_iters - 1:
                W = W - learning_rate * dW
        return W, losses

    assert fails_with(train, 0.5, f"W is not changed, at iteration {STEPS - 1} ({GIVEN}).")


def test_a_best_w_that_is_not_the_last_is_named():
    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        visited: list[np.ndarray] = []

        def noted(W, *rest):
            visited.append(W.copy())
            return loss_func(W, *rest)

        _, losses = trainer()(
            noted,
            W,
            X,
            y,
            learning_rate=learning_rate,
            reg=reg,
            num_iters=num_iters,
            batch_size=batch_size,
            verbose=verbose,
        )
        return visited[STEPS // 2], losses

    assert fails_with(
        train, 0.5, f"the returned W is an earlier one, not the W after the last step ({GIVEN})."
    )


def test_a_start_from_other_weights_than_those_given_is_named():
    def train(loss_func, W, X, y, *rest, **options):
        return trainer()(loss_func, None, X, y, *rest, **options)

    assert fails_with(
        train, 0.5, f"the first W given to the loss function is not the W that was passed in ({GIVEN})."
    )


def test_returned_weights_of_another_shape_are_described():
    def train(*arguments, **options):
        W, history = trainer()(*arguments, **options)
        return W.T, history

    assert fails_with(
        train,
        0.5,
        f"the returned W is an array of shape ({CLASSES}, {FEATURES}) and dtype float64,"
        f" expected shape ({FEATURES}, {CLASSES}) ({GIVEN}).",
    )


@pytest.mark.parametrize(
    "history,words",
    [
        (lambda losses: [], f"loss_history holds 0 numbers, expected num_iters = {STEPS}"),
        (lambda losses: losses[1:], f"loss_history holds {STEPS - 1} numbers, expected num_iters = {STEPS}"),
        (
            lambda losses: losses * 2,
            f"loss_history is a list of {2 * STEPS} numbers, expected a list of {STEPS} numbers",
        ),
        (lambda losses: None, f"loss_history is None, expected a list of {STEPS} numbers"),
        (
            lambda losses: [0.0] * len(losses),
            "loss_history does not hold the losses that the loss function returned",
        ),
        (
            lambda losses: losses[::-1],
            "loss_history does not hold the losses that the loss function returned",
        ),
        (
            lambda losses: [np.nan] * len(losses),
            "loss_history does not hold the losses that the loss function returned",
        ),
    ],
    ids=["empty", "too short", "too long", "None", "zeros", "reversed", "nan"],
)
def test_a_wrong_history_costs_the_history_only(history, words):
    assert fails_with(trainer(history=history), 0.95, f"{words} ({GIVEN}).")


@pytest.mark.parametrize(
    "factor,seen", [(0.0, "0"), (0.5, "<number>"), (2.0, "<number>"), (np.nan, "nan (not a number)")]
)
def test_reg_must_be_handed_on_as_it_is(factor, seen):
    student = trainer(reg_factor=factor)

    assert fails_with(
        student, 0.6, f"reg is passed on as {seen}, expected <number>, at iteration 0 ({GIVEN})."
    )


def test_a_reg_that_is_not_a_number_is_described():
    def train(loss_func, *arguments, **options):
        return trainer()(lambda W, X, y, reg: loss_func(W, X, y, None), *arguments, **options)

    assert fails_with(train, 0.6, f"reg is passed on as None, expected <number>, at iteration 0 ({GIVEN}).")


def test_all_rows_in_place_of_a_batch_are_described():
    student = trainer(batches=lambda step, samples, size, rng: np.arange(samples))

    assert fails_with(
        student,
        0.6,
        f"X_batch is an array of shape ({SAMPLES}, {FEATURES}) and dtype float64, expected shape ({BATCH}, {FEATURES}),"
        f" at iteration 0 ({GIVEN}).",
    )


def test_a_batch_size_that_is_hard_coded_shows_in_the_second_run():
    student = trainer(batches=lambda step, samples, size, rng: rng.integers(0, samples, BATCH))

    assert fails_with(
        student,
        0.6,
        f"X_batch is an array of shape ({BATCH}, {RUN_FROM_NONE.X.shape[1]}) and dtype float64,"
        f" expected shape ({RUN_FROM_NONE.batch_size}, {RUN_FROM_NONE.X.shape[1]}),"
        f" at iteration 0 ({NONE}).",
    )


def test_labels_of_other_rows_are_named():
    def train(loss_func, W, X, y, *rest, **options):
        def shuffled(W, X, y, reg):
            return loss_func(W, X, y[::-1].copy(), reg)

        return trainer()(shuffled, W, X, y, *rest, **options)

    assert fails_with(
        train,
        0.6,
        f"y_batch does not hold the labels of the rows in X_batch, at iteration 0 ({GIVEN}).",
    )


def test_labels_that_are_floats_are_described():
    def train(loss_func, W, X, y, *rest, **options):
        def floating(W, X, y, reg):
            return loss_func(W, X, y.astype(float), reg)

        return trainer()(floating, W, X, y, *rest, **options)

    assert fails_with(
        train,
        0.6,
        f"y_batch is an array of shape ({BATCH},) and dtype float64, expected {BATCH} labels,"
        f" at iteration 0 ({GIVEN}).",
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X / X.max(),
        lambda X: np.full_like(X, np.nan),
        lambda X: X + 0.1 * (np.arange(X.shape[1]) == 1),
        lambda X: -X,
    ],
    ids=["scaled", "nan", "one column moved", "negated"],
)
def test_rows_that_are_not_in_the_data_are_named(change):
    assert fails_with(
        trainer(prepare=change), 0.6, f"X_batch holds rows that are not in X, at iteration 0 ({GIVEN})."
    )


def test_changed_data_cost_the_batches():
    def train(loss_func, W, X, y, *rest, **options):
        result = trainer()(loss_func, W, X, y, *rest, **options)
        X *= 2
        return result

    assert fails_with(train, 0.6, f"the trainer changes X or y ({GIVEN}).")


def test_changed_labels_cost_the_batches():
    def train(loss_func, W, X, y, *rest, **options):
        result = trainer()(loss_func, W, X, y, *rest, **options)
        y.sort()
        return result

    assert fails_with(train, 0.6, f"the trainer changes X or y ({GIVEN}).")


@pytest.mark.parametrize("extra", [-1, 1])
def test_the_number_of_calls_is_counted(extra):
    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        return trainer(history=lambda losses: losses[:num_iters])(
            loss_func, W, X, y, learning_rate, reg, num_iters + extra, batch_size, verbose
        )

    verdict = verdict_on(CHECK, train)

    assert verdict.credit < 0.7
    assert (
        f"the loss function is called {STEPS + extra} times, expected num_iters = {STEPS} ({GIVEN})"
        in verdict.message
    )


def test_a_trainer_that_does_nothing_earns_nothing():
    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        return np.zeros((FEATURES, CLASSES)), []

    assert fails_with(
        train,
        0.0,
        f"the loss function is called 0 times, expected num_iters = {STEPS} ({GIVEN});"
        f" W is never updated: the loss function is not called ({GIVEN});"
        f" loss_history holds 0 numbers, expected num_iters = {STEPS} ({GIVEN}).",
    )


def test_one_call_of_the_loss_for_all_steps_earns_nothing():
    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        W = np.zeros((X.shape[1], y.max() + 1)) if W is None else W
        loss, _ = loss_func(W, X[:batch_size], y[:batch_size], reg)
        return W, [loss] * num_iters

    verdict = verdict_on(CHECK, train)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert f"the loss function is called 1 time, expected num_iters = {STEPS}" in verdict.message


def test_neither_right_batches_nor_right_updates_earn_nothing():
    verdict = verdict_on(CHECK, trainer(update=lambda W, dW, rate: W, reg_factor=0))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)


@pytest.mark.parametrize(
    "start",
    [
        lambda X, y, rng: rng.normal(size=(X.shape[1], y.max() + 1)) * 100,
        lambda X, y, rng: np.full((X.shape[1], y.max() + 1), 3.0),
    ],
    ids=["wide", "constant"],
)
def test_great_weights_at_the_start_cost_the_start_only(start):
    assert fails_with(trainer(start=start), 0.95, f"with W = None the first weights are not small ({NONE}).")


@pytest.mark.parametrize("seed", range(20))
def test_a_start_of_deviation_1_is_not_small(seed):
    student = trainer(start=lambda X, y, rng: rng.normal(size=(X.shape[1], y.max() + 1)), seed=seed)

    assert verdict_on(CHECK, student, seed).credit == pytest.approx(0.95)


@pytest.mark.parametrize("seed", range(20))
def test_a_start_of_xavier_is_right(seed):
    student = trainer(
        start=lambda X, y, rng: rng.normal(size=(X.shape[1], y.max() + 1)) / np.sqrt(X.shape[1]), seed=seed
    )

    assert verdict_on(CHECK, student, seed).credit == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_classes_counted_by_the_labels_that_occur_are_wrong(seed):
    student = trainer(start=lambda X, y, rng: np.zeros((X.shape[1], len(np.unique(y)))))

    assert verdict_on(CHECK, student, seed).credit < 1.0


def test_learning_rate_and_reg_are_drawn_in_every_run():
    drawn = {
        (TrainingRun.of(trial).learning_rate, TrainingRun.of(trial).reg)
        for seed in range(10)
        for trial in CHECK.trials(CheckContext(ASSIGNMENT, seed))
    }

    assert len(drawn) == 20


@pytest.mark.parametrize("deviation", [1e-6, 1e-4, 1e-3, 1e-2, 0.1])
def test_any_small_start_is_right(deviation):
    student = trainer(start=lambda X, y, rng: deviation * rng.normal(size=(X.shape[1], y.max() + 1)))

    assert verdict_on(CHECK, student).credit == 1.0


def test_a_start_of_another_shape_that_raises_later_costs_the_start_only():
    D, C = RUN_FROM_NONE.spy.gradients.shape[1:]
    student = trainer(start=lambda X, y, rng: np.zeros((X.shape[1], 3073)))

    assert fails_with(
        student,
        0.95,
        f"starting from W = None, {NAME} raised ValueError at linear_classifier.py, line 12: operands could not be"
        f" broadcast together with shapes ({D},3073) ({D},{C}), on {NONE}.",
    )


def test_a_start_of_another_shape_that_broadcasts_is_described():
    verdict = verdict_on(CHECK, trainer(start=lambda X, y, rng: np.zeros((X.shape[1], 1))))

    assert 0 < verdict.credit < 1
    assert (
        f"with W = None the first W is an array of shape ({RUN_FROM_NONE.X.shape[1]}, 1) and dtype float64,"
        f" expected shape (D, C) with C = max(y) + 1 ({NONE})" in verdict.message
    )


def test_a_call_from_given_weights_that_raises_earns_nothing():
    def train(loss_func, W, *rest, **options):
        if W is not None:
            raise NotImplementedError("given weights")
        return trainer()(loss_func, W, *rest, **options)

    verdict = verdict_on(CHECK, train)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        f"{NAME} raised NotImplementedError at linear_classifier.py, line 12: given weights, on {GIVEN}."
    )


def test_a_loop_that_never_ends_is_broken_off():
    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        while True:
            loss_func(np.zeros((X.shape[1], CLASSES)), X[:batch_size], y[:batch_size], reg)

    verdict = verdict_on(CHECK, train)

    assert verdict.credit == 0.0
    assert verdict.message == (
        f"{NAME} was stopped: the loss function was called more than {3 * STEPS} times."
    )


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_call_without_values_earns_nothing_and_says_why(failure):
    verdict = verdict_on_all(CHECK, failure)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == sentence(failure_sentence(GIVEN_TRIAL, failure))
    assert verdict.findings == (Finding(NAME, False),)


@pytest.mark.parametrize(
    "observation",
    [TimedOut(30.0), Died("exit code 3"), Refused("not called")],
    ids=["late", "dead", "refused"],
)
def test_a_second_run_that_does_not_come_back_earns_nothing(observation):
    evidence = evidence_of(CHECK, trainer())
    evidence[1] = (evidence[1][0], observation)

    assert CHECK.judge(CheckContext(ASSIGNMENT, 0), evidence).credit == 0.0


def test_values_that_are_none_are_described():
    evidence = evidence_of(CHECK, trainer())
    trial, observation = evidence[0]
    assert isinstance(observation, Returned)
    none = Unexpected("None")
    evidence[0] = (
        trial,
        Returned((none, none), 0.0, echoes=observation.echoes, spy_calls=observation.spy_calls),
    )

    verdict = CHECK.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert verdict.credit == pytest.approx(0.45)
    assert verdict.message == (
        f"{NAME}: the returned W is None, expected shape ({FEATURES}, {CLASSES}) ({GIVEN});"
        f" loss_history is None, expected a list of {STEPS} numbers ({GIVEN})."
    )


def test_two_runs_differ_in_steps_batch_size_start_and_verbosity():
    given, none = CHECK.trials(CheckContext(ASSIGNMENT, 0))

    assert (given.label, none.label) == (GIVEN, NONE)
    assert list(given.keywords) == ["learning_rate", "reg", "num_iters", "batch_size", "verbose"]
    assert given.keywords["verbose"] != none.keywords["verbose"]


def test_trials_are_a_function_of_the_seed_alone():
    first, again, other = (bytes_of(CHECK.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_no_size_is_the_same_in_every_run():
    runs = [TrainingRun.of(CHECK.trials(CheckContext(ASSIGNMENT, seed))[0]) for seed in range(20)]

    for sizes in (
        {run.X.shape[0] for run in runs},
        {run.X.shape[1] for run in runs},
        {run.spy.gradients.shape[2] for run in runs},
        {run.num_iters for run in runs},
        {run.batch_size for run in runs},
    ):
        assert len(sizes) > 2


def as_tensors(seen):
    """The run with a history that held tensors."""
    weights, history = seen.values
    return replace(seen, values=(weights, replace(history, dtype="float32")))


def test_a_history_of_tensors_is_a_note():
    evidence = [(trial, as_tensors(seen)) for trial, seen in evidence_of(CHECK, trainer())]

    verdict = CHECK.judge(CheckContext(ASSIGNMENT, 0), evidence)

    assert (verdict.credit, verdict.findings[0].notes) == (
        1.0,
        (
            "loss_history holds tensors, not numbers: each one holds on to its memory; .item() gives the number",
        ),
    )


def test_a_start_in_another_dtype_is_a_note():
    student = trainer(start=lambda X, y, rng: np.zeros((X.shape[1], y.max() + 1), np.float32))

    verdict = verdict_on(CHECK, student)

    assert (verdict.credit, verdict.findings[0].notes) == (
        1.0,
        ("with W = None it starts in float32 although X is float64",),
    )
