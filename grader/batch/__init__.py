"""Grading a class: one report for each submission, kept on disk."""

from grader.batch.results import class_results
from grader.batch.run import ClassResult, ClassRun, Outcome, look_alikes
from grader.batch.store import ReportStore, write_atomically

__all__ = [
    "ClassResult",
    "ClassRun",
    "Outcome",
    "ReportStore",
    "class_results",
    "look_alikes",
    "write_atomically",
]
