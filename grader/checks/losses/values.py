"""Loss and gradient of one function against the reference, on the value cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

import reference
from grader.checks.base.call import case_of, failure_sentence, loss_trial, sentence
from grader.checks.base.check import CheckFields, Evidence, random_stream
from grader.checks.base.comparison import Comparison
from grader.checks.base.context import CheckContext
from grader.checks.losses.cases import SECOND_DTYPE_CASES, draw_large_case, draw_value_cases
from grader.checks.losses.diagnosis import diagnose
from grader.checks.losses.truth import Truth
from grader.model.assignment import Assignment, LossFunction
from grader.model.observation import Raised, Received, Refused, Returned
from grader.model.trial import DTypeName, Trial
from grader.model.verdict import Diagnosis, Finding, Verdict

GAP = "a score gap of 40"
TELLING_CASES = 3
"""Three cases of different sizes tell all known mistakes apart, but for a margin that is far too great."""


class ValuesCheck(CheckFields):
    """Right loss and right gradient, on every case and in every dtype that the assignment asks for."""

    kind: Literal["values"]
    function: str
    loss_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the points for a right loss with a wrong gradient."
    )
    gradient_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the points for a right gradient with a wrong loss."
    )

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """Every case in the main dtype, some in the other; for a vectorized function a large one as well."""
        function = context.assignment.loss_function(self.function)
        main = function.main_dtype
        other: DTypeName = "float32" if main == "float64" else "float64"
        rng = random_stream(context.seed, self.id)
        cases = draw_value_cases(rng, context.assignment.convention)
        plan = [(case, main) for case in cases]
        plan += [(case, other) for case in cases if case.name in SECOND_DTYPE_CASES]
        if function.style == "vectorized":
            plan.append((draw_large_case(rng, context.assignment.convention), main))
        return tuple(loss_trial(context.assignment, self.function, case, dtype) for case, dtype in plan)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Passed when loss and gradient are right wherever they must be; a share for one of them."""
        function = context.assignment.loss_function(self.function)
        tally = _Tally(self.function, function)
        for trial, observation in evidence:
            case, dtype = case_of(trial)
            if isinstance(observation, Returned):
                tally.add(
                    trial, Truth(function.classifier, case, context.assignment.convention, dtype), observation
                )
            elif dtype not in function.dtypes and isinstance(observation, Raised):
                tally.note(f"it raises {observation.kind} in {dtype}, which this assignment does not need")
            else:
                was_called = not isinstance(observation, Refused)
                tally.break_off(failure_sentence(trial, observation), was_called=was_called)
        return self._conclude(context.assignment, tally)

    def _conclude(self, assignment: Assignment, tally: _Tally) -> Verdict:
        findings = (Finding(self.function, tally.is_right, (), tuple(tally.notes)),)
        if tally.is_right:
            return Verdict(
                "passed",
                1.0,
                f"{self.function} gives the reference's loss and gradient in {tally.cases} calls.",
                measured=tally.worst_right(),
                findings=findings,
            )
        diagnoses = tally.diagnoses(assignment)
        findings = (Finding(self.function, False, diagnoses, tuple(tally.notes)),)
        share = 0.0
        if tally.broken is None and tally.loss.is_right:
            share = self.loss_share
        elif tally.broken is None and tally.gradient.is_right:
            share = self.gradient_share
        worst = tally.loss if tally.loss.first is not None else tally.gradient
        return Verdict(
            "failed",
            share,
            " ".join(tally.sentences(diagnoses)),
            hint=self.hint,
            measured=worst.measured(),
            allowed=worst.allowed(),
            findings=findings,
        )


