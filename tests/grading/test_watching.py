"""Which calls are traced, and what is remembered of all."""

from dataclasses import replace

import numpy as np
import pytest

from grader.grading.watching import Watch
from grader.model.observation import Died, Received, Returned, TimedOut
from grader.model.trial import FunctionArgument, Tensor, Trial
from tests.restrictions.students import assignment_with

SHAPES = ((5, 3), (4, 5), (4,))
TRIAL = Trial("a call", "vectorized", tuple(Tensor(np.zeros(shape)) for shape in SHAPES), ())
VALUE = Received(np.zeros(()), "float64")


def returned(seconds=0.001, operators=()):
    return Returned((VALUE,), seconds, operators=operators)


def traced_of(trial, seed=1, count=60, answer=lambda trial: returned(), is_timed=False, **policy):
    """Which of so many calls were traced."""
    asked = []

    def run(trial):
        asked.append(trial.is_traced)
        return answer(trial)

    watched = Watch(seed, assignment_with(**policy)).over(run, is_timed=is_timed)
    for _ in range(count):
        watched(trial)
    return [number for number, is_traced in enumerate(asked) if is_traced]


def test_few_calls_are_traced_soon_and_later_as_the_seed_draws_them():
    drawn = [traced_of(TRIAL, seed) for seed in range(40)]

    assert all(1 <= numbers[0] <= 3 and len(numbers) == 3 for numbers in drawn)
    assert {numbers[0] for numbers in drawn} == {1, 2, 3}
    assert len({numbers[1] for numbers in drawn}) > 8
    assert traced_of(TRIAL, 3) == drawn[3]


@pytest.mark.parametrize(
    "trial",
    [
        replace(TRIAL, runner="reference"),
        replace(TRIAL, is_counted=True),
        replace(TRIAL, is_again=True),
        replace(TRIAL, positional=(FunctionArgument("naive"),)),
        replace(TRIAL, function="train"),
        replace(TRIAL, function="Classifier", method="train"),
    ],
)
def test_calls_that_a_trace_would_disturb_or_prolong_are_not_traced(trial):
    assert traced_of(trial) == []


def test_timed_calls_are_never_traced():
    assert traced_of(TRIAL, is_timed=True) == []


def test_nothing_is_traced_where_nothing_that_shows_is_restricted():
    assert traced_of(TRIAL, losses="ignore", autograd="ignore", libraries="ignore") == []


def test_a_call_is_traced_only_after_one_that_returned_well_before_its_deadline():
    assert traced_of(TRIAL, answer=lambda _: TimedOut(10)) == []
    assert traced_of(TRIAL, answer=lambda _: returned(seconds=0.6)) == []


def test_great_calls_of_a_naive_function_are_rarely_traced():
    great = replace(TRIAL, function="naive", positional=(*TRIAL.positional[:2], Tensor(np.zeros(40))))
    small = replace(TRIAL, function="naive")

    assert sum(len(traced_of(great, seed)) for seed in range(20)) < 3
    assert sum(len(traced_of(small, seed)) for seed in range(20)) == 60


def test_a_call_that_ends_under_the_trace_is_made_again_without_and_no_other_is_traced():
    def answer(trial):
        return Died("exit code 3") if trial.is_traced else returned()

    assert len(traced_of(TRIAL, answer=answer)) == 1


def test_the_operators_of_all_calls_are_remembered_by_function():
    watch = Watch(1, assignment_with())
    run = watch.over(lambda trial: returned(operators=(f"aten.{trial.label}",)), is_timed=True)

    for label, function in (("mm", "naive"), ("kl_div", "vectorized"), ("mm", "naive"), ("add", "naive")):
        run(replace(TRIAL, label=label, function=function))
    run(replace(TRIAL, label="sub", function="train", positional=(FunctionArgument("naive"),)))

    assert watch.seen == {
        "naive": ("aten.mm", "aten.add"),
        "vectorized": ("aten.kl_div",),
        "train": ("aten.sub",),
    }
    assert watch.lent["train"] == {"naive"}


def test_the_traced_calls_of_a_check_are_made_again_without():
    watch = Watch(1, assignment_with())
    asked = []

    def run(trial):
        asked.append(trial)
        return returned()

    trials = [replace(TRIAL, label=str(number)) for number in range(8)]
    evidence = [(trial, watched(trial)) for watched in [watch.over(run, is_timed=False)] for trial in trials]
    traced = [trial.label for trial in asked if trial.is_traced]
    asked.clear()

    again = watch.untraced(evidence, run)

    assert again is not None
    assert [trial for trial, _ in again] == trials
    assert [trial.label for trial in asked] == traced != []
    assert not any(trial.is_traced for trial in asked)
    assert watch.untraced(evidence[:0], run) is None
