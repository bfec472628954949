"""The exporters by the names of their formats. A module is imported once its format is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from grader.exporters.export import Exporter
from grader.model.export_format import ExportName


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format, and where its exporter is."""

    module: str
    """Of this package; its function `export` is the exporter."""

    is_per_student: bool = False
    """Whether each student has a file."""

    has_column: bool = False
    """Whether --column means something."""

    has_sheet: bool = False
    """Whether it fills in a sheet of the platform's: --sheet, --key."""

    settings: tuple[str, ...] = ()
    """The names that --set takes."""

    @property
    def exporter(self) -> Exporter:
        """The function that makes the files."""
        return cast("Exporter", import_module(f"grader.exporters.{self.module}").export)


_SHEET = ("encoding", "feedback", "unmatched")

EXPORTERS: Mapping[ExportName, ExportFormat] = {
    "blackboard": ExportFormat("blackboard", has_sheet=True, settings=_SHEET),
    "brightspace": ExportFormat("brightspace", has_sheet=True, settings=("encoding", "unmatched")),
    "canvas": ExportFormat("canvas", has_sheet=True, settings=_SHEET),
    "csv": ExportFormat("gradebook"),
    "moodle": ExportFormat("moodle", has_sheet=True, settings=_SHEET),
    "moodle-feedback": ExportFormat("moodle_feedback", is_per_student=True, has_sheet=True),
    "nbgrader": ExportFormat("nbgrader"),
    "sheet": ExportFormat("sheet", has_sheet=True, settings=_SHEET),
}
