"""Ratios of times measured side by side, with their confidence, and the ladders of credit."""

import numpy as np
import pytest

from grader.checks.speed.rounds import LEAST_SHARE, NULL, round_of, rounds_of, seconds_of
from grader.checks.speed.timing import (
    LEAST_OPEN_ROUNDS,
    LEAST_ROUNDS,
    LEVEL,
    MOST_SECONDS,
    Interval,
    Reading,
    Rung,
    _quantile,
    credit_above,
    credit_below,
    interval,
    is_enough,
    is_ladder,
)
from grader.model.observation import Checked
from grader.model.trial import Trial

RISING = (Rung(bound=3, credit=1), Rung(bound=6, credit=0.5), Rung(bound=12, credit=0.25))
FALLING = (Rung(bound=1, credit=1), Rung(bound=0.5, credit=0.5), Rung(bound=0.2, credit=0.25))


def ratios(reference_naive=1e-3, student_naive=1e-3, reference=1e-3, student=1e-3, null=0.0):
    """One round of calls that take so many seconds; a naive call sees 4 of the 128 samples."""
    return round_of(
        {
            ("main", NULL): [null],
            ("main", "reference"): [reference],
            ("main", "student"): [student],
            ("few", NULL): [null],
            ("few", "reference"): [reference_naive],
            ("few", "student"): [student_naive],
            ("many", NULL): [0.0],
            ("many", "reference"): [1e-3],
            ("many", "student"): [7e-3],
        },
        {"main": null, "few": null, "many": 0.0},
    )


def test_the_call_that_does_nothing_is_taken_off_both_sides_of_a_slowdown():
    found = ratios(reference=3e-3, student=5e-3, null=1e-3)

    assert found.slowdown == pytest.approx(2.0)
    assert found.many_samples == pytest.approx(7.0)


def test_a_naive_function_that_dawdles_counts_for_the_cap():
    assert ratios(reference_naive=0.1, student_naive=9.0).speedup == pytest.approx(32 * 150)


def test_a_naive_function_below_the_cap_counts_as_it_is():
    assert ratios(reference_naive=0.1, student_naive=0.12).speedup == pytest.approx(32 * 120)


def test_the_references_own_speedup_leaves_the_student_out():
    found = ratios(reference_naive=0.101, reference=3e-3, student=9.0, null=1e-3)

    assert found.reference_speedup == pytest.approx(32 * 50)


@pytest.mark.parametrize("seconds", [0.0, 0.5e-3, 1e-3])
def test_a_function_as_fast_as_the_null_call_has_finite_ratios(seconds):
    found = ratios(student=seconds, null=1e-3, reference=3e-3, student_naive=3e-3, reference_naive=3e-3)

    assert found.slowdown == pytest.approx(LEAST_SHARE * 1e-3 / 2e-3)
    assert found.speedup == pytest.approx(32 * 2e-3 / (LEAST_SHARE * 1e-3))


def timed(number, size, runner, function, seconds):
    trial = Trial("a timed call", function, (), (), runner=runner, tag=f"{number}:{size}")
    return trial, Checked(seconds, None)


def test_the_call_that_does_nothing_takes_its_shortest_time_of_all_rounds():
    evidence = [
        timed(number, size, runner, function, seconds)
        for number, nothing in ((1, 2e-3), (2, 5e-3), (3, 3e-3))
        for size, null in (("main", nothing), ("few", 1e-3 if number == 2 else 9.0), ("many", nothing / 10))
        for runner, function, seconds in (
            ("reference", NULL, null),
            ("reference", "svm_loss_vectorized", 3e-3),
            ("student", "svm_loss_vectorized", 5e-3),
        )
    ]

    found = rounds_of(evidence)

    assert [each.slowdown for each in found] == pytest.approx([2.0] * 3)
    assert [each.many_samples for each in found] == pytest.approx([4.8 / 2.8] * 3)


def test_the_seconds_of_a_series_are_the_judges_own_whatever_passed_in_waiting():
    """They are what the instructor waits for; a warm-up is part of no round."""
    seen = [Checked(seconds, None, waiting) for seconds, waiting in ((9.0, 0.0), (3.0, 2.5), (1.0, 0.0))]
    trials = [Trial("a timed call", "f", (), (), tag=f"{number}:main") for number in (0, 1, 2)]

    assert seconds_of(list(zip(trials, seen, strict=True))) == pytest.approx(4.0)


def test_what_passed_in_waiting_for_a_core_is_part_of_no_ratio():
    evidence = [
        (timed(1, size, runner, function, 0.0)[0], Checked(seconds + waiting, None, waiting))
        for size in ("main", "few", "many")
        for runner, function, seconds, waiting in (
            ("reference", NULL, 1e-3, 0.2),
            ("reference", "svm_loss_vectorized", 3e-3, 0.0),
            ("student", "svm_loss_vectorized", 5e-3, 0.7),
        )
    ]

    (found,) = rounds_of(evidence)

    assert [found.slowdown, found.many_samples] == pytest.approx([2.0, 2.0])


