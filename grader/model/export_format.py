"""The formats that results can be exported to, by name."""

from typing import Literal, get_args

ExportName = Literal[
    "blackboard",
    "brightspace",
    "canvas",
    "csv",
    "moodle",
    "moodle-feedback",
    "nbgrader",
    "sheet",
]

EXPORT_NAMES: tuple[ExportName, ...] = get_args(ExportName)
