"""Which known mistake explains what was seen: matching against the table of misconceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

import reference
from grader.assignment import ClassifierName
from grader.observation import Received, Value
from grader.verdict import Diagnosis
from reference import Convention

GREATEST_CASES = 3
"""Three cases of different sizes tell all entries of the table apart."""


def diagnose(
    classifier: ClassifierName,
    part: Literal["loss", "gradient"],
    seen: Sequence[tuple[reference.Case, Value]],
    convention: Convention,
) -> Diagnosis | None:
    """The first misconception whose result equals what was seen in float64 on the first cases; None if none does.

    seen: inputs with the value of the part on each, the most telling first.
    """
    cases: list[reference.Case] = []
    values: list[float | np.ndarray] = []
    for case, value in seen[:GREATEST_CASES]:
        if not isinstance(value, Received) or not np.isfinite(value.array).all():
            return None
        cases.append(case)
        values.append(value.array.astype(np.float64))
    if not cases:
        return None
    found = reference.match(classifier, part, cases, values, convention)
    if not found:
        return None
    return Diagnosis(part, found[0].name, found[0].message(convention))
