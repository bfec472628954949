"""class.json: what a class's download was and whose, so that its results can be derived from the output folder alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, ValidationError

from grader.intake.entry import ClassEntry
from grader.model.report import ReportModel, StudentPart
from grader.model.roster import Roster


class EntryPart(ReportModel):
    """A hand-in: a row of the gradebook, or one for each member of a group."""

    id: str = Field(description="Of the submission; names the report: reports/ID.json.")
    students: tuple[StudentPart, ...] = Field(
        description="By the roster where they match, else by the platform; empty if nobody is named."
    )
    attempt: int | None = Field(description="Number of the attempt; null if unknown.")
    submitted_at: str | None = Field(description="Submission time, ISO 8601; null if unknown.")
    late_mark: str | None = Field(description="The platform's own mark of a late submission.")
    earlier: tuple[str, ...] = Field(description="Attempts that are not graded, in words.")
    notes: tuple[str, ...] = Field(description="On what intake could not tell for sure.")


class UnmatchedPart(ReportModel):
    """A hand-in, or a member of a group, who is nobody on the roster for sure."""

    submission: str = Field(description="Id of the submission.")
    student: str | None = Field(description="The student's id by the platform; null if it names nobody.")
    reason: str = Field(description="Why, in a sentence.")
    candidates: tuple[str, ...] = Field(description="Ids of students of the roster who it could be.")


class ClassRecord(ReportModel):
    """A class, before any of it is graded."""

    schema_version: Literal["1"] = Field(default="1", description="Version of this format.")
    format: str = Field(description="The platform of the download; folder for none.")
    words: str = Field(description="The download in one line.")
    spec: str = Field(description="Name of the spec.")
    title: str = Field(description="Title of the assignment.")
    entries: tuple[EntryPart, ...] = Field(description="All hand-ins of the class, in order.")
    roster: Roster | None = Field(default=None, description="Who is in the class; null without a roster.")
    unmatched: tuple[UnmatchedPart, ...] = Field(
        default=(), description="Hand-ins that are nobody's on the roster."
    )
    not_submitted: tuple[str, ...] = Field(
        default=(), description="Ids of the students of the roster without a hand-in, in its order."
    )

    def to_json(self) -> str:
        """The text of class.json."""
        return self.model_dump_json(indent=1) + "\n"

    @property
    def missing(self) -> tuple[StudentPart, ...]:
        """The students of the roster without a hand-in: each has a row after those of the entries."""
        wanted = frozenset(self.not_submitted)
        students = () if self.roster is None else self.roster.students
        return tuple(each.part({}) for each in students if each.id in wanted)


def parse_class_record(text: str) -> ClassRecord | None:
    """The record; None if the text is not one that this version can read."""
    try:
        return ClassRecord.model_validate_json(text)
    except ValidationError:
        return None


def entry_parts(
    entries: Sequence[ClassEntry], notes: Mapping[str, Sequence[str]] | None = None
) -> tuple[EntryPart, ...]:
    """The entries as they are kept. notes: more of them, by the entry's id."""
    more = notes or {}
    return tuple(
        EntryPart(
            id=each.id,
            students=tuple(student.part for student in each.students),
            attempt=each.attempt,
            submitted_at=None if each.submitted_at is None else each.submitted_at.isoformat(),
            late_mark=each.late_mark,
            earlier=each.earlier,
            notes=(*each.notes, *more.get(each.id, ())),
        )
        for each in entries
    )
