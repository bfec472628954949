"""The platforms that a package can be for, and their limits on one grading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PlatformName = Literal["gradescope", "prairielearn", "classroom50"]


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A platform's own limit on one grading, in seconds."""

    usual: int
    greatest: int


TIME_LIMITS: Mapping[PlatformName, TimeLimit] = {
    "gradescope": TimeLimit(600, 2400),
    "prairielearn": TimeLimit(600, 600),
    "classroom50": TimeLimit(1800, 6 * 3600),
}
"""Of Gradescope and PrairieLearn as their documentation tells; of a job of GitHub Actions, and a usual choice below it."""

LEAST_TIME_LIMIT = 60
