"""Who is in a class, as the instructor's own list tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from grader.model.report import ReportModel, StudentPart


class Extension(ReportModel):
    """More time for one student: exactly one of the two is set."""

    seconds: float | None = Field(
        default=None, ge=0, description="Added to the due date of the class; null if there is a date instead."
    )
    due_at: datetime | None = Field(
        default=None,
        description=(
            "A due date of the student's own. Without a zone if the roster writes none: it is in the zone of the class's"
            " due date. A day alone is meant to its last second."
        ),
    )


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class RosterStudent(ReportModel):
    """One student of the class. Ids are text as written, leading zeros and all."""

    id: str = Field(description="The strongest id: student id, login, email, participant, else the name.")
    login: str | None = Field(default=None, description="Login or username; null if unknown.")
    email: str | None = Field(default=None, description="Email address; null if unknown.")
    name: str | None = Field(default=None, description="Full name; null if unknown.")
    group: str | None = Field(default=None, description="Name of the student's group; null if unknown.")
    ids: dict[str, str] = Field(
        default_factory=dict,
        description="Every id by its kind: id, canvas, sis, moodle (the participant's number), github.",
    )
    extension: Extension | None = Field(default=None, description="More time; null for none.")
    submitted_at: datetime | None = Field(
        default=None,
        description="When something was handed in, by Moodle's worksheet, in the site's time; null if unknown.",
    )
    line: int = Field(description="Where the roster names the student, from 1.")

    @property
    def words(self) -> str:
        """The name with the id, as a sentence names a person: Student One (1001)."""
        return self.id if self.name in {None, self.id} else f"{self.name} ({self.id})"

    def part(self, platform: Mapping[str, str]) -> StudentPart:
        """The student as in a report. platform: the ids that the download tells, by kind."""
        logins = {} if self.login is None else {"login": self.login}
        known = {**self.ids, **logins, **platform}
        return StudentPart(
            id=self.id, name=self.name, email=self.email or self._login_as_email, platform=known
        )

    @property
    def _login_as_email(self) -> str | None:
        return self.login if self.login is not None and _EMAIL.fullmatch(self.login) else None


class Roster(ReportModel):
    """The students of a class, each once, in the order of the file."""

    columns: dict[str, str] = Field(
        description="The header of each column that was read, by its role; first and last name by both."
    )
    students: tuple[RosterStudent, ...] = Field(description="Everybody in the class.")