# --- Intervals -------------------------------------------------------------------------------------------------------


def test_the_middle_is_the_geometric_mean():
    found = interval([1.0, 2.0, 4.0])

    assert found.middle == pytest.approx(2.0)
    assert found.low * found.high == pytest.approx(4.0)


def test_rounds_that_agree_by_chance_are_not_taken_for_certainty():
    found = interval([2.0, 2.0, 2.0])

    assert found.low < 1.7
    assert found.high > 2.3


@pytest.mark.parametrize(
    "tail, freedom, value",
    [(0.025, 2, 4.3027), (0.005, 10, 3.1693), (0.0025, 2, 14.0890), (0.0005, 5, 6.8688), (1e-5, 30, 5.0540)],
)
def test_the_quantiles_are_those_of_students_tables(tail, freedom, value):
    """Tables of the t distribution, and for the last the incomplete beta function in 50 digits."""
    assert _quantile(tail, freedom) == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize("spread", [0.05, 0.2])
def test_the_intervals_of_all_looks_together_hold_the_true_ratio(spread):
    """Whoever stops at the first look that pleases is wrong in at most one series of a hundred."""
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(400):
        series = 3.0 * np.exp(spread * rng.standard_normal(30))
        looks = [interval(series[:count]) for count in range(LEAST_ROUNDS, 31)]
        missed += any(not found.low <= 3.0 <= found.high for found in looks)

    assert missed <= 8  # 4 expected at the bound; more than 8 come once in fifty


def test_one_look_at_another_level_would_not_do():
    """The same series, each look at the level of a single one: what the shares of the level are for."""
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(400):
        logs = 0.2 * rng.standard_normal(30)
        halves = [
            _quantile(LEVEL / 2, count - 1) * logs[:count].std(ddof=1) / np.sqrt(count)
            for count in range(LEAST_ROUNDS, 31)
        ]
        means = [logs[:count].mean() for count in range(LEAST_ROUNDS, 31)]
        missed += any(abs(mean) > half for mean, half in zip(means, halves, strict=True))

    assert missed > 12


def test_intervals_grow_narrower_with_more_rounds():
    ratios = np.exp(0.2 * np.random.default_rng(1).standard_normal(80))

    few, many = (interval(ratios[:count]) for count in (5, 80))

    assert many.high / many.low < (few.high / few.low) ** 0.5


def test_the_interval_holds_its_middle():
    for count in range(2, 12):
        found = interval(np.random.default_rng(count).exponential(size=count))
        assert found.low <= found.middle <= found.high


# --- When to stop ----------------------------------------------------------------------------------------------------


def reading(count, worst=1.0, credit=1.0, seconds=1.0):
    some = Interval(1.0, 1.0, 1.0)
    return Reading(count, seconds, some, some, some, some, False, worst, credit)


@pytest.mark.parametrize(
    "found, stops",
    [
        (reading(LEAST_ROUNDS - 1), False),
        (reading(LEAST_ROUNDS - 1, seconds=10 * MOST_SECONDS), False),
        (reading(LEAST_ROUNDS), True),
        (reading(LEAST_ROUNDS, worst=0.0, credit=0.0), True),
        (reading(LEAST_ROUNDS, worst=0.5), False),
        (reading(1000, worst=0.5), False),
        (reading(LEAST_OPEN_ROUNDS - 1, worst=0.5, seconds=9 * MOST_SECONDS), False),
        (reading(LEAST_OPEN_ROUNDS, worst=0.5, seconds=MOST_SECONDS), True),
    ],
)
def test_measuring_stops_once_the_credit_is_clear_or_the_cap_is_reached(found, stops):
    assert is_enough(found) is stops


# --- Ladders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, credit", [(0.1, 1), (3.0, 1), (3.01, 0.5), (6.0, 0.5), (12.0, 0.25), (12.01, 0), (1e9, 0)]
)
def test_credit_falls_as_the_time_grows(value, credit):
    assert credit_below(value, RISING) == credit


@pytest.mark.parametrize(
    "value, credit", [(5, 1), (1.0, 1), (0.99, 0.5), (0.5, 0.5), (0.2, 0.25), (0.19, 0), (0, 0)]
)
def test_credit_falls_with_the_share_of_the_factor(value, credit):
    assert credit_above(value, FALLING) == credit


def test_a_ladder_has_its_bounds_and_credits_in_order():
    assert is_ladder(RISING, falls=False)
    assert is_ladder(FALLING, falls=True)
    assert not is_ladder(RISING, falls=True)
    assert not is_ladder((Rung(bound=3, credit=0.5), Rung(bound=6, credit=1)), falls=False)
    assert not is_ladder((Rung(bound=3, credit=1), Rung(bound=3, credit=0.5)), falls=False)
