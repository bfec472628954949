"""An assignment's conventions for its loss: layout of the arrays, regularizer and margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Layout = Literal["DC", "CD"]


@dataclass(frozen=True, slots=True)
class Convention:
    """The choices in which courses differ; the defaults are those of EECS 498 and of CS231n since 2017.

    Raises ValueError, naming the field, for an invalid value.
    """

    layout: Layout = "DC"
    """"DC" has W (D, C) and X (N, D); "CD" has W (C, D) and X (D, N)."""
    regularizer_coefficient: float = 1.0
    """c in the term c*reg*sum(W*W)."""
    delta: float = 1.0
    """The margin of the hinge."""

    def __post_init__(self) -> None:
        if self.layout not in get_args(Layout):
            raise ValueError(f"layout must be 'DC' or 'CD' (got {self.layout!r})")
        _require_positive("regularizer_coefficient", self.regularizer_coefficient)
        _require_positive("delta", self.delta)


def _require_positive(field: str, value: object) -> None:
    if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{field} must be a finite number > 0 (got {value!r})")
