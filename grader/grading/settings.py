"""How a submission is graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.data import DataSet, standin_data, standin_name
from grader.model.assignment import Assignment
from grader.model.trial import Device


@dataclass(frozen=True, slots=True)
class Settings:
    """How to grade."""

    seed: int
    """Of all draws."""
    device: Device = "cpu"
    only: frozenset[str] | None = None
    """Ids of the checks to run; None for all."""
    data: DataSet | None = None
    """To train on; None for the stand-in of the seed."""
    device_name: str | None = None
    """The GPU's, if one is used."""
    device_note: str | None = None
    """A remark for the report on the choice of the device."""
    is_quick: bool = False
    """Leave out checks that time or train, unless `only` names them."""
    is_full: bool = False
    """Train to the end, even where the verdict is certain before."""
    for_page: bool = False
    """A page will be made of the report, so it has the reference's curves too."""

    @property
    def data_set(self) -> DataSet:
        """To train on: one set for all submissions of a class, as they share the seed."""
        return standin_data(self.seed) if self.data is None else self.data

    def reason_left_out(self, check: AnyCheck) -> str | None:
        """Why this check is not run; None if it is."""
        if self.only is not None:
            return None if check.id in self.only else "Not run: other checks were selected."
        is_left_out = self.is_quick and check.is_slow
        return "Not run: a quick run leaves out checks that time or train." if is_left_out else None

    def left_out_as_slow(self, checks: Sequence[AnyCheck]) -> list[AnyCheck]:
        """The checks that a quick run leaves out, and that therefore do not count."""
        return [check for check in checks if self.is_quick and self.only is None and check.is_slow]

    def max_score(self, checks: Sequence[AnyCheck]) -> float:
        """The points of all checks, or of those that a quick run includes."""
        uncounted = self.left_out_as_slow(checks)
        return round(sum(check.points for check in checks if check not in uncounted), 4)

    def context(self, assignment: Assignment) -> CheckContext:
        """The context of this assignment's checks. Functions on NumPy arrays always run on the CPU."""
        device = "cpu" if assignment.backend == "numpy" else self.device
        return CheckContext(assignment, self.seed, device, self.data_set, self.is_full, self.for_page)

    def data_name(self, checks: Sequence[AnyCheck], seed: int | None = None) -> str:
        """The data, for the report. Reads a user's own data only if one of these checks trains on it.

        seed: of a report that was made with another one, from which its stand-in came; None for that of these settings.
        """
        if any(check.needs_data for check in checks):
            return standin_name(self.seed if seed is None else seed) if self.data is None else self.data.name
        return "none: no check of this spec trains on a data set"
