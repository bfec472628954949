"""The formats that results can be exported to, by name."""

from typing import Literal, get_args

ExportName = Literal[
    "autolab",
    "autolab-bulk",
    "check50",
    "classroom50",
    "coursera",
    "csv",
    "edx",
    "github-actions",
    "gradescope",
    "json",
    "junit",
    "prairielearn",
]

EXPORT_NAMES: tuple[ExportName, ...] = get_args(ExportName)
