"""Grading a class: one report for each submission, kept on disk."""

from grader.batch.run import ClassResult, ClassRun, Outcome
from grader.batch.store import ReportStore

__all__ = [
    "ClassResult",
    "ClassRun",
    "Outcome",
    "ReportStore",
]
