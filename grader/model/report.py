"""The score report, read by the instructor, the student and the LMS, and the view of it that a student may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grader import formatting
from grader.errors import ReportError
from grader.model.verdict import FlagKind, Part, VerdictStatus

SCHEMA_VERSION: Literal["2"] = "2"

HIDDEN_TITLE = "Hidden check"
"""The title that a student sees in place of a hidden check's own."""

FunctionStatus = Literal["correct", "incorrect", "missing", "not_written", "unjudged"]
ReportStatus = Literal["graded", "incomplete", "unreadable"]
RegradeReason = Literal[
    "spec", "grader", "submission", "seed", "device", "data", "isolation", "full", "asked"
]


_NO_FIELDS: set[str] = set()
"""Shared, because pydantic copies a set before it changes it."""


class ReportModel(BaseModel):
    """Base of the report's parts: frozen, no unknown fields, every number finite, every text printable and bounded.

    A student's words may hold half a surrogate pair, which no JSON can, or go on for megabytes.
    """

    greatest_text: ClassVar[int] = 4000
    """Characters of one text; a longer one is cut."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )

    def model_post_init(self, _: Any) -> None:
        """Drop pydantic's set of the fields that were given, a third of a report in memory: all of them are written anyway."""
        object.__setattr__(self, "__pydantic_fields_set__", _NO_FIELDS)

    @field_validator("*", mode="after")
    @classmethod
    def _with_printable_texts(cls, value: Any) -> Any:
        match value:
            case str():
                return formatting.held(value, cls.greatest_text)
            case tuple() if any(isinstance(each, str) for each in value):
                return tuple(map(cls._with_printable_texts, value))
            case dict():
                return {
                    formatting.held(key, cls.greatest_text): cls._with_printable_texts(each)
                    for key, each in value.items()
                }
        return value


class AssignmentPart(ReportModel):
    """The assignment that the submission was graded as."""

    name: str = Field(description="Name of the spec.")
    title: str = Field(description="Title of the assignment.")
    spec_sha256: str = Field(
        description="SHA-256 of the spec file, with the code in its folder if it has any."
    )


class FilePart(ReportModel):
    """One file of the submission."""

    path: str = Field(description="Path within the submission, with / between its parts.")
    sha256: str = Field(description="SHA-256 of the file's bytes.")


class StudentPart(ReportModel):
    """A student, as named by the platform's download or the roster."""

    id: str = Field(description="The student's id: from the roster, else from the platform.")
    name: str | None = Field(default=None, description="Full name; null if unknown.")
    email: str | None = Field(default=None, description="Email address; null if unknown.")
    platform: dict[str, str] = Field(default_factory=dict, description="The platform's own ids, by name.")


class SubmissionPart(ReportModel):
    """The submission."""

    id: str = Field(description="Names the report: reports/ID.json.")
    sha256: str = Field(description="SHA-256 over all paths and contents; empty if they could not be read.")
    files: tuple[FilePart, ...] = Field(description="The files that were read.")
    student: StudentPart | None = Field(default=None, description="Who submitted it; null if unknown.")
    members: tuple[StudentPart, ...] = Field(default=(), description="All members, if a group submitted it.")
    attempt: int | None = Field(default=None, description="Number of the attempt; null if unknown.")
    submitted_at: str | None = Field(default=None, description="Submission time, ISO 8601; null if unknown.")
    late_mark: str | None = Field(default=None, description="The platform's own mark of a late submission.")


class WherePart(ReportModel):
    """A location in the submission."""

    file: str = Field(description="Path within the submission.")
    cell: int | None = Field(description="Number of the code cell, from 1; null in a module.")
    line: int = Field(description="Line in the cell or module, from 1.")


class DiagnosisPart(ReportModel):
    """A named mistake, which gives exactly the wrong result seen."""

    part: Part = Field(description="The wrong part: loss, gradient, or the name of an output.")
    misconception: str = Field(description="Name of the mistake.")
    message: str = Field(description="The mistake in words, without the solution.")


class FunctionPart(ReportModel):
    """A function of the assignment; its speed and accuracy are checks of their own."""

    status: FunctionStatus = Field(
        description=(
            "correct or incorrect, as the checks decided; missing: not in the submission, or it does not"
            " parse; not_written: incorrect, and still as in an empty template; unjudged: no check decided, or it only calls functions that are not written."
        )
    )
    where: WherePart | None = Field(
        description="Its definition, or the line on which it does not parse; null if it is not in the submission."
    )
    diagnosis: tuple[DiagnosisPart, ...] = Field(default=(), description="The named mistakes in it.")
    notes: tuple[str, ...] = Field(
        default=(), description="Remarks that cost no points, or the reason why it is missing."
    )


