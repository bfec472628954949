"""Pure functions from results to the files of other systems, one module for each format."""

from grader.exporters.export import Export, ExportContext, Exporter, Withheld
from grader.exporters.formats import EXPORTERS, ExportFormat
from grader.exporters.gradebook import gradebook

__all__ = [
    "EXPORTERS",
    "Export",
    "ExportContext",
    "ExportFormat",
    "Exporter",
    "Withheld",
    "gradebook",
]
