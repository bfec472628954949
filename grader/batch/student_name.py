"""How a student of a class is called in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grader.model.student_result import StudentResult


@dataclass(frozen=True, slots=True, order=True)
class StudentName:
    """A student and their submission; str() is the name with the id."""

    name: str
    """The id where there is no name, and the submission's where nobody is named."""

    id: str
    submission: str

    @classmethod
    def of(cls, result: StudentResult) -> Self:
        """The name of the student whose result this is."""
        student = result.student
        if student is None:
            return cls(result.id, result.id, result.id)
        return cls(student.name or student.id, student.id, result.id)

    def __str__(self) -> str:
        return self.name if self.name == self.id else f"{self.name} ({self.id})"