class PicturePart(ReportModel):
    """Images of one size."""

    greatest_text: ClassVar[int] = 1 << 23
    count: int = Field(description="Number of images.")
    height: int = Field(description="Height in pixels.")
    width: int = Field(description="Width in pixels.")
    rgb: str = Field(description="count x height x width x 3 bytes in base64.")


class FindingPart(ReportModel):
    """One check's findings on one function."""

    function: str = Field(description="Name of the function.")
    is_correct: bool | None = Field(description="The check's decision; null if it decides nothing.")
    diagnosis: tuple[DiagnosisPart, ...] = Field(default=(), description="The named mistakes it found.")
    notes: tuple[str, ...] = Field(default=(), description="Its remarks that cost no points.")


class FailurePart(ReportModel):
    """A call of the student's code that gave no values."""

    function: str = Field(description="The function that was called.")
    kind: str = Field(
        description="The exception's type; without an exception: timed out, ended or not called."
    )
    message: str = Field(description="The exception's message; empty without an exception.")
    where: WherePart | None = Field(description="The innermost line of the student's code; null if unknown.")
    line: str | None = Field(description="That line; null if unknown.")


class CheckPart(ReportModel):
    """One check with its points."""

    id: str = Field(description="Unique within the assignment.")
    kind: str = Field(description="Kind of the check.")
    title: str = Field(description="Title for the student.")
    functions: tuple[str, ...] = Field(description="The functions that the check needs.")
    status: VerdictStatus = Field(
        description=(
            "passed; failed; skipped: a function it needs is missing; not_run: left out of this run; errored: the"
            " grader failed."
        )
    )
    points: float = Field(description="Points earned.")
    max_points: float = Field(description="Points for passing.")
    visibility: Literal["visible", "hidden"] = Field(description="Whether students may see the result.")
    message: str = Field(description="The result in words.")
    hint: str | None = Field(description="The instructor's hint after a failure; null if there is none.")
    failure: FailurePart | None = Field(
        default=None,
        description="The call that gave no values and made the check fail; null if there is none.",
    )
    caused_by: tuple[str, ...] = Field(
        default=(), description="Ids of checks and names of functions that this failure follows from."
    )
    measured: dict[str, float] = Field(description="Numbers that were measured, by name.")
    allowed: dict[str, float] = Field(description="Bounds on the measured numbers, by the same names.")
    curves: dict[str, tuple[float, ...]] = Field(
        default_factory=dict,
        description=(
            "Series to plot, by name: the loss during training, the reference's beside it (if a page was asked for),"
            " the grid of a search."
        ),
    )
    pictures: dict[str, PicturePart] = Field(
        default_factory=dict,
        description="Images to show, by name: for each class its learned weights, or the errors in dW.",
    )
    seconds: float = Field(description="Wall clock time of the check.")
    findings: tuple[FindingPart, ...] = Field(
        default=(), description="The check's findings on each function; a function's status sums them up."
    )
    timing: Literal["open", "repeated"] | None = Field(
        default=None,
        description=(
            "open: too noisy to decide, so the higher credit was given; a class run measures it again,"
            " alone, at the end. repeated: measured again. null: clear at once, or not timed."
        ),
    )


class FlagPart(ReportModel):
    """Something that a person should look at, in one function or the whole submission."""

    kind: FlagKind = Field(
        description=(
            "restriction_violated: a function uses something that the assignment forbids; restriction_noted: something"
            " that it only notes; unclear_code: the grader cannot tell what a function calls, at no cost;"
            " impossible_time: faster than possible; suspect_accuracy: it is unclear how the accuracy was"
            " reached; wrong_spec: another assignment fits better;"
            " unreadable: the submission cannot be read; grader_fault: the grader failed; note: a remark."
        )
    )
    function: str | None = Field(default=None, description="The function; null for the whole submission.")
    message: str = Field(description="The flag in words.")
    audience: Literal["instructor", "both"] = Field(
        validation_alias="for",
        serialization_alias="for",
        description="instructor: not shown to students; both: shown to instructor and student.",
    )
    spec: str | None = Field(
        default=None,
        description="wrong_spec: the shipped spec that fits better; null if none covers the assignment.",
    )


