"""Grading a class: one report for each submission, kept on disk."""

from grader.batch.run import ClassResult, ClassRun, Outcome, look_alikes
from grader.batch.store import ReportStore, write_atomically

__all__ = [
    "ClassResult",
    "ClassRun",
    "Outcome",
    "ReportStore",
    "look_alikes",
    "write_atomically",
]
