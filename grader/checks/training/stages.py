"""A training in stages: how far a trainer goes at a time, and when its accuracy can no longer be chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PARTS = (4, 2)
"""Of the iterations, a stage of a student's training ends after so small a part of them."""

PARTS_OF_A_SEARCH = (16, 8, 4, 2)
"""The reference's own training is looked at sooner: there is no trainer in it that could behave until then."""

LEAST_ITERATIONS = 25
"""Of a first stage."""

CERTAIN = 3.0902
"""Standard deviations that a normal number exceeds once in 1,000: one-sided 99.9 %."""


def stage_ends(num_iters: int, *, is_full: bool, parts: Sequence[int] = PARTS) -> tuple[int, ...]:
    """The iterations after which the accuracy is looked at: these parts of num_iters, and num_iters.

    is_full: num_iters alone.
    """
    if is_full:
        return (num_iters,)
    ends = (num_iters // part for part in parts)
    return (*(end for end in ends if LEAST_ITERATIONS <= end < num_iters), num_iters)


def clear_of(bar: float, images: int) -> float:
    """The accuracy on so many images that shows that all images of the kind clear the bar.

    bar + 3.09*sqrt(bar*(1 - bar)/N): with a true accuracy of just the bar, N images show more once in 1,000. It is where the
    lower end of Wilson's one-sided 99.9 % interval is the bar.
    """
    return bar + CERTAIN * float(np.sqrt(bar * (1 - bar) / images))
