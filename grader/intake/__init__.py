"""What was handed in: one submission, or a class of them, read as bytes and never run."""

from grader.intake.archive import is_source
from grader.intake.folder import ClassEntry, find_entries, left_out, selected
from grader.intake.submission import SourceFile, Submission, load_submission

__all__ = [
    "ClassEntry",
    "SourceFile",
    "Submission",
    "find_entries",
    "is_source",
    "left_out",
    "load_submission",
    "selected",
]