class ClaimPart(ReportModel):
    """An accuracy that a cell of the student's notebook printed: a claim, which earns no points."""

    title: str = Field(description="The name of the number.")
    file: str = Field(description="The notebook's path within the submission.")
    cell: int = Field(description="Number of the code cell, from 1.")
    printed: float = Field(description="The number as the cell printed it.")
    measured: float | None = Field(
        description="The same number as measured on CIFAR-10; null if it was not measured or cannot be compared."
    )
    message: str = Field(description="Both numbers in words.")


class EnvironmentPart(ReportModel):
    """Versions, device and seed: enough to grade it again."""

    grader_version: str = Field(description="Version of the grader.")
    python: str = Field(description="Version of Python.")
    torch: str = Field(description="Version of torch; not installed where only NumPy is.")
    device: Literal["cpu", "cuda"] = Field(description="Device that the student's code ran on.")
    device_name: str = Field(description="Model of the processor or GPU.")
    isolation: Literal["confined", "partial", "process"] = Field(
        description="How well the student's code was isolated; confined is best."
    )
    isolation_missing: tuple[str, ...] = Field(
        description="The parts of the system it was not isolated from."
    )
    seed: int = Field(description="Random seed of all inputs.")
    data: str = Field(description="Data set that checks trained on, with its SHA-256.")

    @property
    def device_words(self) -> str:
        """The device, a GPU with its model."""
        return "cpu" if self.device == "cpu" else f"{self.device} ({self.device_name})"


class PreviousPart(ReportModel):
    """The score before a regrade."""

    score: float = Field(description="The score in the previous report.")
    max_score: float = Field(description="The points possible then.")
    graded_at: str = Field(description="Start of that grading in ISO 8601, UTC.")
    reasons: tuple[RegradeReason, ...] = Field(
        description=(
            "What has changed since: spec; grader (its version); submission; seed; device; data; isolation"
            " (a higher level was requested); full (a full run after a quick one, or training to the end);"
            " asked: the instructor requested the regrade."
        )
    )


