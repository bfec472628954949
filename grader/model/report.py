"""The score report: what the instructor, the student and the LMS read. Two views of one model, never two reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from grader.model.verdict import Part, VerdictStatus

SCHEMA_VERSION: Literal["1"] = "1"

FunctionStatus = Literal["correct", "incorrect", "missing", "unjudged"]


class ReportModel(BaseModel):
    """Base of the report's parts: frozen, no field too many, every number finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


class AssignmentPart(ReportModel):
    """Which assignment it was graded as."""

    name: str
    title: str
    spec_sha256: str


class FilePart(ReportModel):
    """One file of the submission."""

    path: str
    sha256: str


class SubmissionPart(ReportModel):
    """What was handed in."""

    id: str
    sha256: str
    student: str | None
    files: tuple[FilePart, ...]


class WherePart(ReportModel):
    """Where a function stands; cell counts code cells from 1 and is null in a module."""

    file: str
    cell: int | None
    line: int


class DiagnosisPart(ReportModel):
    """A named mistake that the function's result equals."""

    part: Part
    misconception: str
    message: str


class FunctionPart(ReportModel):
    """Whether a function's numbers and contract are right; speed and accuracy are checks of their own."""

    status: FunctionStatus
    where: WherePart | None
    diagnosis: tuple[DiagnosisPart, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="What is worth knowing and costs nothing.")


class PicturePart(ReportModel):
    """Some images of one size: count x height x width x 3 bytes, in base64."""

    count: int
    height: int
    width: int
    rgb: str


class CheckPart(ReportModel):
    """One check with its points."""

    id: str
    kind: str
    title: str
    functions: tuple[str, ...]
    status: VerdictStatus
    points: float
    max_points: float
    visibility: Literal["visible", "hidden"]
    message: str
    hint: str | None
    measured: dict[str, float]
    allowed: dict[str, float]
    seconds: float
    curves: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="To be drawn: the loss in the course of a training."
    )
    pictures: dict[str, PicturePart] = Field(
        default_factory=dict, description="To be drawn: the learned weights of each class."
    )


class FlagPart(ReportModel):
    """Something an instructor should look at."""

    kind: str
    function: str | None
    message: str


class EnvironmentPart(ReportModel):
    """What it was graded with, enough to grade it again."""

    grader_version: str
    python: str
    torch: str
    device: Literal["cpu", "cuda"]
    device_name: str
    isolation: Literal["confined", "partial", "process"]
    isolation_missing: tuple[str, ...]
    seed: int
    data: str


class Report(ReportModel):
    """The whole report. `score` is null, never 0, where the grader failed or did not run every check."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    assignment: AssignmentPart
    submission: SubmissionPart
    status: Literal["graded", "incomplete"]
    score: float | None
    max_score: float
    functions: dict[str, FunctionPart]
    checks: tuple[CheckPart, ...]
    integrity: tuple[FlagPart, ...] = ()
    environment: EnvironmentPart
    started_at: str
    seconds: float

    def to_json(self) -> str:
        """The report as indented JSON text with a newline at its end."""
        return self.model_dump_json(indent=2) + "\n"

    @property
    def has_grader_faults(self) -> bool:
        """Whether the grader itself failed somewhere."""
        return any(check.status == "errored" for check in self.checks)


def student_view(report: Report) -> Report:
    """The report without what the spec hides from students.

    Hidden checks keep their points and lose their words; functions that they judge lose the names of their mistakes,
    which would tell what a hidden check saw.
    """
    watched = {name for check in report.checks if check.visibility == "hidden" for name in check.functions}
    functions = {
        name: part.model_copy(update={"diagnosis": ()}) if name in watched else part
        for name, part in report.functions.items()
    }
    checks = tuple(
        check
        if check.visibility == "visible"
        else check.model_copy(
            update={
                "message": "",
                "hint": None,
                "measured": {},
                "allowed": {},
                "curves": {},
                "pictures": {},
                "title": "hidden check",
            }
        )
        for check in report.checks
    )
    return report.model_copy(update={"functions": functions, "checks": checks, "integrity": ()})


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    schema: Mapping[str, Any] = Report.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def parse_report(text: str) -> Report:
    """Read a report back. Raises pydantic.ValidationError where it is none."""
    return Report.model_validate(json.loads(text))
