"""The naive and the vectorized function of one loss against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from grader.checks.base.call import case_of, first_failure, loss_trial, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import UNITS, compare_array, compare_number, unit_roundoff
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import draw_middle_case, draw_small_case
from grader.checks.losses.core import core_fault, not_credited
from grader.checks.losses.truth import Truth
from grader.errors import SpecFault
from grader.model.assignment import Assignment, FunctionSpec, LossFunction, Role
from grader.model.observation import Received, Returned
from grader.model.trial import DTypeName, Trial
from grader.model.verdict import Verdict

FLOAT32_SLACK = 1e-6
"""The handout's bound; functions that compute in float32 inside agree no better."""


class AgreementCheck(CheckFields):
    """Naive and vectorized give the same loss and gradient, to rounding."""

    roles: ClassVar[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
        {"naive": ("loss",), "vectorized": ("loss",)}
    )

    kind: Literal["agreement"]
    naive: str
    vectorized: str

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The two functions must be different ones of the same classifier."""
        yield from super().misfits(functions)
        yield from unlike(self.naive, self.vectorized, functions)

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Both functions without and with a regularizer, on the same inputs."""
        rng = random_stream(context.seed, self.id)
        cases = (
            draw_small_case(rng, context.assignment.convention, reg=0.0),
            draw_middle_case(rng, context.assignment.convention, reg=0.37),
        )
        dtype = self._dtype(context.assignment)
        return tuple(
            loss_trial(context.assignment, function, case, dtype)
            for case in cases
            for function in (self.naive, self.vectorized)
        )

    def _dtype(self, assignment: Assignment) -> DTypeName:
        in_both = {assignment.loss_function(name).main_dtype for name in self.functions}
        return "float64" if in_both == {"float64"} else "float32"

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when they agree on every case and the naive one is right at its core."""
        failure = first_failure(evidence)
        if failure is not None:
            return Verdict("failed", 0.0, sentence(failure), hint=self.hint)
        fault = core_fault(context.assignment, *evidence[0])
        greatest = 0.0
        for (trial, naive), (_, vectorized) in zip(evidence[::2], evidence[1::2], strict=True):
            assert isinstance(naive, Returned)
            assert isinstance(vectorized, Returned)
            difference, relative = self._difference(context.assignment, trial, naive, vectorized)
            if difference is not None:
                return Verdict("failed", 0.0, difference, hint=self.hint)
            greatest = max(greatest, relative)
        if fault is not None:
            message = f"{self.naive} and {self.vectorized} agree. " + not_credited("Agreement", fault)
            return Verdict("failed", 0.0, message, hint=self.hint)
        message = f"{self.naive} and {self.vectorized} agree on {len(evidence) // 2} cases."
        return Verdict("passed", 1.0, message, measured={"relative_difference": greatest})

    def _difference(
        self, assignment: Assignment, trial: Trial, naive: Returned, vectorized: Returned
    ) -> tuple[str | None, float]:
        """A sentence for the first difference beyond rounding, and the greatest relative difference."""
        case, dtype = case_of(trial)
        classifier = assignment.loss_function(self.naive).classifier
        condition = Truth(classifier, case, assignment.convention, dtype).condition
        units = 2 * UNITS * unit_roundoff(dtype)
        expected_loss, expected_gradient = naive.values
        if not isinstance(expected_loss, Received) or not isinstance(expected_gradient, Received):
            return f"{self.naive} does not return a loss and a gradient, on {trial.label}.", np.inf
        if not np.isfinite(expected_loss.array) or not np.isfinite(expected_gradient.array).all():
            return (
                f"{self.naive} does not return a finite loss and a finite gradient, on {trial.label}.",
                np.inf,
            )
        loss_bound = max(units * condition.loss, FLOAT32_SLACK * max(1.0, abs(float(expected_loss.array))))
        gradient = expected_gradient.array.astype(np.float64)
        gradient_bound = np.maximum(
            units * condition.gradient, FLOAT32_SLACK * np.max(np.abs(gradient), initial=0.0)
        )
        loss = compare_number(vectorized.values[0], float(expected_loss.array), loss_bound, "loss")
        array = compare_array(vectorized.values[1], gradient, gradient_bound, "dW")
        for comparison in (loss, array):
            if not comparison.is_right:
                words = comparison.sentence.replace("the reference", self.naive).replace(
                    "expected", f"{self.naive} gives"
                )
                return f"{self.vectorized}: {words}, on {trial.label}.", comparison.relative
        return None, max(loss.relative, array.relative)


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
