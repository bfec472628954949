"""Submissions, single or of a class: read as bytes and never run."""

from grader.intake.archive import is_source
from grader.intake.entry import ClassEntry, load_entry
from grader.intake.folder import ClassFiles, find_class, find_entries, selected
from grader.intake.submission import SourceFile, Submission, load_submission

__all__ = [
    "ClassEntry",
    "ClassFiles",
    "SourceFile",
    "Submission",
    "find_class",
    "find_entries",
    "is_source",
    "load_entry",
    "load_submission",
    "selected",
]
