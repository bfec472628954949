"""How a submission is graded, and what came of one check: what grading hands to the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.data import DataSet, standin_data
from grader.model.assignment import Assignment
from grader.model.report import CheckPart
from grader.model.trial import Device
from grader.model.verdict import Verdict
from grader.restrictions import Violation, verdict_under

NOT_ASKED_FOR = "Not run: other checks were asked for with --only."
NOT_QUICK = "Not run: it takes seconds, and a quick run leaves it out."


def is_not_run(check: CheckPart) -> bool:
    """Whether the run left the check out."""
    return check.status == "skipped" and check.message in {NOT_ASKED_FOR, NOT_QUICK}


@dataclass(frozen=True, slots=True)
class Settings:
    """How to grade: the seed of all draws, the device, which checks (None for all), and the data to train on.

    device_name: the GPU's, where it is graded on one. device_note: what a report says of the choice.
    """

    seed: int
    device: Device = "cpu"
    only: frozenset[str] | None = None
    data: DataSet = field(default_factory=standin_data)
    device_name: str | None = None
    device_note: str | None = None
    is_quick: bool = False

    def reason_left_out(self, check: AnyCheck) -> str | None:
        """Why this check is not run; None if it is. A check that `only` names is run in a quick run too."""
        if self.only is not None:
            return NOT_ASKED_FOR if check.id not in self.only else None
        return NOT_QUICK if self.is_quick and check.is_slow else None

    def left_out_as_slow(self, checks: Sequence[AnyCheck]) -> list[AnyCheck]:
        """The checks that a quick run leaves out; none where `only` says what to run."""
        return [check for check in checks if self.reason_left_out(check) == NOT_QUICK]

    def max_score(self, checks: Sequence[AnyCheck]) -> float:
        """The points that can be earned: of all checks, or in a quick run of those that are run."""
        left_out = self.left_out_as_slow(checks)
        return round(sum(check.points for check in checks if check not in left_out), 4)

    def context(self, assignment: Assignment) -> CheckContext:
        """What checks of this assignment look at. Functions on NumPy arrays always run on the CPU."""
        device = "cpu" if assignment.backend == "numpy" else self.device
        return CheckContext(assignment, self.seed, device, self.data)

    def data_name(self, checks: Sequence[AnyCheck]) -> str:
        """What a report on these checks says of the data. Reads it where it is a user's own and a check trains on it."""
        if any(check.needs_data for check in checks):
            return self.data.name
        return "none: no check of this spec trains on a data set"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check with its verdict and the seconds it took. is_violation: whether forbidden help decided it."""

    check: AnyCheck
    verdict: Verdict
    seconds: float
    is_violation: bool = False

    def under(self, violations: Sequence[Violation]) -> CheckResult:
        """What is left of the verdict where a function of the check uses help that is not allowed."""
        verdict = verdict_under(violations, self.check.functions, self.verdict)
        return CheckResult(self.check, verdict, self.seconds, is_violation=verdict is not self.verdict)


def errored_verdict() -> Verdict:
    """The verdict where the grader itself failed: no points are lost, and no score is given."""
    return Verdict(
        "errored", 0.0, "The grader failed here, not the submission. It takes no points: grade again."
    )
