"""How an assignment states its loss: layout of the arrays, regularizer, margin and bias."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Layout = Literal["DC", "CD"]
Bias = Literal["trick", "separate"]


@dataclass(frozen=True, slots=True)
class Convention:
    """The choices in which courses differ; the defaults are those of EECS 498 and of CS231n since 2017.

    layout: "DC" has W (D, C) and X (N, D); "CD" has W (C, D) and X (D, N).
    regularizer_coefficient: c in the term c*reg*sum(W*W).
    delta: the margin of the hinge.
    bias: "trick" keeps the bias in W, over a feature that is always one; "separate" has b (C,), which is
        added to the scores and not regularized.

    Raises ValueError, naming the field, for a value outside these.
    """

    layout: Layout = "DC"
    regularizer_coefficient: float = 1.0
    delta: float = 1.0
    bias: Bias = "trick"

    def __post_init__(self) -> None:
        _require_member("layout", self.layout, get_args(Layout))
        _require_positive("regularizer_coefficient", self.regularizer_coefficient)
        _require_positive("delta", self.delta)
        _require_member("bias", self.bias, get_args(Bias))


def _require_member(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        choices = " or ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{field} must be {choices} (got {value!r})")


def _require_positive(field: str, value: object) -> None:
    if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{field} must be a finite number > 0 (got {value!r})")
