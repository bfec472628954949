"""The chi-square test of uniform draws, against its distribution in closed form."""

import math

import numpy as np
import pytest

from reference.uniformity import chi_square, greatest_chi_square


def tail(statistic, freedom):
    """P(chi-square with so many degrees of freedom > statistic), by the recurrence of the incomplete gamma function."""
    x, a = statistic / 2, 0.5 if freedom % 2 else 1.0
    found = math.erfc(math.sqrt(x)) if freedom % 2 else math.exp(-x)
    while a < freedom / 2:
        found += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return found


def test_the_statistic_is_that_of_the_textbook():
    assert chi_square(np.array([5, 8, 9, 8, 10, 20])) == pytest.approx(13.4)
    assert chi_square(np.full(7, 3.0)) == 0.0


@pytest.mark.parametrize("outcomes, chance", [(12, 1e-8), (53, 1e-12)])
def test_chance_exceeds_the_bound_as_rarely_as_it_says(outcomes, chance):
    assert chance / 10 < tail(greatest_chi_square(outcomes), outcomes - 1) < chance


def test_uniform_draws_stay_below_the_bound_and_a_row_drawn_twice_as_often_does_not():
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 53, 6000)

    assert chi_square(np.bincount(draws, minlength=53)) < greatest_chi_square(53)
    assert chi_square(np.bincount(np.append(draws, np.zeros(140, int)), minlength=53)) > greatest_chi_square(
        53
    )
