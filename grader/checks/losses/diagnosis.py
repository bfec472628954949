"""Names the known mistake that explains a wrong loss or gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from grader.model.assignment import ClassifierName
from grader.model.observation import Received, Value
from grader.model.trial import Array
from grader.model.verdict import Diagnosis
from reference import Case, Convention, match_loss, match_loss_pair

_OF_TWO = ("Two mistakes explain it together. After the first alone ", "After the second alone ")

MATCHED_CASES = 4
"""Three cases of different sizes tell the known mistakes apart; a fourth rules out unknown ones."""


def diagnose(
    classifier: ClassifierName,
    part: Literal["loss", "gradient"],
    seen: Sequence[tuple[Case, Value]],
    convention: Convention,
) -> tuple[Diagnosis, ...]:
    """The first mistake that gives the values seen in float64, or the two that give them together; empty if none do.

    seen: inputs with the value of the part for each, the most telling first; the first four count.
    """
    cases: list[Case] = []
    values: list[Array] = []
    for case, value in seen[:MATCHED_CASES]:
        if not isinstance(value, Received) or not np.isfinite(value.array).all():
            return ()
        cases.append(case)
        values.append(value.array.astype(np.float64))
    if found := match_loss(classifier, part, cases, values, convention):
        return (Diagnosis(part, found[0].name, found[0].words(convention)),)
    pair = match_loss_pair(classifier, part, cases, values, convention) if cases else ()
    return tuple(
        Diagnosis(part, each.name, number + each.words(convention).replace("It", "it", 1))
        for number, each in zip(_OF_TWO, pair, strict=False)
    )
