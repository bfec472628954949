"""The result of one check of one submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.checks import AnyCheck
from grader.model.verdict import Verdict
from grader.restrictions import Violation, verdict_under


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check with its verdict and the seconds it took.

    is_violation: a violated restriction decided it. replaced: the wrong functions it was judged without. is_empty: every
    call returned None.
    """

    check: AnyCheck
    verdict: Verdict
    seconds: float = 0.0
    is_violation: bool = False
    replaced: tuple[str, ...] = ()
    is_empty: bool = False

    def under(self, violations: Sequence[Violation]) -> CheckResult:
        """The result after the violations: failed if a function of the check has one."""
        verdict = verdict_under(violations, self.check.functions, self.verdict, self.check.methods)
        return replace(self, verdict=verdict, is_violation=verdict is not self.verdict)


def errored_verdict() -> Verdict:
    """The verdict if the grader itself failed: no points are lost, and there is no score."""
    return Verdict(
        "errored", 0.0, "The grader failed here, not the submission. It takes no points: grade again."
    )
