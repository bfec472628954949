"""What an exporter is given, and what it makes of a class: files, and words on everybody who is in none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult


def _no_page(_: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class ExportContext:
    """What an exporter may need beside the results. It reads nothing else."""

    assignment: str = ""
    """Name of the spec."""

    title: str = ""
    """Title of the assignment."""

    sheet: bytes | None = None
    """The file that the platform exported, to be filled in."""

    sheet_name: str = ""
    """Its file name."""

    column: str | None = None
    """The platform's column, item or problem that the score goes to, by name or id."""

    key: str | None = None
    """The column of the sheet that names the students."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """What a format asks for besides, by name (`--set NAME=VALUE`)."""

    page: Callable[[str], bytes | None] = _no_page
    """The student's page on a submission, by its id; None if there is none."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A student who has no score because the grader failed, or has not finished. Never exported as 0."""

    student: str
    """The name with the id, as in Student One (1001)."""

    submission: str
    """Its id."""

    why: str
    """In plain words."""


@dataclass(frozen=True, slots=True)
class Export:
    """Files not yet written, and who is in them. If there are problems, nothing is written.

    A file's name may have folders.
    """

    artifacts: tuple[Artifact, ...] = ()

    matched: int = 0
    """Students whose score is in the files."""

    scores: tuple[tuple[str, str], ...] = ()
    """Those students and what is written for them, in words: a dry run shows them."""

    withheld: tuple[Withheld, ...] = ()

    left_out: tuple[str, ...] = ()
    """Students who have a score and no place in the files, or a place and no score: who, and why."""

    not_submitted: tuple[str, ...] = ()
    """Students who did not submit and are in no file."""

    remarks: tuple[str, ...] = ()
    """Sentences: what the platform will skip or do with the files."""

    problems: tuple[str, ...] = ()
    """Sentences: what the platform would refuse or take wrongly, and what to do."""


class Exporter(Protocol):
    """Makes the files of one format, purely."""

    def __call__(self, results: Sequence[StudentResult], context: ExportContext, /) -> Export:
        """The files of these students."""
