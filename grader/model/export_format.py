"""The formats that results can be exported to, by name."""

from typing import Literal, get_args

ExportName = Literal[
    "autolab",
    "autolab-bulk",
    "blackboard",
    "brightspace",
    "canvas",
    "check50",
    "classroom50",
    "coursera",
    "csv",
    "edx",
    "github-actions",
    "gradescope",
    "json",
    "junit",
    "moodle",
    "moodle-feedback",
    "nbgrader",
    "prairielearn",
    "sheet",
]

EXPORT_NAMES: tuple[ExportName, ...] = get_args(ExportName)
