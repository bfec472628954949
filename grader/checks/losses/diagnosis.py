"""Names the known mistakes that explain a wrong loss or gradient."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

from grader.checks.base.comparison import unit_roundoff
from grader.checks.losses.precision import GRADIENT_UNITS, LOSS_UNITS, is_rounded
from grader.model.assignment import ClassifierName
from grader.model.observation import Received, Unexpected, Value
from grader.model.trial import Array
from grader.model.verdict import Diagnosis
from reference import Case, Convention, softmax_condition, svm_condition

Part = Literal["loss", "gradient"]

MATCHED_CASES = 4
"""Three cases of different sizes tell the known mistakes apart; a fourth rules out unknown ones."""

GREATEST_TOLERANCE = 1e-4

LOSS_AND_GRADIENT = 2
_NUMBER_TYPE = re.compile(r"a value of type (\w+\.)?(int|float)\d*")

_NUMBERS = ("Two", "Three")
_ORDER = ("first", "second", "third")

SHAPES = {
    "transposed": (
        "It has the shape of W with rows and columns swapped: is there one transpose too many, or one too"
        " few?"
    ),
    "loss_per_sample": "It has one number per sample: how does the assignment combine them?",
    "results_swapped": "It has the shape of W: in what order should the loss and the gradient be returned?",
}

LOGARITHMS = {
    "logarithm_of_negative": (
        "It is NaN in every case, though dW is finite: do you take the logarithm of something that can be"
        " negative, such as a probability after subtracting one?"
    ),
    "logarithm_of_zero": (
        "It is infinite in every case, though dW is finite: do you take the logarithm of zero, such as a"
        " probability that was overwritten?"
    ),
}


def diagnose(
    classifier: ClassifierName,
    part: Part,
    seen: Sequence[tuple[Case, Value]],
    convention: Convention,
    *,
    beside: Collection[str] = (),
) -> tuple[Diagnosis, ...]:
    """The first mistake that gives the values seen, or those that give them together; empty if none do.

    seen: inputs with the value of the part for each, the most telling first; the first four count.
    beside: the mistakes that are named for the other part, which decide where the values fit several.
    """
    cases: list[Case] = []
    values: list[Array] = []
    for case, value in seen[:MATCHED_CASES]:
        if not isinstance(value, Received) or not np.isfinite(value.array).all():
            return _by_shape(part, seen[:MATCHED_CASES])
        cases.append(case)
        values.append(value.array.astype(np.float64))
    if not cases:
        return ()
    from reference.losses.mistakes.table import explain_loss

    found = explain_loss(
        classifier,
        part,
        cases,
        values,
        convention,
        float32_tolerance=_float32_tolerance(classifier, part, cases, values, convention),
        preferred=beside,
    )
    return _diagnoses(part, [(each.name, each.words(convention)) for each in found])


def diagnose_both(
    seen: Sequence[tuple[Case, tuple[Value, ...]]], classifier: ClassifierName
) -> tuple[Diagnosis, ...]:
    """The mistake that only loss and gradient show together: their order, or a logarithm that is never finite.

    seen: inputs with loss and gradient for each.
    """
    if not seen or any(len(values) != LOSS_AND_GRADIENT for _, values in seen):
        return ()
    if all(_are_swapped(case, *values) for case, values in seen):
        return (Diagnosis("loss", "results_swapped", SHAPES["results_swapped"]),)
    losses, gradients = zip(*(values for _, values in seen), strict=True)
    if classifier == "svm" or not all(_is_finite(each) for each in gradients):
        return ()
    numbers = np.array([float(each.array) for each in losses if isinstance(each, Received)])
    if len(numbers) == len(losses):
        for name, is_so in (("logarithm_of_negative", np.isnan), ("logarithm_of_zero", np.isposinf)):
            if is_so(numbers).all():
                return (Diagnosis("loss", name, LOGARITHMS[name]),)
    return ()


def _are_swapped(case: Case, loss: Value, gradient: Value) -> bool:
    return _shape_of(loss) == case.W.shape and _is_number(gradient)


def _is_number(value: Value) -> bool:
    return isinstance(value, Unexpected) and (
        _shape_of(value) in {(), (1,)} or bool(_NUMBER_TYPE.fullmatch(value.description))
    )


def _is_finite(value: Value) -> bool:
    return isinstance(value, Received) and bool(np.isfinite(value.array).all())


def _diagnoses(part: Part, found: Sequence[tuple[str, str]]) -> tuple[Diagnosis, ...]:
    if len(found) <= 1:
        return tuple(Diagnosis(part, *each) for each in found)
    begin = f"{_NUMBERS[len(found) - 2]} mistakes together explain it. "
    return tuple(
        Diagnosis(
            part,
            name,
            f"{'' if at else begin}With only the {_ORDER[at]}, {message.replace('It', 'it', 1)}",
        )
        for at, (name, message) in enumerate(found)
    )


def _float32_tolerance(
    classifier: ClassifierName,
    part: Part,
    cases: Sequence[Case],
    values: Sequence[Array],
    convention: Convention,
) -> float:
    """How far arithmetic in float32 inside may move a value from its mistake's, relative to the largest entry."""
    bounds = svm_condition if classifier == "svm" else softmax_condition
    tolerances = []
    for case, value in zip(cases, values, strict=True):
        condition = bounds(*case, convention)
        is_narrow = is_rounded(value, np.zeros_like(value), len(case.y))
        if part == "loss":
            bound, units = condition.loss, GRADIENT_UNITS if is_narrow else LOSS_UNITS
        else:
            bound, units = float(condition.gradient.max()), GRADIENT_UNITS
        size = float(np.abs(value).max(initial=0.0)) or 1.0
        tolerances.append(units * unit_roundoff("float32") * bound / size)
    return min(max(tolerances), GREATEST_TOLERANCE)


def _by_shape(part: Part, seen: Sequence[tuple[Case, Value]]) -> tuple[Diagnosis, ...]:
    """The mistake that the shapes of the values show in every case."""
    shapes = [_shape_of(value) for _, value in seen]
    expected: dict[str, list[tuple[tuple[int, ...], ...]]] = {}
    if part == "loss":
        counts = [len(case.y) for case, _ in seen]
        expected["loss_per_sample"] = [((each,), (each, 1), (1, each)) for each in counts]
    else:
        expected["transposed"] = [(case.W.shape[::-1],) for case, _ in seen]
    for name, allowed in expected.items():
        if seen and all(shape in each for shape, each in zip(shapes, allowed, strict=True)):
            return (Diagnosis(part, name, SHAPES[name]),)
    return ()


def _shape_of(value: Value) -> tuple[int, ...] | None:
    """The shape in a description such as "an array of shape (5, 6) and dtype float64"."""
    found = (
        re.search(r" of shape \(([0-9, ]*)\) and dtype ", value.description)
        if isinstance(value, Unexpected)
        else None
    )
    return None if found is None else tuple(int(each) for each in found[1].split(",") if each.strip())
