"""Ratios of times measured side by side, with their confidence, and the ladders of credit."""

import numpy as np
import pytest

from grader.checks.speed.timing import (
    LEAST_SECONDS,
    Interval,
    Rounds,
    Rung,
    credit_above,
    credit_below,
    interval,
    is_ladder,
    net,
    reference_speedup,
    slowdown,
    speedup,
)

RISING = (Rung(bound=3, credit=1), Rung(bound=6, credit=0.5), Rung(bound=12, credit=0.25))
FALLING = (Rung(bound=1, credit=1), Rung(bound=0.5, credit=0.5), Rung(bound=0.2, credit=0.25))


def rounds(reference_naive=0.0, student_naive=0.0, reference=0.0, student=0.0, null=0.0):
    """One round; give lists for several."""
    values = (reference_naive, student_naive, reference, student, null)
    return Rounds(*np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, float)) for each in values)))


def test_the_call_that_does_nothing_is_taken_off_both_sides_of_a_slowdown():
    found = slowdown(rounds(reference=3e-3, student=5e-3, null=1e-3))

    assert found.tolist() == pytest.approx([2.0])


def test_each_ratio_is_of_times_of_one_round():
    found = slowdown(rounds(reference=[2e-3, 20e-3], student=[4e-3, 40e-3]))

    assert found.tolist() == pytest.approx([2.0, 2.0])


def test_a_naive_function_that_dawdles_counts_for_the_cap():
    found = speedup(rounds(reference_naive=0.1, student_naive=9.0, student=1e-3), cap=1.5)

    assert found.tolist() == pytest.approx([150.0])


def test_a_naive_function_below_the_cap_counts_as_it_is():
    found = speedup(rounds(reference_naive=0.1, student_naive=0.12, student=1e-3), cap=1.5)

    assert found.tolist() == pytest.approx([120.0])


def test_the_references_own_speedup_leaves_the_student_out():
    found = reference_speedup(rounds(reference_naive=0.101, reference=3e-3, student=9.0, null=1e-3))

    assert found.tolist() == pytest.approx([50.0])


@pytest.mark.parametrize("seconds", [0.0, 0.5e-3, 1e-3])
def test_net_seconds_are_never_none_nor_less(seconds):
    assert net(np.array(seconds), np.array(1e-3)) == LEAST_SECONDS


def test_a_function_that_takes_no_time_has_a_finite_speedup():
    found = speedup(rounds(reference_naive=0.1, student_naive=0.1, student=1e-3, null=1e-3), cap=1.5)

    assert np.isfinite(found).all()


def test_rounds_are_joined_in_order():
    joined = Rounds.joined([rounds(student=[1.0, 2.0]), rounds(student=3.0)])

    assert len(joined) == 3
    assert joined.student.tolist() == [1.0, 2.0, 3.0]


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
