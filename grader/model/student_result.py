"""The line of a class on one student: the report, and the score once the instructor's words are applied to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grader import formatting
from grader.model.report import CheckPart, Report, StudentPart

ChangeKind = Literal["late", "override"]


@dataclass(frozen=True, slots=True)
class Change:
    """What the instructor's rules, or word, do to a score."""

    kind: ChangeKind

    points: float
    """Added to the total; below 0 for a deduction."""

    reason: str
    """In words that the student may read."""

    check: str | None = None
    """The check whose points it changes; None for the total."""


@dataclass(frozen=True, slots=True)
class StudentResult:
    """One student of a class. Each member of a group has one."""

    id: str
    """Of the submission; of a student of the roster without one, a safe id of their own."""

    student: StudentPart | None
    """By the roster, else by the platform; None if nobody is named."""

    report: Report | None
    """None: nothing was submitted, or it is not graded yet."""

    changes: tuple[Change, ...] = ()
    """In the order in which they apply."""

    late_words: str = ""
    """As "2 days 3 h late"; empty if it was in time, or nobody knows."""

    remarks: tuple[str, ...] = ()
    """For the instructor: what could not be told for sure."""

    is_awaited: bool = False
    """Whether something was handed in of which there is no report: the run was stopped, or the report cannot be read."""

    @property
    def words(self) -> str:
        """The name with the id, as a sentence names a person: Student One (1001); the submission's id if nobody is named.

        Every character can be seen.
        """
        if self.student is None:
            return formatting.printable(self.id)
        name, own = self.student.name, self.student.id
        return formatting.printable(own if name in {None, own} else f"{name} ({own})")

    @property
    def status(self) -> str:
        """The report's, or why there is none: not_graded, not_submitted."""
        if self.report is not None:
            return self.report.status
        return "not_graded" if self.is_awaited else "not_submitted"

    @property
    def graded_score(self) -> float | None:
        """The report's own score; None if there is none, as after a fault of the grader, or no report."""
        return self.report.score if self.report is not None and self.report.max_score else None

    @property
    def score(self) -> float | None:
        """The score with the changes, never below 0; None if there is none.

        A score that the grader could not give is there once the instructor's word has settled all that is open.
        """
        if self.graded_score is None and not self._is_settled:
            return None
        return max(0.0, round(self.base + sum(change.points for change in self.changes), 4))

    @property
    def base(self) -> float:
        """The points that changes are added to: the report's score, or what its checks gave as far as they ran."""
        if self.graded_score is not None:
            return self.graded_score
        return 0.0 if self.report is None else self.report.points_run[0]

    @property
    def max_score(self) -> float | None:
        """The points possible; None if nothing was submitted, or nothing is worth points."""
        return (self.report.max_score or None) if self.report is not None else None

    def points(self, check: CheckPart) -> float | None:
        """The points of one of the report's checks that count; None if it has no result."""
        changes = [change.points for change in self.changes if change.check == check.id]
        if check.status in {"not_run", "errored"} and not changes:
            return None
        return round(check.points + sum(changes), 4)

    @property
    def _is_settled(self) -> bool:
        """Whether the instructor's word stands in for the total, or for all checks that have no result."""
        own = [change.check for change in self.changes if change.kind == "override"]
        if None in own:
            return True
        if self.report is None or self.report.status != "incomplete":
            return False
        faults = {check.id for check in self.report.checks if check.status == "errored"}
        return bool(faults) and faults <= set(own)
