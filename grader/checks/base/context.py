"""What a check may look at besides what was observed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.data import DataSet
from grader.model.assignment import Assignment
from grader.model.trial import Device
from reference.conventions import Layout


@dataclass(frozen=True, slots=True)
class CheckContext:
    """One argument for all that a check is parametrised by.

    Attributes:
        assignment: functions, convention and limits, as the spec has them.
        seed: what all inputs are drawn from; the same seed draws the same inputs.
        device: where the student's tensors are.
        data: the images that checks train on; None where no check of the spec needs any.
    """

    assignment: Assignment
    seed: int
    device: Device = "cpu"
    data: DataSet | None = None

    def in_layout(self, layout: Layout) -> CheckContext:
        """The same with W and X in that layout."""
        return replace(self, assignment=self.assignment.in_layout(layout))