@dataclass(slots=True)
class _PartTally:
    """How one part, the loss or the gradient, fared over the calls."""

    part: Literal["loss", "gradient"]
    calls: int = 0
    wrong: int = 0
    first: Comparison | None = None
    where: str = ""

    @property
    def is_right(self) -> bool:
        return self.wrong == 0

    def add(self, comparison: Comparison, label: str) -> None:
        self.calls += 1
        if not comparison.is_right:
            self.wrong += 1
            if self.first is None:
                self.first, self.where = comparison, label

    def sentence(self, function: str) -> str:
        """The first case in which it was wrong, and in how many calls."""
        assert self.first is not None
        often = "" if self.wrong == 1 else f" It is wrong in {self.wrong} of {self.calls} calls."
        return f"{function}: {self.first.sentence}, on {self.where}.{often}"

    def measured(self) -> dict[str, float]:
        return (
            {} if self.first is None else _finite({f"{self.part}_relative_difference": self.first.relative})
        )

    def allowed(self) -> dict[str, float]:
        return {} if self.first is None else _finite({f"{self.part}_relative_difference": self.first.allowed})


def _inputs(truth: Truth) -> reference.Case:
    case = truth.case
    return reference.Case(case.W, case.X, case.y, case.reg)


def _finite(numbers: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if value < float("inf")}


@dataclass(slots=True)
class _Tally:
    function: str
    spec: LossFunction
    loss: _PartTally = field(default_factory=lambda: _PartTally("loss"))
    gradient: _PartTally = field(default_factory=lambda: _PartTally("gradient"))
    notes: list[str] = field(default_factory=list)
    broken: str | None = None
    broken_calls: int = 0
    _worst: dict[str, float] = field(default_factory=dict)
    _exact: list[tuple[Truth, Returned]] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.loss.calls

    @property
    def is_right(self) -> bool:
        return self.broken is None and self.loss.calls > 0 and self.loss.is_right and self.gradient.is_right

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def break_off(self, text: str, *, was_called: bool) -> None:
        self.broken_calls += was_called
        if self.broken is None:
            self.broken = text

    def add(self, trial: Trial, truth: Truth, observation: Returned) -> None:
        loss, gradient = observation.values
        for part, (comparison, note) in (
            (self.loss, truth.compare_loss(loss)),
            (self.gradient, truth.compare_gradient(gradient)),
        ):
            part.add(comparison, trial.label)
            if note is not None:
                self.note(note)
            elif comparison.is_right:
                name = f"{part.part}_relative_difference_{truth.dtype}"
                self._worst[name] = max(self._worst.get(name, 0.0), comparison.relative)
        is_asked_for = truth.dtype in self.spec.dtypes
        if (
            is_asked_for
            and isinstance(gradient, Received)
            and gradient.dtype not in {truth.dtype, "bfloat16"}
        ):
            self.note(f"it returns dW in {gradient.dtype} where W is {truth.dtype}")
        if truth.dtype == "float64":
            self._exact.append((truth, observation))

    def worst_right(self) -> dict[str, float]:
        return self._worst

    @property
    def _telling(self) -> list[tuple[Truth, Returned]]:
        """What mistakes are matched on. Of the SVM also a case in which no margin that anybody takes makes all active."""
        first, rest = self._exact[:TELLING_CASES], self._exact[TELLING_CASES:]
        is_gap = self.spec.classifier == "svm"
        return first + [each for each in rest if is_gap and each[0].case.name.startswith(GAP)]

    def diagnoses(self, assignment: Assignment) -> tuple[Diagnosis, ...]:
        """The mistakes that explain what was seen, for each part that is wrong."""
        named: list[Diagnosis] = []
        for part, position in ((self.loss, 0), (self.gradient, 1)):
            if part.is_right:
                continue
            seen = [(_inputs(truth), returned.values[position]) for truth, returned in self._telling]
            named += diagnose(self.spec.classifier, part.part, seen, assignment.convention)
        return tuple(named)

    def sentences(self, diagnoses: tuple[Diagnosis, ...]) -> list[str]:
        """What is wrong, part by part, each with its diagnosis."""
        said: list[str] = []
        if self.broken is not None:
            more = "" if self.broken_calls < 2 else f" It gave no values in {self.broken_calls} calls."
            said.append(sentence(self.broken) + more)
        for part in (self.loss, self.gradient):
            if part.is_right:
                continue
            said.append(part.sentence(self.function))
            said += [diagnosis.message for diagnosis in diagnoses if diagnosis.part == part.part]
        if self.broken is None and self.loss.is_right:
            said.append("The loss is right.")
        if self.broken is None and self.gradient.is_right:
            said.append("The gradient is right.")
        return said
