"""How a submission is graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.data import DataSet, standin_data
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
    data: DataSet = field(default_factory=standin_data)
    """To train on."""
    device_name: str | None = None
    """The GPU's, if one is used."""
    device_note: str | None = None
    """A remark for the report on the choice of the device."""
    is_quick: bool = False
    """Leave out checks that time or train."""

    def why_not_run(self, check: AnyCheck) -> str | None:
        """Why the check is left out; None if it is run."""
        if self.only is not None and check.id not in self.only:
            return "Not run: other checks were selected."
        if self.is_quick and check.is_slow:
            return "Not run: a quick run leaves out checks that time or train."
        return None

    def context(self, assignment: Assignment) -> CheckContext:
        """The context of this assignment's checks. Functions on NumPy arrays always run on the CPU."""
        device = "cpu" if assignment.backend == "numpy" else self.device
        return CheckContext(assignment, self.seed, device, self.data)

    def data_name(self, checks: Sequence[AnyCheck]) -> str:
        """The report's words on the data. Reads a user's own data only if one of these checks trains on it."""
        if any(check.needs_data for check in checks):
            return self.data.name
        return "none: no check of this spec trains on a data set"
