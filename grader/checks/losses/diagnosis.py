"""Which known mistakes explain what was seen: matching against the table of misconceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

import reference
from grader.model.assignment import ClassifierName
from grader.model.observation import Received, Value
from grader.model.verdict import Diagnosis
from reference import Convention

_OF_TWO = ("Two mistakes explain it together. After the first alone ", "After the second alone ")

GREATEST_CASES = 4
"""Three cases of different sizes tell the entries of the table apart, and one more a mistake that is in none."""


def diagnose(
    classifier: ClassifierName,
    part: Literal["loss", "gradient"],
    seen: Sequence[tuple[reference.Case, Value]],
    convention: Convention,
) -> tuple[Diagnosis, ...]:
    """The first misconception whose result equals what was seen in float64 on the first cases, or the two that do so
    together; empty if none do.

    seen: inputs with the value of the part on each, the most telling first.
    """
    cases: list[reference.Case] = []
    values: list[float | np.ndarray] = []
    for case, value in seen[:GREATEST_CASES]:
        if not isinstance(value, Received) or not np.isfinite(value.array).all():
            return ()
        cases.append(case)
        values.append(value.array.astype(np.float64))
    if not cases:
        return ()
    found = reference.match(classifier, part, cases, values, convention)[:1]
    if found:
        return tuple(Diagnosis(part, each.name, each.message(convention)) for each in found)
    pair = reference.match_pair(classifier, part, cases, values, convention)
    return tuple(
        Diagnosis(part, each.name, number + each.message(convention).replace("It", "it", 1))
        for number, each in zip(_OF_TWO, pair, strict=False)
    )
