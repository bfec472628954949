"""Pearson's chi-square test of draws that should be uniform (Pearson, 1900)."""

from __future__ import annotations

import numpy as np

from reference.losses.problem import Array

_DEVIATIONS = 10.6
"""Standard deviations above the mean. Chance exceeds the bound in fewer than 1 of 1e8 runs at 11 degrees of freedom,
and in fewer than 1 of 1e12 at 52."""


def chi_square(counts: Array) -> float:
    """Sum (count - mean)^2 / mean over how often each of the outcomes was drawn, (K,)."""
    mean = counts.mean()
    return float(np.sum((counts - mean) ** 2) / mean)


def greatest_chi_square(outcomes: int) -> float:
    """The bound that uniform draws stay below: the statistic has K - 1 degrees of freedom, as mean and half the variance."""
    freedom = outcomes - 1
    return float(freedom + _DEVIATIONS * np.sqrt(2 * freedom))
