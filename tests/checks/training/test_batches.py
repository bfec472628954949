"""Functions that draw one batch: right ones in every style pass, each slip has its words."""

import random

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.batches import BatchesCheck
from grader.model.assignment import SamplerFunction
from grader.model.observation import Missing
from grader.model.trial import Array, Scalar, Tensor, Trial
from tests.checks.students import ASSIGNMENT, evidence_of, verdict_on

NAME = "sample_batch"
SAMPLED = ASSIGNMENT.model_copy(
    update={"functions": {**ASSIGNMENT.functions, NAME: SamplerFunction(role="sampler")}}
)
CHECK = BatchesCheck(
    kind="batches", id="batches", title="batches", points=3, hint="Draw evenly.", function=NAME
)
TRIAL, _, _ = CHECK.trials(CheckContext(SAMPLED, 0))


def array_at(trial: Trial, position: int) -> Array:
    argument = trial.positional[position]
    assert isinstance(argument, Tensor)
    return argument.array


def number_at(trial: Trial, position: int) -> int:
    argument = trial.positional[position]
    assert isinstance(argument, Scalar)
    assert argument.value is not None
    return int(argument.value)


X, Y = array_at(TRIAL, 1), array_at(TRIAL, 2)
ROWS, BATCH, CALLS = len(X), number_at(TRIAL, 4), number_at(TRIAL, 5)


def verdict_of(student, seed=0):
    return verdict_on(CHECK, {NAME: student}, seed, SAMPLED)


def by(draw, seed=3):
    """A sampler that draws the indices so, from a generator of its own."""
    rng = np.random.default_rng(seed)

    def sample_batch(X, y, num_train, batch_size):
        rows = draw(rng, num_train, batch_size)
        return X[rows], y[rows]

    return sample_batch


def with_replacement(rng, count, size):
    return rng.integers(0, count, size)


def without_replacement(rng, count, size):
    return rng.permutation(count)[:size]


def as_list(sampler):
    return lambda *given: list(sampler(*given))


def always_the_same(*given):
    return by(with_replacement, 0)(*given)


RIGHT = {
    "with replacement": by(with_replacement),
    "without replacement": by(without_replacement),
    "Python's random": by(lambda _, count, size: random.choices(range(count), k=size)),
    "as a list": as_list(by(with_replacement)),
}


@pytest.mark.parametrize("student", RIGHT.values(), ids=RIGHT)
def test_right_samplers_pass(student):
    verdict = verdict_of(student)

    assert (verdict.status, verdict.credit, verdict.hint) == ("passed", 1.0, None)
    assert verdict.message == f"{NAME} draws rows with their labels evenly from all {ROWS} rows."
    assert [(each.function, each.is_correct, each.notes) for each in verdict.findings] == [(NAME, True, ())]


@pytest.mark.parametrize("draw", [with_replacement, without_replacement])
def test_no_right_sampler_fails_in_sixty_runs(draw):
    assert [seed for seed in range(60) if verdict_of(by(draw, seed), seed).credit != 1] == []


def test_a_num_train_that_is_ignored_is_a_note():
    def sample_batch(X, y, num_train, batch_size):
        rows = np.random.default_rng(int(np.random.default_rng().integers(1 << 40))).integers(
            0, len(X), batch_size
        )
        return X[rows], y[rows]

    verdict = verdict_of(sample_batch)

    assert verdict.credit == 1
    assert verdict.findings[0].notes == ("it draws from all rows of X and ignores num_train",)


def test_a_short_num_train_that_cannot_be_drawn_from_is_a_note():
    def sample_batch(X, y, num_train, batch_size):
        assert num_train == len(X)
        return by(with_replacement, np.random.default_rng().integers(1 << 40))(X, y, num_train, batch_size)

    verdict = verdict_of(sample_batch)

    assert verdict.credit == 1
    assert verdict.findings[0].notes == ("it cannot draw from the first num_train rows of a longer X",)


def independent(X, y, num_train, batch_size):
    rng = np.random.default_rng(int(X[0, 1] * 1e9) % 97 + random.randrange(1 << 30))
    return X[rng.integers(0, num_train, batch_size)], y[rng.integers(0, num_train, batch_size)]


def sorted_labels(X, y, num_train, batch_size):
    X_batch, y_batch = by(with_replacement, random.randrange(1 << 30))(X, y, num_train, batch_size)
    return X_batch, np.sort(y_batch)


def test_labels_of_other_rows_are_named():
    for student in (independent, sorted_labels):
        verdict = verdict_of(student)

        assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Draw evenly.")
        assert verdict.message.startswith(
            f"{NAME}: y_batch does not hold the labels of the rows in X_batch ("
        )
        assert verdict.message.endswith("% are wrong): are both taken with the same indices?")
        assert verdict.findings[0].is_correct is False


