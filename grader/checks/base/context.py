"""The inputs of a check besides its observations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.data import DataSet
from grader.model.assignment import Assignment
from grader.model.trial import Device
from reference.conventions import Layout


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Everything that a check depends on besides its own fields.

    Attributes:
        assignment: functions, convention and limits of the spec.
        seed: the same seed draws the same inputs.
        device: the device of the student's tensors.
        data: the images to train on; None where no check of the spec needs any.
        is_full: trainings run to the end, even where the verdict is certain before.
        for_page: somebody will look at the report's curves: those of the reference are drawn beside the student's.
    """

    assignment: Assignment
    seed: int
    device: Device = "cpu"
    data: DataSet | None = None
    is_full: bool = False
    for_page: bool = False

    def in_layout(self, layout: Layout) -> CheckContext:
        """The same context with W and X in that layout."""
        return replace(self, assignment=self.assignment.in_layout(layout))
