"""Grading a class: what is in a folder, one report for each, kept on disk."""

from grader.batch.run import BatchResult, Outcome, grade_batch
from grader.batch.store import ReportStore, write_atomically
from grader.intake.folder import ClassEntry, find_entries, left_out, selected

__all__ = [
    "BatchResult",
    "ClassEntry",
    "Outcome",
    "ReportStore",
    "find_entries",
    "grade_batch",
    "left_out",
    "selected",
    "write_atomically",
]
