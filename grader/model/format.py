"""The kinds of downloads of a class, by name."""

from typing import Literal, get_args

FormatName = Literal[
    "auto",
    "folder",
    "autolab",
    "blackboard",
    "brightspace",
    "canvas",
    "collector",
    "github",
    "gradescope",
    "moodle",
    "nbgrader",
]
"""auto: recognised by the names; folder: a file or folder for each submission; collector: a course's own archives."""

FORMATS: tuple[FormatName, ...] = get_args(FormatName)
