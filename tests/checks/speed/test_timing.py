"""Ratios of times measured side by side, with their confidence, and the ladders of credit."""

import numpy as np
import pytest

from grader.checks.speed.rounds import LEAST_SECONDS, NULL, round_of
from grader.checks.speed.timing import (
    HALF_WIDTH,
    LEAST_ROUNDS,
    MOST_ROUNDS,
    MOST_SECONDS,
    Interval,
    Reading,
    Rung,
    credit_above,
    credit_below,
    interval,
    is_enough,
    is_ladder,
)

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
        }
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

    assert found.slowdown == pytest.approx(LEAST_SECONDS / 2e-3)
    assert found.speedup == pytest.approx(32 * 2e-3 / LEAST_SECONDS)


def test_a_round_takes_the_seconds_of_all_its_calls():
    assert ratios().seconds == pytest.approx(12e-3)


# --- Intervals -------------------------------------------------------------------------------------------------------


def test_equal_ratios_have_an_interval_of_no_width():
    assert interval(np.full(5, 2.0), np.random.default_rng(0)) == Interval(2.0, 2.0, 2.0)


def test_the_half_width_is_relative():
    assert Interval(90.0, 100.0, 130.0).half_width == pytest.approx(0.2)


def test_one_outlier_among_ten_does_not_move_the_middle():
    found = interval(np.array([1.0] * 9 + [50.0]), np.random.default_rng(0))

    assert found.middle == 1.0
    assert found.high == 1.0


@pytest.mark.parametrize("count", [5, 10, 20])
def test_intervals_cover_the_true_ratio_nine_times_in_ten(count):
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        found = interval(3.0 * np.exp(0.2 * rng.standard_normal(count)), rng)
        covered += found.low <= 3.0 <= found.high

    assert covered >= 360


def test_intervals_grow_narrower_with_more_rounds():
    ratios = np.exp(0.2 * np.random.default_rng(1).standard_normal(80))

    few, many = (interval(ratios[:count], np.random.default_rng(0)).half_width for count in (5, 80))

    assert many < few / 2


def test_the_interval_holds_its_middle():
    for count in range(1, 12):
        found = interval(np.random.default_rng(count).exponential(size=count), np.random.default_rng(0))
        assert found.low <= found.middle <= found.high


# --- When to stop ----------------------------------------------------------------------------------------------------

WIDE = 1.5 * HALF_WIDTH


def reading(count, half_width=HALF_WIDTH / 2, worst=1.0, credit=1.0, seconds=1.0):
    some = Interval(1.0, 1.0, 1.0)
    speedup = Interval(100 * (1 - half_width), 100.0, 100 * (1 + half_width))
    return Reading(count, seconds, speedup, some, some, some, False, worst, credit)


@pytest.mark.parametrize(
    "found, stops",
    [
        (reading(LEAST_ROUNDS - 1), False),
        (reading(LEAST_ROUNDS), True),
        (reading(LEAST_ROUNDS, WIDE), False),
        (reading(LEAST_ROUNDS, WIDE, worst=0.0, credit=0.0), True),
        (reading(MOST_ROUNDS - 1, WIDE), False),
        (reading(MOST_ROUNDS, WIDE), True),
        (reading(1, WIDE, seconds=MOST_SECONDS), True),
        (reading(MOST_ROUNDS, worst=0.5, seconds=MOST_SECONDS), False),
        (reading(2 * MOST_ROUNDS - 1, worst=0.5), False),
        (reading(2 * MOST_ROUNDS, worst=0.5), True),
        (reading(1, worst=0.5, seconds=2 * MOST_SECONDS), True),
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
