"""The exporters by the names of their formats. A module is imported once its format is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import cast

from grader.exporters.export import Exporter
from grader.model.export_format import ExportName


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format, and where its exporter is."""

    module: str
    """Of this package."""

    function: str = "export"
    """The exporter, in the module."""

    has_column: bool = False
    """Whether --column means something."""

    has_sheet: bool = False
    """Whether it fills in a sheet of the platform's: --sheet, --key."""

    settings: tuple[str, ...] = ()
    """The names that --set takes."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that are read for settings that were not given."""

    @property
    def exporter(self) -> Exporter:
        """The function that makes the files."""
        return cast("Exporter", getattr(import_module(f"grader.exporters.{self.module}"), self.function))


_CLASSROOM50 = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "assignment_type": "ASSIGNMENT_TYPE",
    "owner": "OWNER",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}
"""What Classroom 50's runner tells an autograder."""

_SHEET = ("encoding", "feedback", "unmatched")

EXPORTERS: Mapping[ExportName, ExportFormat] = {
    "autolab": ExportFormat("autolab", has_column=True, settings=("problems",)),
    "autolab-bulk": ExportFormat("autolab", "export_bulk", has_column=True, settings=("problems",)),
    "blackboard": ExportFormat("blackboard", has_sheet=True, settings=_SHEET),
    "brightspace": ExportFormat("brightspace", has_sheet=True, settings=("encoding", "unmatched")),
    "canvas": ExportFormat("canvas", has_sheet=True, settings=_SHEET),
    "check50": ExportFormat("check50"),
    "classroom50": ExportFormat(
        "classroom50",
        settings=(*_CLASSROOM50, "datetime"),
        environment=_CLASSROOM50,
    ),
    "coursera": ExportFormat("fractions", "export_coursera"),
    "csv": ExportFormat("gradebook"),
    "edx": ExportFormat("fractions", "export_edx"),
    "github-actions": ExportFormat("github_actions"),
    "gradescope": ExportFormat("gradescope"),
    "json": ExportFormat("student_json"),
    "junit": ExportFormat("junit"),
    "moodle": ExportFormat("moodle", has_sheet=True, settings=_SHEET),
    "moodle-feedback": ExportFormat("moodle_feedback", has_sheet=True),
    "nbgrader": ExportFormat("nbgrader"),
    "prairielearn": ExportFormat("prairielearn"),
    "sheet": ExportFormat("sheet", has_sheet=True, settings=_SHEET),
}
