"""Grading a class: what is in a folder, one report for each, kept on disk."""

from grader.batch.intake import HandIn, find_hand_ins, left_out, selected
from grader.batch.run import BatchResult, Outcome, grade_batch
from grader.batch.store import ReportStore, write_atomically

__all__ = [
    "BatchResult",
    "HandIn",
    "Outcome",
    "ReportStore",
    "find_hand_ins",
    "grade_batch",
    "left_out",
    "selected",
    "write_atomically",
]