class Report(ReportModel):
    """The record of one grading."""

    schema_version: Literal["2"] = Field(default=SCHEMA_VERSION, description="Version of this schema.")
    assignment: AssignmentPart = Field(description="The assignment and its spec.")
    submission: SubmissionPart = Field(description="The submission, its files and its student.")
    status: ReportStatus = Field(
        description=(
            "graded; incomplete: the grader failed, or only selected checks were run; unreadable: the submission could"
            " not be read."
        )
    )
    score: float | None = Field(
        description="Sum of all points earned; null, never 0, if incomplete or nothing is worth points."
    )
    max_score: float = Field(description="Points of all checks, except those that a quick run leaves out.")
    functions: dict[str, FunctionPart] = Field(description="The functions of the assignment, by name.")
    checks: tuple[CheckPart, ...] = Field(description="All checks of the assignment, in its order.")
    flags: tuple[FlagPart, ...] = Field(default=(), description="Things that a person should look at.")
    claims: tuple[ClaimPart, ...] = Field(
        default=(),
        description="Accuracies that the student's notebooks print, beside the measured ones.",
    )
    previous: PreviousPart | None = Field(
        default=None, description="The score before the latest regrade; null if there was none."
    )
    environment: EnvironmentPart = Field(description="Versions, device and seed.")
    started_at: str = Field(description="Start of the grading in ISO 8601, UTC.")
    seconds: float = Field(description="Wall clock time of the grading.")

    def to_json(self) -> str:
        """The report as indented JSON text that ends with a newline."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"

    @property
    def without_pictures(self) -> Report:
        """Without curves and pictures, half of a report in memory, which a table of a class does not need."""
        checks = (each.model_copy(update={"curves": {}, "pictures": {}}) for each in self.checks)
        return self.model_copy(update={"checks": tuple(checks)})

    @property
    def has_grader_faults(self) -> bool:
        """Whether the grader failed in a check."""
        return any(check.status == "errored" for check in self.checks)

    @property
    def points_run(self) -> tuple[float, float]:
        """Points earned and possible in the checks that ran to completion."""
        ran = [check for check in self.checks if check.status in {"passed", "failed"}]
        return sum(check.points for check in ran), sum(check.max_points for check in ran)


def total(checks: Iterable[CheckPart]) -> float:
    """The points earned in these checks."""
    return round(sum(check.points for check in checks), 4)


def function_status(
    name: str, checks: Iterable[CheckPart], *, is_violation: bool, if_wrong: FunctionStatus = "incorrect"
) -> FunctionStatus:
    """The status of a function that is in the submission, from these checks' findings.

    is_violation: whether it breaks a restriction. if_wrong: the status if a check found it incorrect.
    """
    checks = list(checks)
    decisions = {each.is_correct for check in checks for each in check.findings if each.function == name}
    if is_violation or False in decisions:
        return if_wrong
    was_errored = any(check.status == "errored" and name in check.functions for check in checks)
    return "correct" if True in decisions and not was_errored else "unjudged"


def found_in(name: str, checks: Iterable[CheckPart]) -> tuple[tuple[DiagnosisPart, ...], tuple[str, ...]]:
    """The mistakes and notes of these checks on a function, each once."""
    own = [each for check in checks for each in check.findings if each.function == name]
    diagnosis = dict.fromkeys(each for finding in own for each in finding.diagnosis)
    notes = dict.fromkeys(note for finding in own for note in finding.notes)
    return tuple(diagnosis), tuple(notes)


def student_view(report: Report) -> Report:
    """The report that a student may see.

    A hidden check that was run keeps only its points and whether it passed, and comes after the visible ones. Functions
    show the findings of visible checks, and failed checks the causes that the student can see. Flags for the instructor
    are left out, and so are functions that only hidden checks need and that the submission does not have.
    """
    visible = [check for check in report.checks if check.visibility == "visible"]
    hidden = [check for check in report.checks if check.visibility == "hidden"]
    flags = tuple(flag for flag in report.flags if flag.audience == "both")
    if not hidden:
        return report.model_copy(update={"flags": flags})
    violating = {flag.function for flag in flags if flag.kind == "restriction_violated"}
    unknown = _unknown(report, visible, hidden)
    functions = {
        name: _function_seen(name, part, visible, hidden, is_violation=name in violating)
        for name, part in report.functions.items()
        if name not in unknown
    }
    causes = {check.id for check in visible} | {
        name for name, part in functions.items() if part.status in {"incorrect", "missing", "not_written"}
    }
    ids = (name for number in count(1) if (name := f"hidden_{number}") not in causes)
    seen = [
        check.model_copy(update={"caused_by": tuple(each for each in check.caused_by if each in causes)})
        for check in visible
    ]
    ran = (check for check in hidden if check.status != "not_run")
    seen += [_check_seen(check, name) for check, name in zip(ran, ids, strict=False)]
    data = "not shown: this assignment has hidden checks"
    return report.model_copy(
        update={
            "functions": functions,
            "checks": tuple(seen),
            "flags": flags,
            "environment": report.environment.model_copy(update={"data": data}),
            "seconds": round(sum(check.seconds for check in visible), 3),
        }
    )


def _unknown(report: Report, visible: Sequence[CheckPart], hidden: Sequence[CheckPart]) -> set[str]:
    """The functions whose names only hidden checks would tell."""
    absent = {
        name for name, part in report.functions.items() if part.status == "missing" and part.where is None
    }
    needed = {name for check in hidden for name in check.functions}
    return (absent & needed) - {name for check in visible for name in check.functions}


def _function_seen(
    name: str,
    part: FunctionPart,
    visible: Sequence[CheckPart],
    hidden: Sequence[CheckPart],
    *,
    is_violation: bool,
) -> FunctionPart:
    diagnosis, seen = found_in(name, visible)
    _, unseen = found_in(name, hidden)
    status = part.status
    if status != "missing":
        if_wrong = status if status in {"not_written", "unjudged"} else "incorrect"
        status = function_status(name, visible, is_violation=is_violation, if_wrong=if_wrong)
    notes = tuple(note for note in part.notes if note in seen or note not in unseen)
    return FunctionPart(status=status, where=part.where, diagnosis=diagnosis, notes=notes)


def _check_seen(check: CheckPart, name: str) -> CheckPart:
    """A hidden check with nothing but its points and whether it passed, so that no field added later gives it away.

    Not even that it was skipped: that would tell which function it needs.
    """
    return CheckPart(
        id=name,
        kind="hidden",
        title=HIDDEN_TITLE,
        functions=(),
        status="failed" if check.status == "skipped" else check.status,
        points=check.points,
        max_points=check.max_points,
        visibility="hidden",
        message="",
        hint=None,
        measured={},
        allowed={},
        seconds=0.0,
    )


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    schema: Mapping[str, Any] = Report.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def parse_report(text: str) -> Report:
    """Read a report back. ReportError if the text is not a report, or has another schema version."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"not a report: invalid JSON: {error}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        found = "none" if version is None else json.dumps(version)
        raise ReportError(
            f'not a report of this version: expected schema_version "{SCHEMA_VERSION}", found {found}; grade the'
            " submission again"
        )
    try:
        return Report.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ReportError(f"not a report: {place}: {first['msg']}") from error