DRAWN_WRONGLY = {
    "misses the last": (
        by(lambda rng, count, size: rng.integers(0, count - 1, size)),
        "the last row is never drawn: is the largest index too small by one? randint excludes its upper bound.",
    ),
    "one seed": (
        always_the_same,
        "every call gets the same batch.",
    ),
    "a window": (
        by(lambda rng, count, size: rng.integers(0, count - size + 1) + np.arange(size)),
        "the batches are consecutive rows, not drawn at random.",
    ),
    "half of the rows": (
        by(lambda rng, count, size: rng.integers(0, count // 2, size)),
        f"{ROWS - ROWS // 2} of the {ROWS} rows are never drawn.",
    ),
    "squared": (
        by(lambda rng, count, size: (rng.random(size) ** 2 * count).astype(int)),
        "some rows are drawn far more often than others.",
    ),
}


@pytest.mark.parametrize("student,words", DRAWN_WRONGLY.values(), ids=DRAWN_WRONGLY)
def test_batches_that_are_not_drawn_evenly_have_half_of_the_points_and_their_words(student, words):
    verdict = verdict_of(student)

    assert (verdict.status, verdict.credit) == ("failed", 0.5)
    assert verdict.message == f"{NAME}: {words}"
    assert verdict.findings[0].notes == ()


@pytest.mark.parametrize(
    "rows", [slice(None, None), slice(None, None, -1), slice(3, None), slice(None, None, 2)]
)
def test_a_slice_of_the_rows_earns_nothing(rows):
    verdict = verdict_of(lambda X, y, num_train, size: (X[rows][:size], y[rows][:size]))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == (
        f"{NAME}: every call gets the same batch, a slice of X and y. No points for their labels until rows are drawn."
    )


def test_the_same_batches_in_every_run_are_a_note():
    calls = iter(range(10_000))

    def sample_batch(X, y, num_train, batch_size):
        rows = np.random.default_rng(next(calls) % CALLS).integers(0, num_train, batch_size)
        return X[rows], y[rows]

    verdict = verdict_of(sample_batch)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.findings[0].notes == ("it draws the same batches in every run: is the random seed fixed?",)


EXPECTED = (
    f"expected X_batch of shape ({BATCH}, {X.shape[1]}) and y_batch of shape ({BATCH},), on {TRIAL.label}."
)


@pytest.mark.parametrize(
    "change,words",
    [
        (
            lambda X_batch, y_batch: (X_batch[1:], y_batch[1:]),
            f"X_batch is an array of shape ({BATCH - 1}, {X.shape[1]}) and dtype float64; {EXPECTED}",
        ),
        (
            lambda X_batch, y_batch: (X_batch, y_batch[:, None]),
            f"y_batch is an array of shape ({BATCH}, 1) and dtype int64; {EXPECTED}",
        ),
        (lambda *_: None, f"X_batch is None; {EXPECTED}"),
        (lambda X_batch, _: (X_batch, None), f"y_batch is None; {EXPECTED}"),
        (
            lambda X_batch, y_batch: (X_batch * 1.5, y_batch),
            f"X_batch holds rows that are not in X, on {TRIAL.label}.",
        ),
    ],
)
def test_a_batch_of_another_form_is_named(change, words):
    sampler = by(with_replacement)

    verdict = verdict_of(lambda *given: change(*sampler(*given)))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message == f"{NAME}: {words}"


def test_inputs_that_change_are_named():
    def sample_batch(X, y, num_train, batch_size):
        order = np.random.default_rng().permutation(num_train)
        X[:num_train], y[:num_train] = X[order], y[order]
        return X[:batch_size], y[:batch_size]

    assert verdict_of(sample_batch).message == f"{NAME} changes its input X, on {TRIAL.label}."


def test_what_raises_or_is_missing_is_said():
    raised = verdict_of(lambda X, y: None)
    missing = CHECK.judge(CheckContext(SAMPLED, 0), [(TRIAL, Missing("no file defines it"))])

    assert raised.message.startswith(f"{NAME} raised TypeError")
    assert missing.message == f"{NAME} is missing: no file defines it."
    assert (raised.credit, missing.credit) == (0, 0)


def test_other_seeds_draw_other_data():
    others = [array_at(CHECK.trials(CheckContext(SAMPLED, seed))[0], 1) for seed in range(4)]

    assert len({each.tobytes() for each in others}) == 4
    assert len(evidence_of(CHECK, {NAME: by(with_replacement)}, 0, SAMPLED)) == 3
