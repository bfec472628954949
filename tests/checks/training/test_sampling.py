"""How batches are drawn: right ones are never taken for wrong, and each slip has its words."""

import numpy as np
import pytest

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.context import CheckContext
from grader.checks.training.sampling import SamplingCheck
from grader.checks.training.training_run import TrainingRun
from grader.model.verdict import Finding
from reference.uniformity import greatest_chi_square
from tests.checks.students import (
    ASSIGNMENT,
    RIGHT_TRAINERS,
    bytes_of,
    trainer,
    verdict_on,
    verdict_on_all,
    without_replacement,
)
from tests.checks.training.failures import FAILURES

NAME = "train_linear_classifier"

CHECK = SamplingCheck(
    kind="sampling", id="sampling", title="sampling", points=2, hint="Draw evenly.", function=NAME
)
(TRIAL, _) = CHECK.trials(CheckContext(ASSIGNMENT, 0))
LABEL, SAMPLES = TRIAL.label, len(TrainingRun.of(TRIAL).X)


@pytest.mark.parametrize("student", RIGHT_TRAINERS.values(), ids=RIGHT_TRAINERS)
def test_right_trainers_pass_in_every_style(student):
    verdict = verdict_on(CHECK, student)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == f"{NAME} draws its batches evenly from all {SAMPLES} rows."
    assert verdict.measured["chi_square"] < verdict.allowed["chi_square"] == greatest_chi_square(SAMPLES)
    assert verdict.findings == (Finding(NAME, None),)


@pytest.mark.parametrize("batches", [None, without_replacement], ids=["with", "without replacement"])
def test_no_right_trainer_fails_in_sixty_runs(batches):
    students = [trainer(seed=seed, **({} if batches is None else {"batches": batches})) for seed in range(60)]

    failed = [number for number, student in enumerate(students) if verdict_on(CHECK, student).credit != 1]

    assert failed == []


class ShuffledEpochs:
    """Every row once in each epoch, but for those that fill no batch."""

    def __call__(self, step, samples, batch_size, rng):
        per_epoch = samples // batch_size
        if step % per_epoch == 0:
            self.order = rng.permutation(samples)
        return self.order[(step % per_epoch) * batch_size :][:batch_size]


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_epochs_are_as_good_as_independent_draws(seed):
    assert verdict_on(CHECK, trainer(batches=ShuffledEpochs(), seed=seed), seed).status == "passed"


def backwards(step, samples, batch_size, rng):
    return (-step * batch_size - np.arange(batch_size)) % samples


def swapped_pairs(step, samples, batch_size, rng):
    return (step * batch_size + (np.arange(batch_size + 1) ^ 1)[:batch_size]) % samples


@pytest.mark.parametrize("batches", [backwards, swapped_pairs])
def test_consecutive_rows_in_another_order_are_named(batches):
    verdict = verdict_on(CHECK, trainer(batches=batches))

    assert verdict.message == f"{NAME}: the batches are consecutive rows, not drawn at random."


def stride(step, samples, batch_size, rng):
    return (step * 7 + np.arange(batch_size) * 5) % samples


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    "student",
    [trainer(fixed_seed=0), trainer(batches=without_replacement, fixed_seed=0)],
    ids=["fixed seed", "fixed permutations"],
)
def test_a_fixed_seed_is_a_note(student, seed):
    verdict = verdict_on(CHECK, student, seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings[0].notes == ("it draws the same batches in every run: is the random seed fixed?",)


@pytest.mark.parametrize("seed", range(20))
def test_rows_at_a_fixed_distance_are_named(seed):
    verdict = verdict_on(CHECK, trainer(batches=stride), seed)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == f"{NAME}: the batches are rows at a fixed stride, not drawn at random."


def last_row_never(step, samples, batch_size, rng):
    return rng.integers(0, samples - 1, batch_size)


def first_row_never(step, samples, batch_size, rng):
    return rng.integers(1, samples, batch_size)


def two_rows_never(step, samples, batch_size, rng):
    return rng.integers(0, samples - 2, batch_size)


def sequential(step, samples, batch_size, rng):
    return (step * batch_size + np.arange(batch_size)) % samples


def windows(step, samples, batch_size, rng):
    return rng.integers(0, samples - batch_size + 1) + np.arange(batch_size)


def the_same(step, samples, batch_size, rng):
    return np.random.default_rng(0).permutation(samples)[:batch_size]


def lopsided(step, samples, batch_size, rng):
    is_narrow = rng.random(batch_size) < 0.4
    return np.where(is_narrow, rng.integers(0, 10, batch_size), rng.integers(0, samples, batch_size))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "batches,words",
    [
        (
            last_row_never,
            "the last row is never drawn: is the largest index too small by one? randint excludes its upper bound",
        ),
        (first_row_never, f"1 of the {SAMPLES} rows is never drawn"),
        (two_rows_never, f"2 of the {SAMPLES} rows are never drawn"),
        (sequential, "the batches are consecutive rows, not drawn at random"),
        (windows, "the batches are consecutive rows, not drawn at random"),
        (the_same, "every step gets the same batch"),
        (lopsided, "some rows are drawn far more often than others"),
    ],
    ids=["last row", "first row", "two rows", "sequential", "windows", "same batch", "lopsided"],
)
def test_a_slip_in_sampling_is_named(batches, words, seed):
    verdict = verdict_on(CHECK, trainer(batches=batches, seed=seed))

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Draw evenly.")
    assert verdict.message == f"{NAME}: {words}."
    assert verdict.findings == ()


@pytest.mark.parametrize(
    "student",
    [
        trainer(prepare=lambda X: np.full_like(X, np.nan)),
        trainer(prepare=lambda X: X * 1000),
        trainer(batches=lambda step, samples, size, rng: np.arange(samples)),
        lambda *arguments, **options: (np.zeros((6, 4)), []),
    ],
    ids=["nan", "scaled", "the whole of X", "no call"],
)
def test_anything_but_a_batch_of_rows_is_described(student):
    verdict = verdict_on(CHECK, student)

    assert verdict.credit == 0.0
    assert verdict.message == f"{NAME} does not pass a batch of rows of X to the loss function at every step."


def test_a_fault_at_the_start_from_none_costs_no_points_here():
    student = trainer(start=lambda X, y, rng: np.zeros((X.shape[1], 3073)))

    assert verdict_on(CHECK, student).status == "passed"


def test_a_wrong_update_costs_no_points_here():
    assert verdict_on(CHECK, trainer(update=lambda W, dW, rate: W)).status == "passed"


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_call_without_values_earns_nothing_and_says_why(failure):
    verdict = verdict_on_all(CHECK, failure)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == sentence(failure_sentence(TRIAL, failure))


def test_trials_are_a_function_of_the_seed_alone():
    first, again, other = (bytes_of(CHECK.trials(CheckContext(ASSIGNMENT, seed))) for seed in (7, 7, 8))

    assert first == again
    assert first != other
