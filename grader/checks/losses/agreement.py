"""The naive and the vectorized function of one loss against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from grader.checks.base.call import Call, returned_calls
from grader.checks.base.check import CheckFields, Evidence, Roles, random_stream
from grader.checks.base.comparison import UNITS, Comparison, compare_array, compare_number, unit_roundoff
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import loss_trial, unusable
from grader.checks.losses.cases import MANY_CLASSES, Draw
from grader.checks.losses.core import core_fault, is_half_right, no_points_yet
from grader.checks.losses.truth import Truth
from grader.errors import SpecFault
from grader.model.assignment import Assignment, FunctionSpec, LossFunction
from grader.model.observation import Received, Returned
from grader.model.trial import DTypeName, Trial
from grader.model.verdict import Verdict

FLOAT32_SLACK = 1e-6
"""The handout's bound; functions that compute in float32 inside agree no better."""


class AgreementCheck(CheckFields):
    """Naive and vectorized give the same loss and gradient, to rounding."""

    roles: ClassVar[Roles] = {"naive": ("loss",), "vectorized": ("loss",)}

    kind: Literal["agreement"]
    naive: str
    vectorized: str

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The two functions must be different ones of the same classifier."""
        yield from super().misfits(functions)
        yield from unlike(self.naive, self.vectorized, functions)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Both functions without and with a regularizer, on the same inputs."""
        draw = Draw(random_stream(context.seed, self.id), context.assignment.convention)
        cases = (draw.small(reg=0.0), draw.jittered(MANY_CLASSES, 5, 12, 8, reg=0.37))
        main_dtypes = {context.assignment.loss_function(name).main_dtype for name in self.functions}
        dtype: DTypeName = "float64" if main_dtypes == {"float64"} else "float32"
        return tuple(
            loss_trial(context.assignment, function, case, dtype)
            for case in cases
            for function in (self.naive, self.vectorized)
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when they agree on every case and the naive one is right at its core.

        If just one of them is wrong, its own checks judge that: here a right function takes its place, with which the
        other one agrees.
        """
        calls = returned_calls(evidence)
        if isinstance(calls, str):
            silent = {trial.function for trial, seen in evidence if not isinstance(seen, Returned)}
            return self.failed(calls, blames=tuple(sorted(silent)))
        greatest = 0.0
        for naive, vectorized in zip(calls[::2], calls[1::2], strict=True):
            on = f"on {naive[0].label}"
            if words := unusable(naive[1]):
                return self.failed(f"{self.naive} {words}, {on}", blames=(self.naive,))
            for comparison in self._comparisons(context.assignment, naive, vectorized):
                if not comparison.is_right:
                    fault = f"{self.vectorized}: {comparison.sentence}, {on}"
                    return self._differing(context.assignment, calls, fault)
                greatest = max(greatest, comparison.relative)
        if core := core_fault(context.assignment, calls[0], needs_gradient=True):
            return self.failed(no_points_yet("agreement", core), blames=(self.naive,))
        message = f"{self.naive} and {self.vectorized} agree on {len(calls) // 2} cases."
        return self.passed(message, measured={"relative_difference": greatest})

    def _differing(self, assignment: Assignment, calls: Sequence[Call], fault: str) -> Verdict:
        """The verdict on functions that differ: passed if both are right, but for a harmless deviation, or if one is.

        Then the other must be right at least in half of its core.
        """
        wrong = [
            name
            for name, own in ((self.naive, calls[::2]), (self.vectorized, calls[1::2]))
            if any(Truth.of(assignment, trial).fault(seen.values) for trial, seen in own)
        ]
        if not wrong:
            return self.passed(
                f"{self.naive} and {self.vectorized} agree on {len(calls) // 2} cases, apart from a harmless"
                " deviation."
            )
        if len(wrong) != 1 or not is_half_right(assignment, calls[0 if wrong == [self.naive] else 1]):
            return self.failed(fault, blames=tuple(wrong))
        right = self.vectorized if wrong == [self.naive] else self.naive
        return self.passed(
            f"{right} agrees with a correct function on {len(calls) // 2} cases; {wrong[0]} is wrong itself."
        )

    def _comparisons(self, assignment: Assignment, naive: Call, vectorized: Call) -> Iterator[Comparison]:
        """The loss and the gradient of the vectorized function against those of the naive one."""
        truth = Truth.of(assignment, naive[0])
        units = 2 * UNITS * unit_roundoff(truth.dtype)
        expected_loss, expected_gradient = naive[1].values
        assert isinstance(expected_loss, Received)
        assert isinstance(expected_gradient, Received)
        loss, gradient = float(expected_loss.array), expected_gradient.array.astype(np.float64)
        loss_bound = max(units * truth.condition.loss, FLOAT32_SLACK * max(1.0, abs(loss)))
        gradient_bound = np.maximum(
            units * truth.condition.gradient, FLOAT32_SLACK * np.max(np.abs(gradient), initial=0.0)
        )
        seen_loss, seen_gradient = vectorized[1].values
        yield compare_number(seen_loss, loss, loss_bound, "loss", source=self.naive)
        yield compare_array(seen_gradient, gradient, gradient_bound, "dW", source=self.naive)


def unlike(naive: str, vectorized: str, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
    """The fault of a vectorized function that is not the partner of the naive one; none where either is not a loss."""
    one, other = functions.get(naive), functions.get(vectorized)
    if not isinstance(one, LossFunction) or not isinstance(other, LossFunction):
        return
    if naive == vectorized:
        yield SpecFault("vectorized", "must name another function than naive", f"{naive!r} for both")
    elif one.classifier != other.classifier:
        yield SpecFault(
            "vectorized",
            f"must name a function of classifier {one.classifier!r}, as naive does",
            f"{vectorized!r}, whose classifier is {other.classifier!r}",
        )
